//! How the rows and numbers follow what is asked for: the newest request only, older ones are aborted.

use super::{Line, List, Shown};
use crate::{
    AppError, api,
    model::{
        account::AccountId,
        query::Query,
        selection::{Selected, Selection},
        session::{Kept, LOOK_ROWS, OnScreen, ROWS_IN_SIGHT, Version, WINDOW_ROWS, Window},
    },
    parts::{failure, grid},
};
use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use std::time::Duration;

/// How long after an answer that did not come.
const ASKED_AGAIN: Duration = Duration::from_secs(2);

impl List {
    /// Sends at once when something else is asked for, or at first where `loads`; the request before it is aborted, so no older answer can come later.
    pub(super) fn keep_loading(self, loads: bool) {
        Effect::new(move |before: Option<()>| {
            let (query, offset) = (self.query.get(), self.offset.get());
            let by_itself = self.own.try_update_value(|own| std::mem::take(&mut own.by_itself.rows)).unwrap_or_default();
            if loads || before.is_some() {
                self.busy.set(true);
                spawn_local_scoped_with_cancellation(self.load(query, offset, by_itself));
            }
        });
    }

    /// `by_itself`: nobody asked for it, so it must keep no session alive.
    async fn load(self, query: Query, offset: u32, by_itself: bool) {
        let selection = self.picked.with_untracked(|picked| picked.selection.clone());
        let (sent, kept) = (selection.beside_list(), self.kept(&query));
        let (is_placed, active) = (!kept.in_sight.is_empty(), kept.active);
        let answer = if by_itself {
            let screen = OnScreen { takes: Some(offset), kept, ..OnScreen::default() };
            api::sessions::look(query.clone(), sent, screen).await.map(|look| look.window)
        } else {
            api::sessions::list(query.clone(), sent, offset, WINDOW_ROWS, kept).await
        };
        self.busy.set(false);
        match answer {
            Ok(window) => {
                self.failure.set(None);
                let scrolls =
                    offset > 0 && self.shown.with_untracked(|shown| shown.query == query && (by_itself || shown.offset != offset));
                if is_placed {
                    // The rows in sight may have other places now; these are what was asked for.
                    self.offset.update_untracked(|offset| *offset = window.offset);
                }
                // Else these are the newest there are.
                let news = if scrolls { self.shown.with_untracked(|shown| (shown.version, shown.new_users)) } else { (window.version, 0) };
                let is_another_node = self.shown.with_untracked(|shown| shown.version.node != window.version.node);
                self.merge(query, &selection, window, news, active);
                self.ask_who_is_in_all();
                if is_another_node {
                    // It may not have heard yet of what the page was told already.
                    self.look_soon();
                }
            }
            Err(error) => {
                let is_away = matches!(error, AppError::Unavailable | AppError::Unreachable);
                self.fail(error);
                if is_away {
                    self.load_later(query, offset);
                }
            }
        }
    }

    /// What an answer must leave where it is: nothing, where another list is asked for.
    fn kept(self, query: &Query) -> Kept {
        if self.shown.with_untracked(|shown| shown.query != *query) {
            return Kept::default();
        }
        let in_sight = self.in_sight().into_iter().take(ROWS_IN_SIGHT).map(|(line, place)| (line.id, place)).collect();
        Kept { in_sight, active: self.standing().map(|line| line.id) }
    }

    /// A server that was away is asked again by itself: where somebody has scrolled, there are no rows yet. Out of sight it waits.
    fn load_later(self, query: Query, offset: u32) {
        let Some(retry) = self.own.try_update_value(|own| {
            own.retry += 1;
            own.retry
        }) else {
            return;
        };
        let again = move || {
            let newest = self.own.try_with_value(|own| own.retry == retry) == Some(true);
            let asked = newest && self.query.with_untracked(|asked| *asked == query) && self.offset.get_untracked() == offset;
            if asked && document().hidden() {
                self.load_later(query, offset);
            } else if asked && !self.busy.get_untracked() {
                self.load_by_itself(offset);
            }
        };
        set_timeout(again, ASKED_AGAIN);
    }

    /// Other rows, or these anew, for which nobody asked.
    pub(super) fn load_by_itself(self, offset: u32) {
        self.own.update_value(|own| own.by_itself.rows = true);
        self.offset.set(offset);
    }

    /// The old rows stay.
    pub(super) fn fail(self, error: AppError) {
        if !failure::leave_if_signed_out(&error) {
            self.failure.set(Some(error));
        }
    }

