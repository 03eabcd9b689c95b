//! What one alternative of a timestamp filter means.

use super::{
    fields::Fields,
    instant::{Anchor, Moment, duration},
    prefix::Prefix,
};
use crate::model::{
    filter::{
        syntax::{Operator, Part},
        wall::Wall,
    },
    fold::search_fold,
};
use jiff::{ToSpan as _, civil::Date};
use std::ops::Range;

pub(super) struct Reader<'wall> {
    pub wall: &'wall Wall,
    /// UTC milliseconds.
    pub now: i64,
}

pub(super) enum Reading {
    /// An operator with nothing behind it yet.
    Nothing,
    Prefixes(Vec<Prefix>),
    /// UTC milliseconds; [`i64::MIN`] and [`i64::MAX`] where it is open.
    Between(Range<i64>),
    Unread,
}

impl Reader<'_> {
    pub fn read(&self, part: &Part) -> Reading {
        if part.plain {
            return Reading::Unread;
        }
        let text = search_fold(&part.text);
        let prefixes = match self.day(&text) {
            Some(day) => vec![Prefix::day(day)],
            None => Fields::read(&text).as_ref().map(Prefix::all).unwrap_or_default(),
        };
        if !prefixes.is_empty() {
            return Reading::Prefixes(prefixes);
        }
        match part.operator {
            Operator::Contains if ["<", "<=", ">", ">=", ".", ".."].contains(&&*text) => Reading::Nothing,
            Operator::Contains => self.between(&text).map_or(Reading::Unread, Reading::Between),
            Operator::Starts | Operator::Is => Reading::Unread,
        }
    }

    fn between(&self, text: &str) -> Option<Range<i64>> {
        let latest = |text: &str| self.moment(text, Anchor::Latest { now: self.now });
        if let Some(first) = text.strip_prefix(">=") {
            Some(latest(first)?.start..i64::MAX)
        } else if let Some(last) = text.strip_prefix("<=") {
            Some(i64::MIN..latest(last)?.end)
        } else if let Some(before) = text.strip_prefix('>') {
            Some(latest(before)?.after()..i64::MAX)
        } else if let Some(after) = text.strip_prefix('<') {
            Some(i64::MIN..latest(after)?.start)
        } else if let Some((first, last)) = text.split_once("..") {
            self.stretch(first.trim(), last.trim())
        } else if let Some(ago) = text.strip_prefix("last ") {
            Some(self.now.saturating_sub(duration(ago.trim())?)..i64::MAX)
        } else if let Some(ago) = text.strip_prefix("before ") {
            Some(i64::MIN..self.now.saturating_sub(duration(ago.trim())?))
        } else {
            None
        }
    }

    /// Either side may still be missing.
    fn stretch(&self, first: &str, last: &str) -> Option<Range<i64>> {
        let latest = Anchor::Latest { now: self.now };
        if first.is_empty() {
            return Some(i64::MIN..self.moment(last, latest)?.after());
        }
        let start = self.moment(first, latest)?.start;
        let end = if last.is_empty() { i64::MAX } else { self.moment(last, Anchor::After(start))?.after() };
        Some(start..end.max(start))
    }

    fn moment(&self, text: &str, anchor: Anchor) -> Option<Moment> {
        match self.day(text.trim()) {
            Some(day) => Some(Moment::day(day, self.wall)),
            None => Moment::new(&Fields::read(text)?, self.wall, anchor),
        }
    }

    fn day(&self, word: &str) -> Option<Date> {
        let today = self.wall.local(self.now).date();
        match word {
            "today" => Some(today),
            "yesterday" => Some(today.saturating_sub(1.day())),
            _ => None,
        }
    }
}
