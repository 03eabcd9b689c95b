//! What a plan says before it is confirmed: the same in the dialog and on the confirm page.

use crate::model::{
    account::Named,
    plan::{Act, Own, Plan},
    text::{counted, more},
};
use leptos::prelude::*;

/// Names that are read without opening the rest.
const FIRST: usize = 4;

/// Whom it concerns, and what becomes of them.
#[component]
pub fn PlanText(
    plan: Plan,
    /// *Also disable … SIS administrators* is ticked.
    #[prop(into)]
    also_sis: Signal<bool>,
) -> impl IntoView {
    let users = {
        let plan = plan.clone();
        move || {
            let also_sis = also_sis.get();
            format!("{} · {}", counted(plan.users_with(also_sis), "user"), counted(plan.sessions_with(also_sis), "session"))
        }
    };
    let skipped = plan.sis_skipped;
    let becomes = move || if skipped && !also_sis.get() { " will be skipped." } else { "" };
    let sis =
        (!plan.sis.is_empty()).then(|| view! { <p class="plan-sis"><strong>"SIS administrators: "</strong>{join(&plan.sis)}{becomes}</p> });
    let hidden = (plan.not_shown_users > 0).then(|| {
        let more = more(plan.not_shown_users, &plan.not_shown);
        view! { <p class="plan-hidden"><strong>"Not in the list now: "</strong>{join(&plan.not_shown)}{more}</p> }
    });
    let listed = plan.users.saturating_sub(plan.not_shown_users);
    view! {
        <p class="plan-numbers">{users}</p>
        {sis}
        {hidden}
        <Names names=plan.names.clone() users=listed />
        <ul class="plan-effects">{effects(&plan).into_iter().map(|effect| view! { <li>{effect}</li> }).collect_view()}</ul>
        {
            let plan = plan.clone();
            move || plan.nobody(also_sis.get()).map(|nobody| view! { <p class="plan-refused" role="alert">{nobody}</p> })
        }
        {plan.refused.clone().map(|refused| view! { <p class="plan-refused" role="alert">{refused}</p> })}
    }
}

/// The first names; the others, as far as the plan names them, on demand.
#[component]
fn Names(names: Vec<Named>, users: u32) -> impl IntoView {
    if names.is_empty() {
        return ().into_any();
    }
    let first = &names[..names.len().min(FIRST)];
    let summary = format!("{}{}", join(first), more(users, first));
    if names.len() <= FIRST {
        return view! { <p class="plan-names">{summary}</p> }.into_any();
    }
    let all = format!("{}{}", join(&names), more(users, &names));
    view! {
        <details class="plan-names">
            <summary>{summary}</summary>
            <p>{all}</p>
        </details>
    }
    .into_any()
}

fn join(names: &[Named]) -> String {
    names.iter().map(|named| &*named.user_name).collect::<Vec<_>>().join(", ")
}

fn effects(plan: &Plan) -> Vec<AnyView> {
    let alone = plan.own == Own::Alone;
    let mut effects = Vec::new();
    if plan.refused.is_some() {
        return effects;
    }
    effects.push(if alone && plan.act == Act::End {
        "You will be logged out.".into_any()
    } else {
        "They are logged out immediately; unsaved work is lost.".into_any()
    });
    if plan.act == Act::EndDisable {
        effects.push(
            view! {
                "Their accounts are disabled and they cannot log back in until Disabled is unchecked in User Account Information. "
                <a href="/help" target="_blank">"Help"</a>
            }
            .into_any(),
        );
    }
    let you = &plan.own_name;
    match plan.own {
        Own::Skipped => effects.push(format!("You ({you}) are in the selection and will be skipped.").into_any()),
        Own::OthersEnd => effects.push(format!("You ({you}) are in the selection: your other sessions end, this one stays.").into_any()),
        Own::No | Own::Alone => {}
    }
    effects
}
