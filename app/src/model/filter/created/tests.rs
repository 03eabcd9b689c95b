use super::{super::super::query::TIMESTAMPS, *};
use jiff::{Timestamp, tz::TimeZone};

/// Tuesday 24 November 2026, 10:30:00 AM in Chicago.
const NOW: &str = "2026-11-24T16:30:00Z";

fn chicago() -> Wall {
    Wall::new(&TimeZone::get("America/Chicago").expect("a zone"))
}

fn at(instant: &str) -> i64 {
    instant.parse::<Timestamp>().expect("an instant").as_millisecond()
}

/// What shows so in Chicago, when no clock change is near.
fn shown(text: &str) -> i64 {
    let civil = jiff::civil::DateTime::strptime("%m/%d/%Y %I:%M:%S %p", text).expect("a time as shown");
    chicago().zone().to_timestamp(civil).expect("a time that exists").as_millisecond()
}

fn filter_at(typed: &str, now: &str) -> CreatedFilter {
    CreatedFilter::new(typed, &chicago(), at(now)).expect("something typed")
}

#[track_caller]
fn check(typed: &str, yes: &[&str], no: &[&str], understood: &str) {
    let filter = filter_at(typed, NOW);
    for (times, expected) in [(yes, true), (no, false)] {
        for time in times {
            assert_eq!(filter.matches(shown(time)), expected, "{typed:?} and {time}");
            assert_eq!(filter.matcher().matches(shown(time)), expected, "the matcher: {typed:?} and {time}");
            assert!(!expected || filter.earliest() <= shown(time), "the earliest: {typed:?} and {time}");
        }
    }
    assert_eq!(filter.understood(), understood, "{typed:?}");
}

#[test]
fn a_beginning_of_a_date_is_a_range() {
    check("03/", &["03/01/2022 12:00:00 AM", "03/31/2026 11:59:59 PM"], &["04/01/2022 12:00:00 AM"], "March of any year");
    check("3/", &["03/09/2022 09:20:54 AM"], &["02/09/2022 09:20:54 AM"], "March of any year");
    check("03/0", &["03/01/2022 09:00:00 AM", "03/09/2022 09:00:00 AM"], &["03/10/2022 09:00:00 AM"], "March 1 to 9 of any year");
    check("03/1", &["03/01/2022 09:00:00 AM", "03/19/2022 09:00:00 AM"], &["03/20/2022 09:00:00 AM"], "March 1 and 10 to 19 of any year");
    check("03/09", &["03/09/2022 09:20:54 AM", "03/09/2026 11:00:00 PM"], &["03/19/2022 09:00:00 AM"], "March 9 of any year");
    check("03/09/", &["03/09/2022 09:20:54 AM"], &["03/08/2022 11:59:59 PM"], "March 9 of any year");
    check("03/09/20", &["03/09/2022 09:20:54 AM"], &["03/09/1999 09:20:54 AM"], "March 9 of 2000 to 2099");
    check("03/09/202", &["03/09/2022 09:20:54 AM"], &["03/09/2019 09:20:54 AM"], "March 9 of 2020 to 2029");
    check("3/9/22", &["03/09/2022 09:20:54 AM"], &["03/09/2023 09:20:54 AM"], "03/09/2022");
    check("03/09/2022", &["03/09/2022 12:00:00 AM", "03/09/2022 11:59:59 PM"], &["03/10/2022 12:00:00 AM"], "03/09/2022");
    check("02/29", &["02/29/2024 01:00:00 AM"], &["02/28/2024 01:00:00 AM"], "February 29 of any year");
}

