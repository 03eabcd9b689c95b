//! The Session List: header, filters, rows. Follows the ARIA grid pattern (APG grid): one tab stop into the body, arrows from there.

mod highlight;
mod keys;
mod pointer;
mod row;

use crate::{
    frame::Frame,
    model::{
        query::{Column, Sort},
        text::thousands,
    },
    parts::{browser, filter_row::FilterRow, list::List},
};
pub use keys::keep_focus;
use leptos::prelude::*;
use row::SessionRow;

/// The form that asks for the list (filters, order), and the one that asks for a plan (ids, act): fields in the table name theirs.
pub const LIST_FORM: &str = "list-filters";
pub const PLAN_FORM: &str = "list-plan";
/// Asks for the list without filters, in the same order.
pub const CLEAR_FORM: &str = "list-clear";

/// The table. `aria-rowcount` and `aria-rowindex` are over the whole result: header 1, filters 2, rows from 3.
#[component]
pub fn Grid() -> impl IntoView {
    let list = List::take();
    Effect::new(move |_| {
        list.lines.track();
        // A row's time may be another, with other marks.
        list.shown.track();
        list.mounted.track();
        list.alive.track();
        // The rows are in the page by then.
        request_animation_frame(move || {
            highlight::highlight(list);
            keys::keep_one_tab_stop(list.active.try_get_untracked().flatten());
            keys::arrive(list);
        });
    });
    view! {
        <div class="list-scroll" on:scroll=move |_| list.scrolled()>
            <table
                role="grid"
                aria-label="Session List"
                aria-multiselectable="true"
                aria-colcount="6"
                aria-rowcount=move || list.length().saturating_add(2).to_string()
                aria-busy=move || (list.busy.get() || list.is_ranging()).then_some("true")
            >
                <thead role="rowgroup" on:keydown=move |event| keys::in_header(list, &event)>
                    <tr role="row" aria-rowindex="1" class="headers">
                        <th role="columnheader" class="tick">
                            <SelectAll />
                        </th>
                        {Column::ALL.map(|column| view! { <Header column /> }).collect_view()}
                    </tr>
                    <FilterRow />
                </thead>
                <tbody
                    role="rowgroup"
                    on:mousedown=|event| pointer::press(&event)
                    on:click=move |event| pointer::click(list, &event)
                    on:auxclick=|event| pointer::other_click(&event)
                    on:dblclick=move |event| pointer::double_click(list, &event)
                    on:mouseleave=move |_| list.left_alone()
                    on:focusout=move |event| keys::leave(list, &event)
                    on:focusin=move |event| keys::stand_in(list, &event)
                    on:keydown=move |event| keys::in_body(list, &event)
                >
                    <For each=move || list.mounted_lines() key=|line| line.id let(line)>
                        <SessionRow line />
                    </For>
                </tbody>
            </table>
            <Nobody />
        </div>
    }
}

/// The header checkbox: all that match, nobody, or something between. Without scripts it stands in the plan's form.
#[component]
fn SelectAll() -> impl IntoView {
    let list = List::take();
    let label = move || {
        let (matching, query) = list.shown.with(|shown| (thousands(shown.matching.users), shown.query.clone()));
        // One query is kept: another one's place is taken, and it says so.
        let others = list.picked.with(|picked| picked.selection.is_all_of_others(&query));
        let instead = if others { ", in place of all that matched other filters" } else { "" };
        format!("Select all {matching} users that match{instead}")
    };
    let mixed = move || {
        !list.all_selected() && list.shown_selected().map_or(!list.picked.with(|picked| picked.selection.is_empty()), |shown| shown > 0)
    };
    view! {
        <label class="tick-box">
            <input
                type="checkbox"
                name="all"
                value="1"
                form=PLAN_FORM
                aria-label=label
                prop:checked=move || list.alive.get().then(|| list.all_selected())
                prop:indeterminate=move || list.alive.get().then(mixed)
                on:click=move |event| {
                    if list.shown.with_untracked(|shown| shown.matching.users == 0) {
                        // There is nobody to tick it for.
                        event.prevent_default();
                    }
                    list.toggle_all();
                }
            />
        </label>
    }
}

/// A column header: a link to the list in another order, for the page that is alive a button without a reload.
#[component]
fn Header(column: Column) -> impl IntoView {
    let list = List::take();
    let now = move || list.query.with(|query| query.sort);
    let sort = move || (now().column == column).then(|| if now().descending { "descending" } else { "ascending" });
    let address = move || {
        list.query.with(|query| {
            let sort = List::sort_by(query, column);
            crate::model::query::Query { sort, ..query.clone() }.address()
        })
    };
    let arrow = move || match now() {
        Sort { column: sorted, descending: true } if sorted == column => "↓",
        Sort { column: sorted, .. } if sorted == column => "↑",
        _ if matches!(column, Column::Created | Column::Count) => "↓",
        _ => "↑",
    };
    let zone = (column == Column::Created).then(|| use_context::<Frame>().map(|frame| format!("Time zone: {}", frame.time_zone))).flatten();
    view! {
        <th role="columnheader" class=column.key() aria-sort=sort>
            <a
                href=address
                title=zone
                on:click=move |event| {
                    event.prevent_default();
                    list.sort(column);
                }
            >
                {column.title()}
                <span class="arrow" aria-hidden="true">{arrow}</span>
            </a>
        </th>
    }
}

/// What stands below the rows where there are none, or only one's own.
#[component]
fn Nobody() -> impl IntoView {
    let list = List::take();
    let filtered = move || list.shown.with(|shown| shown.query.active_filters() > 0);
    let matching = move || list.shown.with(|shown| shown.matching.users);
    let alone = move || !filtered() && list.shown.with(|shown| shown.all.users == 1 && shown.matching.users == 1);
    view! {
        <Show when=move || { filtered() && matching() == 0 && list.lines.with(Vec::is_empty) }>
            <p class="list-empty">"No users match these filters. " <ClearFilters>"Clear filters"</ClearFilters></p>
        </Show>
        <Show when=alone>
            <p class="list-empty">"You are the only one logged in."</p>
        </Show>
    }
}

/// Empties all boxes; the order stays. Without scripts it sends a form that has none of them.
#[component]
pub fn ClearFilters(children: Children) -> impl IntoView {
    let list = List::take();
    let clear = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        browser::pass_focus(&[browser::ROWS_STOP, ".refresh"]);
        list.clear_filters();
    };
    view! { <button type="submit" form=CLEAR_FORM class="link" on:click=clear>{children()}</button> }
}
