//! The pages.

#[cfg(feature = "ssr")]
mod account;
#[cfg(feature = "ssr")]
mod accounts;
#[cfg(feature = "ssr")]
mod help;
#[cfg(feature = "ssr")]
mod history;
#[cfg(feature = "ssr")]
mod me;
#[cfg(feature = "ssr")]
mod plan;
#[cfg(feature = "ssr")]
mod refused;
mod sessions;
#[cfg(feature = "ssr")]
mod sign_in;

use crate::{
    frame::Frame,
    model::selection::Picked,
    parts::{
        layout::{Main, TopBar},
        live::Live,
        toasts::{ToastStack, Toasts},
    },
};
use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// The view of a page that only the server makes; in the browser, the place that it is fetched into.
macro_rules! served {
    ($page:expr) => {{
        #[cfg(feature = "ssr")]
        let view = || crate::parts::served::served($page);
        #[cfg(not(feature = "ssr"))]
        let view = crate::parts::served::Served;
        view
    }};
}

/// Every page of the product, in the router; or an answer in place of one, which stands outside it, so that leaving it loads anew.
#[component]
pub fn App() -> impl IntoView {
    leptos_meta::provide_meta_context();
    let frame = Frame::take();
    let alone = frame.alone;
    provide_context(frame);
    provide_context(Toasts::default());
    provide_context(Live::default());
    // The selection survives the way to another page and back.
    provide_context(RwSignal::new(Picked::default()));
    let page = if alone { view! { <Alone /> }.into_any() } else { view! { <Pages /> }.into_any() };
    view! {
        {page}
        <ToastStack />
    }
}

/// Each page is rendered whole before anything is sent: its status is known then, and it works without scripts.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Router>
            <TopBar />
            <Main>
                <FlatRoutes fallback=served!(refused::RefusedPage(refused::RefusedPageProps { error: crate::AppError::NotFound }))>
                    <Route path=path!("/sign-in") view=served!(sign_in::SignInPage()) ssr=SsrMode::Async />
                    <Route path=path!("/sessions") view=sessions::SessionsPage ssr=SsrMode::Async />
                    <Route path=path!("/accounts") view=served!(accounts::AccountsPage()) ssr=SsrMode::Async />
                    <Route path=path!("/accounts/:id") view=served!(account::AccountPage()) ssr=SsrMode::Async />
                    <Route path=path!("/history") view=served!(history::HistoryPage()) ssr=SsrMode::Async />
                    <Route path=path!("/me") view=served!(me::MePage()) ssr=SsrMode::Async />
                    <Route path=path!("/help") view=served!(help::HelpPage()) ssr=SsrMode::Async />
                </FlatRoutes>
            </Main>
        </Router>
    }
}

/// An answer in place of the page at the address. The browser leaves it as the server sent it.
#[component]
fn Alone() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let main = view! { <main id="main" tabindex="-1">{shown(expect_context::<Frame>().answer)}</main> };
    #[cfg(not(feature = "ssr"))]
    let main = {
        crate::parts::hydrated::hydrated();
        view! { <main id="main" tabindex="-1"></main> }
    };
    view! {
        <TopBar />
        {main}
    }
}

#[cfg(feature = "ssr")]
fn shown(answer: crate::frame::Answer) -> AnyView {
    use crate::frame::Answer;
    match answer {
        Answer::Page => ().into_any(),
        Answer::Refused(error) => view! { <refused::RefusedPage error /> }.into_any(),
        Answer::SignIn { user_name, next, error } => view! { <sign_in::SignIn user_name next error /> }.into_any(),
        Answer::Plan { plan, back } => view! { <plan::PlanPage plan back /> }.into_any(),
    }
}
