//! Accounts by user name or name, logged in or not.

use crate::parts::title::PageTitle;
use crate::{
    api::accounts,
    model::{
        account::{Found, FoundAccounts},
        query::value_of,
        text::{counted, thousands},
    },
    parts::{
        account_state::AccountState,
        breadcrumb::{ADMINISTRATION, PageHead},
        served::answered,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Accounts that the page shows at most.
const ROWS: u32 = 100;

#[component]
pub fn AccountsPage() -> impl IntoView {
    let text = use_location().search.with_untracked(|search| value_of(search, "q").unwrap_or_default());
    let found = accounts::search(text.clone(), ROWS);
    view! {
        <PageTitle text="User Account Information" />
        <div class="page">
            <PageHead path=ADMINISTRATION here="User Account Information" />
            <form class="find" role="search" action="/accounts">
                <label class="visually-hidden" for="find">"Search accounts"</label>
                <input id="find" type="search" name="q" value=text.clone() placeholder="User name or name" autocomplete="off" spellcheck="false" />
                <button>"Search"</button>
            </form>
            {answered(found, |found| view! { <Accounts text found /> })}
        </div>
    }
}

#[component]
fn Accounts(text: String, found: FoundAccounts) -> impl IntoView {
    if found.accounts.is_empty() {
        let sentence = if text.trim().is_empty() {
            "Type a user name or a name, logged in or not.".into()
        } else {
            format!("No account matches “{}”.", text.trim())
        };
        return view! { <p class="empty">{sentence}</p> }.into_any();
    }
    let first = found.accounts.len();
    let count = if found.total as usize > first {
        format!("The first {first} of {} accounts. Type more of the name to narrow the search.", thousands(found.total))
    } else {
        counted(found.total, "account")
    };
    view! {
        <p class="count">{count}</p>
        <div class="card flush">
            <table class="table accounts">
                <caption class="visually-hidden">"Accounts"</caption>
                <thead>
                    <tr>
                        <th scope="col">"User Name"</th>
                        <th scope="col">"Name"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{found.accounts.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(found: Found) -> impl IntoView {
    let state = view! { <AccountState found=&found /> };
    view! {
        <tr>
            <th scope="row"><a href=format!("/accounts/{}", found.id)>{found.user_name}</a></th>
            <td>{found.name}</td>
            <td>{state}</td>
        </tr>
    }
}