#[test]
fn a_beginning_of_a_time_is_a_range_too() {
    let both = &["03/09/2022 09:20:00 AM", "11/24/2026 09:20:59 PM"];
    check("9:20", both, &["03/09/2022 09:21:00 AM", "03/09/2022 08:20:00 AM"], "any day, 9:20:00 to 9:20:59, AM or PM");
    check("09:2", &["03/09/2022 09:29:59 PM"], &["03/09/2022 09:30:00 AM"], "any day, 9:20:00 to 9:29:59, AM or PM");
    check("9:20 a", &["03/09/2022 09:20:54 AM"], &["03/09/2022 09:20:54 PM"], "any day, 9:20:00 AM to 9:20:59 AM");
    check("9:20pm", &["03/09/2022 09:20:54 PM"], &["03/09/2022 09:20:54 AM"], "any day, 9:20:00 PM to 9:20:59 PM");
    check("9 am", &["03/09/2022 09:59:59 AM"], &["03/09/2022 10:00:00 AM"], "any day, 9:00:00 AM to 9:59:59 AM");
    check("9:20:54", &["03/09/2022 09:20:54 PM"], &["03/09/2022 09:20:55 PM"], "any day, 9:20:54, AM or PM");
    check("9:20:5", &["03/09/2022 09:20:54 PM"], &["03/09/2022 09:20:49 PM"], "any day, 9:20:50 to 9:20:59, AM or PM");
    check("13:05", &["03/09/2022 01:05:00 PM"], &["03/09/2022 01:05:00 AM"], "any day, 1:05:00 PM to 1:05:59 PM");
    check("00:15", &["03/09/2022 12:15:00 AM"], &["03/09/2022 12:15:00 PM"], "any day, 12:15:00 AM to 12:15:59 AM");
    check(
        "12:15",
        &["03/09/2022 12:15:00 AM", "03/09/2022 12:15:00 PM"],
        &["03/09/2022 01:15:00 AM"],
        "any day, 12:15:00 to 12:15:59, AM or PM",
    );
    check("12:15 pm", &["03/09/2022 12:15:00 PM"], &["03/09/2022 12:15:00 AM"], "any day, 12:15:00 PM to 12:15:59 PM");
}

#[test]
fn a_date_and_a_time_go_together() {
    check(
        "03/09/2022 09",
        &["03/09/2022 09:00:00 AM", "03/09/2022 09:59:59 PM"],
        &["03/09/2022 10:00:00 AM", "03/10/2022 09:00:00 AM"],
        "03/09/2022, 9:00:00 to 9:59:59, AM or PM",
    );
    check("03/09/2022 9 am", &["03/09/2022 09:59:59 AM"], &["03/09/2022 09:00:00 PM"], "03/09/2022, 9:00:00 AM to 9:59:59 AM");
    check(
        "03/09/2022 1",
        &["03/09/2022 01:00:00 AM", "03/09/2022 10:07:23 PM"],
        &["03/09/2022 02:00:00 PM"],
        "03/09/2022, hours 1 and 10 to 12, AM or PM",
    );
    check("03/09/2022 09:20:54 AM", &["03/09/2022 09:20:54 AM"], &["03/09/2022 09:20:55 AM"], "03/09/2022, 9:20:54 AM");
    check("03/09 9:20", &["03/09/2026 09:20:54 AM"], &["03/08/2026 09:20:54 AM"], "March 9 of any year, 9:20:00 to 9:20:59, AM or PM");
}

#[test]
fn a_single_number_is_a_month_or_an_hour() {
    let understood = "March of any year or any day, 3:00:00 to 3:59:59, AM or PM";
    check("03", &["03/09/2022 09:20:54 AM", "11/24/2026 03:00:00 PM"], &["11/24/2026 09:03:03 AM"], understood);
    check("13", &["11/24/2026 01:59:59 PM"], &["11/13/2026 09:13:13 AM"], "any day, 1:00:00 PM to 1:59:59 PM");
    check(
        "1",
        &["01/09/2022 09:20:54 AM", "11/24/2026 09:00:00 AM", "03/09/2022 01:00:00 PM", "03/09/2022 12:00:00 AM"],
        &["03/09/2022 09:20:54 AM"],
        "months 1 and 10 to 12 of any year or any day, hours 1 and 10 to 12, AM or PM",
    );
}

