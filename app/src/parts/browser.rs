//! The few things that the page asks of the browser by itself. Nothing here runs on the server.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
};
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, Event, FocusOptions, HtmlElement, HtmlInputElement, MouseEvent, ScrollIntoViewOptions, ScrollLogicalPosition, js_sys::Promise,
};

/// The one element of the list's rows that Tab leads to.
pub const ROWS_STOP: &str = ".list-scroll tbody [tabindex='0']";

/// The first element that a selector finds.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Every element that a selector finds.
pub fn find_all(selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok()).collect()
}

/// The element of an event, or the nearest around it that the selector finds.
pub fn closest(event: &Event, selector: &str) -> Option<HtmlElement> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(selector).ok().flatten()?.dyn_into().ok()
}

/// An input as such.
pub fn as_input(element: HtmlElement) -> Option<HtmlInputElement> {
    element.dyn_into().ok()
}

/// Moves the focus. Fails only for an element that cannot take it.
pub fn focus(element: &HtmlElement) {
    let _ = element.focus();
}

/// Moves the focus, and brings the whole element into sight: by itself the browser is content with a part.
pub fn focus_whole(element: &HtmlElement) {
    focus(element);
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options.set_inline(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Moves the focus without scrolling to it.
pub fn focus_unseen(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

/// Moves the focus to the first of these that is there: called before what has it goes away, or it would fall to the page.
pub fn pass_focus(to: &[&str]) {
    if let Some(element) = to.iter().find_map(|selector| find(selector)) {
        focus(&element);
    }
}

/// Lets a double click be one: what stands under the pointer by the second may be something else.
pub fn once(event: MouseEvent) {
    if event.detail() > 1 {
        event.prevent_default();
        event.stop_propagation();
    }
}

/// Waits.
pub async fn wait(a_while: Duration) {
    let passed = Promise::new(&mut |done, _| set_timeout(move || _ = done.call0(&JsValue::NULL), a_while));
    let _ = JsFuture::from(passed).await;
}

/// Some text is marked: the click that ended the dragging is none.
pub fn marks_text() -> bool {
    window().get_selection().ok().flatten().is_some_and(|marked| !marked.is_collapsed())
}

/// Place of an element among its siblings.
pub fn place(element: &Element) -> u32 {
    let mut place = 0;
    let mut before = element.previous_element_sibling();
    while let Some(element) = before {
        place += 1;
        before = element.previous_element_sibling();
    }
    place
}

/// A row is in sight, not only loaded: clear of the sticky header above it.
pub fn row_is_on_screen(id: crate::model::account::AccountId) -> bool {
    let (Some(row), Some(list)) = (find(&format!("tr[data-id='{id}']:not(.afar)")), find(".list-scroll")) else { return false };
    let head = find(".list-scroll thead").map_or(0.0, |head| head.get_bounding_client_rect().height());
    let (row, list) = (row.get_bounding_client_rect(), list.get_bounding_client_rect());
    let half = row.height() / 2.0;
    row.top() + half >= list.top() + head && row.bottom() - half <= list.bottom()
}
