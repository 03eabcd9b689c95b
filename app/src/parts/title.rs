//! The document's title: the page's, then the site's.

use crate::frame::Frame;
use leptos::prelude::*;
use leptos_meta::Title;

/// Names the page in the document's title.
#[component]
pub fn PageTitle(#[prop(into)] text: String) -> impl IntoView {
    let site = use_context::<Frame>().map(|frame| frame.site_name).unwrap_or_default();
    let text = format!("{text} · {site}");
    // On the server `leptos_meta` writes it into the document as it is, user names included; in the browser it sets it as text.
    let text = if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text };
    view! { <Title text /> }
}
