//! The active sessions of one account, each with *End*.

use crate::{
    api::sessions,
    model::{plan::EndTarget, session::SessionLine},
    parts::toasts::Toasts,
};
use leptos::{prelude::*, task::spawn_local};
use web_sys::{Element, HtmlElement, SubmitEvent};

/// One form a session: it posts to `next` and back without scripts, and stays on the page with them.
#[component]
pub fn SessionLines(
    #[prop(into)] sessions: Signal<Vec<SessionLine>>,
    /// The page that this stands on.
    next: String,
    ending: Ending,
) -> impl IntoView {
    view! {
        <ul class="session-lines">
            <For each=move || sessions.get() key=|line| line.id let:line>
                <li>
                    <div class="when">
                        <strong id=format!("session-{}", line.id)>{line.created}</strong>
                        {line.current.then(|| view! { <span class="badge">"This session"</span> })}
                    </div>
                    <div class="details">{[line.activity, line.ip, line.browser].join(" · ")}</div>
                    <form method="post" action="/sessions/end" on:submit=move |event| ending.submit(&event, EndTarget::Session(line.id))>
                        <input type="hidden" name="session" value=line.id.0 />
                        <input type="hidden" name="next" value=next.clone() />
                        <button aria-describedby=format!("session-{}", line.id) aria-disabled=ending.disabled()>"End"</button>
                    </form>
                </li>
            </For>
        </ul>
    }
}

/// Ends sessions from the hydrated page and tells what became of it.
#[derive(Clone, Copy)]
pub struct Ending {
    toasts: Toasts,
    busy: RwSignal<bool>,
    done: Callback<()>,
}

impl Ending {
    /// `done` runs after sessions ended, to fetch what changed.
    pub fn new(done: impl Fn() + Send + Sync + 'static) -> Self {
        Self { toasts: Toasts::take(), busy: RwSignal::new(false), done: Callback::new(move |()| done()) }
    }

    /// `aria-disabled` of the buttons; `disabled` would take the focus from the one that was pressed.
    pub fn disabled(self) -> impl Fn() -> Option<&'static str> + Copy + Send + Sync + 'static {
        move || self.busy.get().then_some("true")
    }

    /// In place of posting the form. The section around it takes the focus, because the button goes with its session.
    pub fn submit(self, event: &SubmitEvent, target: EndTarget) {
        event.prevent_default();
        let section = section_of(event);
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        // Not bound to the page: what was begun is told even where the person moved on.
        spawn_local(async move {
            let answer = sessions::end(target).await;
            self.busy.try_set(false);
            match answer {
                // Where the form leads too. Loading this page anew would say that it happened elsewhere.
                Ok(report) if report.own_ended => drop(window().location().assign("/sign-in")),
                Ok(report) => {
                    self.toasts.success(report.sentence());
                    if let Some(section) = section {
                        // Fails only for an element that cannot take it.
                        let _ = section.focus();
                    }
                    self.done.try_run(());
                }
                Err(error) => self.toasts.failure(&error),
            }
        });
    }
}

fn section_of(event: &SubmitEvent) -> Option<HtmlElement> {
    use leptos::wasm_bindgen::JsCast;
    let form = event.target()?.dyn_into::<Element>().ok()?;
    form.closest("section[tabindex]").ok()??.dyn_into().ok()
}
