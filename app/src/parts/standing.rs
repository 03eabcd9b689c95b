//! How the page's session stands: what was out of sight stays covered until the server has said that the session lives, a page whose
//! session is over leaves, and before an idle time-out there is a warning.
//!
//! The server decides all of it (`HEAD /live`): whether the page stands, when it is time to warn, and when to ask again. Asking is no
//! activity; *Stay logged in* is (`POST /live`).

use super::{failure, live::Live};
use crate::{AppError, frame::Viewer};
use leptos::{html, leptos_dom::helpers::window_event_listener_untyped as listen, prelude::*, task::spawn_local};
use std::time::Duration;
use web_sys::{KeyboardEvent, PageTransitionEvent, Response};

const CHECKING: &str = "Checking whether you are still logged in…";
const NO_ANSWER: &str = "The server does not answer. Trying again…";

/// A cover says nothing where the answer comes sooner.
const SOON: Duration = Duration::from_millis(300);

/// Milliseconds after which no answer comes any more.
const PATIENCE: u32 = 10_000;

/// The next look where there was no answer: covered or warned, and else; where what is under way decides. In seconds.
const AGAIN: u64 = 2;
const LATER: u64 = 30;

/// What stands over the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Over {
    #[default]
    Nothing,
    Cover,
    Warning,
}

#[derive(Clone, Copy)]
struct Watch {
    live: Live,
    /// Where to ask.
    address: StoredValue<String>,
    over: RwSignal<Over>,
    text: RwSignal<String>,
    /// The newest look: what comes of an older one is void.
    look: StoredValue<u32>,
    /// The browser is about to throw the page away.
    is_left: StoredValue<bool>,
}

/// One dialog, cover or warning, on every page of somebody who is logged in.
#[component]
pub fn Standing(viewer: Viewer) -> impl IntoView {
    let watch = Watch {
        live: Live::take(),
        address: StoredValue::new(viewer.session_address()),
        over: RwSignal::default(),
        text: RwSignal::default(),
        look: StoredValue::default(),
        is_left: StoredValue::default(),
    };
    let (dialog, stay) = (NodeRef::<html::Dialog>::new(), NodeRef::<html::Button>::new());
    Effect::new(move |_| watch.begin());
    Effect::new(move |_| {
        let (Some(dialog), Some(stay)) = (dialog.get(), stay.get()) else { return };
        let over = watch.over.get();
        let covers = over == Over::Cover;
        dialog.set_class_name(if covers { "confirm standing cover" } else { "confirm standing" });
        // None of these fails for an element of the page.
        if let Some(body) = document().body() {
            let _ = body.class_list().toggle_with_force("covered", covers);
        }
        match (over != Over::Nothing, dialog.open()) {
            (true, false) => _ = dialog.show_modal(),
            (false, true) => dialog.close(),
            _ => {}
        }
        if over == Over::Warning {
            let _ = stay.focus();
        }
    });
    // No cover goes away by a key; at the warning whoever presses one is there.
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            if watch.over.get_untracked() == Over::Warning {
                watch.look("POST");
            }
        }
    };
    view! {
        // Where a browser closes it all the same, as by a phone's back button, it opens again.
        <dialog
            node_ref=dialog
            class="confirm standing"
            role="alertdialog"
            aria-label="Your session"
            aria-describedby="standing"
            on:keydown=escape
            on:close=move |_| watch.over.notify()
        >
            <p id="standing" role="status">{move || watch.text.get()}</p>
            <div class="confirm-buttons">
                <button type="button" class="primary" node_ref=stay on:click=move |_| watch.look("POST")>"Stay logged in"</button>
                <form method="post" action="/sign-out"><button>"Log out"</button></form>
            </div>
        </dialog>
    }
}

impl Watch {
    /// Listens for as long as the document lives.
    fn begin(self) {
        use leptos::wasm_bindgen::JsCast;
        self.live.begin();
        listen("visibilitychange", move |_| self.seen());
        let is_kept = |event: &web_sys::Event| event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted);
        listen("pagehide", move |event| {
            if is_kept(&event) {
                self.cover();
            } else {
                // Nobody sees it again: to cover it would only hold up the next page.
                self.is_left.set_value(true);
            }
            self.live.leave();
        });
        listen("pageshow", move |event| {
            if is_kept(&event) {
                self.seen();
            }
        });
        let doubts = self.live.doubts;
        Effect::new(move |before: Option<()>| {
            doubts.track();
            if before.is_some() && !document().hidden() {
                self.look("HEAD");
            }
        });
        self.live.come();
        self.seen();
    }

    /// In sight again, or out of it.
    fn seen(self) {
        if self.is_left.get_value() {
            return;
        }
        if document().hidden() {
            self.cover();
            self.live.stop();
        } else {
            self.look("HEAD");
        }
    }

    fn cover(self) {
        self.next();
        self.show(Over::Cover, String::new());
    }

    fn show(self, over: Over, text: String) {
        self.text.set(text);
        if self.over.get_untracked() != over {
            self.over.set(over);
        }
    }

    fn next(self) -> u32 {
        self.look.update_value(|look| *look += 1);
        self.look.get_value()
    }

    /// Does something after a while, unless there is a newer look.
    fn after(self, while_: Duration, look: u32, then: impl FnOnce() + 'static) {
        set_timeout(
            move || {
                if self.look.get_value() == look {
                    then();
                }
            },
            while_,
        );
    }

    /// Asks how the session stands, and again when the answer says so.
    fn look(self, method: &'static str) {
        let look = self.next();
        self.after(SOON, look, move || {
            if self.over.get_untracked() == Over::Cover && self.text.with_untracked(String::is_empty) {
                self.text.set(CHECKING.to_owned());
            }
        });
        spawn_local(async move {
            let answer = ask(method, &self.address.get_value()).await;
            if self.look.get_value() == look
                && let Some(seconds) = self.learn(answer)
            {
                self.after(Duration::from_secs(seconds), look, move || self.look("HEAD"));
            }
        });
    }

    /// Answers in how many seconds to look again; `None` where the page is left.
    fn learn(self, answer: Option<Response>) -> Option<u64> {
        let over = self.over.get_untracked();
        match answer.as_ref().map_or(0, Response::status) {
            204 => {
                self.live.ended.set(false);
                let told = |name| answer.as_ref()?.headers().get(name).ok()?;
                match told("usm-time-out") {
                    Some(at) => self.show(Over::Warning, ["You will be logged out at ", &at, "."].concat()),
                    None => self.show(Over::Nothing, String::new()),
                }
                if over == Over::Cover {
                    self.live.come();
                }
                Some(told("usm-again").and_then(|seconds| seconds.parse().ok()).unwrap_or(LATER))
            }
            205 if !self.live.is_held() => {
                self.cover();
                failure::leave_if_signed_out(&AppError::NotSignedIn);
                None
            }
            205 => Some(AGAIN),
            _ if over == Over::Nothing && !self.live.ended.get_untracked() => Some(LATER),
            _ => {
                let over = if over == Over::Nothing { Over::Cover } else { over };
                self.show(over, NO_ANSWER.to_owned());
                Some(AGAIN)
            }
        }
    }
}

/// `None` where the server does not answer.
async fn ask(method: &str, address: &str) -> Option<Response> {
    use leptos::wasm_bindgen::JsCast;
    let init = web_sys::RequestInit::new();
    init.set_method(method);
    init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(PATIENCE)));
    let answer = wasm_bindgen_futures::JsFuture::from(window().fetch_with_str_and_init(address, &init)).await;
    answer.ok()?.dyn_into().ok()
}
