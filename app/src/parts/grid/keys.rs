//! The keyboard in the grid, and its one tab stop in the body (APG grid; WCAG 2.1.1).

use super::pointer::row_of;
use crate::{
    model::{account::AccountId, selection::Gesture},
    parts::{
        browser::{self, closest, find, find_all, focus, place},
        list::List,
    },
};
use leptos::{prelude::*, wasm_bindgen::JsCast};
use web_sys::{Element, Event, FocusEvent, HtmlElement, KeyboardEvent};

/// Cells of a row: the checkbox is 0.
const CELLS: u32 = 6;

/// Place in its row of the cell that an event happened in.
pub(super) fn cell_of(event: &Event) -> Option<u32> {
    closest(event, "td, th").map(|cell| place(&cell))
}

/// What takes the focus of a cell: its one control where it is nothing else, or itself.
fn stop(row: &Element, cell: u32) -> Option<HtmlElement> {
    let cell: HtmlElement = row.children().item(cell)?.dyn_into().ok()?;
    let control = cell.query_selector("input:not(:disabled)").ok().flatten();
    Some(control.and_then(|control| control.dyn_into().ok()).unwrap_or(cell))
}

/// Makes an element the tab stop of the body, in place of the one before.
fn stop_at(element: &HtmlElement) {
    for other in find_all(browser::ROWS_STOP) {
        other.set_tab_index(-1);
    }
    element.set_tab_index(0);
}

/// Moves the focus to a cell.
pub(super) fn stand_at(row: &Element, cell: u32) {
    if let Some(element) = stop(row, cell) {
        stop_at(&element);
        focus(&element);
    }
}

/// The focus came to a cell, by whatever way: Tab returns to it.
pub(super) fn stand_in(list: List, event: &FocusEvent) {
    let (Some((id, row)), Some(cell)) = (row_of(event), cell_of(event)) else { return };
    if let Some(element) = stop(&row, cell) {
        stop_at(&element);
    }
    // Whoever goes elsewhere does not wait for that row any more.
    list.set_going(None);
    list.activate(id);
}

/// After other rows came: exactly one tab stop, in the active row or the first.
pub(super) fn keep_one_tab_stop(active: Option<AccountId>) {
    for control in find_all(".list-scroll tbody input, .list-scroll tbody a") {
        if control.tab_index() != -1 && control.get_attribute("tabindex").as_deref() != Some("0") {
            control.set_tab_index(-1);
        }
    }
    if find(browser::ROWS_STOP).is_some() {
        return;
    }
    let row = active.and_then(|id| find(&format!(".list-scroll tr[data-id='{id}']")));
    if let Some(element) = row.or_else(|| find(".list-scroll tr[data-id]")).and_then(|row| stop(&row, 1)) {
        element.set_tab_index(0);
    }
}

/// Moves the focus to the row at a place, or the last one; without rows to *Refresh*.
pub fn stand_in_row(place: usize) {
    let rows = find_all(".list-scroll tr[data-id]");
    match rows.get(place).or(rows.last()) {
        Some(row) => stand_at(row, 1),
        None => browser::pass_focus(&[".refresh"]),
    }
}

/// Moves the focus to a cell of the row at a place of the result; a row that is not loaded gets it when it comes.
fn go(list: List, index: u32, cell: u32) {
    list.reveal(index);
    list.set_going(Some((index, cell)));
    arrive(list);
}

/// The focus goes where it was to go, if that is there by now.
pub(super) fn arrive(list: List) {
    let Some((index, cell)) = list.going() else { return };
    let row = list.line_at(index).and_then(|line| find(&format!(".list-scroll tr[data-id='{}']", line.id)));
    if let Some(row) = row {
        list.set_going(None);
        stand_at(&row, cell);
    }
}

