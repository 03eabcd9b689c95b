//! What the clock on the wall shows at an instant, fast enough for a million sessions.

use super::{super::fold::search_fold, text::EDGE};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// Seconds of a day as clocks show it (also of a day with a clock change).
pub const DAY_SECONDS: u32 = 86_400;

/// A time zone, its offsets laid out in a table. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Wall(Arc<Table>);

#[derive(Debug)]
struct Table {
    zone: TimeZone,
    /// From which instant (UTC seconds) which offset (seconds) holds; ascending, from [`FIRST`] to [`LAST`].
    offsets: Vec<(i64, i64)>,
}

/// Instants (UTC seconds) that the table covers, 1970 to 2100; others are asked of the zone itself.
const FIRST: i64 = 0;
const LAST: i64 = 4_102_444_800;

/// A local date and time of day. A clock change makes two instants look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Seconds since midnight as the clock shows it, below [`DAY_SECONDS`].
    pub second: u32,
}

impl Wall {
    pub fn new(zone: &TimeZone) -> Self {
        let first = timestamp(FIRST);
        let start = (FIRST, i64::from(zone.to_offset(first).seconds()));
        let changes = zone.following(first).map(|change| (change.timestamp().as_second(), i64::from(change.offset().seconds())));
        let offsets = std::iter::once(start).chain(changes.take_while(|change| change.0 < LAST)).collect();
        Self(Arc::new(Table { zone: zone.clone(), offsets }))
    }

    pub fn zone(&self) -> &TimeZone {
        &self.0.zone
    }

    /// The instants around `at` (UTC milliseconds) between which clocks are not changed, and how many milliseconds
    /// later than UTC they show; `None` beyond the table.
    pub(super) fn stretch(&self, at: i64) -> Option<(Range<i64>, i64)> {
        let second = at.div_euclid(1_000);
        if !(FIRST..LAST).contains(&second) {
            return None;
        }
        let behind = self.0.offsets.partition_point(|&(from, _)| from <= second);
        let until = self.0.offsets.get(behind).map_or(LAST, |&(until, _)| until);
        let (from, offset) = self.0.offsets[behind - 1];
        Some((from * 1_000..until * 1_000, offset * 1_000))
    }

    /// What the clock shows at `at`, UTC milliseconds.
    pub fn local(&self, at: i64) -> Local {
        let second = at.div_euclid(1_000);
        let offset = if (FIRST..LAST).contains(&second) {
            let behind = self.0.offsets.partition_point(|&(from, _)| from <= second);
            self.0.offsets[behind - 1].1
        } else {
            i64::from(self.0.zone.to_offset(timestamp(second)).seconds())
        };
        // Beyond jiff's calendar everything is its edge.
        let local = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second()) + offset;
        let day = i64::from(DAY_SECONDS);
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below 86,400")]
        let of_day = local.rem_euclid(day) as u32;
        Local { day: local.div_euclid(day), second: of_day }
    }
}

fn timestamp(second: i64) -> Timestamp {
    let edge = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(edge)
}

impl Local {
    pub fn date(self) -> civil::Date {
        let edge = if self.day < 0 { civil::Date::MIN } else { civil::Date::MAX };
        civil::Date::constant(1970, 1, 1).checked_add(SignedDuration::from_hours(24 * self.day)).unwrap_or(edge)
    }

    /// `03/09/2022 09:20:54 AM`
    pub fn shown(self) -> String {
        shown(self.date(), self.second)
    }
}

/// Hour (0 to 23), minute and second of a second of the day.
pub(super) fn clock(second: u32) -> (u32, u32, u32) {
    (second / 3_600, second / 60 % 60, second % 60)
}

/// The hour as clocks with AM and PM show it.
pub(super) fn twelve(hour: u32) -> u32 {
    if hour.is_multiple_of(12) { 12 } else { hour % 12 }
}

/// `03/09/2022 09:20:54 AM`: 22 characters, made without the formatter because a filter may need 86,400 of them.
pub(super) fn shown(date: civil::Date, second: u32) -> String {
    let (hour, minute, second) = clock(second);
    let mut text = String::with_capacity(22);
    let digits = |text: &mut String, mut divisor: u32, number: u32| {
        while divisor > 0 {
            text.push(char::from_digit(number / divisor % 10, 10).unwrap_or('0'));
            divisor /= 10;
        }
    };
    for (divisor, number, behind) in [
        (10, u32::from(date.month().unsigned_abs()), '/'),
        (10, u32::from(date.day().unsigned_abs()), '/'),
        (1_000, u32::from(date.year().unsigned_abs()), ' '),
        (10, twelve(hour), ':'),
        (10, minute, ':'),
        (10, second, ' '),
    ] {
        digits(&mut text, divisor, number);
        text.push(behind);
    }
    text.push_str(if hour < 12 { "AM" } else { "PM" });
    text
}

