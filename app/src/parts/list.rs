//! The Session List as one page knows it: what is asked for, the rows on the screen, who is selected.
//!
//! One value, provided in context by the page, read and changed by the grid, the bar, the panel and the acts.

mod address;
mod live;
mod loading;
mod ranges;
mod scrolling;

use crate::{
    AppError,
    model::{
        account::AccountId,
        plan::Act,
        query::{Column, Query, Sort},
        selection::{Loaded, Picked, Selected, Selection},
        session::{AccountSessions, Cell, Names, Row, Totals, Version, WINDOW_ROWS, Window},
    },
    parts::{
        browser, filter_row,
        toasts::{Press, Toasts},
    },
};
use leptos::prelude::*;
use live::Looking;
use ranges::Afar;
pub use scrolling::Going;
use scrolling::Scrolling;
use std::{collections::BTreeSet, time::Duration};

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
    held: ArcRwSignal<u32>,
}

impl Line {
    fn new(row: Row) -> Self {
        let (id, row) = (row.id, ArcRwSignal::new(row));
        Self { id, index: ArcRwSignal::default(), row, gone: ArcRwSignal::default(), held: ArcRwSignal::default() }
    }

    fn update(&self, row: Row) {
        if self.row.with_untracked(|old| *old != row) {
            self.row.set(row);
        }
        if self.gone.get_untracked().is_some() {
            self.gone.set(None);
        }
    }

    /// How many active sessions it has now, and the newest one's time where that is told; `act`: the badge if there is none. Answers
    /// whether that is news.
    fn learn(&self, count: u32, created: Option<Cell>, act: Act) -> bool {
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

    fn leave(&self, act: Act) {
        self.gone.set(Some(act));
        self.held.update(|held| *held += 1);
        let held = self.held.clone();
        set_timeout(move || held.update(|held| *held -= 1), KEEPS_PLACE);
    }
}

/// What the rows on the screen answer to, and the numbers around them.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub query: Query,
    /// Position of the first row in the result.
    pub offset: u32,
    pub matching: Totals,
    pub all: Totals,
    pub understood: [Option<String>; 5],
    pub names: Option<Names>,
    pub updated: String,
    /// The server's list is that of then, not of now.
    pub behind: bool,
    /// State of the list after which users are new.
    version: Version,
    /// Users that match and logged in since: they wait until they are asked for.
    pub new_users: u32,
    /// The numbers are newer than the rows, of which some may match no more.
    outlived: bool,
}

/// What is asked for now because the list changed, not because of what the person did.
#[derive(Clone, Copy, Default)]
struct ByItself {
    counts: bool,
    rows: bool,
}

/// What the list remembers for itself.
#[derive(Clone, Copy, Default)]
struct Own {
    /// The server's last word on a selection, and the list that it was beside.
    told: RwSignal<Option<(Selection, Query, Selected)>>,
    tallies: RwSignal<u32>,
    looking: Looking,
    /// The newest load that is asked for again after a while.
    retry: u32,
    /// The numbers of a large selection will be asked for anew.
    recounts: bool,
    /// They are asked for, and not yet answered.
    counts: bool,
    by_itself: ByItself,
    top: RwSignal<u32>,
    afar: RwSignal<Afar>,
    once_settled: StoredValue<Option<Press>>,
    toasts: Toasts,
}

/// State of the page. The signals belong to the page and go with it.
#[derive(Clone, Copy)]
pub struct List {
    /// What is asked for; the rows follow.
    pub query: RwSignal<Query>,
    pub offset: RwSignal<u32>,
    pub shown: RwSignal<Shown>,
    pub lines: RwSignal<Vec<Line>>,
    pub picked: RwSignal<Picked>,
    /// What the selection amounts to; `None` while the server is asked.
    pub selected: RwSignal<Option<Selected>>,
    /// The row that the keyboard stands in and the panel follows.
    pub active: RwSignal<Option<AccountId>>,
    scrolling: StoredValue<Scrolling>,
    /// Rows in the page, by their places in the result: the first, and behind the last.
    pub mounted: RwSignal<(u32, u32)>,
    pub panel: RwSignal<bool>,
    pub failure: RwSignal<Option<AppError>>,
    pub busy: RwSignal<bool>,
    /// The browser's code runs; false on the server.
    pub alive: RwSignal<bool>,
    /// Grows when the panel may show what is no longer so.
    pub reads: RwSignal<u32>,
    /// What the panel shows, where the look at the rows brought it.
    pub in_panel: RwSignal<Option<AccountSessions>>,
    own: StoredValue<Own>,
}

