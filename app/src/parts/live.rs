//! What the server tells an open page (`/live`): that the list is another, or that the session is over.
//!
//! One tab of the browser has the stream at a time, under a lock, and tells the others: browsers allow few connections. A tab out of
//! sight takes no part. What becomes of the page when its session may be over is the business of [`super::standing`].

use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue, closure::Closure, convert::FromWasmAbi},
};
use std::{cell::RefCell, time::Duration};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, Event, EventSource, LockOptions, MessageEvent, js_sys};

/// Of the lock and of the channel between the tabs.
const NAME: &str = "usm-live";

/// A tab asks the one that has the stream how it stands.
const HOW: &str = "?";

/// A tab asks for the same, to be tried again at once where it is lost.
const AGAIN: &str = "!";

/// So long after a form was sent the page is there to stay.
const STILL_HERE: Duration = Duration::from_secs(5);

/// A lost stream is tried again after two seconds, four, and so on up to this.
const LONGEST_WAIT: u32 = 32;

/// How the stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not yet, or the tab is out of sight.
    #[default]
    Unknown,
    Open,
    /// Lost; tried again in so many seconds.
    Lost(u32),
}

/// The news, for whatever part of the page follows them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    pub link: RwSignal<Link>,
    /// Grows when the list is another, or may be.
    pub news: RwSignal<u32>,
    /// Grows when the session may be over.
    pub doubts: RwSignal<u32>,
    /// It was told that the session is over, and nobody has said otherwise since.
    pub ended: RwSignal<bool>,
    /// Acts under way, whose answers tell more than the end of the session does.
    held: RwSignal<u32>,
}

/// What the browser has of it: one for a tab.
#[derive(Default)]
struct Wire {
    channel: Option<BroadcastChannel>,
    source: Option<EventSource>,
    /// Gives up waiting for the lock.
    waits: Option<AbortController>,
    /// It is this tab that has the stream.
    has_turn: bool,
    /// Gives the lock back.
    release: Option<js_sys::Function>,
    failures: u32,
    /// Counts the tries: what waits for an older one is void.
    tries: u32,
    /// A form was sent, whose answer is another page.
    leaving: bool,
}

thread_local! {
    static WIRE: RefCell<Wire> = RefCell::default();
}

impl Live {
    /// From the context of every page.
    pub fn take() -> Self {
        expect_context()
    }

    /// Notices when the page is being left by a form, for as long as the document lives.
    pub fn begin(self) {
        window_event_listener_untyped("submit", move |event| {
            // The page is being left: the end of its session, by this very form perhaps, must not lead elsewhere.
            if !event.default_prevented() {
                self.stop();
                WIRE.with_borrow_mut(|wire| wire.leaving = true);
                // Still here: the answer was no page.
                set_timeout(
                    move || {
                        WIRE.with_borrow_mut(|wire| wire.leaving = false);
                        self.come();
                    },
                    STILL_HERE,
                );
            }
        });
    }

    /// Tries a lost stream at once, whichever tab has it.
    pub fn try_again(self) {
        if matches!(self.link.get_untracked(), Link::Lost(_)) {
            post(AGAIN);
            self.connect();
        }
    }

    /// An act begins, or is over: while one is under way its answer decides what comes after the end of the session.
    pub fn hold(self, held: bool) {
        self.held.update(|acts| *acts = if held { *acts + 1 } else { acts.saturating_sub(1) });
        if !held {
            self.doubt();
        }
    }

    /// The end of the session must not lead elsewhere now: what is under way does.
    pub fn is_held(self) -> bool {
        self.held.get_untracked() > 0 || WIRE.with_borrow(|wire| wire.leaving)
    }

