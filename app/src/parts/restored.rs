//! A page that the browser kept and shows again on Back, as it was: perhaps after its person logged out.

use leptos::prelude::*;
use web_sys::PageTransitionEvent;

/// Empties and loads anew a page that comes back, so that the server decides what is shown.
pub fn load_anew_when_restored() {
    use leptos::wasm_bindgen::JsCast;
    Effect::new(|_| {
        let listener = window_event_listener_untyped("pageshow", |event| {
            if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
                if let Some(body) = document().body() {
                    body.set_hidden(true);
                }
                // Fails only in a document that is already being left.
                let _ = window().location().reload();
            }
        });
        on_cleanup(move || listener.remove());
    });
}
