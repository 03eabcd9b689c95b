//! When people come, work and go: a school's pace, without clock and database.
//!
//! By Little's law as many are signed in as come in the time that a session is held: its use (25 minutes on average, with a long
//! tail) and, since most people just close the tab, the idle limit after it.

use super::chance::Chance;

const MINUTE: i64 = 60_000;
const USE_MINUTES: f64 = 25.0;
const MILLISECONDS_BETWEEN_CLICKS: f64 = 40_000.0;
/// One in nine logs out; the others close the tab.
const LOGS_OUT_ONE_IN: u32 = 9;
/// Who would have come before this, while the machine slept, does not come any more.
const BACKLOG: i64 = MINUTE;

/// Those at work in sessions `S`.
pub struct Crowd<S> {
    present: Vec<Present<S>>,
    next_arrival: i64,
    /// Milliseconds between two arrivals, on average.
    pace: f64,
}

struct Present<S> {
    session: S,
    clicks_at: i64,
    leaves_at: i64,
    logs_out: bool,
}

impl<S> Crowd<S> {
    /// Nobody yet; so many come that about `sessions` are signed in at any time.
    pub fn new(sessions: u32, idle_timeout: i64, now: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "an idle limit is below 2⁵³ milliseconds")]
        let held = USE_MINUTES * MINUTE as f64 + idle_timeout as f64 * f64::from(LOGS_OUT_ONE_IN - 1) / f64::from(LOGS_OUT_ONE_IN);
        Self { present: Vec::new(), next_arrival: now, pace: held / f64::from(sessions.max(1)) }
    }

    /// How many have come since this was last asked.
    pub fn arrivals(&mut self, now: i64, chance: &mut Chance) -> usize {
        self.next_arrival = self.next_arrival.max(now - BACKLOG);
        let mut number = 0;
        while self.next_arrival <= now {
            self.next_arrival += milliseconds(chance.waiting(self.pace)).max(1);
            number += 1;
        }
        number
    }

    /// Somebody who has begun to work.
    pub fn add(&mut self, session: S, now: i64, chance: &mut Chance) {
        self.present.push(Present {
            session,
            clicks_at: now + milliseconds(chance.waiting(MILLISECONDS_BETWEEN_CLICKS)),
            #[expect(clippy::cast_precision_loss, reason = "a minute is few milliseconds")]
            leaves_at: now + milliseconds(chance.waiting(USE_MINUTES * MINUTE as f64)),
            logs_out: chance.below(LOGS_OUT_ONE_IN) == 0,
        });
    }

    /// Calls `clicked` for everybody who has worked since, and answers who has logged out. Those who closed the tab are forgotten.
    pub fn go_on(&mut self, now: i64, chance: &mut Chance, mut clicked: impl FnMut(&mut S)) -> Vec<S> {
        for present in &mut self.present {
            if present.clicks_at <= now {
                clicked(&mut present.session);
                present.clicks_at = now + milliseconds(chance.waiting(MILLISECONDS_BETWEEN_CLICKS));
            }
        }
        let gone = self.present.extract_if(.., |present| present.leaves_at <= now);
        gone.filter(|present| present.logs_out).map(|present| present.session).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "made-up times need no exact milliseconds")]
fn milliseconds(time: f64) -> i64 {
    time as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn after_a_long_sleep_nobody_comes_late() {
        let mut chance = Chance::new(1);
        let mut crowd: Crowd<u32> = Crowd::new(2_400, 60 * MINUTE, 0);
        let usual = crowd.arrivals(MINUTE, &mut chance);
        let after = crowd.arrivals(30 * 24 * 60 * MINUTE, &mut chance);
        assert!((15..60).contains(&usual) && (15..60).contains(&after), "{usual}, {after}");
    }

    #[test]
    fn about_as_many_are_signed_in_as_asked_for() {
        let (idle, mut chance, mut now) = (60 * MINUTE, Chance::new(5), 0);
        let mut crowd = Crowd::new(2_400, idle, now);
        let mut last_seen = HashMap::new();
        let mut sessions = 0..;
        // Nine hours in steps of five seconds: the first four fill the school.
        for step in 0..9 * 720 {
            now += 5_000;
            for _ in 0..crowd.arrivals(now, &mut chance) {
                let session = sessions.next().expect("numbers do not run out");
                last_seen.insert(session, now);
                crowd.add(session, now, &mut chance);
            }
            let logged_out = crowd.go_on(now, &mut chance, |session| {
                last_seen.insert(*session, now);
            });
            for session in logged_out {
                last_seen.remove(&session);
            }
            last_seen.retain(|_, seen| now - *seen <= idle);
            if step > 4 * 720 {
                assert!((2_100..2_700).contains(&last_seen.len()), "{} after {step} steps", last_seen.len());
            }
        }
    }
}
