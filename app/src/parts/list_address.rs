//! The Session List as it was filtered, for the ways back to it. Kept by the browser, for this tab.

use leptos::prelude::*;
use web_sys::Storage;

const KEY: &str = "usm-list";

/// What the browser keeps for this tab.
pub fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Called by the list when its address changes.
pub fn remember(address: &str) {
    if let Some(storage) = storage() {
        // Full or forbidden storage costs the filters of a link back, no more.
        let _ = storage.set_item(KEY, address);
    }
}

/// The list's address, where this tab has seen the list.
#[cfg(not(feature = "ssr"))]
pub fn kept() -> Option<String> {
    let kept = storage()?.get_item(KEY).ok()??;
    (kept == "/sessions" || kept.starts_with("/sessions?")).then_some(kept)
}
