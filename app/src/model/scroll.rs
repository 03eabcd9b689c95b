//! From the scroll bar to the rows: also where all rows together are taller than a browser lets an element be.
//!
//! All lengths are CSS pixels.

use std::ops::Range;

/// The tallest element that this asks of a browser; they cut off somewhere between 16 and 33 million.
pub const TALLEST: f64 = 6_000_000.0;

/// A list of equal rows, and how much of it is in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScrollMap {
    pub rows: u32,
    /// Height of a row.
    pub row: f64,
    /// Height of what is in sight.
    pub view: f64,
}

/// Where a list stands: `full` is what `scroll` would be if the list had its full height. In a list that fits they are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    pub scroll: f64,
    pub full: f64,
}

impl ScrollMap {
    /// Height that the rows take in the page.
    pub fn height(self) -> f64 {
        self.full_height().min(TALLEST)
    }

    /// The bar moved. As far as wheel, finger and keys move it, the rows move by as much; further they go where the bar stands. Where the
    /// bar comes to its end long before the rows do, it is put back to where it belongs.
    pub fn follow(self, from: Place, scroll: f64) -> Place {
        // Not `clamp`: its panic would bring the code that writes floats into the browser.
        let scroll = scroll.max(0.0).min(self.span());
        let moved = scroll - from.scroll;
        let by_bar = self.full_at(scroll);
        let full = if self.fits() {
            by_bar
        } else if scroll <= 0.0 || scroll >= self.span() {
            let by_hand = from.full + moved;
            if moved.abs() <= self.by_hand() && (by_hand - by_bar).abs() > self.view {
                return self.settled(Place { scroll, full: by_hand });
            }
            by_bar
        } else if moved.abs() <= self.by_hand() {
            from.full + moved
        } else if moved > 0.0 {
            // Never back on the way forth, though the rows may be ahead of the bar.
            by_bar.max(from.full)
        } else {
            by_bar.min(from.full)
        };
        Place { scroll, full: full.max(0.0).min(self.full_span()) }
    }

    /// The same rows, with the bar where it belongs: after some scrolling in a list that does not fit, it lags behind.
    pub fn settled(self, place: Place) -> Place {
        let full = place.full.max(0.0).min(self.full_span());
        let scroll = if self.fits() { full } else { full / self.full_span() * self.span() };
        Place { scroll, full }
    }

    /// After rows came or went: those in sight stay where they are. In a list that does not fit the bar then stands a little wrong, until it
    /// is settled.
    pub fn kept(self, place: Place) -> Place {
        let settled = self.settled(place);
        if self.fits() { settled } else { Place { full: settled.full, ..place } }
    }

    /// The way to where a row is wholly in sight; none where it is already.
    pub fn reveal(self, from: Place, row: u32) -> Place {
        let top = f64::from(row.min(self.rows.saturating_sub(1))) * self.row;
        let bottom = top + self.row;
        if from.full > top {
            self.settled(Place { full: top, ..from })
        } else if from.full + self.view < bottom {
            self.settled(Place { full: bottom - self.view, ..from })
        } else {
            from
        }
    }

    /// Rows in sight, those cut at an edge included.
    pub fn in_sight(self, place: Place) -> Range<u32> {
        let first = self.rows_above(place.full).floor();
        let end = self.rows_above(place.full + self.view).ceil();
        whole(first)..whole(end).min(self.rows)
    }

    /// Distance of a row's top from the top of the element that holds them all; below 0 where it is in no reach of the bar.
    pub fn top(self, place: Place, row: u32) -> f64 {
        if self.fits() { f64::from(row) * self.row } else { f64::from(row) * self.row - place.full + place.scroll }
    }

    /// How far the list moves at once without the bar being dragged: a fling, or a frame that came late, is more than a view. Of the bar that
    /// is far less than a pixel.
    fn by_hand(self) -> f64 {
        self.view.max(self.span() / self.view.max(1.0) / 4.0)
    }

    fn full_height(self) -> f64 {
        f64::from(self.rows) * self.row
    }

    fn fits(self) -> bool {
        self.full_height() <= TALLEST
    }

    /// How far the bar goes.
    fn span(self) -> f64 {
        (self.height() - self.view).max(0.0)
    }

    fn full_span(self) -> f64 {
        (self.full_height() - self.view).max(0.0)
    }

    fn full_at(self, scroll: f64) -> f64 {
        if self.fits() { scroll } else { scroll / self.span() * self.full_span() }
    }

    fn rows_above(self, full: f64) -> f64 {
        if self.row > 0.0 { full / self.row } else { 0.0 }
    }
}

