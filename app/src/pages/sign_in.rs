//! Log in: a plain form, so that a password never passes through this crate.

use crate::{model::query::value_of, parts::title::PageTitle};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The empty form, with a note where the server said why one is here.
#[component]
pub fn SignInPage() -> impl IntoView {
    let asked = use_location().search.get_untracked();
    let note = value_of(&asked, "why").as_deref().and_then(note);
    view! { <SignIn next=value_of(&asked, "next").unwrap_or_default() note /> }
}

fn note(why: &str) -> Option<&'static str> {
    match why {
        "ended" => Some("You were logged out by an administrator."),
        "elsewhere" => Some("You were logged out elsewhere."),
        "timeout" => Some("You were logged out because your session timed out."),
        _ => None,
    }
}

/// The form. `error` says why a log-in failed.
#[component]
pub fn SignIn(
    #[prop(optional)] user_name: String,
    next: String,
    #[prop(optional)] error: String,
    #[prop(optional_no_strip)] note: Option<&'static str>,
) -> impl IntoView {
    let again = !user_name.is_empty();
    view! {
        <PageTitle text="Log in" />
        <section class="sign-in card">
            <h1>"Log in"</h1>
            {note.map(|note| view! { <p class="note">{note}</p> })}
            {(!error.is_empty()).then(|| view! { <p class="note error" role="alert">{error}</p> })}
            <form method="post" action="/sign-in">
                <label for="user-name">"User Name"</label>
                <input
                    id="user-name"
                    name="user_name"
                    value=user_name
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    autofocus=!again
                />
                <label for="password">"Password"</label>
                <input id="password" name="password" type="password" autocomplete="current-password" required autofocus=again />
                <input type="hidden" name="next" value=next />
                <button class="primary">"Log in"</button>
            </form>
        </section>
    }
}
