//! The filter row: one box in every column header, live.

use super::grid::LIST_FORM;
use crate::{
    model::{pasted, query::Column},
    parts::{browser, list::List, toasts::Toasts},
};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// Five boxes. On narrow screens the row is a popover that the toolbar's *Filter* opens.
#[component]
pub fn FilterRow() -> impl IntoView {
    view! {
        <tr role="row" aria-rowindex="2" class="filters" id="filter-row" popover="auto">
            <td role="gridcell" class="tick"></td>
            {Column::ALL.map(|column| view! { <Filter column /> }).collect_view()}
        </tr>
    }
}

/// One box. `value`, not `prop:value`: what was typed before the browser's code ran stays.
#[component]
fn Filter(column: Column) -> impl IntoView {
    let list = List::take();
    let toasts = Toasts::take();
    let typed = list.query.with_untracked(|query| query.filter(column).to_owned());
    let active = move || list.query.with(|query| !query.filter(column).trim().is_empty());
    let understood = move || list.shown.with(|shown| shown.understood[column as usize].clone());
    let note = format!("understood-{}", column.key());
    let described = {
        let note = note.clone();
        move || understood().is_some().then(|| note.clone())
    };
    let input = NodeRef::<leptos::html::Input>::new();
    // Clear filters empties the boxes; while one is typed in, it is the box that leads.
    Effect::new(move |_| {
        let text = list.query.with(|query| query.filter(column).to_owned());
        if let (true, Some(input)) = (list.alive.get(), input.get())
            && input.value() != text
        {
            input.set_value(&text);
        }
    });
    // Boxes have no lines: a pasted list would run together.
    let paste = move |event: web_sys::ClipboardEvent| {
        let text = event.clipboard_data().and_then(|data| data.get_data("text").ok()).unwrap_or_default();
        let names = !matches!(column, Column::Created | Column::Count);
        let Some(pasted) = pasted::list(&text).filter(|_| names) else { return };
        event.prevent_default();
        if pasted.taken < pasted.names {
            let (taken, names) = (pasted.taken, pasted.names);
            let text = format!("A filter holds 500 names, or 16 KB. The first {taken} of {names} were taken; filter the others next.");
            toasts.warning(text);
        }
        // Whoever typed `!` first leaves these people out.
        let turned = list.query.with_untracked(|query| if query.filter(column).trim() == "!" { "!" } else { "" });
        list.set_filter(column, [turned, &pasted.filter].concat());
    };
    view! {
        <td role="gridcell" class=column.key() data-title=column.title()>
            <input
                node_ref=input
                type="search"
                name=column.key()
                form=LIST_FORM
                value=typed
                class:active=active
                aria-label=format!("Filter {}", column.title())
                aria-describedby=described
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                enterkeyhint="search"
                on:paste=paste
                on:input=move |event| list.set_filter(column, event_target_value(&event))
            />
            <span class="understood" id=note>{understood}</span>
        </td>
    }
}

/// The column of a box.
pub fn column_of(input: &HtmlInputElement) -> Option<Column> {
    Column::ALL.into_iter().find(|column| column.key() == input.name())
}

/// What is in the boxes now, typed before the browser's code ran too.
pub fn typed() -> Vec<(Column, String)> {
    let boxes = browser::find_all("tr.filters input").into_iter().filter_map(browser::as_input);
    boxes.filter_map(|input| Some((column_of(&input)?, input.value()))).collect()
}

/// The operators, on demand.
#[component]
pub fn FilterTips() -> impl IntoView {
    let tips = [
        ("nate", "contains “nate”; case and accents do not matter"),
        ("^nate", "starts with"),
        ("=natetest", "is exactly"),
        ("!lab", "does not contain; ! turns the whole around"),
        ("smith|^jo", "one or the other"),
        ("\\^", "a backslash makes the next character plain"),
        ("03/09/2022 09", "sessions begun in that hour; any beginning of the time as shown"),
        (">9:30, <6am, 2am..4am", "since, before, between"),
        ("today, yesterday, last 2h, before 2h", "by the clock"),
        ("2, >1, >=2, 2-5", "Count: exactly, more than, at least, from to"),
    ];
    view! {
        <button type="button" class="quiet" popovertarget="filter-tips">"Filter tips"</button>
        <div id="filter-tips" popover="auto" role="dialog" aria-label="Filter tips">
            <dl>
                {tips.map(|(text, meaning)| view! { <div><dt><code>{text}</code></dt><dd>{meaning}</dd></div> }).collect_view()}
            </dl>
        </div>
    }
}
