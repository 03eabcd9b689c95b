//! The sign that a page is alive.

use leptos::prelude::*;

/// Sets `<html data-hydrated>` once the browser runs effects: what calls it is interactive from then on.
pub fn hydrated() {
    Effect::new(|_| {
        if let Some(html) = document().document_element() {
            // Fails only for a name that is none.
            let _ = html.set_attribute("data-hydrated", "");
        }
    });
}

/// Whether a page of this visit is alive already: then the router came here, and the server sent another one.
#[cfg(not(feature = "ssr"))]
pub fn is_hydrated() -> bool {
    document().document_element().is_some_and(|html| html.has_attribute("data-hydrated"))
}
