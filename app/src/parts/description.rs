//! What the tool is for, in one line that can be folded away.

use leptos::{html, prelude::*};
use web_sys::Storage;

const KEY: &str = "usm-description";

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Open at first; the browser remembers when it was closed.
#[component]
pub fn Description() -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    Effect::new(move |_| {
        let closed = storage().and_then(|storage| storage.get_item(KEY).ok().flatten()).is_some();
        if let (true, Some(details)) = (closed, details.get()) {
            details.set_open(false);
        }
    });
    let remember = move |_| {
        let (Some(storage), Some(details)) = (storage(), details.get_untracked()) else { return };
        // Full or forbidden storage costs the memory of a fold, no more.
        let _ = if details.open() { storage.remove_item(KEY) } else { storage.set_item(KEY, "closed") };
    };
    view! {
        <section class="description" aria-label="Description">
            <details node_ref=details open on:toggle=remember>
                <summary>"Description"</summary>
                <p>
                    "The User Session Manager lists all active user sessions. This tool can be used to end a selected user session or to end a user session and disable the account. Use Ctrl+Click to select multiple users."
                </p>
            </details>
        </section>
    }
}
