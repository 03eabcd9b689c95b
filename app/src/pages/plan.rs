//! The confirm page of a plan, for browsers without scripts.

use crate::model::plan::Plan;
use leptos::prelude::*;

/// `back` is the address of the list that the plan was made in.
#[component]
pub fn PlanPage(plan: Plan, back: String) -> impl IntoView {
    view! { <h1>{plan.title(false)}</h1> <a href=back>"Cancel"</a> }
}
