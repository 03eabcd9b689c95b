//! The bar at the top of every page.

use crate::{
    frame::Frame,
    parts::{person_menu::PersonMenu, search_box::SearchBox, standing::Standing},
};
use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;

/// Site name, search and the person's menu.
#[component]
pub fn TopBar() -> impl IntoView {
    let frame = expect_context::<Frame>();
    let sis = frame.viewer.as_ref().is_some_and(|viewer| viewer.sis);
    let home = match &frame.viewer {
        Some(_) if sis => "/sessions",
        Some(_) => "/me",
        None => "/sign-in",
    };
    view! {
        // The browser follows it by itself: the router would scroll, but not move the focus.
        <a class="skip" href="#main" rel="external">"Skip to content"</a>
        <header class="top-bar">
            <a class="site" href=home><img src="/favicon.svg" alt="" width="20" height="20" /><span>{frame.site_name}</span></a>
            {sis.then(|| view! { <SearchBox /> })}
            {frame
                .viewer
                .clone()
                .map(|viewer| {
                    view! {
                        <div class="personal">
                            // A full load: the page has no data whose refusal would tell that the session is over.
                            <a class="help" href="/help" rel="external">"Help"</a>
                            <PersonMenu viewer theme=frame.theme />
                        </div>
                    }
                })}
        </header>
        {frame.viewer.map(|viewer| view! { <Standing viewer /> })}
    }
}

/// Where the pages stand. Takes the focus when another page comes, or a keyboard would go on from a link that is gone.
#[component]
pub fn Main(children: Children) -> impl IntoView {
    let main = NodeRef::<html::Main>::new();
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path)
            && let Some(main) = main.get_untracked()
        {
            // Fails only for an element that cannot take it.
            let _ = main.focus();
        }
        path
    });
    view! { <main id="main" tabindex="-1" node_ref=main>{children()}</main> }
}