    /// Puts an answer on the screen. Rows of accounts that were there stay the same elements.
    /// `news`: the state of the list after which users are new, and how many of them there are. `asked`: who was active then.
    pub(super) fn merge(self, query: Query, selection: &Selection, window: Window, news: (Version, u32), asked: Option<AccountId>) {
        if self.alive.get_untracked() {
            grid::keep_focus(self);
        }
        let ((version, new_users), same_list) = (news, self.shown.with_untracked(|shown| shown.query == query));
        let standing = self.standing();
        let in_sight = if same_list { self.in_sight() } else { Vec::new() };
        let Window { rows, offset, matching, all, understood, names, mut selected, active, moved, updated, behind, .. } = window;
        self.lines.update(|lines| {
            let old = std::mem::take(lines);
            let known = |id| old.iter().chain(&standing).find(|line| line.id == id);
            lines.extend(rows.into_iter().map(|row| match known(row.id) {
                Some(line) => {
                    line.update(row);
                    line.clone()
                }
                None => Line::new(row),
            }));
            for line in old.iter().filter(|line| same_list && line.held.get_untracked() > 0 && line.gone.get_untracked().is_some()) {
                let place = line.index.get_untracked().checked_sub(offset).and_then(|place| usize::try_from(place).ok());
                let place = place.filter(|place| *place <= lines.len() && lines.len() < LOOK_ROWS);
                if let Some(place) = place.filter(|_| !lines.iter().any(|new| new.id == line.id)) {
                    lines.insert(place, line.clone());
                }
            }
            for (index, line) in (offset..).zip(lines.iter()) {
                if line.index.get_untracked() != index {
                    line.index.set(index);
                }
            }
        });
        let in_all = std::mem::take(&mut selected.in_all);
        let of = if let Selection::AllMatching { query, .. } = selection { Some(query.clone()) } else { None };
        self.told_in_all().set(of.map(|of| (of, in_all)));
        // The numbers of a large one are asked for apart.
        if !selection.is_large() {
            self.learn_selected(selection.clone(), query.clone(), selected);
        }
        self.shown.set(Shown { query, offset, matching, all, understood, names, updated, behind, version, new_users, outlived: false });
        self.keep_standing(same_list, asked, active);
        self.rows_changed(self.moved(&in_sight, moved));
    }

    /// What the selection amounts to: from the loaded rows where they tell it exactly, else from the server.
    pub(super) fn keep_counting(self) {
        let of = Memo::new(move |_| (self.picked.with(|picked| picked.selection.clone()), self.shown.with(|shown| shown.query.clone())));
        let is_known = RwSignal::new(true);
        Effect::new(move |_| {
            let known = of.with(|(selection, query)| self.known(selection, query));
            if is_known.get_untracked() != known.is_some() {
                is_known.set(known.is_some());
            }
            self.selected.set(known);
        });
        // What happens to the list meanwhile aborts no count: a large selection takes its time.
        Effect::new(move |counted: Option<u32>| {
            let (tallies, is_known, (selection, query)) = (self.tallies().get(), is_known.get(), of.get());
            let asks = !is_known || counted.is_some_and(|before| before != tallies);
            // One that was under way is aborted.
            let by_itself = self.own.try_update_value(|own| {
                own.counts = asks;
                std::mem::take(&mut own.by_itself.counts)
            });
            if asks {
                let by_itself = by_itself.unwrap_or_default();
                spawn_local_scoped_with_cancellation(self.count(query, selection, by_itself));
            }
            tallies
        });
    }

    fn known(self, selection: &Selection, query: &Query) -> Option<Selected> {
        let rows = self.loaded();
        let (matching, outlived) = self.shown.with(|shown| (shown.matching, shown.outlived));
        let told = self.told().get().filter(|told| told.0 == *selection && told.1.filters == query.filters).map(|told| told.2);
        let of_loaded = || Selected::of_loaded(selection, &rows, query, matching);
        match selection {
            // An exception may have left the list by itself, which only the server knows.
            Selection::AllMatching { .. } => told.or_else(|| if outlived { None } else { of_loaded() }),
            // Rows may stand there that match no more.
            Selection::Ids(_) if outlived => told.or_else(of_loaded),
            Selection::Ids(_) => of_loaded().or(told),
        }
    }

    /// `by_itself`: nobody asked for it, so it must keep no session alive.
    async fn count(self, query: Query, selection: Selection, by_itself: bool) {
        let answer = if by_itself {
            let screen = OnScreen { version: self.shown.with_untracked(|shown| shown.version), ..OnScreen::default() };
            api::sessions::look(query.clone(), selection.clone(), screen).await.map(|look| look.window)
        } else {
            api::sessions::list(query.clone(), selection.clone(), 0, 1, Kept::default()).await
        };
        self.own.update_value(|own| own.counts = false);
        match answer {
            Ok(window) => {
                self.learn_selected(selection, query, window.selected);
                self.shown.update(|shown| (shown.matching, shown.all, shown.outlived) = (window.matching, window.all, true));
                self.rows_changed(0);
            }
            Err(error) => self.fail(error),
        }
    }
}
