//! The beginning of a date or time as shown, and everything it may still become.

use super::{
    super::wall::{clock, twelve},
    fields::{Digits, Fields, Half},
};
use jiff::civil::Date;
use std::{fmt::Write as _, ops::RangeInclusive};

/// Clock readings: some dates, some times of day, or both. The zone does not matter, nor whether a clock change shows them twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    date: Option<DatePrefix>,
    time: Option<TimePrefix>,
}

/// Bit *n* of a set stands for the number *n*.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DatePrefix {
    months: u16,
    /// `None`: not typed.
    days: Option<u32>,
    years: Option<RangeInclusive<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TimePrefix {
    /// 0 to 23.
    hours: u32,
    minutes: Option<RangeInclusive<u32>>,
    seconds: Option<RangeInclusive<u32>>,
    half: Option<Half>,
}

impl Prefix {
    /// What the fields may mean: two things for a single number (a month, an hour), nothing for an impossible one (`13/`, `02/30`).
    pub fn all(fields: &Fields) -> Vec<Self> {
        let month = fields.single().and_then(|month| DatePrefix::new(&Fields { month: Some(month), ..Fields::default() }));
        let month = month.map(|date| Self { date: Some(date), time: None });
        let whole = || {
            let date = fields.month.map(|_| DatePrefix::new(fields).ok_or(())).transpose().ok()?;
            let time = fields.hour.map(|hour| TimePrefix::new(hour, fields).ok_or(())).transpose().ok()?;
            Some(Self { date, time })
        };
        month.into_iter().chain(whole()).collect()
    }

    /// One whole day.
    pub fn day(date: Date) -> Self {
        let year = u32::from(date.year().unsigned_abs());
        let (months, days) = (1 << date.month(), Some(1 << date.day()));
        Self { date: Some(DatePrefix { months, days, years: Some(year..=year) }), time: None }
    }

    pub fn matches(&self, date: Date, second: u32) -> bool {
        self.date.as_ref().is_none_or(|prefix| prefix.matches(date)) && self.time.as_ref().is_none_or(|prefix| prefix.matches(second))
    }

    /// Which part of `03/09/2022 09:20:54 AM` is meant.
    pub fn ranges(&self) -> Vec<(u32, u32)> {
        let mut ranges = Vec::new();
        if let Some(date) = &self.date {
            ranges.push((0, if date.years.is_some() { 10 } else { 2 + 3 * u32::from(date.days.is_some()) }));
        }
        if let Some(time) = &self.time {
            ranges.push((11, 13 + 3 * u32::from(time.minutes.is_some()) + 3 * u32::from(time.seconds.is_some())));
            ranges.extend(time.half.map(|_| (20, 22)));
        }
        ranges
    }

    /// `03/09/2022, 9:00:00 AM to 9:59:59 AM`
    pub fn sentence(&self) -> String {
        match (&self.date, &self.time) {
            (Some(date), Some(time)) => format!("{}, {}", date.sentence(), time.sentence()),
            (Some(date), None) => date.sentence(),
            (None, Some(time)) => format!("any day, {}", time.sentence()),
            (None, None) => "any time".into(),
        }
    }
}

impl DatePrefix {
    fn new(fields: &Fields) -> Option<Self> {
        let month = fields.month?;
        #[expect(clippy::cast_possible_truncation, reason = "no bit above 12 is set")]
        let months = number_set(month, 1, 12)? as u16;
        let days = fields.day.map(|day| number_set(day, 1, 31).ok_or(())).transpose().ok()?;
        let years = fields.year.map(|year| years(year).ok_or(())).transpose().ok()?;
        // The day must exist in one of the months of a leap year.
        let exists = |month: u32| days.is_none_or(|days| days & u32::MAX >> (31 - month_days(month)) != 0);
        numbers(months.into()).any(exists).then_some(Self { months, days, years })
    }

    fn matches(&self, date: Date) -> bool {
        self.months >> date.month() & 1 == 1
            && self.days.is_none_or(|days| days >> date.day() & 1 == 1)
            && self.years.as_ref().is_none_or(|years| years.contains(&date.year().unsigned_abs().into()))
    }

    fn sentence(&self) -> String {
        let days = self.days.map_or_else(String::new, |days| format!(" {}", listed(days)));
        let month = self.months.trailing_zeros();
        let is_day = self.days.is_some_and(u32::is_power_of_two) && self.months.is_power_of_two();
        let months = match self.months.count_ones() {
            1 => ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
                [month as usize - 1]
                .to_owned(),
            _ => format!("months {}", listed(self.months.into())),
        };
        match &self.years {
            Some(years) if is_day && years.start() == years.end() => {
                format!("{month:02}/{:02}/{:04}", self.days.map_or(0, u32::trailing_zeros), years.start())
            }
            Some(years) if years.start() == years.end() => format!("{months}{days} of {}", years.start()),
            Some(years) => format!("{months}{days} of {} to {}", years.start(), years.end()),
            None => format!("{months}{days} of any year"),
        }
    }
}

