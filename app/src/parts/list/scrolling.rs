//! Which rows are in the page: those in sight and some around them, whatever the length of the list.

use super::{Line, List};
use crate::{
    model::{
        account::AccountId,
        scroll::{Place, ScrollMap},
        selection::Gesture,
        session::WINDOW_ROWS,
        text::count,
    },
    parts::browser,
};
use leptos::{prelude::*, wasm_bindgen::JsCast};
use std::{ops::Range, time::Duration};
use web_sys::HtmlElement;

/// Rows above and below those in sight that are in the page as well.
const SPARE: u32 = 10;

/// Rows around those in sight that are asked for before they come into it; fewer where a screen shows very many.
const AHEAD: u32 = 40;

/// By so many views the bar may stand wrong: less than a pixel of it. To put it right stops a wheel that has just begun to turn.
const SEEN: f64 = 4.0;

/// So long after the last scrolling the bar is put where it belongs.
const REST: Duration = Duration::from_millis(200);

const BODY: &str = ".list-scroll tbody";

/// The focus is on the way to a cell, whose row may have to be loaded first.
#[derive(Clone, Copy, Debug)]
pub struct Going {
    /// The row's place in the result.
    pub index: u32,
    pub cell: u32,
    /// What is done with the row there.
    pub then: Option<Gesture>,
    /// Whose row it must be: the one at that place may be another's by then.
    pub whose: Option<AccountId>,
}

impl Going {
    /// Only there, whosever row it is.
    pub fn to(index: u32, cell: u32) -> Self {
        Self { index, cell, then: None, whose: None }
    }
}

/// Where the list is scrolled to, and what must stay in the page.
#[derive(Clone, Default)]
pub struct Scrolling {
    map: ScrollMap,
    place: Place,
    /// The active row, which stays in the page wherever the list is scrolled to.
    standing: Option<Line>,
    going: Option<Going>,
    /// The row that comes to the top with the rows that are asked for.
    to_come: Option<u32>,
    /// The address that was put last.
    put: String,
}

impl List {
    /// From here on the rows follow the scroll bar. The first one stands where the address says.
    pub(super) fn begin_scrolling(self) {
        self.begin_at_offset();
        watch_size(move || {
            let (before, place) = (self.map().row, self.place());
            self.measure();
            let map = self.map();
            if before > 0.0 && (map.row - before).abs() > 0.1 {
                // Another height of the rows, as on a screen that was turned: the first one in sight stays it.
                self.go_to(map.settled(Place { full: place.full / before * map.row, ..place }));
            }
            self.show_rows(true);
        });
    }

    /// The rows have their height: the first one asked for comes to the top.
    fn begin_at_offset(self) {
        self.measure();
        self.go_to_row(self.shown.with_untracked(|shown| shown.offset));
        self.show_rows(true);
    }

    /// Brings a row to the top.
    pub(super) fn go_to_row(self, index: u32) {
        let map = self.map();
        self.go_to(map.settled(Place { scroll: 0.0, full: f64::from(index) * map.row }));
        self.note_top();
    }

    /// The same, in a list that is still to be loaded: how long it is, it says itself.
    pub(super) fn go_when_loaded(self, index: u32) {
        self.top().set(index);
        self.scrolling.update_value(|scrolling| scrolling.to_come = Some(index));
    }

    /// Somebody went to where the list stands now.
    fn note_top(self) {
        let top = self.map().in_sight(self.place()).start;
        if self.top().get_untracked() != top {
            self.top().set(top);
        }
    }

    /// The scroll bar moved, by whatever way.
    pub fn scrolled(self) {
        let Some(scroll) = scroller().map(|list| list.scroll_top()) else { return };
        let before = self.place();
        if !self.alive.get_untracked() || (scroll - before.scroll).abs() < 1.0 {
            return;
        }
        if self.going().is_some_and(|to| to.then.is_none()) {
            // Whoever scrolls meanwhile is not brought back.
            self.set_going(None);
        }
        let there = self.map().follow(before, scroll);
        if (there.scroll - scroll).abs() < 1.0 {
            self.set_place(there);
        } else {
            self.go_to(there);
        }
        self.note_top();
        self.show_rows(false);
        self.settle_soon();
    }