impl List {
    /// The list as the page first got it, with what `selection` amounts to. The selection itself outlives the page.
    pub fn new(query: Query, offset: u32, selection: Selection, window: Option<Window>) -> Self {
        let list = Self {
            query: RwSignal::new(query.clone()),
            offset: RwSignal::new(offset),
            shown: RwSignal::default(),
            lines: RwSignal::default(),
            picked: expect_context(),
            selected: RwSignal::new(Some(Selected::default())),
            active: RwSignal::default(),
            scrolling: StoredValue::new(Scrolling::default()),
            mounted: RwSignal::default(),
            panel: RwSignal::default(),
            failure: RwSignal::default(),
            busy: RwSignal::default(),
            alive: RwSignal::default(),
            reads: RwSignal::default(),
            in_panel: RwSignal::default(),
            own: StoredValue::new(Own { toasts: Toasts::take(), top: RwSignal::new(offset), ..Own::default() }),
        };
        let loads = window.is_none();
        if let Some(window) = window {
            let version = window.version;
            list.merge(query, selection, window, (version, 0));
        }
        list.keep_loading(loads);
        list.keep_address();
        list.keep_counting();
        list.keep_live();
        list
    }

    /// From the context of the page.
    pub fn take() -> Self {
        expect_context()
    }

    fn told(self) -> RwSignal<Option<(Selection, Query, Selected)>> {
        self.own.with_value(|own| own.told)
    }

    /// What the server said of a selection beside an answer without the list's rows: which of the rows are among *all that match* stays as
    /// the last list said.
    fn learn_selected(self, selection: Selection, query: Query, selected: Selected) {
        self.told().update(|told| {
            let in_all = told.take().map(|told| told.2.in_all).unwrap_or_default();
            *told = Some((selection, query, Selected { in_all, ..selected }));
        });
    }

    /// The first row in sight, as far as somebody has gone there: the address says it.
    fn top(self) -> RwSignal<u32> {
        self.own.with_value(|own| own.top)
    }

    fn tallies(self) -> RwSignal<u32> {
        self.own.with_value(|own| own.tallies)
    }

    /// Asks again for what is on the screen.
    pub fn refresh(self) {
        self.load_again();
        self.tallies().update(|number| *number += 1);
        self.reads.update(|number| *number += 1);
    }

    /// What is asked for stays, and is asked for anew.
    fn load_again(self) {
        self.offset.notify();
    }

    /// Takes over what was typed and ticked before the browser's code ran; from here on the page answers by itself.
    pub fn come_alive(self) {
        for (column, text) in filter_row::typed() {
            self.set_filter(column, text);
        }
        let ticked = browser::find_all(".list-scroll tbody input:checked").into_iter().filter_map(browser::as_input);
        let ids: BTreeSet<_> = ticked.filter_map(|input| input.value().parse().ok()).collect();
        if !ids.is_empty() {
            self.picked.set(Picked { selection: Selection::Ids(ids), ..Picked::default() });
        }
        if browser::find(".list-scroll thead input[name=all]:checked").is_some() {
            self.toggle_all();
        }
        self.alive.set(true);
        self.begin_scrolling();
    }

    /// Another filter begins at the first row.
    pub fn set_filter(self, column: Column, text: String) {
        if self.query.with_untracked(|query| query.filter(column) != text) {
            self.begin_anew();
            self.query.update(|query| query.filters[column as usize] = text);
        }
    }

    /// What an address asks for, which may be what is asked for already.
    pub fn ask_for(self, query: Query, offset: u32) {
        if !self.follows(&query.address_from(offset)) {
            return;
        }
        let is_other = self.query.with_untracked(|old| *old != query);
        self.set_going(None);
        if self.top().get_untracked() != offset {
            self.offset.set(offset);
            if is_other {
                self.go_when_loaded(offset);
            } else {
                self.go_to_row(offset);
            }
        }
        if is_other {
            self.query.set(query);
        }
    }

    pub fn clear_filters(self) {
        self.begin_anew();
        self.query.update(|query| query.filters = <[String; 5]>::default());
    }

    /// What a click on the header asks for: the other direction, or this column in its natural one.
    pub fn sort_by(query: &Query, column: Column) -> Sort {
        let now = query.sort;
        let descending = if now.column == column { !now.descending } else { matches!(column, Column::Created | Column::Count) };
        Sort { column, descending }
    }