impl TimePrefix {
    fn new(hour: Digits, fields: &Fields) -> Option<Self> {
        let hours = match hour.value {
            value if hour.open && hour.length == 1 => {
                let values = if value == 1 {
                    1 << 1 | 7 << 10
                } else if value == 0 {
                    0x3FF
                } else {
                    1 << value
                };
                numbers(values).fold(0, |hours, value| hours | hour_set(value, None))
            }
            value => hour_set(value, fields.half),
        };
        let sixty = |digits: Option<Digits>| digits.map(|digits| sixty(digits).ok_or(())).transpose().ok();
        let (minutes, seconds) = (sixty(fields.minute)?, sixty(fields.second)?);
        (hours != 0).then_some(Self { hours, minutes, seconds, half: fields.half })
    }

    fn matches(&self, second: u32) -> bool {
        let (hour, minute, second) = clock(second);
        self.hours >> hour & 1 == 1
            && self.minutes.as_ref().is_none_or(|minutes| minutes.contains(&minute))
            && self.seconds.as_ref().is_none_or(|seconds| seconds.contains(&second))
    }

    fn sentence(&self) -> String {
        let hour = self.hours.trailing_zeros();
        let both = self.hours == 1 << hour | 1 << (hour + 12).min(31);
        if self.hours.count_ones() > 1 && !both {
            let morning = self.hours & 0xFFF;
            let shown = morning & !1 | (morning & 1) << 12;
            return format!("hours {}, AM or PM", listed(shown));
        }
        let (minutes, seconds) = (self.minutes.clone().unwrap_or(0..=59), self.seconds.clone().unwrap_or(0..=59));
        let half = if both {
            ""
        } else if hour < 12 {
            " AM"
        } else {
            " PM"
        };
        let twelve = twelve(hour);
        let at = |minute: &u32, second: &u32| format!("{twelve}:{minute:02}:{second:02}{half}");
        let (first, last) = (at(minutes.start(), seconds.start()), at(minutes.end(), seconds.end()));
        let mut sentence = if first == last { first } else { format!("{first} to {last}") };
        if both {
            sentence.push_str(", AM or PM");
        }
        sentence
    }
}

/// The numbers that may become of what is typed, within limits; `None` where there is none. `1` may become 1, 10, 11, 12…
fn number_set(digits: Digits, least: u32, most: u32) -> Option<u32> {
    let starts = |number: &u32| *number == digits.value || digits.open && digits.length == 1 && number / 10 == digits.value;
    let set = (least..=most).filter(starts).fold(0, |set, number| set | 1 << number);
    (set != 0).then_some(set)
}

/// Minutes and seconds are shown with two digits: `2` is 20 to 29.
fn sixty(digits: Digits) -> Option<RangeInclusive<u32>> {
    match digits {
        Digits { value: 0..60, length: 2, .. } => Some(digits.value..=digits.value),
        Digits { value: 0..6, open: true, .. } => Some(10 * digits.value..=10 * digits.value + 9),
        _ => None,
    }
}

/// Two digits are also a year of this century: `22` is 2022.
fn years(digits: Digits) -> Option<RangeInclusive<u32>> {
    let value = digits.value;
    match digits.length {
        4 => Some(value..=value),
        2 if value != 20 => Some(2_000 + value..=2_000 + value),
        _ if !digits.open => None,
        1 => Some(1_000 * value..=1_000 * value + 999),
        2 => Some(100 * value..=100 * value + 99),
        _ => Some(10 * value..=10 * value + 9),
    }
}

/// Hours 0 to 23 that show so; without am or pm both halves of the day, save that 0 and 13 to 23 are on the 24-hour clock.
fn hour_set(value: u32, half: Option<Half>) -> u32 {
    let morning = match value {
        1..=11 => value,
        0 | 12 => 0,
        13..=23 if half != Some(Half::Am) => return 1 << value,
        _ => return 0,
    };
    match half {
        Some(Half::Am) => 1 << morning,
        Some(Half::Pm) if value != 0 => 1 << (morning + 12),
        Some(Half::Pm) => 0,
        None if value == 0 => 1,
        None => 1 << morning | 1 << (morning + 12),
    }
}

fn month_days(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn numbers(set: u32) -> impl Iterator<Item = u32> {
    (0..32).filter(move |number| set >> number & 1 == 1)
}

/// `1 and 10 to 12`
fn listed(set: u32) -> String {
    let mut runs: Vec<RangeInclusive<u32>> = Vec::new();
    for number in numbers(set) {
        match runs.last_mut() {
            Some(run) if run.end() + 1 == number => *run = *run.start()..=number,
            _ => runs.push(number..=number),
        }
    }
    let mut text = String::new();
    for (place, run) in runs.iter().enumerate() {
        let before = match place {
            0 => "",
            _ if place + 1 == runs.len() => " and ",
            _ => ", ",
        };
        let _ = match run.end() - run.start() {
            0 => write!(text, "{before}{}", run.start()),
            _ => write!(text, "{before}{} to {}", run.start(), run.end()),
        };
    }
    text
}
