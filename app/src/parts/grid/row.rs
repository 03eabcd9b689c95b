//! One row of the Session List.

use super::PLAN_FORM;
use crate::{
    model::plan::Act,
    parts::list::{Line, List},
};
use leptos::prelude::*;

/// A row. Its clicks and keys are taken by the body around it; `data-id` tells whose it is.
#[component]
pub fn SessionRow(line: Line) -> impl IntoView {
    let list = List::take();
    let id = line.id;
    let (row, gone) = (RwSignal::from(line.row), RwSignal::from(line.gone));
    let selected = move || list.is_selected(id);
    let opened = move || list.panel.get() && list.active.get() == Some(id);
    let place = RwSignal::from(line.index);
    let index = move || place.get().saturating_add(3).to_string();
    let is_afar = move || {
        let (first, end) = list.mounted.get();
        !(first..end).contains(&place.get())
    };
    let name = move || row.with(|row| row.user_name.text.clone());
    let is_gone = move || gone.with(Option::is_some);
    view! {
        <tr role="row" data-id=id.0 aria-rowindex=index aria-selected=move || if selected() { "true" } else { "false" } class:gone=is_gone class:afar=is_afar>
            <td role="gridcell" class="tick">
                <label class="tick-box">
                    <input
                        type="checkbox"
                        name="id"
                        value=id.0
                        form=PLAN_FORM
                        aria-label=move || format!("Select {}", name())
                        prop:checked=move || list.alive.get().then(selected)
                        aria-disabled=move || is_gone().then_some("true")
                    />
                </label>
            </td>
            <th role="rowheader" scope="row" class="user_name" tabindex="-1">
                <a
                    class="opener"
                    href=format!("/accounts/{id}")
                    aria-label=move || format!("Sessions of {}", name())
                    aria-expanded=move || list.alive.get().then(|| if opened() { "true" } else { "false" })
                >
                    <span aria-hidden="true">"▸"</span>
                </a>
                <span class="text">{name}</span>
                <Show when=move || row.with(|row| row.you)>
                    <span class="you">"You"</span>
                </Show>
            </th>
            <td role="gridcell" class="last_name" tabindex="-1">{move || row.with(|row| shown(&row.last_name.text))}</td>
            <td role="gridcell" class="first_name" tabindex="-1">{move || row.with(|row| shown(&row.first_name.text))}</td>
            <td role="gridcell" class="created" tabindex="-1">{move || row.with(|row| row.created.text.clone())}</td>
            <td role="gridcell" class="count" tabindex="-1">
                {move || match gone.get() {
                    None => row.with(|row| crate::model::text::thousands(row.count)).into_any(),
                    Some(act) => view! { <span class="badge">{badge(act)}</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

/// Nothing where it is empty: the server writes an empty text as a space, and the style asks whether there is a name.
fn shown(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

fn badge(act: Act) -> &'static str {
    match act {
        Act::End => "Ended",
        Act::EndDisable => "Disabled",
    }
}