/// Letters of a time as shown.
pub(super) const SHOWN: usize = 22;

/// All seconds of a day as shown, folded and ready to be searched: each behind an [`EDGE`], and one at the end.
pub(super) fn seconds_shown(date: civil::Date) -> Vec<u8> {
    /// Their times of day.
    static TIMES: OnceLock<Vec<u8>> = OnceLock::new();
    let width = SHOWN + 1;
    let times = TIMES.get_or_init(|| {
        let mut all = vec![EDGE; DAY_SECONDS as usize * width + 1];
        for second in 0..DAY_SECONDS {
            show_time(&mut all[..=(second as usize + 1) * width], second);
        }
        all
    });
    let mut all = times.clone();
    let shown = search_fold(&shown(date, 0));
    let date = &shown.as_bytes()[..SHOWN - TIME];
    for text in all.chunks_exact_mut(width) {
        text[1..=date.len()].copy_from_slice(date);
    }
    all
}

/// Letters of the time of day.
const TIME: usize = 11;

/// Puts another time into a folded text as shown that stands between edges: its last eleven letters before the edge.
pub(super) fn show_time(framed: &mut [u8], second: u32) {
    let (hour, minute, second) = clock(second);
    let twelve = twelve(hour);
    let digit = |number: u32| b'0' + u8::try_from(number % 10).unwrap_or(0);
    let half = if hour < 12 { b'a' } else { b'p' };
    let time: [u8; TIME] = [
        digit(twelve / 10),
        digit(twelve),
        b':',
        digit(minute / 10),
        digit(minute),
        b':',
        digit(second / 10),
        digit(second),
        b' ',
        half,
        b'm',
    ];
    if let Some(start) = framed.len().checked_sub(time.len() + 1) {
        framed[start..start + time.len()].copy_from_slice(&time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_put_into_a_text_is_the_time_shown() {
        use super::super::text::framed;
        let date = civil::date(2022, 3, 9);
        let mut face = framed(&search_fold(&shown(date, 0)));
        for second in (0..DAY_SECONDS).rev() {
            show_time(&mut face, second);
            assert_eq!(face, framed(&search_fold(&shown(date, second))), "{second}");
        }
        let all = seconds_shown(date);
        for (second, text) in (0..DAY_SECONDS).zip(all.chunks(SHOWN + 1)) {
            assert_eq!(text[1..], *search_fold(&shown(date, second)).as_bytes(), "{second}");
            assert_eq!(text[0], EDGE);
        }
        assert_eq!((all.len() % (SHOWN + 1), all.last()), (1, Some(&EDGE)));
    }

    #[test]
    fn the_table_shows_what_the_calendar_library_shows() {
        for name in ["America/Chicago", "UTC", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca"] {
            let zone = TimeZone::get(name).expect("a zone");
            let wall = Wall::new(&zone);
            // A prime step visits every hour of the day; both ends lie outside the table.
            for at in (-2_000_000_000_000..4_400_000_000_000).step_by(7_919_000_017) {
                let expected = zone.to_datetime(Timestamp::from_millisecond(at).expect("in range"));
                assert_eq!(wall.local(at).shown(), expected.strftime("%m/%d/%Y %I:%M:%S %p").to_string(), "{name} {at}");
            }
        }
    }

    #[test]
    fn a_clock_change_shows_one_hour_twice_and_skips_another() {
        let wall = Wall::new(&TimeZone::get("America/Chicago").expect("a zone"));
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant").as_millisecond();
        assert_eq!(wall.local(at("2026-11-01T06:30:00Z")).shown(), "11/01/2026 01:30:00 AM");
        assert_eq!(wall.local(at("2026-11-01T07:30:00Z")).shown(), "11/01/2026 01:30:00 AM");
        assert_eq!(wall.local(at("2026-03-08T07:59:59Z")).shown(), "03/08/2026 01:59:59 AM");
        assert_eq!(wall.local(at("2026-03-08T08:00:00Z")).shown(), "03/08/2026 03:00:00 AM");
    }

    #[test]
    fn no_time_is_too_far() {
        let wall = Wall::new(&TimeZone::get("Pacific/Kiritimati").expect("a zone"));
        for at in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(wall.local(at).shown().len(), 22, "{at}");
        }
    }
}
