//! Filters of the Session Creation Timestamp.
//!
//! What is typed is the beginning of a date or time as shown ([`Prefix`]); or, with `>`, `<` and `..` and in words, a stretch of time
//! between two instants; or else plain text, compared with the text as shown.

mod fields;
mod instant;
mod prefix;
mod read;

use super::{
    super::fold::search_fold,
    syntax::{self, Typed},
    text::{TextFilter, framed, push_range},
    wall::{self, DAY_SECONDS, Wall},
};
use prefix::Prefix;
use read::{Reader, Reading};
use std::ops::Range;

/// A filter of the time at which a session was created.
pub struct CreatedFilter {
    wall: Wall,
    negated: bool,
    prefixes: Vec<Prefix>,
    /// Stretches of UTC milliseconds, ascending, not overlapping.
    between: Vec<Range<i64>>,
    /// All that could not be read.
    text: Option<TextFilter>,
    understood: String,
}

impl CreatedFilter {
    /// `None` where nothing is typed that says anything. `now` is UTC milliseconds.
    pub fn new(typed: &str, wall: &Wall, now: i64) -> Option<Self> {
        let Typed { negated, parts } = Typed::new(typed);
        let reader = Reader { wall, now };
        let mut filter =
            Self { wall: wall.clone(), negated, prefixes: Vec::new(), between: Vec::new(), text: None, understood: String::new() };
        let (mut unread, mut sentences) = (Vec::new(), Vec::new());
        for part in parts {
            match reader.read(&part) {
                Reading::Nothing => {}
                Reading::Prefixes(prefixes) => {
                    sentences.extend(prefixes.iter().map(Prefix::sentence));
                    filter.prefixes.extend(prefixes);
                }
                Reading::Between(between) => {
                    sentences.push(between_sentence(&between, wall));
                    filter.between.push(between);
                }
                Reading::Unread => {
                    sentences.push(part.sentence());
                    unread.push(part);
                }
            }
        }
        filter.between = joined(filter.between);
        filter.text = TextFilter::any_of(false, &unread);
        filter.understood = syntax::sentence(negated, &sentences);
        (!sentences.is_empty()).then_some(filter)
    }

    /// `03/09/2022, 9:00:00 AM to 9:59:59 AM`
    pub fn understood(&self) -> &str {
        &self.understood
    }

    /// Whether a session created then (UTC milliseconds) matches.
    pub fn matches(&self, at: i64) -> bool {
        (self.lies_between(at) || self.shows(at)) != self.negated
    }

    /// No session created before then (UTC milliseconds) matches.
    pub fn earliest(&self) -> i64 {
        let is_stretches = !self.negated && self.prefixes.is_empty() && self.text.is_none();
        self.between.first().filter(|_| is_stretches).map_or(i64::MIN, |between| between.start)
    }

    /// No time fails it.
    pub fn leaves_nobody_out(&self) -> bool {
        match &self.between[..] {
            [] => self.negated && self.prefixes.is_empty() && self.text.is_none(),
            [between] => !self.negated && *between == (i64::MIN..i64::MAX),
            _ => false,
        }
    }

    /// The same for very many sessions.
    pub fn matcher(&self) -> Matcher<'_> {
        Matcher { filter: self, days: Vec::new(), last: 0, face: None }
    }

    /// Where the text as shown matches, as in [`crate::model::session::Cell`].
    pub fn ranges(&self, at: i64) -> Vec<(u32, u32)> {
        if self.negated {
            return Vec::new();
        }
        let local = self.wall.local(at);
        let (date, second) = (local.date(), local.second);
        let prefixes = self.prefixes.iter().filter(|prefix| prefix.matches(date, second)).flat_map(Prefix::ranges);
        let text = self.text.iter().flat_map(|text| text.ranges(&wall::shown(date, second)));
        let mut ranges: Vec<_> = prefixes.chain(text).collect();
        ranges.sort_unstable();
        ranges.into_iter().fold(Vec::new(), |mut joined, range| {
            push_range(&mut joined, range);
            joined
        })
    }

    fn lies_between(&self, at: i64) -> bool {
        let behind = self.between.partition_point(|between| between.start <= at);
        behind > 0 && at < self.between[behind - 1].end
    }

    /// Whether what a clock shows then is meant.
    fn shows(&self, at: i64) -> bool {
        self.shows_on(&mut None, at)
    }

    /// The same, on the face that showed another second before: mostly of the same day.
    fn shows_on(&self, face: &mut Option<Face>, at: i64) -> bool {
        let local = self.wall.local(at);
        if face.as_ref().is_none_or(|face| face.day != local.day) {
            let date = local.date();
            *face = Some(Face { day: local.day, date, framed: framed(&search_fold(&wall::shown(date, local.second))) });
        }
        face.as_mut().is_some_and(|face| {
            let reads = |text: &TextFilter| {
                wall::show_time(&mut face.framed, local.second);
                text.matches_framed(&face.framed)
            };
            self.prefixes.iter().any(|prefix| prefix.matches(face.date, local.second)) || self.text.as_ref().is_some_and(reads)
        })
    }
}

/// Remembers its answer for each second: a million sessions of one day share 86,400 of them, and only the first one in a second
/// asks the zone.
pub struct Matcher<'filter> {
    filter: &'filter CreatedFilter,
    /// Ascending.
    days: Vec<Day>,
    /// The day asked for last: neighbours are often of one day.
    last: usize,
    /// What the clock showed last.
    face: Option<Face>,
}

/// A local day and the text as shown of one of its seconds, ready to be searched.
struct Face {
    day: i64,
    date: jiff::civil::Date,
    framed: Vec<u8>,
}

/// A day of UTC.
struct Day {
    /// Days since 1970-01-01.
    number: i64,
    seconds: Box<[Answer]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unknown,
    Yes,
    No,
}

impl Matcher<'_> {
    /// As [`CreatedFilter::matches`].
    pub fn matches(&mut self, at: i64) -> bool {
        (self.filter.lies_between(at) || self.shows(at)) != self.filter.negated
    }

    fn shows(&mut self, at: i64) -> bool {
        if self.filter.prefixes.is_empty() && self.filter.text.is_none() {
            return false;
        }
        let second = at.div_euclid(1_000);
        let number = second.div_euclid(DAY_SECONDS.into());
        if self.days.get(self.last).is_none_or(|last| last.number != number) {
            self.find_day(number);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below 86,400")]
        let answer = &mut self.days[self.last].seconds[second.rem_euclid(DAY_SECONDS.into()) as usize];
        if *answer == Answer::Unknown {
            *answer = if self.filter.shows_on(&mut self.face, at) { Answer::Yes } else { Answer::No };
        }
        *answer == Answer::Yes
    }

    fn find_day(&mut self, number: i64) {
        self.last = self.days.partition_point(|day| day.number < number);
        if self.days.get(self.last).is_none_or(|found| found.number != number) {
            self.days.insert(self.last, Day { number, seconds: vec![Answer::Unknown; DAY_SECONDS as usize].into() });
        }
    }
}

fn joined(mut ranges: Vec<Range<i64>>) -> Vec<Range<i64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.into_iter().fold(Vec::new(), |mut joined: Vec<Range<i64>>, range| {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
        joined
    })
}

fn between_sentence(between: &Range<i64>, wall: &Wall) -> String {
    let shown = |at| wall.local(at).shown();
    match (between.start, between.end) {
        (i64::MIN, end) => format!("before {}", shown(end)),
        (start, i64::MAX) => format!("since {}", shown(start)),
        (start, end) => format!("{} to {}", shown(start), shown(end)),
    }
}

#[cfg(test)]
mod tests;
