//! The confirm page of a plan, for browsers without scripts: what the dialog asks, as a page.

use crate::parts::title::PageTitle;
use crate::{
    model::plan::{Act, Plan, REASON_CHARS},
    parts::plan_text::PlanText,
};
use leptos::prelude::*;

/// `back` is the address of the list that the plan was made in.
#[component]
pub fn PlanPage(plan: Plan, back: String) -> impl IntoView {
    let danger = plan.act == Act::EndDisable;
    let title = plan.title(false);
    let confirm = plan.refused.is_none().then(|| {
        view! {
            <form method="post" action="/sessions/commit" id="confirm">
                <input type="hidden" name="plan" value=plan.id.0 />
                // Not its fields: a filter of the list is called count as well.
                <input type="hidden" name="next" value=back.clone() />
                {plan
                    .sis_box()
                    .map(|text| view! { <label class="check"><input type="checkbox" name="also_sis" value="1" />{text}</label> })}
                <label class="field">
                    "Reason (kept in the history, optional)" <input type="text" name="reason" maxlength=REASON_CHARS autocomplete="off" />
                </label>
                // Ticking the box above may lead past the number that must be typed.
                {plan
                    .asks_for_count(true)
                    .then(|| {
                        view! {
                            <label class="field">
                                "Type the number of users" <input type="text" name="count" inputmode="numeric" autocomplete="off" />
                            </label>
                        }
                    })}
            </form>
        }
    });
    let button = plan
        .refused
        .is_none()
        .then(|| view! { <button form="confirm" class=if danger { "danger" } else { "primary" }>{plan.button(false)}</button> });
    view! {
        <PageTitle text=title.clone() />
        <div class="page plan">
            <section class="card">
                <h1>{title}</h1>
                <PlanText plan also_sis=false />
                {confirm}
                <div class="confirm-buttons">
                    <a class="button" href=back>"Cancel"</a>
                    {button}
                </div>
            </section>
        </div>
    }
}
