//! Activity of sessions, noted in memory and written a little later.
//!
//! A time-out is never early: the stored deadline includes what may be waiting here, and no more.

use app::model::{session::SessionId, text::count};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The time-outs of sessions, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without activity.
    pub idle: i64,
    /// Whatever the activity.
    pub lifetime: i64,
}

/// When a session times out, UTC milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    pub idle: i64,
    pub absolute: i64,
}

/// So long before its idle time-out a person is warned (WCAG 2.2.1): two minutes, or half of a limit that is shorter than four.
const WARNING: i64 = 120_000;

/// A noted activity is in the database about as much later; behind other writes, or thousands of notes, it may take longer.
pub const FLUSH: i64 = 1_000;

impl Limits {
    /// Activity is written where the stored one is older than this: a minute, or a sixtieth of the idle limit.
    pub fn write_after(self) -> i64 {
        (self.idle / 60).min(60_000)
    }

    /// How much later than its idle limit a session may time out.
    pub fn slack(self) -> i64 {
        self.write_after() + FLUSH
    }

    /// How long before its idle time-out an open page warns.
    pub fn warning(self) -> i64 {
        WARNING.min(self.idle / 2)
    }

    /// The deadlines to store. The idle one never lies behind the absolute one.
    pub fn deadlines(self, created_at: i64, last_seen_at: i64) -> Deadlines {
        let absolute = created_at.saturating_add(self.lifetime);
        Deadlines { idle: last_seen_at.saturating_add(self.idle + self.slack()).min(absolute), absolute }
    }
}

/// Activity that is not written yet: for each session its newest time.
pub struct Activity {
    write_after: i64,
    noted: Mutex<HashMap<SessionId, i64>>,
}

impl Activity {
    pub fn new(limits: Limits) -> Self {
        Self { write_after: limits.write_after(), noted: Mutex::default() }
    }

    /// Notes activity, unless the stored one is fresh enough.
    pub fn note(&self, session: SessionId, stored: i64, now: i64) {
        if now.saturating_sub(stored) > self.write_after {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.entry(session).and_modify(|at| *at = now.max(*at)).or_insert(now);
        }
    }

    /// The newest activity of a session that is not written yet.
    pub fn unwritten(&self, session: SessionId) -> Option<i64> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).get(&session).copied()
    }

    /// Sessions whose activity is noted and not written yet.
    pub fn count(&self) -> u32 {
        count(self.noted.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// Takes at most `limit` notes out.
    pub fn take(&self, limit: usize) -> Vec<(SessionId, i64)> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions: Vec<_> = noted.keys().copied().take(limit).collect();
        sessions.into_iter().filter_map(|session| noted.remove_entry(&session)).collect()
    }

    /// Puts notes back that could not be written.
    pub fn put_back(&self, notes: Vec<(SessionId, i64)>) {
        for (session, at) in notes {
            self.note(session, i64::MIN, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn the_slack_is_a_minute_or_a_sixtieth_and_the_time_to_write() {
        assert_eq!(Limits { idle: HOUR, lifetime: 12 * HOUR }.slack(), 61_000);
        assert_eq!(Limits { idle: 8 * HOUR, lifetime: 12 * HOUR }.slack(), 61_000);
        assert_eq!(Limits { idle: 6_000, lifetime: HOUR }.slack(), 1_100);
    }

    #[test]
    fn the_warning_comes_two_minutes_before_or_at_half_of_a_short_limit() {
        assert_eq!(Limits { idle: HOUR, lifetime: 12 * HOUR }.warning(), 120_000);
        assert_eq!(Limits { idle: 240_000, lifetime: HOUR }.warning(), 120_000);
        assert_eq!(Limits { idle: 10_000, lifetime: HOUR }.warning(), 5_000);
    }

    #[test]
    fn no_activity_moves_the_absolute_deadline() {
        let limits = Limits { idle: HOUR, lifetime: 2 * HOUR };
        assert_eq!(limits.deadlines(0, 0), Deadlines { idle: HOUR + 61_000, absolute: 2 * HOUR });
        assert_eq!(limits.deadlines(0, 2 * HOUR - 1), Deadlines { idle: 2 * HOUR, absolute: 2 * HOUR });
    }

    #[test]
    fn notes_are_taken_once_and_the_newest_stays() {
        let activity = Activity::new(Limits { idle: HOUR, lifetime: 12 * HOUR });
        activity.note(SessionId(1), 0, 60_000);
        assert!(activity.take(9).is_empty(), "fresh enough");
        activity.note(SessionId(1), 0, 70_000);
        activity.note(SessionId(1), 0, 65_000);
        assert_eq!(activity.unwritten(SessionId(1)), Some(70_000));
        let taken = activity.take(9);
        assert_eq!(taken, [(SessionId(1), 70_000)]);
        activity.note(SessionId(1), 0, 80_000);
        activity.put_back(taken);
        assert_eq!(activity.take(9), [(SessionId(1), 80_000)]);
        assert!(activity.take(9).is_empty());
    }
}
