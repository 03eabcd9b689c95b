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
