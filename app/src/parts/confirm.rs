//! The dialog that a plan is confirmed in.

use crate::{
    model::{
        plan::{Act, Confirmation, Plan, REASON_CHARS},
        text::thousands,
    },
    parts::{acts::Acts, plan_text::PlanText},
};
use leptos::{html, prelude::*};
use web_sys::{Event, SubmitEvent};

/// One dialog for all plans: open while there is one.
#[component]
pub fn ConfirmDialog() -> impl IntoView {
    let acts = Acts::take();
    let dialog = NodeRef::<html::Dialog>::new();
    let cancel = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (acts.prepared.with(Option::is_some), dialog.open()) {
            (true, false) => {
                // Fails only for a dialog that is open or out of the document.
                let _ = dialog.show_modal();
                if let Some(cancel) = cancel.get_untracked() {
                    let _ = cancel.focus();
                }
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let keep_while_busy = move |event: Event| {
        if acts.busy.get_untracked() {
            event.prevent_default();
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="confirm"
            role="alertdialog"
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            on:cancel=keep_while_busy
            on:close=move |_| acts.prepared.set(None)
        >
            {move || acts.prepared.get().map(|prepared| view! { <Question plan=prepared.plan cancel /> })}
        </dialog>
    }
}

/// What the dialog asks, and what its buttons send.
#[component]
fn Question(plan: Plan, cancel: NodeRef<html::Button>) -> impl IntoView {
    let acts = Acts::take();
    let (reason, count, also_sis) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(false));
    let plan = StoredValue::new(plan);
    let asks_for_count = move || plan.with_value(|plan| plan.asks_for_count(also_sis.get()));
    let confirm = move |event: SubmitEvent| {
        event.prevent_default();
        let also_sis = also_sis.get_untracked();
        let (users, asked) = plan.with_value(|plan| (plan.users_with(also_sis), plan.asks_for_count(also_sis)));
        let typed = count.with_untracked(|count| count.replace([',', ' '], "").parse().ok());
        if asked && typed != Some(users) {
            acts.failed.set(Some(format!("Type {} to confirm.", thousands(users))));
            return;
        }
        acts.commit(Confirmation { reason: reason.get_untracked(), count: typed.filter(|_| asked), also_sis });
    };
    let somebody = move || plan.with_value(|plan| plan.users_with(also_sis.get()) > 0);
    let refused = plan.with_value(|plan| plan.refused.is_some());
    let danger = plan.with_value(|plan| plan.act == Act::EndDisable);
    let sis_box = plan.with_value(Plan::sis_box);
    view! {
        <form on:submit=confirm>
            <h2 id="confirm-title">{move || plan.with_value(|plan| plan.title(also_sis.get()))}</h2>
            <div id="confirm-text">
                <PlanText plan=plan.get_value() also_sis />
            </div>
            {(!refused)
                .then(|| {
                    view! {
                        {sis_box
                            .map(|text| {
                                view! {
                                    <label class="check">
                                        <input type="checkbox" on:change=move |event| also_sis.set(event_target_checked(&event)) />
                                        {text}
                                    </label>
                                }
                            })}
                        <label class="field">
                            "Reason (kept in the history, optional)"
                            <input
                                type="text"
                                name="reason"
                                maxlength=REASON_CHARS
                                autocomplete="off"
                                on:input=move |event| reason.set(event_target_value(&event))
                            />
                        </label>
                        <Show when=asks_for_count>
                            <label class="field">
                                "Type the number of users"
                                <input
                                    type="text"
                                    inputmode="numeric"
                                    autocomplete="off"
                                    on:input=move |event| count.set(event_target_value(&event))
                                />
                            </label>
                        </Show>
                    }
                })}
            <div class="confirm-failed" role="alert">{move || acts.failed.get().map(|failed| view! { <p>{failed}</p> })}</div>
            <div class="confirm-buttons">
                <button type="button" node_ref=cancel on:click=move |_| acts.prepared.set(None) disabled=move || acts.busy.get()>
                    {if refused { "Close" } else { "Cancel" }}
                </button>
                {(!refused)
                    .then(|| {
                        view! {
                            <Show when=somebody>
                                <button
                                    type="submit"
                                    class=if danger { "danger" } else { "primary" }
                                    aria-busy=move || acts.busy.get().then_some("true")
                                    aria-disabled=move || acts.busy.get().then_some("true")
                                >
                                    {move || plan.with_value(|plan| plan.button(also_sis.get()))}
                                </button>
                            </Show>
                        }
                    })}
            </div>
        </form>
    }
}
