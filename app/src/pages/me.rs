//! One's own account: name, sessions, log out.

use crate::{
    api::sessions,
    model::account::OwnAccount,
    parts::{
        breadcrumb::PageHead,
        fetched::{Fetched, hydrated},
        session_lines::{Ending, SessionLines},
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

#[component]
pub fn MePage() -> impl IntoView {
    let own = Resource::new(|| (), |()| sessions::own());
    view! {
        <Title text="My account" />
        <div class="page">
            <PageHead path=[] here="My account" />
            <Fetched answer=own show=|own| view! { <Me own /> } />
        </div>
    }
}

#[component]
fn Me(own: OwnAccount) -> impl IntoView {
    hydrated();
    let lines = RwSignal::new(own.sessions);
    let ending = Ending::new(move || {
        spawn_local(async move {
            if let Ok(own) = sessions::own().await {
                lines.try_set(own.sessions);
            }
        });
    });
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
            <section class="card" aria-labelledby="my-sessions" tabindex="-1">
                <h2 id="my-sessions">"Where you are logged in"</h2>
                <SessionLines sessions=lines next="/me".into() ending />
            </section>
        </div>
    }
}
