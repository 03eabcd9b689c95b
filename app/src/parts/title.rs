//! The document's title: the page's, then the site's.

use crate::frame::Frame;
use leptos::prelude::*;

/// Names the page in the document's title.
#[component]
pub fn PageTitle(#[prop(into)] text: String) -> impl IntoView {
    let site = use_context::<Frame>().map(|frame| frame.site_name).unwrap_or_default();
    title(format!("{text} · {site}"))
}

/// `leptos_meta` writes it into the document as it is, user names included.
#[cfg(feature = "ssr")]
fn title(text: String) -> impl IntoView {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    view! { <leptos_meta::Title text /> }
}

#[cfg(not(feature = "ssr"))]
fn title(text: String) {
    Effect::new(move |_| document().set_title(&text));
}