    /// From here on this tab takes part, if it is in sight.
    pub fn come(self) {
        if document().hidden() || WIRE.with_borrow(|wire| wire.leaving) {
            return;
        }
        if WIRE.with_borrow(|wire| wire.channel.is_none())
            && let Ok(channel) = BroadcastChannel::new(NAME)
        {
            channel.set_onmessage(Some(&listener(move |event: MessageEvent| {
                if !document().hidden() {
                    self.hear(&text_of(&event));
                }
            })));
            WIRE.with_borrow_mut(|wire| wire.channel = Some(channel));
        }
        post(HOW);
        if WIRE.with_borrow(|wire| wire.has_turn || wire.waits.is_some()) {
            return;
        }
        let locks = window().navigator().locks();
        if locks.is_undefined() {
            // Over plain http browsers have no locks: each tab has a stream of its own.
            WIRE.with_borrow_mut(|wire| wire.has_turn = true);
            return self.connect();
        }
        let Ok(waits) = AbortController::new() else { return };
        let (signal, options) = (waits.signal(), LockOptions::new());
        options.set_signal(&signal);
        WIRE.with_borrow_mut(|wire| wire.waits = Some(waits));
        let granted = Closure::once_into_js(move || -> JsValue {
            if signal.aborted() {
                return JsValue::UNDEFINED;
            }
            WIRE.with_borrow_mut(|wire| {
                wire.waits = None;
                wire.has_turn = true;
            });
            self.connect();
            // The lock is held until it is answered.
            js_sys::Promise::new(&mut |resolve, _| WIRE.with_borrow_mut(|wire| wire.release = Some(resolve))).into()
        });
        let request = locks.request_with_options(NAME, &options, granted.unchecked_ref());
        // Given up it fails, and nobody minds.
        spawn_local(async { _ = JsFuture::from(request).await });
    }

    /// The page is left, perhaps to be shown again: with an open channel, or a lock that it has or waits for, it would not be kept for Back.
    pub fn leave(self) {
        self.stop();
        let channel = WIRE.with_borrow_mut(|wire| {
            wire.leaving = false;
            wire.channel.take()
        });
        if let Some(channel) = channel {
            channel.close();
        }
    }

    /// Takes no part while the tab is out of sight.
    pub fn stop(self) {
        let release = WIRE.with_borrow_mut(|wire| {
            wire.close();
            wire.has_turn = false;
            if let Some(waits) = wire.waits.take() {
                waits.abort();
            }
            wire.release.take()
        });
        if let Some(release) = release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
        self.link.set(Link::Unknown);
    }

    fn connect(self) {
        if WIRE.with_borrow(|wire| !wire.has_turn) {
            return;
        }
        let Ok(source) = EventSource::new("/live") else { return };
        source.set_onopen(Some(&listener(move |_: Event| {
            WIRE.with_borrow_mut(|wire| wire.failures = 0);
            self.say("open");
        })));
        source.set_onmessage(Some(&listener(move |event: MessageEvent| self.say(&text_of(&event)))));
        source.set_onerror(Some(&listener(move |_: Event| self.lost())));
        WIRE.with_borrow_mut(|wire| {
            wire.close();
            wire.source = Some(source);
        });
    }

    fn lost(self) {
        let seconds = WIRE.with_borrow_mut(|wire| {
            wire.close();
            wire.failures += 1;
            1_u32.checked_shl(wire.failures).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
        });
        self.doubt();
        self.wait(seconds);
    }

    fn wait(self, seconds: u32) {
        let tries = WIRE.with_borrow(|wire| wire.tries);
        self.say(&seconds.to_string());
        set_timeout(
            move || {
                if WIRE.with_borrow(|wire| wire.tries != tries) {
                    return;
                }
                if seconds > 1 {
                    self.wait(seconds - 1);
                } else {
                    self.connect();
                }
            },
            Duration::from_secs(1),
        );
    }

    /// To all tabs.
    fn say(self, text: &str) {
        post(text);
        self.hear(text);
    }

    fn hear(self, text: &str) {
        match text {
            HOW => {
                if WIRE.with_borrow(|wire| wire.has_turn) && self.link.get_untracked() == Link::Open {
                    post("open");
                }
            }
            AGAIN => {
                if matches!(self.link.get_untracked(), Link::Lost(_)) {
                    self.connect();
                }
            }
            "ended" => {
                self.ended.set(true);
                self.doubt();
            }
            "list" => self.news.update(|news| *news += 1),
            "open" => {
                self.link.set(Link::Open);
                // Something may have been missed.
                self.news.update(|news| *news += 1);
            }
            seconds => self.link.set(Link::Lost(seconds.parse().unwrap_or(1))),
        }
    }

    fn doubt(self) {
        self.doubts.update(|doubts| *doubts += 1);
    }
}

impl Wire {
    fn close(&mut self) {
        self.tries += 1;
        if let Some(source) = self.source.take() {
            source.close();
        }
    }
}

fn post(text: &str) {
    WIRE.with_borrow(|wire| {
        if let Some(channel) = &wire.channel {
            let _ = channel.post_message(&text.into());
        }
    });
}

fn text_of(event: &MessageEvent) -> String {
    event.data().as_string().unwrap_or_default()
}

fn listener<E: FromWasmAbi + 'static>(hear: impl FnMut(E) + 'static) -> js_sys::Function {
    Closure::<dyn FnMut(E)>::new(hear).into_js_value().unchecked_into()
}
