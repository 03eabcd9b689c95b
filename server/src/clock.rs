//! The one source of *now*.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// A clock was set back where it shows a time so many milliseconds before one that was given out.
const SET_BACK: i64 = 1_000;

/// What another clock showed, at some instant since it was asked.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// UTC milliseconds.
    pub time: i64,
    pub asked: Instant,
}

/// UTC milliseconds that never run backwards within a process. Where the clock that they are read from is set back, time goes on by half
/// until that has caught up: if it stood still, nobody would time out. Cloned, it is the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The latest time given out, or the fixed time.
    latest: Arc<AtomicI64>,
    goes_by: Arc<Mutex<GoesBy>>,
    fixed: bool,
}

#[derive(Debug, Default)]
struct GoesBy {
    /// Another clock's time, and when it showed it, in place of the system's.
    other: Option<(i64, Instant)>,
    /// The time from which it goes on by half, and since when.
    slowed: Option<(i64, Instant)>,
}

impl Clock {
    /// The system's clock, never before `newest` (the newest time in the database: what happened stays in the past).
    pub fn system(newest: i64) -> Self {
        Self { latest: Arc::new(AtomicI64::new(newest)), goes_by: Arc::default(), fixed: false }
    }

    /// A clock that only a test moves.
    pub fn fixed(now: i64) -> Self {
        Self { latest: Arc::new(AtomicI64::new(now)), goes_by: Arc::default(), fixed: true }
    }

    /// Never earlier than it said before.
    pub fn now(&self) -> i64 {
        if self.fixed {
            return self.latest.load(Ordering::Relaxed);
        }
        let now = self.goes_by().now(self.latest.load(Ordering::Relaxed));
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Goes by another clock from now on: the nodes of one database share the database's. Where somebody sets the system's clock
    /// meanwhile, that changes nothing. A fixed clock stays.
    pub fn keep_with(&self, other: Shown) {
        let mut goes_by = self.goes_by();
        // By now the other shows what it answered, or later by as long as the answer was under way: what was kept may tell better.
        let latest = other.time.saturating_add(passed(other.asked));
        let now = goes_by.other.map_or(other.time, gone_on).clamp(other.time, latest);
        goes_by.other = Some((now, Instant::now()));
    }

    /// How much it is ahead of the system's clock, in milliseconds.
    pub fn ahead(&self) -> i64 {
        if self.fixed { 0 } else { self.now() - system_now() }
    }

    /// Moves a fixed clock on; a test's way to let time pass.
    ///
    /// # Panics
    /// On the system's clock.
    pub fn advance(&self, milliseconds: i64) {
        assert!(self.fixed, "the system's clock moves by itself");
        self.latest.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn goes_by(&self) -> MutexGuard<'_, GoesBy> {
        self.goes_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GoesBy {
    fn shows(&self) -> i64 {
        self.other.map_or_else(system_now, gone_on)
    }

    /// What is to be given out, where `latest` was before.
    fn now(&mut self, latest: i64) -> i64 {
        let shows = self.shows();
        if latest.saturating_sub(shows) <= SET_BACK {
            self.slowed = None;
            return shows;
        }
        let (time, at) = *self.slowed.get_or_insert_with(|| (latest, Instant::now()));
        time.saturating_add(passed(at) / 2)
    }
}

/// What a clock shows now that showed a time at that instant.
fn gone_on((time, at): (i64, Instant)) -> i64 {
    time.saturating_add(passed(at))
}

/// Milliseconds since then.
fn passed(at: Instant) -> i64 {
    i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    /// Answered at once.
    fn shown(time: i64) -> Shown {
        Shown { time, asked: Instant::now() }
    }

    #[test]
    fn it_goes_by_the_clock_it_is_told() {
        let clock = Clock::system(0);
        clock.keep_with(shown(system_now() + 30_000));
        assert!((29_000..31_000).contains(&(clock.now() - system_now())));
        assert!((29_000..31_000).contains(&clock.ahead()));
    }

    #[test]
    fn an_answer_that_was_long_under_way_puts_it_neither_back_nor_forth() {
        let clock = Clock::system(0);
        clock.keep_with(shown(system_now() + 30_000));
        for (later, ahead) in [(0, 30_000), (-1_900, 30_000), (60_000, 90_000), (58_100, 90_000), (55_000, 87_000)] {
            let asked = Instant::now().checked_sub(Duration::from_secs(2)).expect("the machine runs for longer");
            clock.keep_with(Shown { time: system_now() + 30_000 + later, asked });
            let shows = clock.goes_by().shows() - system_now();
            assert!((ahead - 500..ahead + 500).contains(&shows), "{later}: {shows}");
        }
    }

    #[test]
    fn tim_03_it_never_runs_behind_what_already_happened_and_goes_on_by_half_until_its_clock_has_caught_up() {
        let of_the_database = Clock::system(0);
        of_the_database.keep_with(shown(system_now() + 3_600_000));
        of_the_database.now();
        of_the_database.keep_with(shown(system_now()));
        for clock in [Clock::system(system_now() + 3_600_000), of_the_database] {
            let (begun, future) = (Instant::now(), clock.now());
            assert!((3_590_000..3_610_000).contains(&clock.ahead()), "and it is told");
            thread::sleep(Duration::from_millis(200));
            let gone_on = clock.now() - future;
            assert!(95 <= gone_on && gone_on <= passed(begun) / 2 + 1, "{gone_on}");
        }
        // It has caught up but for a second, in which it stands.
        let clock = Clock::system(system_now() + 1_100);
        clock.now();
        assert!(clock.goes_by().slowed.is_some());
        thread::sleep(Duration::from_millis(300));
        clock.now();
        assert!(clock.goes_by().slowed.is_none());
        assert!(Clock::system(0).now() > 0);
    }
}
