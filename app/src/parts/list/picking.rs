//! Who is selected.

use super::List;
use crate::model::{
    account::AccountId,
    query::Query,
    selection::{Loaded, Picked, Selection},
};
use leptos::prelude::*;

impl List {
    /// Rows that can be selected, in their order.
    pub fn loaded(self) -> Vec<Loaded> {
        self.picked.with(|picked| {
            self.lines.with(|lines| {
                let there = lines.iter().filter(|line| line.gone.with(Option::is_none));
                let loaded = there.map(|line| Loaded {
                    id: line.id,
                    count: line.row.with(|row| row.count),
                    in_all: self.in_all(&picked.selection, line.id),
                });
                loaded.collect()
            })
        })
    }

    pub fn is_selected(self, id: AccountId) -> bool {
        self.picked.with(|picked| picked.selection.contains(id, self.in_all(&picked.selection, id)))
    }

    /// An account on the screen matches the query of [`Selection::AllMatching`]: as all of them do, or as the server said.
    fn in_all(self, selection: &Selection, id: AccountId) -> bool {
        self.shown.with(|shown| selection.is_all_of(&shown.query))
            || self.told_in_all().with(|told| told.as_ref().is_some_and(|(of, ids)| selection.is_all_of(of) && ids.contains(&id)))
    }

    /// Ctrl+A: all that match. Where nobody does, whoever comes later is not meant.
    pub fn select_all(self) {
        let Some(query) = self.shown.with_untracked(|shown| (shown.matching.users > 0).then(|| shown.query.clone())) else { return };
        self.pick(false, |picked| picked.selection = std::mem::take(&mut picked.selection).everybody(query));
    }

    pub fn clear_selection(self) {
        self.pick(true, |picked| (picked.selection, picked.anchor) = Default::default());
    }

    /// Brings back what the last change dropped.
    pub fn restore(self) {
        self.pick(false, Picked::restore);
        self.ask_who_is_in_all();
    }

    /// Where everybody whom other filters show is selected, which of the rows are among them only the server knows.
    pub(super) fn ask_who_is_in_all(self) {
        let is_known = |selection: &Selection, of: &Query| {
            !selection.is_all_of_others(of)
                || self.told_in_all().with_untracked(|told| told.as_ref().is_some_and(|(of, _)| selection.is_all_of(of)))
        };
        let known = self.picked.with_untracked(|picked| self.shown.with_untracked(|shown| is_known(&picked.selection, &shown.query)));
        if !known {
            self.load_again();
        }
    }

    /// Takes one account out of the selection, wherever it is.
    pub fn deselect(self, id: AccountId) {
        self.pick(false, |picked| picked.selection.set(id, true, false));
    }

    /// Changes the selection. What a click or Esc drops of more than one user can be brought back until the next change.
    pub(super) fn pick(self, drops: bool, change: impl FnOnce(&mut Picked)) {
        let forgot = self.forget_range();
        let users = untrack(|| self.users_selected());
        self.picked.update(|picked| {
            let dropped = (drops && users.is_none_or(|users| users > 1)).then(|| (picked.selection.clone(), users));
            let little = (picked.selection.ids() <= 1).then(|| picked.selection.clone());
            change(picked);
            // Esc pressed twice, or a double click: the second time nothing changes.
            if little.as_ref() != Some(&picked.selection) {
                picked.dropped = dropped;
            }
        });
        if forgot {
            self.call_off();
            self.show_ticks();
        }
    }

    /// As far as that is known.
    fn users_selected(self) -> Option<u32> {
        let ids = self.picked.with(|picked| match &picked.selection {
            Selection::Ids(ids) => u32::try_from(ids.len()).ok(),
            Selection::AllMatching { .. } => None,
        });
        ids.or_else(|| self.selected.with(|selected| selected.as_ref().map(|selected| selected.users)))
    }

    /// How many of the users in the list as filtered are selected; `None` while that is not known.
    pub fn shown_selected(self) -> Option<u32> {
        self.selected.with(|selected| selected.as_ref().map(|selected| selected.users.saturating_sub(selected.not_shown)))
    }

    /// The header checkbox: all that match, or nobody where that is the case already.
    pub fn toggle_all(self) {
        if untrack(|| self.all_selected()) {
            return self.clear_selection();
        }
        self.select_all();
    }

    pub fn all_selected(self) -> bool {
        let matching = self.shown.with(|shown| shown.matching.users);
        matching > 0 && self.shown_selected() == Some(matching)
    }
}
