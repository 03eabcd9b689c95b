//! The one source of *now*.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// The system's clock was set back where it shows a time so many milliseconds before one that was given out.
const SET_BACK: i64 = 1_000;

/// UTC milliseconds that never run backwards within a process, and stand still for a second at most. Cloned, it is the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The latest time given out, or the fixed time.
    latest: Arc<AtomicI64>,
    /// The time that it goes on from, in place of the system's clock, and since when: another clock's, or the latest where the system's
    /// was set back.
    kept: Arc<Mutex<Option<(i64, Instant)>>>,
    fixed: bool,
}

impl Clock {
    /// The system's clock, never before `newest` (the newest time in the database: what happened stays in the past). Where that is still to
    /// come, time goes on from there: if it stood still, nobody would time out.
    pub fn system(newest: i64) -> Self {
        Self { latest: Arc::new(AtomicI64::new(newest)), kept: Arc::default(), fixed: false }
    }

    /// Stands still until [`Clock::advance`].
    pub fn fixed(at: i64) -> Self {
        Self { latest: Arc::new(AtomicI64::new(at)), kept: Arc::default(), fixed: true }
    }

    /// UTC milliseconds.
    pub fn now(&self) -> i64 {
        if self.fixed {
            return self.latest.load(Ordering::Relaxed);
        }
        let mut kept = self.kept();
        let now = raw(*kept);
        let latest = self.latest.fetch_max(now, Ordering::Relaxed);
        if kept.is_none() && latest - now > SET_BACK {
            *kept = Some((latest, Instant::now()));
        }
        latest.max(now)
    }

    /// Goes by another clock from now on, which shows this time: the nodes of one database share the database's. Where somebody sets the
    /// system's clock meanwhile, that changes nothing. A fixed clock stays.
    pub fn keep_with(&self, other: i64) {
        *self.kept() = Some((other, Instant::now()));
    }

    /// How much the clock that it goes by is ahead of the system's, in milliseconds.
    pub fn ahead(&self) -> i64 {
        if self.fixed { 0 } else { raw(*self.kept()) - system_now() }
    }

    fn kept(&self) -> MutexGuard<'_, Option<(i64, Instant)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a fixed clock on; a test's way to let time pass.
    ///
    /// # Panics
    /// On the system's clock.
    pub fn advance(&self, milliseconds: i64) {
        assert!(self.fixed, "the system's clock moves by itself");
        self.latest.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

/// Where it goes on from a time, as much later as has passed since.
fn raw(kept: Option<(i64, Instant)>) -> i64 {
    match kept {
        Some((time, at)) => time.saturating_add(i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX)),
        None => system_now(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_by_the_clock_it_is_told_and_never_back() {
        let clock = Clock::system(0);
        clock.keep_with(system_now() + 30_000);
        let now = clock.now();
        assert!((29_000..31_000).contains(&(now - system_now())));
        clock.keep_with(system_now() - 30_000);
        assert_eq!(clock.now(), now);
        assert!((-31_000..-29_000).contains(&clock.ahead()));
    }

    #[test]
    fn tim_03_it_never_runs_behind_what_already_happened_and_goes_on_from_there() {
        let future = system_now() + 3_600_000;
        let clock = Clock::system(future);
        let begun = Instant::now();
        assert_eq!(clock.now(), future);
        while begun.elapsed().as_millis() < 20 {}
        assert!((future + 15..future + 10_000).contains(&clock.now()), "{}", clock.now() - future);
        assert!((3_590_000..3_610_000).contains(&clock.ahead()), "and it is told");
        assert!(Clock::system(0).now() > 0);
    }
}