#[test]
fn comparisons_take_the_most_recent_instant() {
    check(">9:30", &["11/24/2026 09:30:00 AM", "11/24/2026 10:00:00 AM"], &["11/24/2026 09:29:59 AM"], "since 11/24/2026 09:30:00 AM");
    check(">11:30", &["11/23/2026 11:30:00 AM", "11/24/2026 09:00:00 AM"], &["11/23/2026 11:29:59 AM"], "since 11/23/2026 11:30:00 AM");
    check("> 9", &["11/24/2026 09:00:00 AM"], &["11/23/2026 09:00:00 PM"], "since 11/24/2026 09:00:00 AM");
    check(">9 pm", &["11/23/2026 09:00:00 PM"], &["11/23/2026 08:59:59 PM"], "since 11/23/2026 09:00:00 PM");
    check("<6am", &["11/24/2026 05:59:59 AM", "03/09/2022 09:20:54 AM"], &["11/24/2026 06:00:00 AM"], "before 11/24/2026 06:00:00 AM");
    check("<=9:30", &["11/24/2026 09:30:59 AM"], &["11/24/2026 09:31:00 AM"], "before 11/24/2026 09:31:00 AM");
    check(">=9:30", &["11/24/2026 09:30:00 AM"], &["11/24/2026 09:29:59 AM"], "since 11/24/2026 09:30:00 AM");
    check(">03/09/2022", &["03/10/2022 12:00:00 AM"], &["03/09/2022 11:59:59 PM"], "since 03/10/2022 12:00:00 AM");
    check(">=03/09/2022", &["03/09/2022 12:00:00 AM"], &["03/08/2022 11:59:59 PM"], "since 03/09/2022 12:00:00 AM");
    check("<03/09/2022", &["03/08/2022 11:59:59 PM"], &["03/09/2022 12:00:00 AM"], "before 03/09/2022 12:00:00 AM");
    check(">03/09", &["03/10/2026 12:00:00 AM"], &["03/09/2026 11:59:59 PM"], "since 03/10/2026 12:00:00 AM");
    check(">=12/24", &["12/24/2025 12:00:00 AM"], &["12/23/2025 11:59:59 PM"], "since 12/24/2025 12:00:00 AM");
    check("<3/", &["02/28/2026 11:59:59 PM"], &["03/01/2026 12:00:00 AM"], "before 03/01/2026 12:00:00 AM");
    check(">03/09/2022 9:30", &["03/09/2022 09:30:00 AM"], &["03/09/2022 09:29:59 AM"], "since 03/09/2022 09:30:00 AM");
    check(">03/09/20", &["03/10/2026 12:00:00 AM"], &["03/09/2026 11:59:59 PM"], "since 03/10/2026 12:00:00 AM");
}

#[test]
fn between_two_instants_the_second_follows_the_first() {
    let understood = "11/24/2026 02:00:00 AM to 11/24/2026 04:00:00 AM";
    check(
        "2am..4am",
        &["11/24/2026 02:00:00 AM", "11/24/2026 03:59:59 AM"],
        &["11/24/2026 04:00:00 AM", "11/23/2026 02:30:00 AM"],
        understood,
    );
    check(
        "22..6",
        &["11/23/2026 10:00:00 PM", "11/24/2026 05:59:59 AM"],
        &["11/24/2026 06:00:00 AM"],
        "11/23/2026 10:00:00 PM to 11/24/2026 06:00:00 AM",
    );
    check("9:30 .. 9:45", &["11/24/2026 09:44:59 AM"], &["11/24/2026 09:45:00 AM"], "11/24/2026 09:30:00 AM to 11/24/2026 09:45:00 AM");
    check(
        "03/01/2022..03/09/2022",
        &["03/01/2022 12:00:00 AM", "03/09/2022 11:59:59 PM"],
        &["03/10/2022 12:00:00 AM"],
        "03/01/2022 12:00:00 AM to 03/10/2022 12:00:00 AM",
    );
    check(
        "12/24..01/06",
        &["12/24/2025 12:00:00 AM", "01/06/2026 11:59:59 PM"],
        &["01/07/2026 12:00:00 AM"],
        "12/24/2025 12:00:00 AM to 01/07/2026 12:00:00 AM",
    );
    check("03/09..03/09", &["03/09/2026 11:59:59 PM"], &["03/09/2025 11:00:00 AM"], "03/09/2026 12:00:00 AM to 03/10/2026 12:00:00 AM");
    check("03/09/2022 9..11", &["03/09/2022 10:59:59 AM"], &["03/09/2022 11:00:00 AM"], "03/09/2022 09:00:00 AM to 03/09/2022 11:00:00 AM");
    check("yesterday..9", &["11/23/2026 12:00:00 AM"], &["11/23/2026 09:00:00 AM"], "11/23/2026 12:00:00 AM to 11/23/2026 09:00:00 AM");
    check("9..", &["11/24/2026 09:00:00 AM"], &["11/24/2026 08:59:59 AM"], "since 11/24/2026 09:00:00 AM");
    check("..9", &["11/24/2026 08:59:59 AM"], &["11/24/2026 09:00:00 AM"], "before 11/24/2026 09:00:00 AM");
    let three = filter_at("2am..4am", "2026-11-24T09:00:00Z");
    assert_eq!(three.understood(), understood, "at 3 am: since 2 am");
    assert!(three.matches(shown("11/24/2026 02:59:59 AM")));
    let one = filter_at("2am..4am", "2026-11-24T07:00:00Z");
    assert_eq!(one.understood(), "11/23/2026 02:00:00 AM to 11/23/2026 04:00:00 AM");
}

