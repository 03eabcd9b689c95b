//! One's own account: name, sessions, log out.

use crate::parts::title::PageTitle;
use crate::{
    api::sessions,
    model::account::OwnAccount,
    parts::{breadcrumb::PageHead, served::answered, session_lines::SessionLines},
};
use leptos::prelude::*;

#[component]
pub fn MePage() -> impl IntoView {
    view! {
        <PageTitle text="My account" />
        <div class="page">
            <PageHead path=[] here="My account" />
            {answered(sessions::own(), |own| view! { <Me own /> })}
        </div>
    }
}

#[component]
fn Me(own: OwnAccount) -> impl IntoView {
    view! {
        <div class="columns">
            <section class="card" aria-labelledby="me">
                <h2 id="me">"Account"</h2>
                <dl class="facts">
                    <dt>"User Name"</dt>
                    <dd>{own.user_name}</dd>
                    {(!own.name.is_empty()).then(|| view! { <dt>"Name"</dt><dd>{own.name}</dd> })}
                </dl>
                <form method="post" action="/sign-out"><button>"Log out"</button></form>
            </section>
            <section class="card" aria-labelledby="my-sessions">
                <h2 id="my-sessions">"Where you are logged in"</h2>
                <SessionLines sessions=own.sessions next="/me".into() />
            </section>
        </div>
    }
}