    /// To the first row, where another filter or order begins.
    pub fn to_top(self) {
        self.scrolling.update_value(|scrolling| scrolling.to_come = None);
        self.go_to(Place::default());
        self.note_top();
    }

    /// Brings a row wholly into sight.
    pub fn reveal(self, index: u32) {
        let (map, place) = (self.map(), self.place());
        let there = map.reveal(place, index);
        if there != place {
            self.go_to(there);
            self.note_top();
            self.show_rows(false);
        }
    }

    /// The rows wholly in sight and their places, where the list is scrolled: what must not move when others come before them. Where nothing
    /// but stripes is in sight, the rows that were so a moment ago, the nearest first.
    pub(super) fn in_sight(self) -> Vec<(Line, u32)> {
        if !self.alive.get_untracked() || self.is_at_top() {
            return Vec::new();
        }
        let sight = self.map().in_sight(self.place());
        let wholly = sight.start + 1..sight.end.min(self.mounted.get_untracked().1);
        let there = self.lines.get_untracked().into_iter().filter(|line| line.gone.get_untracked().is_none());
        let mut there: Vec<_> = there.map(|line| (line.clone(), line.index.get_untracked())).collect();
        if there.iter().any(|(_, index)| wholly.contains(index)) {
            there.retain(|(_, index)| wholly.contains(index));
        } else {
            // Further than an answer reaches somebody has gone elsewhere.
            there.retain(|(_, index)| index.abs_diff(sight.start) < WINDOW_ROWS);
            there.sort_by_key(|(_, index)| index.abs_diff(sight.start));
        }
        there
    }

    /// By how many places the first of the rows that were in sight stands elsewhere now that others came; `moved`, where none of them is among
    /// those, as for whoever scrolled far meanwhile.
    pub(super) fn moved(self, in_sight: &[(Line, u32)], moved: i64) -> i64 {
        let found = in_sight.iter().find_map(|(line, before)| {
            let after = self.loaded_line(line.id)?.index.get_untracked();
            Some(i64::from(after) - i64::from(*before))
        });
        found.unwrap_or(if in_sight.is_empty() { 0 } else { moved })
    }

    /// What is in sight stays where it is, though by so many places another number of rows stands before it.
    fn keep_in_place(self, moved: i64) {
        self.scrolling.update_value(|scrolling| {
            if let Some(going) = &mut scrolling.going {
                going.index = u32::try_from((i64::from(going.index) + moved).max(0)).unwrap_or(u32::MAX);
            }
        });
        let (map, place) = (self.map(), self.place());
        #[expect(clippy::cast_precision_loss, reason = "fewer than four billion rows")]
        let by = moved as f64 * map.row;
        // The page may have been scrolled a moment ago, which it hears of after this.
        let untold = scroller().map_or(0.0, |list| list.scroll_top() - place.scroll);
        self.go_to(map.settled(Place { full: place.full + by, ..place }));
        if let Some(list) = scroller().filter(|_| untold.abs() >= 1.0) {
            list.set_scroll_top(list.scroll_top() + untold);
        }
    }

    pub(super) fn is_at_top(self) -> bool {
        self.place().full < 1.0
    }

    /// Rows that fit into the view.
    pub fn view_rows(self) -> u32 {
        let ScrollMap { row, view, .. } = self.map();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let rows = if row > 0.0 { (view / row) as u32 } else { 1 };
        rows
    }

    /// After other rows came: how many there are, and which of them are in the page. By so many places stands elsewhere what was in sight.
    pub(super) fn rows_changed(self, moved: i64) {
        let rows = untrack(|| self.length());
        if !self.alive.get_untracked() {
            let offset = self.shown.with_untracked(|shown| shown.offset);
            return self.mounted.set((offset, rows));
        }
        let map = self.map();
        if map.rows != rows {
            let map = ScrollMap { rows, ..map };
            self.scrolling.update_value(|scrolling| scrolling.map = map);
            if moved == 0 {
                self.set_place(map.kept(self.place()));
                self.settle_soon();
            }
        }
        if moved != 0 {
            self.keep_in_place(moved);
        }
        let is_here = self.query.with_untracked(|query| self.shown.with_untracked(|shown| shown.query == *query));
        if is_here
            && !self.busy.get_untracked()
            && let Some(index) = self.scrolling.try_update_value(|scrolling| scrolling.to_come.take()).flatten()
        {
            self.go_to_row(index);
        }
        self.show_rows(true);
        if map.row <= 0.0 && rows > 0 {
            // The first rows of a list that began empty: their height is known when they are in the page.
            request_animation_frame(move || {
                if !self.alive.is_disposed() {
                    self.begin_at_offset();
                }
            });
        }
    }