#[test]
fn words_are_understood() {
    check("today", &["11/24/2026 12:00:00 AM"], &["11/23/2026 11:59:59 PM"], "11/24/2026");
    check("Yesterday", &["11/23/2026 11:59:59 PM"], &["11/24/2026 12:00:00 AM"], "11/23/2026");
    check(">yesterday", &["11/24/2026 12:00:00 AM"], &["11/23/2026 11:59:59 PM"], "since 11/24/2026 12:00:00 AM");
    check("last 2h", &["11/24/2026 08:30:00 AM"], &["11/24/2026 08:29:59 AM"], "since 11/24/2026 08:30:00 AM");
    check("last 90 minutes", &["11/24/2026 09:00:00 AM"], &["11/24/2026 08:59:59 AM"], "since 11/24/2026 09:00:00 AM");
    check("before 2h", &["11/24/2026 08:29:59 AM"], &["11/24/2026 08:30:00 AM"], "before 11/24/2026 08:30:00 AM");
    check("before 1d", &["11/23/2026 10:29:59 AM"], &["11/23/2026 10:30:00 AM"], "before 11/23/2026 10:30:00 AM");
}

#[test]
fn alternatives_and_negation_are_read_as_everywhere() {
    check("!today", &["11/23/2026 09:00:00 AM"], &["11/24/2026 09:00:00 AM"], "not: 11/24/2026");
    check(
        "03/09|last 1h",
        &["03/09/2022 09:20:54 AM", "11/24/2026 10:00:00 AM"],
        &["11/24/2026 09:00:00 AM"],
        "March 9 of any year or since 11/24/2026 09:30:00 AM",
    );
    check(
        "<6am|>=9",
        &["11/24/2026 05:00:00 AM", "11/24/2026 09:00:00 AM"],
        &["11/24/2026 07:00:00 AM"],
        "before 11/24/2026 06:00:00 AM or since 11/24/2026 09:00:00 AM",
    );
    check("=9:20", &["03/09/2022 09:20:54 AM"], &["03/09/2022 09:21:54 AM"], "any day, 9:20:00 to 9:20:59, AM or PM");
}

#[test]
fn what_cannot_be_read_is_text() {
    check("2022", &["03/09/2022 09:20:54 AM"], &["03/09/2026 09:20:54 AM"], "contains \"2022\"");
    check(":54", &["03/09/2022 09:20:54 AM", "03/09/2022 09:54:00 AM"], &["03/09/2022 09:20:53 AM"], "contains \":54\"");
    check("/2022 09", &["03/09/2022 09:20:54 PM"], &["03/09/2022 10:09:54 PM"], "contains \"/2022 09\"");
    check("pm", &["03/09/2022 09:20:54 PM"], &["03/09/2022 09:20:54 AM"], "contains \"pm\"");
    check(r"\03", &["11/24/2026 09:03:00 AM", "03/09/2022 09:20:54 AM"], &["11/24/2026 09:20:54 AM"], "contains \"03\"");
    for nothing_shows_so in
        ["13/", "02/30", "04/31", "25:00", "9:60", "13:05 am", "0:15 pm", "nate", ">nate", "2am..x", "last 2", "99999999999/1"]
    {
        let filter = filter_at(nothing_shows_so, NOW);
        assert!(!filter.matches(shown("03/09/2022 09:20:54 AM")), "{nothing_shows_so}");
        assert_eq!(filter.understood(), format!("contains \"{nothing_shows_so}\""));
    }
    for nothing in ["", " ", "!", ">", "<=", "..", "|"] {
        assert!(CreatedFilter::new(nothing, &chicago(), 0).is_none(), "{nothing:?}");
    }
}

#[test]
fn typing_on_towards_what_is_shown_never_loses_it() {
    for time in ["03/09/2022 09:20:54 AM", "11/24/2026 12:00:00 PM", "10/31/2026 01:10:10 PM"] {
        for end in 1..=time.len() {
            assert!(filter_at(&time[..end], NOW).matches(shown(time)), "{:?}", &time[..end]);
            assert!(end < 12 || filter_at(&time[11..end], NOW).matches(shown(time)), "{:?}", &time[11..end]);
        }
    }
}