    pub fn sort(self, column: Column) {
        self.begin_anew();
        self.query.update(|query| query.sort = Self::sort_by(query, column));
    }

    /// Another list begins at its first row.
    fn begin_anew(self) {
        self.set_going(None);
        self.offset.set(0);
        self.to_top();
    }

    /// Offsets of the pages before and after the one on the screen.
    pub fn neighbours(self) -> (Option<u32>, Option<u32>) {
        self.shown.with(|shown| {
            let next = shown.offset.saturating_add(WINDOW_ROWS);
            ((shown.offset > 0).then(|| shown.offset.saturating_sub(WINDOW_ROWS)), (next < shown.matching.users).then_some(next))
        })
    }

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
        let Selection::AllMatching { .. } = selection else { return false };
        self.shown.with(|shown| selection.is_all_of(&shown.query))
            || self.told().with(|told| told.as_ref().is_some_and(|(_, _, told)| told.in_all.contains(&id)))
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
        let shown = self.shown.with_untracked(|shown| shown.query.clone());
        if self.picked.with_untracked(|picked| picked.selection.is_all_of_others(&shown)) {
            // Which of the rows are among them only the server knows.
            self.load_again();
        }
    }

    /// Takes one account out of the selection, wherever it is.
    pub fn deselect(self, id: AccountId) {
        self.pick(false, |picked| picked.selection.set(id, true, false));
    }

    /// Changes the selection. What a click or Esc drops of more than one user can be brought back until the next change.
    fn pick(self, drops: bool, change: impl FnOnce(&mut Picked)) {
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

    /// An account's row on the screen.
    pub fn line(self, id: AccountId) -> Option<Line> {
        self.loaded_line(id).or_else(|| self.standing().filter(|line| line.id == id))
    }

    /// The same, where it is among the loaded rows, whose places are those of now.
    pub fn loaded_line(self, id: AccountId) -> Option<Line> {
        self.lines.with_untracked(|lines| lines.iter().find(|line| line.id == id).cloned())
    }

    /// The row at a place of the result, where it is loaded.
    pub fn line_at(self, index: u32) -> Option<Line> {
        self.lines.with_untracked(|lines| lines.iter().find(|line| line.index.get_untracked() == index).cloned())
    }

    /// Keyboard and panel go to a row.
    pub fn activate(self, id: AccountId) {
        if self.active.get_untracked() != Some(id) {
            self.active.set(Some(id));
        }
        self.stand(self.line(id));
    }

    /// Who was acted upon leaves the list with a badge; the numbers follow, the rows stay.
    pub fn acted_upon(self, act: Act, gone: &BTreeSet<AccountId>) {
        self.mark(act, gone);
        self.tallies().update(|number| *number += 1);
        self.reads.update(|number| *number += 1);
        if self.busy.get_untracked() {
            // A list that was asked for before the act would bring its accounts back.
            self.load_again();
        }
    }

    /// Gives the rows of these accounts the act's badge.
    pub fn mark(self, act: Act, gone: &BTreeSet<AccountId>) {
        self.lines.with_untracked(|lines| lines.iter().filter(|line| gone.contains(&line.id)).for_each(|line| line.leave(act)));
    }

    /// The same, where they have a badge.
    pub fn mark_anew(self, act: Act, gone: &BTreeSet<AccountId>) {
        let marked = |line: &&Line| gone.contains(&line.id) && line.gone.with_untracked(Option::is_some);
        self.lines.with_untracked(|lines| lines.iter().filter(marked).for_each(|line| line.gone.set(Some(act))));
    }

    /// How many active sessions an account has, learnt beside the list; `act`: the badge if there is none.
    pub fn learn_count(self, id: AccountId, count: u32, act: Act) {
        let Some(line) = self.line(id) else { return };
        // Who left keeps his badge: it is the act's.
        if line.gone.with_untracked(Option::is_none) && line.learn(count, None, act) {
            self.tallies().update(|number| *number += 1);
        }
    }

    /// Closes the panel; the focus goes back to its row, which is in sight when the panel is gone.
    pub fn close_panel(self) {
        self.panel.set(false);
        request_animation_frame(|| browser::pass_focus(&[browser::ROWS_STOP, ".refresh"]));
    }

    /// Opens the panel of a row, or closes it where it is that row's already.
    pub fn open_or_close(self, id: AccountId) {
        let open = self.panel.get_untracked() && self.active.get_untracked() == Some(id);
        self.activate(id);
        self.panel.set(!open);
    }
}
