//! The pages.

mod account;
mod accounts;
mod help;
mod history;
mod me;
mod plan;
mod refused;
mod sessions;
mod sign_in;

use crate::{
    frame::{Answer, Frame},
    parts::{
        layout::{Main, TopBar},
        toasts::{ToastStack, Toasts},
    },
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// Every page of the product, in the router; or an answer in place of one, which stands outside it, so that leaving it loads anew.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let frame = Frame::take();
    let site_name = frame.site_name.clone();
    let answer = frame.answer.clone();
    provide_context(frame);
    provide_context(Toasts::default());
    let page = match answer {
        Answer::Page => view! { <Pages /> }.into_any(),
        Answer::Refused(error) => view! { <Alone><refused::RefusedPage error /></Alone> }.into_any(),
        Answer::SignIn { user_name, next, error } => view! { <Alone><sign_in::SignIn user_name next error /></Alone> }.into_any(),
        Answer::Plan { plan, back } => view! { <Alone><plan::PlanPage plan back /></Alone> }.into_any(),
    };
    view! {
        <Title formatter=move |page: String| {
            title_text(if page.is_empty() { site_name.clone() } else { format!("{page} · {site_name}") })
        } />
        {page}
        <ToastStack />
    }
}

/// On the server `leptos_meta` writes the title into the document as it is, user names included; in the browser it sets it as text.
fn title_text(title: String) -> String {
    if cfg!(feature = "ssr") { title.replace('&', "&amp;").replace('<', "&lt;") } else { title }
}

/// Each page is rendered whole before anything is sent: its status is known then, and it works without scripts.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Router>
            <TopBar />
            <Main>
                <FlatRoutes fallback=|| view! { <refused::RefusedPage error=crate::AppError::NotFound /> }>
                    <Route path=path!("/sign-in") view=sign_in::SignInPage ssr=SsrMode::Async />
                    <Route path=path!("/sessions") view=sessions::SessionsPage ssr=SsrMode::Async />
                    <Route path=path!("/accounts") view=accounts::AccountsPage ssr=SsrMode::Async />
                    <Route path=path!("/accounts/:id") view=account::AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/history") view=history::HistoryPage ssr=SsrMode::Async />
                    <Route path=path!("/me") view=me::MePage ssr=SsrMode::Async />
                    <Route path=path!("/help") view=help::HelpPage ssr=SsrMode::Async />
                </FlatRoutes>
            </Main>
        </Router>
    }
}

#[component]
fn Alone(children: Children) -> impl IntoView {
    view! {
        <TopBar />
        <main id="main" tabindex="-1">{children()}</main>
    }
}
