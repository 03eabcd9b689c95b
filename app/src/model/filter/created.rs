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
    wall::{self, DAY_SECONDS, Local, Wall},
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
        Matcher { filter: self, stretch: 0..0, offset: 0, days: Vec::new(), last: 0 }
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
        let Local { day, second } = self.wall.local(at);
        Day::new(day).shows(self, second)
    }
}

/// Remembers its answer for each second of a day: a million sessions of one day share 86,400 of them.
pub struct Matcher<'filter> {
    filter: &'filter CreatedFilter,
    /// UTC milliseconds around the session asked for last between which clocks were not changed, and how many more those clocks show.
    stretch: Range<i64>,
    offset: i64,
    /// Ascending.
    days: Vec<Day>,
    /// The day asked for last: neighbours are often of one day.
    last: usize,
}

/// A local day.
struct Day {
    /// Its midnight, local milliseconds since 1970-01-01.
    start: i64,
    date: jiff::civil::Date,
    /// The text as shown of one of its seconds, ready to be searched.
    framed: Vec<u8>,
    seconds: Box<[Answer]>,
    /// How many seconds were asked for one by one.
    asked: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unknown,
    Yes,
    No,
}

const DAY_MS: i64 = 86_400_000;

/// Of a day of which more seconds are asked for all are looked up in one go.
const ONE_BY_ONE: u32 = 1_000;

impl Day {
    /// By days since 1970-01-01.
    fn new(day: i64) -> Self {
        let date = Local { day, second: 0 }.date();
        let framed = framed(&search_fold(&wall::shown(date, 0)));
        Self { start: day.saturating_mul(DAY_MS), date, framed, seconds: Box::default(), asked: 0 }
    }

    fn shows(&mut self, filter: &CreatedFilter, second: u32) -> bool {
        if filter.prefixes.iter().any(|prefix| prefix.matches(self.date, second)) {
            return true;
        }
        filter.text.as_ref().is_some_and(|text| {
            wall::show_time(&mut self.framed, second);
            text.matches_framed(&self.framed)
        })
    }

    /// The same, remembered.
    fn answer(&mut self, filter: &CreatedFilter, second: u32) -> bool {
        if self.seconds.is_empty() {
            self.seconds = vec![Answer::Unknown; DAY_SECONDS as usize].into();
        }
        if self.seconds[second as usize] == Answer::Unknown {
            self.asked += 1;
            if self.asked > ONE_BY_ONE {
                self.answer_all(filter);
            } else {
                self.seconds[second as usize] = if self.shows(filter, second) { Answer::Yes } else { Answer::No };
            }
        }
        self.seconds[second as usize] == Answer::Yes
    }

    /// All seconds as shown stand one behind the other in one text, which is searched as a column of names is.
    fn answer_all(&mut self, filter: &CreatedFilter) {
        for (answer, second) in self.seconds.iter_mut().zip(0..) {
            let shows = filter.prefixes.iter().any(|prefix| prefix.matches(self.date, second));
            *answer = if shows { Answer::Yes } else { Answer::No };
        }
        let Some(text) = &filter.text else { return };
        let (seconds, width) = (wall::seconds_shown(self.date), wall::SHOWN + 1);
        for needle in text.needles() {
            let mut from = 0;
            while let Some(found) = needle.find(&seconds, from) {
                let second = found.start / width;
                self.seconds[second] = Answer::Yes;
                from = (second + 1) * width;
            }
        }
    }
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
        if !self.stretch.contains(&at) {
            let Some(stretch) = self.filter.wall.stretch(at) else { return self.filter.shows(at) };
            (self.stretch, self.offset) = stretch;
        }
        let local = at.saturating_add(self.offset);
        let is_of = |day: &Day| (0..DAY_MS).contains(&local.saturating_sub(day.start));
        if !self.days.get(self.last).is_some_and(is_of) {
            self.find_day(local.div_euclid(DAY_MS));
        }
        let day = &mut self.days[self.last];
        let second = u32::try_from(local.saturating_sub(day.start)).unwrap_or(0) / 1_000;
        // One branch alone, which is the same nearly each time: no processor foresees which seconds match.
        match day.seconds.get(second as usize) {
            Some(answer) if *answer != Answer::Unknown => *answer == Answer::Yes,
            _ => day.answer(self.filter, second),
        }
    }

    fn find_day(&mut self, day: i64) {
        let start = day.saturating_mul(DAY_MS);
        self.last = self.days.partition_point(|day| day.start < start);
        if self.days.get(self.last).is_none_or(|found| found.start != start) {
            self.days.insert(self.last, Day::new(day));
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
