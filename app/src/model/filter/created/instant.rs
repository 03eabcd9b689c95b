//! Dates and times as instants, for `>`, `<` and `a..b`.
//!
//! An hour without am or pm is on the 24-hour clock. What leaves the year or the date open is the most recent such instant, or the
//! first after another one.

use super::fields::{Digits, Fields, Half};
use crate::model::filter::wall::Wall;
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    tz::AmbiguousOffset,
};

/// A day, a month or a time of day, laid on the time line: UTC milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub start: i64,
    /// Where the day, month, hour, minute or second that was typed is over.
    pub end: i64,
    /// A day or a month counts as a whole, a time as the instant of its start.
    pub whole: bool,
}

/// Which of several is meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    /// The most recent one.
    Latest { now: i64 },
    /// The first one that starts after it (a day: not before it).
    After(i64),
}

impl Moment {
    /// Where *after it* begins.
    pub fn after(&self) -> i64 {
        if self.whole { self.end } else { self.start }
    }

    pub fn day(date: Date, wall: &Wall) -> Self {
        Self { start: midnight(date, wall), end: midnight(date.saturating_add(1.day()), wall), whole: true }
    }

    /// `None` where there is no such date or time.
    pub fn new(fields: &Fields, wall: &Wall, anchor: Anchor) -> Option<Self> {
        let (Anchor::Latest { now: at } | Anchor::After(at)) = anchor;
        let near = wall.local(at).date();
        let clock = fields.hour.map(|hour| Clock::new(hour, fields).ok_or(())).transpose().ok()?;
        let moments = dates(fields, near)?.into_iter().flat_map(|date| match clock {
            None if fields.day.is_none() => vec![Self::month(date, wall)],
            None => vec![Self::day(date, wall)],
            Some(clock) => clock.on(date, wall),
        });
        if year(fields).is_some() {
            // Said exactly; only a clock change leaves two to choose from.
            return moments.min_by_key(|moment| moment.start);
        }
        match anchor {
            Anchor::Latest { now } => moments.filter(|moment| moment.start <= now).max_by_key(|moment| moment.start),
            Anchor::After(at) => {
                moments.filter(|moment| moment.start > at || moment.whole && moment.start == at).min_by_key(|moment| moment.start)
            }
        }
    }

    fn month(first: Date, wall: &Wall) -> Self {
        Self { start: midnight(first, wall), end: midnight(first.saturating_add(1.month()), wall), whole: true }
    }
}

/// The dates that may be meant, around the anchor's; `None` where what is typed is no date.
fn dates(fields: &Fields, near: Date) -> Option<Vec<Date>> {
    let Some(month) = fields.month else {
        return Some((-2..=2).map(|days: i64| near.saturating_add(days.days())).collect());
    };
    let small = |digits: Digits| i8::try_from(digits.value).ok();
    let (month, day) = (small(month)?, fields.day.map_or(Some(1), small)?);
    // Eight years hold a 29 February, also around 2100.
    let years = year(fields).map_or(near.year() - 8..=near.year() + 8, |year| year..=year);
    let dates: Vec<_> = years.filter_map(|year| Date::new(year, month, day).ok()).collect();
    (!dates.is_empty()).then_some(dates)
}

/// The year, once it is typed as far as it says one: `2022`, `22`, but not yet `20`.
fn year(fields: &Fields) -> Option<i16> {
    let year = fields.year?;
    let value = i16::try_from(year.value).ok()?;
    match year.length {
        4 => Some(value),
        2 if value != 20 => Some(2_000 + value),
        _ => None,
    }
}

/// A time of day and how long what was typed lasts: an hour, a minute, a second.
#[derive(Clone, Copy)]
struct Clock {
    time: Time,
    milliseconds: i64,
}

impl Clock {
    fn new(hour: Digits, fields: &Fields) -> Option<Self> {
        let hour = match (hour.value, fields.half) {
            (0 | 12, Some(Half::Am)) => 0,
            (hour @ 1..=11, Some(Half::Pm)) => hour + 12,
            (hour @ 0..=23, None) | (hour @ 1..=11, Some(Half::Am)) | (hour @ 12..=23, Some(Half::Pm)) => hour,
            _ => return None,
        };
        // `9:3` is on its way to 9:30.
        let sixty = |digits: Digits| if digits.length == 1 { 10 * digits.value } else { digits.value };
        let (minute, second) = (fields.minute.map_or(0, sixty), fields.second.map_or(0, sixty));
        let small = |number: u32| i8::try_from(number).ok();
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
        let milliseconds = match (fields.minute, fields.second) {
            (_, Some(_)) => 1_000,
            (Some(_), None) => 60_000,
            (None, None) => 3_600_000,
        };
        Some(Self { time, milliseconds })
    }

    /// The instants at which clocks show it: two in the night that a clock change repeats. What it skips is as long after the change.
    fn on(self, date: Date, wall: &Wall) -> Vec<Moment> {
        let starts = |at: i64| Moment { start: at, end: at + self.milliseconds, whole: false };
        instants(date.to_datetime(self.time), wall).into_iter().map(starts).collect()
    }
}

fn instants(shown: DateTime, wall: &Wall) -> Vec<i64> {
    let ambiguous = wall.zone().to_ambiguous_timestamp(shown);
    let offsets = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Gap { before, .. } => vec![before],
        AmbiguousOffset::Fold { before, after } => vec![before, after],
    };
    offsets.into_iter().filter_map(|offset| offset.to_timestamp(shown).ok()).map(Timestamp::as_millisecond).collect()
}

/// The first instant of a day; where a clock change skips midnight, that change.
fn midnight(date: Date, wall: &Wall) -> i64 {
    let start = instants(date.to_datetime(Time::midnight()), wall);
    start.first().copied().unwrap_or(if date.year() < 0 { i64::MIN } else { i64::MAX })
}

/// `2h`, `90 min`, `3 days` in milliseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
    let seconds = match text[digits..].trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    };
    SignedDuration::from_secs(number.checked_mul(seconds)?).as_millis().try_into().ok()
}