    /// Rows of the whole result, those that left it and still stand there included.
    pub fn length(self) -> u32 {
        self.shown.with(|shown| shown.matching.users.max(shown.offset.saturating_add(self.lines.with(|lines| count(lines.len())))))
    }

    /// The rows in the page in their order: with the active one, wherever it is.
    pub fn mounted_lines(self) -> Vec<Line> {
        let (first, end) = self.mounted.get();
        let mounted = first..end;
        let mut lines = self.lines.with(|lines| {
            let inside = lines.iter().filter(|line| mounted.contains(&line.index.get_untracked()));
            inside.cloned().collect::<Vec<_>>()
        });
        if let Some(active) = self.standing()
            && !lines.iter().any(|line| line.id == active.id)
        {
            let before = active.index.get_untracked() < first;
            lines.insert(if before { 0 } else { lines.len() }, active);
        }
        lines
    }

    /// After other rows came: the active row stays in the page while it has a place in the same list. `asked`: whose place that is, who may
    /// have been active before.
    pub(super) fn keep_standing(self, same_list: bool, asked: Option<AccountId>, place: Option<u32>) {
        let Some(standing) = self.standing().filter(|standing| self.loaded_line(standing.id).is_none()) else { return };
        match place {
            _ if same_list && asked != Some(standing.id) => {}
            Some(place) if same_list => standing.index.set(place),
            _ => self.stand(None),
        }
    }

    /// Takes the rows in sight into the page, and asks for those that are not there. `by_itself`: not because somebody scrolled.
    fn show_rows(self, by_itself: bool) {
        let (offset, length) = self.shown.with_untracked(|shown| (shown.offset, self.lines.with_untracked(|lines| count(lines.len()))));
        let loaded = offset..offset.saturating_add(length);
        if self.map().row <= 0.0 {
            // What is in sight is not known before the height of a row is.
            return self.mounted.set((offset, offset.saturating_add(length.min(SPARE))));
        }
        let sight = self.map().in_sight(self.place());
        let near = around(&sight, SPARE, u32::MAX);
        let mut mounted = near.start.max(loaded.start)..near.end.min(loaded.end);
        if mounted.is_empty() {
            mounted = sight.start..sight.start;
        }
        let mounted = (mounted.start, mounted.end);
        if self.mounted.get_untracked() != mounted {
            self.mounted.set(mounted);
        }
        self.lay_out(mounted.0);
        let ahead = AHEAD.min(WINDOW_ROWS.saturating_sub(count_of(&sight)) / 4);
        let (wanted, asked) = (around(&sight, ahead, self.map().rows), self.offset.get_untracked());
        if wanted.start < asked || wanted.end > asked.saturating_add(WINDOW_ROWS) {
            // Most of what is asked for lies in the direction of the scrolling.
            let spare = WINDOW_ROWS.saturating_sub(count_of(&wanted)) / 4;
            let offset = if wanted.start < asked {
                wanted.end.saturating_add(spare).saturating_sub(WINDOW_ROWS)
            } else {
                wanted.start.saturating_sub(spare)
            };
            if offset == asked {
                // More are in sight than an answer holds.
                return;
            }
            if by_itself {
                self.load_by_itself(offset);
            } else {
                self.offset.set(offset);
            }
        }
    }

    fn go_to(self, place: Place) {
        let Some(list) = scroller() else { return };
        // It scrolls no further than it is high.
        self.lay_out(self.mounted.get_untracked().0);
        list.set_scroll_top(place.scroll.round());
        // As the browser took it.
        self.set_place(Place { scroll: list.scroll_top(), ..place });
    }

