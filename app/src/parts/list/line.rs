//! A row as the page has it.

use crate::model::{
    account::AccountId,
    plan::Act,
    session::{Cell, Row},
};
use leptos::prelude::*;
use std::time::Duration;

/// How long a row that was acted upon keeps its place at least.
const KEEPS_PLACE: Duration = Duration::from_secs(5);

/// A row on the screen. It lives as long as its account stays in the list: a refresh changes it in place.
#[derive(Clone)]
pub struct Line {
    pub id: AccountId,
    /// Its place in the whole result.
    pub index: ArcRwSignal<u32>,
    pub row: ArcRwSignal<Row>,
    /// The act that took the account out of the list; the row waits, muted, for the next merge.
    pub gone: ArcRwSignal<Option<Act>>,
    /// Above 0: it left so recently that even a merge leaves it.
    pub(super) held: ArcRwSignal<u32>,
}

impl Line {
    pub(super) fn new(row: Row) -> Self {
        let (id, row) = (row.id, ArcRwSignal::new(row));
        Self { id, index: ArcRwSignal::default(), row, gone: ArcRwSignal::default(), held: ArcRwSignal::default() }
    }

    pub(super) fn update(&self, row: Row) {
        if self.row.with_untracked(|old| *old != row) {
            self.row.set(row);
        }
        if self.gone.get_untracked().is_some() {
            self.gone.set(None);
        }
    }

    /// How many active sessions it has now, and the newest one's time where that is told; `act`: the badge if there is none. Answers
    /// whether that is news.
    pub(super) fn learn(&self, count: u32, created: Option<Cell>, act: Act) -> bool {
        let gone = self.gone.with_untracked(Option::is_some);
        if count == 0 {
            if !gone {
                self.leave(act);
            }
            return !gone;
        }
        let is_other = |row: &Row| row.count != count || created.as_ref().is_some_and(|created| row.created != *created);
        let changed = gone || self.row.with_untracked(is_other);
        if changed {
            self.gone.set(None);
            self.row.update(|row| {
                row.count = count;
                row.created = created.unwrap_or_else(|| std::mem::take(&mut row.created));
            });
        }
        changed
    }

    pub(super) fn leave(&self, act: Act) {
        self.gone.set(Some(act));
        self.held.update(|held| *held += 1);
        let held = self.held.clone();
        set_timeout(move || held.update(|held| *held -= 1), KEEPS_PLACE);
    }
}
