//! The keyboard in the grid, and its one tab stop in the body (APG grid; WCAG 2.1.1).

use super::pointer::row_of;
use crate::{
    model::{account::AccountId, selection::Gesture},
    parts::{
        browser::{self, closest, find, find_all, focus, place},
        list::{Going, List},
    },
};
use leptos::{
    prelude::*,
    task::{spawn_local, tick},
    wasm_bindgen::JsCast,
};
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
        browser::focus_whole(&element);
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
    // By Tab one comes to the active row, wherever the list was scrolled to meanwhile.
    if row.class_list().contains("afar")
        && event.related_target().is_some()
        && let Some(line) = list.line(id)
    {
        list.reveal(line.index.get_untracked());
    }
}

/// The focus goes from a cell: perhaps from the rows.
pub(super) fn leave(list: List, event: &FocusEvent) {
    let to = event.related_target().and_then(|to| to.dyn_into::<Element>().ok());
    let outside = to.as_ref().is_some_and(|to| !matches!(to.closest(".list-scroll tbody"), Ok(Some(_))));
    if outside {
        // Whoever goes there is not brought back.
        list.set_going(None);
    }
    if outside || to.is_none() {
        list.left_alone();
    }
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

/// Before other rows come: where the focused row is moved or goes, the focus stays with it or goes on to the one in its place, or to the
/// open panel; without rows to *Refresh*.
pub fn keep_focus(list: List) {
    let Some(focused) = find(".list-scroll tbody tr :focus") else { return };
    let (Ok(Some(cell)), Ok(Some(row))) = (focused.closest("td, th"), focused.closest("tr")) else { return };
    let (cell, above, id) = (place(&cell), place(&row) as usize, row.get_attribute("data-id").unwrap_or_default());
    spawn_local(async move {
        // The rows change first, and no key comes between.
        tick().await;
        if find(":focus").is_some() || list.alive.is_disposed() {
            return;
        }
        let rows = find_all(".list-scroll tr[data-id]");
        let same = rows.iter().find(|row| row.get_attribute("data-id").as_deref() == Some(&id));
        let going = list.going();
        // Another row would take the panel with it.
        let other = if list.panel.get_untracked() { None } else { rows.get(above).or(rows.last()) };
        match same.or(other) {
            Some(row) => {
                if let Some(element) = stop(row, cell) {
                    stop_at(&element);
                    // The row may be far from what is in sight, and nobody went to it.
                    browser::focus_unseen(&element);
                }
            }
            None => browser::pass_focus(&[".panel", ".refresh"]),
        }
        // It was on its way elsewhere.
        list.set_going(going);
    });
}

/// Moves the focus to a cell; one whose row is not loaded gets it when it comes.
fn go(list: List, to: Going) {
    list.reveal(to.index);
    list.set_going(Some(to));
    arrive(list);
}

/// The focus goes where it was to go, if that is there by now.
pub(super) fn arrive(list: List) {
    let Some(Going { index, cell, then, whose }) = list.going() else { return };
    let Some(there) = list.line_at(index) else { return };
    let Some(line) = whose.map_or(Some(there), |id| list.loaded_line(id)) else {
        list.set_going(None);
        return list.tell_gone();
    };
    // Others came or went above it meanwhile.
    let stands = line.index.get_untracked();
    if stands != index {
        list.set_going(Some(Going { index: stands, cell, then, whose }));
        list.reveal(stands);
    }
    if let Some(row) = find(&format!(".list-scroll tr[data-id='{}']", line.id)) {
        list.set_going(None);
        stand_at(&row, cell);
        if let Some(gesture) = then {
            list.follow(gesture, line.id);
        }
    }
}

/// Selects by a row; one that is scrolled away and no longer loaded comes into sight first. Answers whether it is done.
pub(super) fn follow(list: List, gesture: Gesture, id: AccountId, cell: u32) -> bool {
    if list.loaded_line(id).is_some() {
        list.follow(gesture, id);
        return true;
    }
    if let Some(index) = list.line(id).map(|line| line.index.get_untracked()) {
        go(list, Going { index, cell, then: Some(gesture), whose: Some(id) });
    }
    false
}

pub(super) fn in_body(list: List, event: &KeyboardEvent) {
    let (Some((id, row)), Some(cell)) = (row_of(event), cell_of(event)) else { return };
    if event.alt_key() || event.is_composing() {
        return;
    }
    let Some(here) = list.going().map(|to| to.index).or_else(|| Some(list.line(id)?.index.get_untracked())) else {
        return;
    };
    let end = untrack(|| list.length()).saturating_sub(1);
    let page = list.view_rows().saturating_sub(1).max(1);
    let to = |index: u32| go(list, Going::to(index.min(end), cell));
    let extend = |index: u32| {
        let has_anchor = list.picked.with_untracked(|picked| picked.anchor.is_some());
        if has_anchor || follow(list, Gesture::Range, id, cell) {
            go(list, Going { then: Some(Gesture::Range), ..Going::to(index.min(end), cell) });
        }
    };
    // While the focus is on its way, the row that it goes to is meant.
    let on_its_way = list.going().filter(|to| to.then.is_none());
    let select = |gesture| match on_its_way {
        Some(to) => go(list, Going { then: Some(gesture), ..to }),
        None => _ = follow(list, gesture, id, cell),
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
        ("a" | "A", true, false) => list.select_all(),
        (" ", false, true) => select(Gesture::Range),
        // A checkbox toggles by itself, and tells by its click.
        (" ", false, false) if on_its_way.is_some() || closest(event, "input").is_none() => select(Gesture::Toggle),
        ("Enter", false, false) if on_its_way.is_some() => {}
        ("Enter", false, false) => list.open_or_close(id),
        ("Escape", false, false) if list.panel.get_untracked() => list.panel.set(false),
        ("Escape", false, false) => list.clear_selection(),
        _ => return,
    }
    event.prevent_default();
}

/// The filter of a column; the header where there is none, as above the checkboxes, or on a narrow screen.
fn to_filter(cell: u32) {
    let mut rows = [".list-scroll tr.filters", ".list-scroll tr.headers"].into_iter().filter_map(find);
    if let Some(control) = rows.find_map(|row| control(&row, cell)) {
        focus(&control);
    }
}

/// The control of a cell in the header, where it is shown.
fn control(row: &Element, cell: u32) -> Option<HtmlElement> {
    let cell = row.children().item(cell)?;
    let control: HtmlElement = cell.query_selector("input, a").ok().flatten()?.dyn_into().ok()?;
    (control.offset_width() > 0).then_some(control)
}

/// Arrows between header, filters and rows. In a box Left and Right move the caret, and Esc empties it; empty, it leads back to the rows.
pub(super) fn in_header(list: List, event: &KeyboardEvent) {
    let (Some(row), Some(cell)) = (closest(event, "tr"), cell_of(event)) else { return };
    // What an input method takes is no key for the grid.
    if event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() || event.is_composing() {
        return;
    }
    let filter = closest(event, "tr.filters input").and_then(browser::as_input);
    let to = match (&*event.key(), &filter) {
        ("ArrowDown", filter) => {
            let below = if filter.is_some() { None } else { row.next_element_sibling().and_then(|filters| control(&filters, cell)) };
            if below.is_none() && untrack(|| list.length()) > 0 {
                go(list, Going::to(0, cell));
            }
            below
        }
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
        ("Escape", Some(_)) => {
            let stop = find(browser::ROWS_STOP);
            if stop.is_none() && untrack(|| list.length()) > 0 {
                // The rows are on their way.
                go(list, Going::to(0, 1));
            }
            stop
        }
        ("Escape", None) => {
            list.clear_selection();
            None
        }
        ("Enter", Some(_)) => {
            list.refresh();
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
