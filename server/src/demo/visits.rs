//! Who is signed in in a made-up district: from when, from where, with what.

use super::{
    chance::Chance,
    district::{Part, TEACHER, TEST, TRAVELLER},
};
use crate::activity::Limits;

/// A session that somebody might have.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Position of the account in the list given.
    pub person: usize,
    /// UTC milliseconds.
    pub created_at: i64,
    /// UTC milliseconds.
    pub last_seen_at: i64,
    pub ip: String,
    pub user_agent: &'static str,
}

/// Who was active within this many milliseconds is at work.
pub const AT_WORK: i64 = 2 * MINUTE;

/// So many visits of people with these user names, alive at `now`: most have one, some two or three, few more, rooms of machines dozens.
/// There are fewer only where there are too few people.
pub fn visits(user_names: &[&str], number: usize, limits: Limits, now: i64, chance: &mut Chance) -> Vec<Visit> {
    let mut visits = Vec::with_capacity(number);
    let order = drawn(user_names, chance);
    for &person in &order {
        let (name, part) = (user_names[person], Part::of(user_names[person]));
        for session in 0..sessions_of(name, number, chance).min(number - visits.len()) {
            let at_work = NAMED.contains(&name) || chance.below(AT_WORK_ONE_IN) == 0;
            // The second place of whoever is in two at once is far from the district.
            let from = if name == TRAVELLER && session > 0 { Part::Parent } else { part };
            visits.push(visit(person, from, at_work, limits, now, chance));
        }
        if visits.len() == number {
            break;
        }
    }
    // A full house: some have one more.
    let one_more = order.iter().filter(|person| !NAMED.contains(&user_names[**person]));
    for &person in one_more.take(number - visits.len()) {
        visits.push(visit(person, Part::of(user_names[person]), false, limits, now, chance));
    }
    visits
}

/// Signed in whenever anybody is.
const NAMED: [&str; 3] = [TEACHER, TEST, TRAVELLER];

/// Of those signed in one in three is at work; the others have closed the tab at some time within the idle limit.
const AT_WORK_ONE_IN: u32 = 3;

fn visit(person: usize, part: Part, at_work: bool, limits: Limits, now: i64, chance: &mut Chance) -> Visit {
    let (ip, user_agent) = whence(part, chance);
    let longest_quiet = if at_work { AT_WORK.min(limits.idle / 2) } else { limits.idle };
    let quiet = part_of(longest_quiet, 0.97 * chance.unit());
    let longest = part_of(limits.lifetime, 0.5).max(quiet);
    let age = quiet.saturating_add(part_of(MINUTE, chance.waiting(40.0))).min(longest);
    Visit { person, created_at: now - age, last_seen_at: now - quiet, ip, user_agent }
}

/// Address and browser of somebody who signs in.
pub fn whence(part: Part, chance: &mut Chance) -> (String, &'static str) {
    let away = match part {
        Part::Parent => 100,
        Part::Staff => 15,
        Part::Pupil => 10,
        Part::Lab | Part::Kiosk => 0,
    };
    if chance.below(100) < away {
        // Addresses for documentation (RFC 5737): nobody's.
        let network = chance.pick(&["192.0.2", "198.51.100", "203.0.113"]);
        return (format!("{network}.{}", 1 + chance.below(254)), chance.pick(&PHONES_AND_HOMES));
    }
    if part == Part::Lab {
        return (format!("10.7.3.{}", 10 + chance.below(30)), PUPIL_MACHINES[3]);
    }
    // Each school has its network.
    let (school, floor, machine) = (1 + chance.below(23), 1 + chance.below(8), 10 + chance.below(240));
    let browsers = if part == Part::Staff { &STAFF_MACHINES[..] } else { &PUPIL_MACHINES[..] };
    (format!("10.{school}.{floor}.{machine}"), chance.pick(browsers))
}

const MINUTE: i64 = 60_000;

