//! How the list follows the news without moving what a person works with.
//!
//! While nobody works with the rows, those that come take their places. Else the rows on the page stay where they are: their counts
//! change, who left gets a badge, and who came waits behind a button.

use super::List;
use crate::{
    AppError, api,
    model::{
        plan::Act,
        selection::Selection,
        session::{Meanwhile, OnScreen},
    },
    parts::{browser, live::Live},
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// Between two looks.
const REST: Duration = Duration::from_millis(400);

/// The look that is under way.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Looking {
    #[default]
    No,
    Yes,
    /// Once more after that: something has changed since it began.
    Again,
}

impl List {
    /// Looks whenever there are news.
    pub(super) fn keep_live(self) {
        let news = Live::take().news;
        Effect::new(move |before: Option<()>| {
            news.track();
            if before.is_some() {
                self.look_soon();
            }
        });
    }

    /// Who came is taken into the list: at the top, where they stand in its usual order.
    pub fn show_new(self) {
        self.to_top();
        if self.offset.get_untracked() > 0 {
            self.offset.set(0);
        } else {
            self.load_again();
        }
    }

    /// The pointer left the rows: who waited may come in.
    pub fn left_alone(self) {
        if self.shown.with_untracked(|shown| shown.new_users > 0) {
            self.look_soon();
        }
    }

    fn look_soon(self) {
        if self.looks(Looking::Again) != Some(Looking::No) {
            return;
        }
        self.looks(Looking::Yes);
        spawn_local(async move {
            self.look().await;
            set_timeout(
                move || {
                    if self.looks(Looking::No) == Some(Looking::Again) {
                        self.look_soon();
                    }
                },
                REST,
            );
        });
    }

    async fn look(self) {
        if self.busy.try_get_untracked() != Some(false) {
            // What is under way may have been read before the news.
            self.looks(Looking::Again);
            return;
        }
        let query = self.shown.with_untracked(|shown| shown.query.clone());
        let selection = self.picked.with_untracked(|picked| picked.selection.clone());
        let sent = if selection.is_large() { Selection::default() } else { selection.clone() };
        let lines = self.lines.get_untracked();
        let takes_rows = self.is_left_alone();
        let screen = OnScreen {
            rows: if takes_rows { Vec::new() } else { lines.iter().map(|line| line.id).collect() },
            panel: self.panel.get_untracked().then(|| self.active.get_untracked()).flatten(),
            version: self.shown.with_untracked(|shown| shown.version),
            takes_rows,
        };
        let (panel, version, tallies) = (screen.panel, screen.version, self.tallies().get_untracked());
        let answer = api::sessions::look(query.clone(), sent, screen).await;
        let same = self.shown.try_with_untracked(|shown| shown.query == query && shown.version == version);
        if same != Some(true) || self.busy.get_untracked() || self.tallies().get_untracked() != tallies {
            // Of another list, or from before a load or an act: the next one tells.
            self.looks(Looking::Again);
            return;
        }
        match answer {
            Ok(Meanwhile { mut window, rows, new_users, panel: sessions }) => {
                // Where other rows are asked for, these are not them.
                if self.query.with_untracked(|asked| *asked == query)
                    && self.offset.get_untracked() == self.shown.with_untracked(|shown| shown.offset)
                {
                    self.failure.set(None);
                }
                if takes_rows && self.is_left_alone() {
                    let version = window.version;
                    self.merge(query, selection, window, (version, 0));
                } else if takes_rows {
                    // Somebody has just begun to work with the rows.
                    self.looks(Looking::Again);
                } else {
                    for (line, seen) in lines.iter().zip(rows) {
                        line.learn(seen.count, if seen.disabled { Act::EndDisable } else { Act::End });
                    }
                    if !selection.is_large() {
                        self.learn_selected(selection, query, std::mem::take(&mut window.selected));
                    }
                    self.shown.update(|shown| {
                        (shown.matching, shown.all, shown.names) = (window.matching, window.all, window.names.take());
                        (shown.updated, shown.new_users) = (std::mem::take(&mut window.updated), new_users);
                    });
                    self.rows_changed();
                }
                if panel.is_some() && panel == self.active.get_untracked() {
                    self.in_panel.set(sessions);
                }
            }
            // Away for the moment: the next look tells.
            Err(AppError::Unavailable | AppError::Unreachable) => _ = self.looks(Looking::Again),
            Err(error) => self.fail(error),
        }
    }

    /// Notes how it stands with the looks, and answers how it stood; `None` where the page is gone.
    fn looks(self, looking: Looking) -> Option<Looking> {
        self.own.try_update_value(|own| std::mem::replace(&mut own.looking, looking))
    }

    /// Nobody works with the rows: the first ones are in sight, nobody is selected, and neither pointer nor keyboard is among them.
    fn is_left_alone(self) -> bool {
        self.is_at_top()
            && self.offset.get_untracked() == 0
            && self.picked.with_untracked(|picked| picked.selection.is_empty())
            && !self.panel.get_untracked()
            && browser::find(".list-scroll tbody:hover, .list-scroll tbody :focus, dialog[open]").is_none()
    }
}
