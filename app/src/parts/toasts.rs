//! Short messages at the lower right: what an act did, or why it was not done.

use crate::{
    model::{
        plan::Report,
        text::{counted, thousands},
    },
    parts::{browser, list_address},
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use std::{sync::Arc, time::Duration};

/// Name in the tab's storage.
const KEPT: &str = "usm-done";

const SHOWN_FOR: Duration = Duration::from_secs(6);

/// Whatever tells a person something; any page takes it with [`Toasts::take`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

/// One message.
#[derive(Clone)]
struct Toast {
    id: u32,
    text: String,
    error: bool,
    stays: bool,
    /// Nothing else that is done closes it.
    keeps: bool,
    ways: Vec<Way>,
    /// Of a plan that is under way: its users, and how many of them are done. The text is what is being done.
    going: Option<(u32, ArcRwSignal<u32>)>,
}

impl Toast {
    fn new(text: String, error: bool, ways: Vec<Way>) -> Self {
        Self { id: 0, text, error, stays: !ways.is_empty(), keeps: false, ways, going: None }
    }
}

/// The message of a plan that is under way.
pub struct Going {
    pub id: u32,
    /// How many users are done.
    pub done: ArcRwSignal<u32>,
}

/// What a button does. It may be pressed when the page that offered it is long gone, so it belongs to none.
pub type Press = Arc<dyn Fn() + Send + Sync>;

/// A way on from a message. A message that offers one stays until it is closed or something else is done.
#[derive(Clone)]
pub enum Way {
    /// A button: its text, and what it does.
    Act(&'static str, Press),
    /// A link: its text and address.
    Link(&'static str, String),
}

impl Toasts {
    /// From the context. Take it while the component is built: the context is gone once something was awaited.
    pub fn take() -> Self {
        expect_context()
    }

    /// Something was done.
    pub fn success(self, text: impl Into<String>) {
        self.push(Toast::new(text.into(), false, Vec::new()));
    }

    /// Something was done, and may lead on.
    pub fn success_with(self, text: impl Into<String>, ways: Vec<Way>) {
        self.push(Toast::new(text.into(), false, ways));
    }

    /// Something was done in part only: stands until it is closed or something else is done.
    pub fn warning(self, text: String) {
        self.push(Toast { stays: true, ..Toast::new(text, true, Vec::new()) });
    }

    /// Something was not done, and may be tried again.
    pub fn error_with(self, text: impl Into<String>, ways: Vec<Way>) {
        self.push(Toast::new(text.into(), true, ways));
    }

    /// A plan stopped on its way. The way on is there until it is taken or closed, on other pages too.
    pub fn stopped(self, text: String, go_on: Way) {
        self.push(Toast { keeps: true, ..Toast::new(text, true, vec![go_on]) });
    }

    /// A plan is under way: stands until it is closed.
    pub fn going(self, report: &Report) -> Going {
        let done = ArcRwSignal::new(report.done);
        let toast = Toast::new(report.doing().to_owned(), false, Vec::new());
        let id = self.push(Toast { stays: true, keeps: true, going: Some((report.planned, done.clone())), ..toast });
        Going { id, done }
    }

    /// Something was done, but the page that knows is being left: the next one tells it.
    pub fn keep(text: &str) {
        if let Some(storage) = list_address::storage() {
            // Full or forbidden storage costs the note.
            let _ = storage.set_item(KEPT, text);
        }
    }

    fn tell_kept(self) {
        let Some(storage) = list_address::storage() else { return };
        if let Ok(Some(text)) = storage.get_item(KEPT) {
            let _ = storage.remove_item(KEPT);
            self.push(Toast { stays: true, ..Toast::new(text, false, Vec::new()) });
        }
    }

    /// What failed on a page cannot be tried again once it is left.
    pub fn close_errors(self) {
        self.shown.try_update(|shown| shown.retain(|toast| !toast.error || toast.keeps));
    }

    /// Answers its id.
    fn push(self, toast: Toast) -> u32 {
        let id = self.next.try_update_value(|next| {
            *next += 1;
            *next
        });
        let id = id.unwrap_or_default();
        // A warning is no act: what one leads on to stays.
        let warns = toast.stays && !toast.keeps && toast.ways.is_empty();
        self.shown.try_update(|shown| {
            shown.retain(|toast| !toast.stays || toast.keeps || warns && !toast.ways.is_empty());
            shown.push(Toast { id, ..toast });
        });
        id
    }

    /// Takes a message away.
    pub fn close(self, id: u32) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Where the messages stand. The region is there from the start, or screen readers would miss the first.
#[component]
pub fn ToastStack() -> impl IntoView {
    let toasts = Toasts::take();
    Effect::new(move |_| toasts.tell_kept());
    view! {
        <div class="toasts" role="status">
            <For each=move || toasts.shown.get() key=|toast| toast.id let:toast>
                <Shown toast />
            </For>
        </div>
    }
}

#[component]
fn Shown(toast: Toast) -> impl IntoView {
    let toasts = Toasts::take();
    let id = toast.id;
    let stays = toast.stays;
    let timer = StoredValue::new(None::<TimeoutHandle>);
    // By the pointer, and by the focus.
    let held = StoredValue::new([false; 2]);
    let hold = move || {
        timer.try_update_value(|timer| timer.take().map(|timer| timer.clear()));
    };
    let go = move || {
        hold();
        if !stays && held.get_value() == [false; 2] {
            timer.set_value(set_timeout_with_handle(move || toasts.close(id), SHOWN_FOR).ok());
        }
    };
    let keep = move |by: usize, keeps: bool| {
        held.update_value(|held| held[by] = keeps);
        go();
    };
    go();
    on_cleanup(hold);
    let close = move || {
        browser::pass_focus(&[".refresh", "#main"]);
        toasts.close(id);
    };

    let is_going = toast.going.is_some();
    let said = match toast.going {
        None => view! { <p>{toast.text}</p> }.into_any(),
        Some((planned, done)) => {
            let value = done.clone();
            let text = move || [&toast.text, " ", &thousands(done.get()), " of ", &counted(planned, "user"), " …"].concat();
            // It is read out when it comes, not at each step.
            view! { <label aria-live="off">{text} <progress max=planned value=move || value.get()></progress></label> }.into_any()
        }
    };
    let ways = toast.ways.into_iter().map(|way| match way {
        Way::Act(text, act) => view! {
            <button
                type="button"
                on:click=move |_| {
                    close();
                    act();
                }
            >
                {text}
            </button>
        }
        .into_any(),
        Way::Link(text, href) => view! { <a href=href on:click=move |_| toasts.close(id)>{text}</a> }.into_any(),
    });
    view! {
        <div
            class="toast"
            class:error=toast.error
            role=toast.error.then_some("alert")
            on:pointerenter=move |_| keep(0, true)
            on:pointerleave=move |_| keep(0, false)
            on:focusin=move |_| keep(1, true)
            on:focusout=move |_| keep(1, false)
        >
            {said}
            {ways.collect_view()}
            {(!is_going)
                .then(|| {
                    view! { <button type="button" class="quiet close" aria-label="Close message" on:click=move |_| close()></button> }
                })}
        </div>
    }
}
