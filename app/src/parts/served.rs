//! Pages that the server alone makes, because they only show and send plain forms.
//!
//! The browser's code holds none of them: its router fetches them whole, so moving between pages loads nothing anew, and the server's
//! page guard decides about them each time.

use leptos::prelude::*;

/// The page, in the place that `Served` knows.
#[cfg(feature = "ssr")]
pub fn served(page: impl IntoView) -> impl IntoView {
    view! { <div class="served">{page}</div> }
}

/// What the store answered, or why it did not. The page waits for it.
#[cfg(feature = "ssr")]
pub fn answered<T: 'static, V: IntoView + 'static>(
    answer: impl Future<Output = Result<T, crate::AppError>> + Send + 'static,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView {
    use super::failure::Failure;
    use leptos::tachys::reactive_graph::OwnedView;
    Suspend::new(async move {
        match answer.await {
            // Its parts ask for their context when they are written, which is outside this owner.
            Ok(data) => OwnedView::new(show(data)).into_any(),
            Err(error) => OwnedView::new(view! { <Failure error /> }).into_any(),
        }
    })
}

/// The place of such a page: as the server sent it, or fetched where the router came here.
#[cfg(not(feature = "ssr"))]
#[component]
pub fn Served() -> impl IntoView {
    use leptos::{html, task::spawn_local_scoped_with_cancellation};

    // Another such page's place is taken over with what stands in it: only the first page of a visit is there already.
    let sent = !super::hydrated::is_hydrated();
    super::hydrated::hydrated();
    let place = NodeRef::<html::Div>::new();
    let location = leptos_router::hooks::use_location();
    Effect::new(move |before: Option<()>| {
        let (path, search) = (location.pathname.get(), location.search.get());
        let Some(place) = place.get() else { return };
        if before.is_none() && sent {
            lead_back_to_the_list(&place);
            return;
        }
        let address = if search.is_empty() { path } else { format!("{path}?{search}") };
        spawn_local_scoped_with_cancellation(async move {
            if fetch_into(&place, &address).await.is_some() {
                lead_back_to_the_list(&place);
            } else {
                // Refused, elsewhere or unreachable: the browser goes there itself and shows what it gets.
                let _ = window().location().replace(&address);
            }
        });
    });
    view! { <div class="served" node_ref=place></div> }
}

/// `None` where the answer is no page of this kind.
#[cfg(not(feature = "ssr"))]
async fn fetch_into(place: &web_sys::Element, address: &str) -> Option<()> {
    use leptos::wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;

    let answer = JsFuture::from(window().fetch_with_str(address)).await.ok()?;
    let answer = answer.dyn_into::<web_sys::Response>().ok()?;
    if !answer.ok() || answer.redirected() {
        return None;
    }
    let text = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?;
    let page = web_sys::DomParser::new().ok()?.parse_from_string(&text, web_sys::SupportedType::TextHtml).ok()?;
    let served = page.query_selector(".served").ok()??;
    place.set_inner_html(&served.inner_html());
    document().set_title(&page.title());
    Some(())
}

/// Links to the list lead to it as it was filtered.
#[cfg(not(feature = "ssr"))]
fn lead_back_to_the_list(place: &web_sys::Element) {
    use leptos::wasm_bindgen::JsCast;
    let Some(list) = super::list_address::kept() else { return };
    let Ok(links) = place.query_selector_all("a[href='/sessions']") else { return };
    for index in 0..links.length() {
        if let Some(link) = links.get(index).and_then(|link| link.dyn_into::<web_sys::Element>().ok()) {
            // Fails only for a name that is none.
            let _ = link.set_attribute("href", &list);
        }
    }
}