#[test]
fn the_night_that_repeats_an_hour_has_both_of_it() {
    let (first, second) = (at("2026-11-01T06:30:00Z"), at("2026-11-01T07:30:00Z"));
    for typed in ["1:30 am", "11/01/2026 01:30", "01:30:00"] {
        let filter = filter_at(typed, NOW);
        assert!(filter.matches(first) && filter.matches(second), "{typed}");
    }
    // At the second 1:45 the most recent 1:30 is the second one, at the first 1:45 the first.
    let late = filter_at(">1:30", "2026-11-01T07:45:00Z");
    assert!(late.matches(second) && !late.matches(second - 1));
    let early = filter_at(">1:30", "2026-11-01T06:45:00Z");
    assert!(early.matches(first) && !early.matches(first - 1));
    // A date says it exactly: from the first on.
    let dated = filter_at(">11/01/2026 1:30", NOW);
    assert!(dated.matches(first) && !dated.matches(first - 1));
    // That day has 25 hours.
    let day = filter_at("11/01/2026..11/01/2026", NOW);
    assert!(day.matches(at("2026-11-01T05:00:00Z")) && day.matches(at("2026-11-02T05:59:59Z")) && !day.matches(at("2026-11-02T06:00:00Z")));
}

#[test]
fn the_night_that_skips_an_hour_goes_on_after_it() {
    let change = at("2026-03-08T08:00:00Z");
    let now = "2026-03-08T15:00:00Z";
    assert!(!filter_at("2:30 am", now).matches(change), "no clock showed 2:30");
    let since = filter_at(">2:30", now);
    assert!(since.matches(change + 1_800_000) && !since.matches(change + 1_799_999), "half an hour after the change");
    let night = filter_at("1:30am..3:30am", now);
    assert!(night.matches(change - 1) && night.matches(change) && !night.matches(change + 1_800_000));
    let zone = TimeZone::get("America/Havana").expect("a zone");
    let havana = CreatedFilter::new(">=03/08/2026", &Wall::new(&zone), at(now)).expect("typed");
    assert_eq!(havana.understood(), "since 03/08/2026 01:00:00 AM", "a day without midnight");
}

#[test]
fn what_matched_is_marked() {
    let time = shown("03/09/2022 09:20:54 AM");
    for (typed, ranges) in [
        ("03/", &[(0, 2)][..]),
        ("03/09", &[(0, 5)]),
        ("03/09/2022", &[(0, 10)]),
        ("9:20", &[(11, 16)]),
        ("9:20 am", &[(11, 16), (20, 22)]),
        ("03/09/2022 9", &[(0, 10), (11, 13)]),
        ("9:20:54", &[(11, 19)]),
        (":5", &[(16, 18)]),
        ("2022", &[(6, 10)]),
        ("0|03/09|:20", &[(0, 5), (11, 16)]),
        (">03/01/2022", &[]),
        ("!9:20", &[]),
    ] {
        assert_eq!(filter_at(typed, NOW).ranges(time), ranges, "{typed}");
    }
}

#[test]
fn as_many_times_as_may_be_typed_are_answered_soon_for_every_second_of_a_morning() {
    let typed: Vec<_> = (0..TIMESTAMPS).map(|number| format!("03/09/19{number:02} 9:20:{:02}", number % 60)).collect();
    let filter = filter_at(&typed.join("|"), NOW);
    let (mut matcher, begun) = (filter.matcher(), std::time::Instant::now());
    let found = (0..50_000).filter(|second| matcher.matches(at(NOW) - second * 1_000)).count();
    assert_eq!(found, 0);
    // Of a build without optimization.
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn hostile_text_is_no_error() {
    for typed in [
        "9".repeat(10_240),
        "1:".repeat(5_000),
        "..".repeat(5_000),
        "9:20|".repeat(2_000),
        "\0%_\\'\"".into(),
        "👩🏽‍🎓..\u{202e}".into(),
        "٠٣/٠٩".into(),
    ] {
        if let Some(filter) = CreatedFilter::new(&typed, &chicago(), at(NOW)) {
            for time in [i64::MIN, -1, 0, at(NOW), i64::MAX] {
                let _ = (filter.matches(time), filter.ranges(time));
            }
        }
    }
    for now in [i64::MIN, i64::MAX] {
        for typed in ["today", "yesterday", "last 9999999w", "9:20", ">9:20", "02/29..03/", ">12/31/9999", "<01/01/0000"] {
            let filter = CreatedFilter::new(typed, &chicago(), now).expect("typed");
            let _ = (filter.matches(now), filter.matcher().matches(now));
        }
    }
}
