//! Clicks in the body: one listener for all rows.

use crate::{
    model::{account::AccountId, selection::Gesture},
    parts::{
        browser::{self, closest},
        list::List,
    },
};
use leptos::prelude::*;
use web_sys::{Event, HtmlElement, MouseEvent};

/// The row that an event happened in.
pub(super) fn row_of(event: &Event) -> Option<(AccountId, HtmlElement)> {
    let row = closest(event, "tr[data-id]")?;
    let id = row.get_attribute("data-id")?.parse().ok()?;
    Some((id, row))
}

/// Shift and Ctrl select rows, not text.
pub(super) fn press(event: &MouseEvent) {
    if (event.shift_key() || event.ctrl_key() || event.meta_key()) && closest(event, "a, input").is_none() {
        event.prevent_default();
    }
}

pub(super) fn click(list: List, event: &MouseEvent) {
    let Some((id, row)) = row_of(event) else { return };
    let toggle = event.ctrl_key() || event.meta_key();
    if closest(event, "a.opener").is_some() {
        // With Ctrl or Cmd too: none opens a tab.
        event.prevent_default();
        return list.open_or_close(id);
    }
    list.activate(id);
    if list.line(id).is_some_and(|line| line.gone.get_untracked().is_some()) {
        // Nor is a box of his ticked. (Only then: a press of its label comes here once more.)
        if closest(event, "input").is_some() {
            event.prevent_default();
        }
        return;
    }
    if let Some(ticked) = closest(event, "input").and_then(browser::as_input) {
        let gesture = if event.shift_key() { Gesture::SetRange(ticked.checked()) } else { Gesture::Toggle };
        super::keys::follow(list, gesture, id, 0);
        return;
    }
    if closest(event, "label").is_some() {
        // The label passes its click on to the box: that one counts.
        return;
    }
    match (event.shift_key(), toggle) {
        (true, true) => list.follow(Gesture::AddRange, id),
        (true, false) => list.follow(Gesture::Range, id),
        (false, true) => list.follow(Gesture::Toggle, id),
        (false, false) if browser::marks_text() => return,
        (false, false) => list.follow(Gesture::Only, id),
    }
    if event.shift_key() || toggle {
        // Their press was kept from moving the focus.
        super::keys::stand_at(&row, super::keys::cell_of(event).unwrap_or(1));
    }
}

/// By the middle button a link opens a tab, but not the grid's.
pub(super) fn other_click(event: &MouseEvent) {
    if event.button() == 1 && closest(event, "a.opener").is_some() {
        event.prevent_default();
    }
}

pub(super) fn double_click(list: List, event: &MouseEvent) {
    if let Some((id, _)) = row_of(event)
        && closest(event, "a, input, label").is_none()
    {
        // It marked a word, which nobody meant.
        if let Ok(Some(marked)) = window().get_selection() {
            let _ = marked.remove_all_ranges();
        }
        list.activate(id);
        list.panel.set(true);
    }
}
