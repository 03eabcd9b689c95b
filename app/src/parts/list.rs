//! The Session List as one page knows it: what is asked for, the rows on the screen, who is selected.
//!
//! One value, provided in context by the page, read and changed by the grid, the bar, the panel and the acts.

mod address;
mod line;
mod live;
mod loading;
mod picking;
mod ranges;
mod scrolling;

use crate::{
    AppError,
    model::{
        account::AccountId,
        plan::Act,
        query::{Column, Query, Sort},
        selection::{Picked, Selected, Selection},
        session::{AccountSessions, Names, Totals, Version, WINDOW_ROWS, Window},
    },
    parts::{
        browser, filter_row,
        toasts::{Press, Toasts},
    },
};
use leptos::prelude::*;
pub use line::Line;
use live::Looking;
use ranges::Afar;
pub use scrolling::Going;
use scrolling::Scrolling;
use std::collections::BTreeSet;

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
struct Inner {
    /// The server's last word on a selection, and the list that it was beside.
    told: RwSignal<Option<(Selection, Query, Selected)>>,
    /// Of the rows those that match another query than the list's, and that query: all that match it are selected.
    in_all: RwSignal<Option<(Query, BTreeSet<AccountId>)>>,
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
    own: StoredValue<Inner>,
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
            own: StoredValue::new(Inner { toasts: Toasts::take(), top: RwSignal::new(offset), ..Inner::default() }),
        };
        let loads = window.is_none();
        if let Some(window) = window {
            let version = window.version;
            list.merge(query, &selection, window, (version, 0), None);
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

    /// What the server said of a selection beside the list.
    fn learn_selected(self, selection: Selection, query: Query, selected: Selected) {
        self.told().set(Some((selection, query, selected)));
    }

    /// Of the rows those among *all that match*, as the last list said, and the query that they match.
    fn told_in_all(self) -> RwSignal<Option<(Query, BTreeSet<AccountId>)>> {
        self.own.with_value(|own| own.in_all)
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
        if self.picked.with_untracked(|picked| picked.selection.is_large()) {
            // The list says nothing of it.
            self.tallies().update(|number| *number += 1);
        }
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

    /// The panel is there: it is open, and of a row.
    pub fn has_panel(self) -> bool {
        self.panel.get() && self.active.with(Option::is_some)
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