    fn settle_soon(self) {
        let now = self.place();
        set_timeout(
            move || {
                let Some(Scrolling { map, place, .. }) = self.scrolling.try_get_value() else { return };
                let settled = map.settled(now);
                if place == now && (settled.scroll - now.scroll).abs() > SEEN * map.view {
                    self.go_to(settled);
                    self.show_rows(true);
                }
            },
            REST,
        );
    }

    /// Puts the first row of those in the page where it belongs.
    fn lay_out(self, first: u32) {
        let Some(body) = browser::find(BODY) else { return };
        let (style, map) = (body.style(), self.map());
        for (name, length) in [("--height", map.height()), ("--first", map.top(self.place(), first)), ("--row", map.row)] {
            // Fails only for a name that is none.
            let _ = style.set_property(name, &pixels(length));
        }
    }

    fn map(self) -> ScrollMap {
        self.scrolling.with_value(|scrolling| scrolling.map)
    }

    fn place(self) -> Place {
        self.scrolling.with_value(|scrolling| scrolling.place)
    }

    fn set_place(self, place: Place) {
        self.scrolling.update_value(|scrolling| scrolling.place = place);
    }

    /// The active row, where it is known as a row.
    pub(super) fn standing(self) -> Option<Line> {
        self.scrolling.with_value(|scrolling| scrolling.standing.clone())
    }

    pub(super) fn stand(self, line: Option<Line>) {
        self.scrolling.update_value(|scrolling| scrolling.standing = line);
    }

    pub(super) fn note_put(self, address: &str) {
        self.scrolling.update_value(|scrolling| address.clone_into(&mut scrolling.put));
    }

    /// Whether an address asks for something: not the one that the list itself put last, which may be older than what is asked for.
    pub(super) fn follows(self, address: &str) -> bool {
        let other = self.scrolling.with_value(|scrolling| scrolling.put != address);
        self.note_put(address);
        other
    }

    /// Where the focus is on the way to.
    pub fn going(self) -> Option<Going> {
        self.scrolling.try_with_value(|scrolling| scrolling.going).flatten()
    }

    pub fn set_going(self, to: Option<Going>) {
        self.scrolling.update_value(|scrolling| scrolling.going = to);
    }

    fn measure(self) {
        let (Some(list), Some(head)) = (scroller(), browser::find(".list-scroll thead")) else { return };
        let row = browser::find(".list-scroll tr[data-id]:not(.afar)").map(|row| row.get_bounding_client_rect().height());
        let view = f64::from(list.client_height()) - head.get_bounding_client_rect().height();
        let rows = untrack(|| self.length());
        self.scrolling.update_value(|scrolling| {
            let map = &mut scrolling.map;
            *map = ScrollMap { rows, row: row.unwrap_or(map.row), view: view.max(0.0) };
        });
    }
}

/// A length for the style, to a hundredth: writing a float exactly takes more code than all of this.
fn pixels(length: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "at most thirty million pixels")]
    let hundredths = (length * 100.0).round() as i64;
    format!("calc({hundredths}px / 100)")
}

fn scroller() -> Option<HtmlElement> {
    browser::find(".list-scroll")
}

fn count_of(rows: &Range<u32>) -> u32 {
    rows.end.saturating_sub(rows.start)
}

fn around(rows: &Range<u32>, by: u32, end: u32) -> Range<u32> {
    rows.start.saturating_sub(by)..rows.end.saturating_add(by).min(end)
}

/// Calls back whenever the list has another size.
fn watch_size(changed: impl Fn() + 'static) {
    use leptos::wasm_bindgen::closure::Closure;
    let closure = Closure::<dyn Fn()>::new(changed);
    let Ok(observer) = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()) else { return };
    if let Some(list) = scroller() {
        observer.observe(&list);
    }
    // Both live as long as the page does.
    let kept = StoredValue::new_local(Some((closure, observer)));
    on_cleanup(move || {
        if let Some(Some((_, observer))) = kept.try_update_value(Option::take) {
            observer.disconnect();
        }
    });
}