pub(super) fn in_body(list: List, event: &KeyboardEvent) {
    let (Some((id, row)), Some(cell)) = (row_of(event), cell_of(event)) else { return };
    if event.alt_key() {
        return;
    }
    let Some(here) = list.going().map(|(index, _)| index).or_else(|| Some(list.line(id)?.index.get_untracked())) else {
        return;
    };
    let end = untrack(|| list.length()).saturating_sub(1);
    let page = list.view_rows().saturating_sub(1).max(1);
    let to = |index: u32| go(list, index.min(end), cell);
    let extend = |index: u32| {
        if list.picked.with_untracked(|picked| picked.anchor.is_none()) {
            list.follow(Gesture::Range, id);
        }
        to(index);
        if let Some(line) = list.line_at(index.min(end)) {
            list.follow(Gesture::Range, line.id);
        }
    };
    match (&*event.key(), event.ctrl_key() || event.meta_key(), event.shift_key()) {
        ("ArrowDown", false, false) => to(here + 1),
        ("ArrowUp", false, false) if here == 0 => to_filter(cell),
        ("ArrowUp", false, false) => to(here - 1),
        ("ArrowDown", false, true) => extend(here + 1),
        ("ArrowUp", false, true) => extend(here.saturating_sub(1)),
        ("PageDown", false, false) => to(here.saturating_add(page)),
        ("PageUp", false, false) => to(here.saturating_sub(page)),
        ("Home", true, false) => to(0),
        ("End", true, false) => to(end),
        ("Home", false, false) => stand_at(&row, 0),
        ("End", false, false) => stand_at(&row, CELLS - 1),
        ("ArrowLeft", false, false) if cell > 0 => stand_at(&row, cell - 1),
        ("ArrowRight", false, false) if cell + 1 < CELLS => stand_at(&row, cell + 1),
        ("ArrowLeft" | "ArrowRight", false, false) => {}
        ("a", true, false) => list.select_all(),
        (" ", false, true) => list.follow(Gesture::Range, id),
        // A checkbox toggles by itself, and tells by its click.
        (" ", false, false) if closest(event, "input").is_none() => list.follow(Gesture::Toggle, id),
        ("Enter", false, false) => list.open_or_close(id),
        ("Escape", false, false) if list.panel.get_untracked() => list.panel.set(false),
        ("Escape", false, false) => list.clear_selection(),
        _ => return,
    }
    event.prevent_default();
}

/// The filter of a column; above the checkboxes there is none, the header's stands there.
fn to_filter(cell: u32) {
    let row = find(if cell == 0 { ".list-scroll tr.headers" } else { ".list-scroll tr.filters" });
    if let Some(control) = row.and_then(|row| control(&row, cell)) {
        focus(&control);
    }
}

/// The control of a cell in the header.
fn control(row: &Element, cell: u32) -> Option<HtmlElement> {
    let cell = row.children().item(cell)?;
    cell.query_selector("input, a").ok().flatten()?.dyn_into().ok()
}

/// Arrows between header, filters and rows. In a box Left and Right move the caret, and Esc empties it; empty, it leads back to the rows.
pub(super) fn in_header(list: List, event: &KeyboardEvent) {
    let (Some(row), Some(cell)) = (closest(event, "tr"), cell_of(event)) else { return };
    if event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
        return;
    }
    let filter = closest(event, "tr.filters input").and_then(browser::as_input);
    let to = match (&*event.key(), &filter) {
        ("ArrowDown", Some(_)) => find(".list-scroll tr[data-id]").and_then(|row| stop(&row, cell)),
        ("ArrowDown", None) if cell == 0 => find(".list-scroll tr[data-id]").and_then(|row| stop(&row, 0)),
        ("ArrowDown", None) => row.next_element_sibling().and_then(|filters| control(&filters, cell)),
        ("ArrowUp", Some(_)) => row.previous_element_sibling().and_then(|headers| control(&headers, cell)),
        ("ArrowLeft", None) if cell > 0 => control(&row, cell - 1),
        ("ArrowRight", None) => control(&row, cell + 1),
        ("Escape", Some(input)) if !input.value().is_empty() => {
            input.set_value("");
            if let Some(column) = crate::parts::filter_row::column_of(input) {
                list.set_filter(column, String::new());
            }
            Some(input.clone().into())
        }
        // The browser closes the narrow screen's sheet.
        ("Escape", Some(_)) if find("#filter-row:popover-open").is_some() => return,
        ("Escape", Some(_)) => find(browser::ROWS_STOP),
        ("Escape", None) => {
            list.clear_selection();
            None
        }
        // The browser would send the form by its first button, which is End.
        ("Enter", None) if cell == 0 => None,
        (" ", None) if cell > 0 => {
            if let Some(link) = control(&row, cell) {
                link.click();
            }
            None
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(to) = to {
        focus(&to);
    }
}
