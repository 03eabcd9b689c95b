//! The one source of *now*.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// UTC milliseconds that never run backwards within a process. Cloned, it is the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The latest time given out, or the fixed time.
    latest: Arc<AtomicI64>,
    /// Another clock's time, and when it showed it.
    kept: Arc<Mutex<Option<(i64, Instant)>>>,
    fixed: bool,
}

impl Clock {
    /// The system's clock, never before `newest` (the newest time in the database: what happened stays in the past).
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
        let now = self.raw();
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Goes by another clock from now on, which shows this time: the nodes of one database share the database's. Where somebody sets the
    /// system's clock meanwhile, that changes nothing. A fixed clock stays.
    pub fn keep_with(&self, other: i64) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((other, Instant::now()));
    }

    /// How much the clock that it goes by is ahead of the system's, in milliseconds.
    pub fn ahead(&self) -> i64 {
        if self.fixed { 0 } else { self.raw() - system_now() }
    }

    fn raw(&self) -> i64 {
        match *self.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((time, at)) => time.saturating_add(i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX)),
            None => system_now(),
        }
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
    fn it_never_runs_behind_what_already_happened() {
        let future = system_now() + 3_600_000;
        let clock = Clock::system(future);
        assert_eq!(clock.now(), future);
        assert!(Clock::system(0).now() > 0);
    }
}
