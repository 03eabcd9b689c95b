//! Times and names as people read them. The server formats every time, so that the browser needs no zones.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// `03/09/2022 09:20:54 AM` for UTC milliseconds.
pub fn date_time(ms: i64, zone: &TimeZone) -> String {
    civil(ms, zone).strftime("%m/%d/%Y %I:%M:%S %p").to_string()
}

/// `09:20:54 AM` for UTC milliseconds.
pub fn time_of_day(ms: i64, zone: &TimeZone) -> String {
    civil(ms, zone).strftime("%I:%M:%S %p").to_string()
}

/// `09:20 AM` for UTC milliseconds.
pub fn minute(ms: i64, zone: &TimeZone) -> String {
    civil(ms, zone).strftime("%I:%M %p").to_string()
}

/// `active 12 s ago`, from the last stored activity to now, both in UTC milliseconds.
pub fn activity(last_seen_at: i64, now: i64) -> String {
    let seconds = now.saturating_sub(last_seen_at).max(0) / 1000;
    let (number, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("active {number} {unit} ago")
}

/// `Miller, Nathan`, or the one name there is.
pub fn full_name(last_name: &str, first_name: &str) -> String {
    match (last_name, first_name) {
        ("", name) | (name, "") => name.into(),
        (last_name, first_name) => format!("{last_name}, {first_name}"),
    }
}

/// A time that no calendar knows (a damaged database) shows as the calendar's edge rather than not at all.
fn civil(ms: i64, zone: &TimeZone) -> DateTime {
    let edge = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    zone.to_datetime(Timestamp::from_millisecond(ms).unwrap_or(edge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_the_source_writes_them() {
        let zone = TimeZone::get("America/Chicago").expect("a zone");
        assert_eq!(date_time(1_646_839_254_000, &zone), "03/09/2022 09:20:54 AM");
        assert_eq!(time_of_day(1_646_839_254_000, &zone), "09:20:54 AM");
        assert_eq!(minute(1_646_839_254_000, &zone), "09:20 AM");
        assert_eq!(date_time(1_646_805_600_000, &TimeZone::UTC), "03/09/2022 06:00:00 AM");
        assert_eq!(time_of_day(0, &TimeZone::UTC), "12:00:00 AM");
        assert_eq!(time_of_day(43_200_000, &TimeZone::UTC), "12:00:00 PM");
    }

    #[test]
    fn impossible_times_do_not_panic() {
        for zone in [TimeZone::UTC, TimeZone::get("Pacific/Kiritimati").expect("a zone"), TimeZone::get("America/Adak").expect("a zone")] {
            for ms in [i64::MIN, i64::MAX] {
                assert!(!date_time(ms, &zone).is_empty());
            }
        }
    }

    #[test]
    fn activity_counts_in_the_largest_unit() {
        for (ms, shown) in [
            (-5, "active 0 s ago"),
            (12_900, "active 12 s ago"),
            (60_000, "active 1 min ago"),
            (7_200_000, "active 2 h ago"),
            (200_000_000, "active 2 d ago"),
        ] {
            assert_eq!(activity(0, ms), shown);
        }
    }
}
