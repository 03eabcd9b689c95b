//! How the list follows the news without moving what a person works with.
//!
//! While nobody works with the rows, those that come take their places. Else the rows on the page stay where they are: their counts
//! change, who left gets a badge, and who came waits behind a button.

use super::{Line, List};
use crate::{
    AppError, api,
    model::{
        plan::Act,
        query::Query,
        selection::Selection,
        session::{Kept, LOOK_ROWS, Meanwhile, OnScreen},
    },
    parts::{browser, live::Live},
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// Between two looks; and after one that the server could not answer.
const REST: Duration = Duration::from_millis(400);
const REST_AWAY: Duration = Duration::from_secs(1);

/// The numbers of a large selection are at most so old while the list changes.
const RECOUNTED: Duration = Duration::from_secs(5);

/// The look that is under way.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Looking {
    #[default]
    No,
    Yes,
    /// Once more after that: something has changed since it began.
    Again,
}

/// What a look asks about.
struct Look {
    query: Query,
    selection: Selection,
    /// The rows of the screen, in its order.
    lines: Vec<Line>,
    screen: OnScreen,
    tallies: u32,
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
        // The last that was selected, the panel, or the way back to the top.
        Effect::new(move |_| {
            if !self.panel.get() && self.top().get() == 0 && self.picked.with(|picked| picked.selection.is_empty()) {
                untrack(|| self.left_alone());
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

    /// Perhaps nobody works with the rows any more: who waited may come in.
    pub fn left_alone(self) {
        if self.shown.with_untracked(|shown| shown.new_users > 0) {
            self.look_soon();
        }
    }

    pub(super) fn look_soon(self) {
        if self.looks(Looking::Again) != Some(Looking::No) {
            return;
        }
        self.looks(Looking::Yes);
        spawn_local(async move {
            let rest = if self.look().await { REST } else { REST_AWAY };
            set_timeout(
                move || {
                    // Out of sight it rests: in sight again, it hears that the stream is open.
                    if self.looks(Looking::No) == Some(Looking::Again) && !document().hidden() {
                        self.look_soon();
                    }
                },
                rest,
            );
        });
    }

    /// Answers whether the server is there, and knows how the list stands.
    async fn look(self) -> bool {
        if self.busy.try_get_untracked() != Some(false) {
            // What is under way may have been read before the news.
            self.looks(Looking::Again);
            return true;
        }
        let look = self.begin_look();
        let answer = api::sessions::look(look.query.clone(), look.selection.beside_list(), look.screen.clone()).await;
        if self.is_outdated(&look) {
            // Of another list, or from before a load or an act: the next one tells.
            self.looks(Looking::Again);
            return true;
        }
        match answer {
            Ok(meanwhile) => {
                let is_behind = meanwhile.window.behind;
                self.learn_meanwhile(look, meanwhile);
                if is_behind {
                    // The news may come from another node, which has nothing to tell.
                    self.looks(Looking::Again);
                }
                !is_behind
            }
            // Away for the moment: the next look tells.
            Err(error @ (AppError::Unavailable | AppError::Unreachable)) => {
                if error == AppError::Unavailable {
                    self.shown.update(|shown| shown.behind = true);
                }
                self.looks(Looking::Again);
                false
            }
            Err(error) => {
                self.fail(error);
                true
            }
        }
    }

    fn begin_look(self) -> Look {
        let (query, version) = self.shown.with_untracked(|shown| (shown.query.clone(), shown.version));
        let mut lines = self.lines.get_untracked();
        lines.extend(self.standing().filter(|active| self.loaded_line(active.id).is_none()));
        lines.truncate(LOOK_ROWS);
        let screen = OnScreen {
            rows: lines.iter().map(|line| line.id).collect(),
            panel: self.panel.get_untracked().then(|| self.active.get_untracked()).flatten(),
            version,
            takes: self.is_left_alone().then_some(0),
            kept: Kept { active: self.standing().map(|line| line.id), ..Kept::default() },
        };
        let selection = self.picked.with_untracked(|picked| picked.selection.clone());
        Look { query, selection, lines, screen, tallies: self.tallies().get_untracked() }
    }

    fn is_outdated(self, look: &Look) -> bool {
        let same = self.shown.try_with_untracked(|shown| shown.query == look.query && shown.version == look.screen.version);
        same != Some(true) || self.busy.get_untracked() || self.tallies().get_untracked() != look.tallies
    }

    fn learn_meanwhile(self, look: Look, meanwhile: Meanwhile) {
        let Look { query, selection, lines, screen, .. } = look;
        let Meanwhile { mut window, rows, new_users, panel: sessions } = meanwhile;
        // Where other rows are asked for, these are not them.
        if self.query.with_untracked(|asked| *asked == query)
            && self.offset.get_untracked() == self.shown.with_untracked(|shown| shown.offset)
        {
            self.failure.set(None);
        }
        // Who left keeps the place for a while where other rows are taken, too.
        for (line, seen) in lines.iter().zip(rows) {
            line.learn(seen.count, seen.created, if seen.disabled { Act::EndDisable } else { Act::End });
        }
        let selection_is_large = selection.is_large();
        if screen.takes.is_some() && self.is_left_alone() {
            let version = window.version;
            self.merge(query, &selection, window, (version, 0), screen.kept.active);
        } else if screen.takes.is_some() {
            // Somebody has just begun to work with the rows.
            self.looks(Looking::Again);
        } else {
            if !selection_is_large {
                self.learn_selected(selection, query, std::mem::take(&mut window.selected));
            }
            self.shown.update(|shown| {
                (shown.matching, shown.all, shown.names) = (window.matching, window.all, window.names.take());
                (shown.updated, shown.behind, shown.new_users) = (std::mem::take(&mut window.updated), window.behind, new_users);
                shown.outlived = true;
            });
            self.rows_changed(0);
        }
        if selection_is_large {
            self.recount_later();
        }
        if screen.panel.is_some() && screen.panel == self.active.get_untracked() {
            self.in_panel.set(sessions);
        }
    }

    /// A large selection is sent to be counted: not at each news.
    fn recount_later(self) {
        if self.own.try_update_value(|own| std::mem::replace(&mut own.recounts, true)) == Some(false) {
            set_timeout(
                move || {
                    let counts = self.own.try_update_value(|own| {
                        (own.recounts, own.by_itself.counts) = (false, !own.counts);
                        own.counts
                    });
                    match counts {
                        Some(false) => self.tallies().update(|number| *number += 1),
                        // It takes its time: another one would abort it.
                        Some(true) => self.recount_later(),
                        None => {}
                    }
                },
                RECOUNTED,
            );
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