/// Everybody once, in an order in which those who sign in more often tend to come first.
///
/// Weighted sampling without replacement: each waits for his own turn, the likely ones shorter (Efraimidis, Spirakis 2006).
fn drawn(user_names: &[&str], chance: &mut Chance) -> Vec<usize> {
    let mut turns: Vec<_> = user_names
        .iter()
        .enumerate()
        .map(|(person, user_name)| {
            let first = NAMED.contains(user_name);
            let turn = if first { 0.0 } else { chance.waiting(Part::of(user_name).patience()) };
            (turn, person)
        })
        .collect();
    turns.sort_by(|left, right| left.0.total_cmp(&right.0));
    turns.into_iter().map(|(_, person)| person).collect()
}

fn sessions_of(user_name: &str, of: usize, chance: &mut Chance) -> usize {
    let chance_of_more = chance.below(1_000);
    match (user_name, Part::of(user_name)) {
        // It takes no more than a twentieth of a small district.
        (_, Part::Kiosk) => return 30.min(of / 20),
        (TEACHER | TRAVELLER, _) => return 2,
        (TEST, _) | (_, Part::Lab) => return 1,
        _ => {}
    }
    match chance_of_more {
        0..800 => 1,
        800..950 => 2,
        950..992 => 3,
        _ => 4 + chance.below(3) as usize,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "made-up times need no exact milliseconds")]
fn part_of(milliseconds: i64, factor: f64) -> i64 {
    (milliseconds as f64 * factor) as i64
}

const STAFF_MACHINES: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
];

const PUPIL_MACHINES: [&str; 4] = [
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
];

const PHONES_AND_HOMES: [&str; 5] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 16; SM-S931U) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::district::people;

    #[test]
    fn visits_are_alive_and_spread_as_in_a_school() {
        let people = people(26_545, 1);
        let user_names: Vec<_> = people.iter().map(|person| &*person.user_name).collect();
        let limits = Limits { idle: 60 * MINUTE, lifetime: 12 * 60 * MINUTE };
        let now = 1_700_000_000_000;
        let visits = visits(&user_names, 2_400, limits, now, &mut Chance::new(1));
        assert_eq!(visits.len(), 2_400);
        for visit in &visits {
            assert!(visit.created_at <= visit.last_seen_at && visit.last_seen_at <= now, "{visit:?}");
            assert!(visit.last_seen_at > now - 59 * MINUTE && visit.created_at > now - 361 * MINUTE, "{visit:?}");
        }
        let mut counts = std::collections::HashMap::<usize, usize>::new();
        for visit in &visits {
            *counts.entry(visit.person).or_default() += 1;
        }
        let users = counts.len();
        let with = |range: std::ops::Range<usize>| counts.values().filter(|count| range.contains(count)).count();
        assert!((1_700..2_000).contains(&users), "{users}");
        assert!(with(1..2) * 100 / users >= 75 && with(2..3) * 100 / users >= 10, "{counts:?}");
        assert_eq!(with(20..40), 1);
        let seconds: std::collections::HashSet<_> = visits.iter().map(|visit| visit.created_at / 1_000).collect();
        assert!(seconds.len() > 1_800, "{}", seconds.len());
        let has = |name: &str| user_names.iter().position(|user_name| *user_name == name).and_then(|person| counts.get(&person)).copied();
        assert_eq!([has(TEACHER), has(TEST), has(TRAVELLER), has("lab01"), has("kiosk-library")], [2, 1, 2, 1, 30].map(Some));
        let of = |name: &str| visits.iter().filter(|visit| user_names[visit.person] == name).map(|visit| &*visit.ip).collect::<Vec<_>>();
        assert!(of("lab30").iter().all(|ip| ip.starts_with("10.7.3.")));
        assert!(of(TRAVELLER)[0].starts_with("10.") != of(TRAVELLER)[1].starts_with("10."), "{:?}", of(TRAVELLER));
    }

    #[test]
    fn limits_shorter_than_usual_are_kept() {
        let limits = Limits { idle: 10_000, lifetime: 20_000 };
        for visit in visits(&["a.b", "c.d", "e.f"], 3, limits, 1_000_000, &mut Chance::new(3)) {
            assert!(visit.last_seen_at > 1_000_000 - 10_000 && visit.created_at > 1_000_000 - 20_000, "{visit:?}");
        }
    }
}
