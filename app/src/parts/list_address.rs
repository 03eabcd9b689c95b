//! The Session List as it was filtered, for the ways back to it. Kept by the browser, for this tab.

use leptos::prelude::*;
use web_sys::Storage;

const KEY: &str = "usm-list";

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Called by the list when its address changes.
pub fn remember(address: &str) {
    if let Some(storage) = storage() {
        // Full or forbidden storage costs the filters of a link back, no more.
        let _ = storage.set_item(KEY, address);
    }
}

/// The list's address: the plain one on the server and until the browser has looked.
pub fn recall() -> ReadSignal<String> {
    let (address, set_address) = signal("/sessions".to_owned());
    Effect::new(move |_| {
        let kept = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        if let Some(kept) = kept.filter(|kept| *kept == "/sessions" || kept.starts_with("/sessions?")) {
            set_address.set(kept);
        }
    });
    address
}