/// A number of rows; `as` would be a cast that may go wrong, this one saturates.
fn whole(rows: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and no list is that long")]
    let rows = rows.max(0.0) as u32;
    rows
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is not computed is equal to the bit")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map() -> impl Strategy<Value = ScrollMap> {
        let rows = prop_oneof![0..200_u32, 0..200_000_u32, 150_000..1_000_000_u32];
        (rows, 20..90_u32, 60..2_000_u32).prop_map(|(rows, row, view)| ScrollMap { rows, row: row.into(), view: view.into() })
    }

    /// Anywhere that bar and wheel lead to: to a share of the bar's way, then by steps.
    fn place(map: ScrollMap, share: f64, steps: &[f64]) -> Place {
        let jump = map.follow(Place::default(), (share * map.span()).round());
        steps.iter().fold(jump, |place, step| map.follow(place, place.scroll + step * map.view))
    }

    prop_compose! {
        fn somewhere()(map in map(), share in 0.0..=1.0, steps in prop::collection::vec(-1.0..=1.0, 0..40)) -> (ScrollMap, Place) {
            (map, place(map, share, &steps))
        }
    }

    proptest! {
        #[test]
        fn a_list_that_fits_scrolls_as_any_other((map, place) in somewhere(), scroll in 0.0..6e6) {
            if map.fits() {
                let there = map.follow(place, scroll);
                prop_assert_eq!(there.scroll, there.full);
                prop_assert_eq!(map.top(there, 3), 3.0 * map.row);
                prop_assert_eq!(map.settled(there), there);
            }
        }

        #[test]
        fn the_rows_never_go_against_the_bar((map, place) in somewhere(), share in 0.0..=1.0) {
            let there = map.follow(place, share * map.span());
            prop_assert!((there.full - place.full) * (there.scroll - place.scroll) >= 0.0, "{place:?} {there:?}");
        }

        #[test]
        fn a_turn_of_the_wheel_moves_the_rows_by_as_much((map, place) in somewhere(), step in -1.0..=1.0_f64) {
            // The browser's bar goes no further than to its ends.
            let to = (place.scroll + step * map.view).max(0.0).min(map.span());
            let (there, step) = (map.follow(place, to), to - place.scroll);
            let moved = map.top(place, 7) - place.scroll - (map.top(there, 7) - there.scroll);
            let at_an_end = there.full <= 0.0 || there.full >= map.full_span();
            prop_assert!((moved - step).abs() < 1e-6 || at_an_end && (moved - step).abs() <= map.view + 1e-6, "{place:?} {there:?}");
        }

        #[test]
        fn both_ends_are_where_the_bar_ends((map, place) in somewhere()) {
            // As a drag comes there, from further than a hand turns the wheel.
            let middle = map.follow(map.follow(place, map.span()), map.span() / 2.0);
            prop_assume!(map.fits() || map.span() > 3.0 * map.by_hand());
            prop_assert_eq!(map.follow(middle, 0.0).full, 0.0);
            let end = map.follow(middle, map.span());
            prop_assert_eq!(map.in_sight(end).end, map.rows);
            prop_assert!(map.top(end, map.rows) <= map.height() + 1e-3);
        }

        #[test]
        fn bar_and_wheel_reach_every_row((map, place) in somewhere(), row in 0.0..1.0) {
            prop_assume!(map.rows > 0);
            let wanted = f64::floor(row * f64::from(map.rows)) * map.row;
            let scroll = (wanted.min(map.full_span()) / map.full_span().max(1.0) * map.span()).round();
            // To an end first: from close by it would be a turn of the wheel.
            let end = if scroll > map.span() / 2.0 { 0.0 } else { map.span() };
            let mut there = map.follow(map.follow(place, end), scroll);
            for _ in 0..3 {
                there = map.follow(there, there.scroll + (wanted - there.full).clamp(-map.view, map.view));
            }
            prop_assert!(map.in_sight(there).contains(&whole(wanted / map.row)), "{wanted} {there:?}");
        }

        #[test]
        fn a_revealed_row_is_wholly_in_sight((map, place) in somewhere(), row in 0.0..1.0) {
            prop_assume!(map.rows > 0 && map.view >= map.row);
            let row = whole(row * f64::from(map.rows));
            let there = map.reveal(place, row);
            let top = map.top(there, row) - there.scroll;
            prop_assert!(top >= -1e-6 && top + map.row <= map.view.max(map.full_height()) + 1e-6, "{there:?} {top}");
            prop_assert!(there.full >= 0.0 && there.scroll >= 0.0 && there.scroll <= map.span() + 1e-6);
            prop_assert_eq!(map.reveal(there, row), there, "once there it stays");
        }

        #[test]
        fn settling_moves_the_bar_and_no_row((map, place) in somewhere()) {
            let settled = map.settled(place);
            prop_assert_eq!(settled.full, place.full);
            prop_assert_eq!(map.in_sight(settled), map.in_sight(place));
            let again = map.settled(settled);
            prop_assert!((again.scroll - settled.scroll).abs() < 1e-6);
            // Where the bar stands leads to the same rows, from afar too.
            let from_afar = map.follow(Place { scroll: -10.0 * TALLEST, full: -10.0 * TALLEST }, settled.scroll);
            prop_assert!(map.fits() || (from_afar.full - settled.full).abs() < 1e-3, "{settled:?} {from_afar:?}");
        }

        #[test]
        fn rows_that_come_or_go_move_none_in_sight((map, place) in somewhere(), change in 0.9..1.1, row in 0.0..1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
            let rows = (f64::from(map.rows) * change) as u32;
            let now = ScrollMap { rows, ..map };
            let kept = now.kept(place);
            prop_assume!(!map.fits() && !now.fits() && place.full <= now.full_span());
            let row = whole(row * f64::from(rows.min(map.rows)));
            prop_assert!((now.top(kept, row) - map.top(place, row)).abs() < 1e-6);
            prop_assert_eq!(kept.scroll, place.scroll);
        }
    }
}
