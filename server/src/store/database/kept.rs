//! Connections that are kept for whoever needs one next.
//!
//! sqlx's own pool asks a connection after each use whether it lives, and has no deadline for that: one to a server that has gone silent
//! would keep its place for minutes, and every session check would be two questions.

use super::{late, within};
use app::{
    model::text::count,
    store::{StoreError, Stored},
};
use sqlx::Connection;
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

/// One that was idle for longer is tried before it is used: servers and what stands between cut such ones.
const TRUSTED: Duration = Duration::from_secs(1);

/// How long that may take.
const TRIED: Duration = Duration::from_millis(300);

/// Older ones are replaced.
const OLD: Duration = Duration::from_mins(30);

/// How long closing waits for those that are lent, and for the server.
const CLOSED: Duration = Duration::from_secs(2);

/// So many connections at most, made when they are needed.
pub(super) struct Kept<C> {
    most: u32,
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Idle<C>>>>,
}

struct Idle<C> {
    connection: C,
    made: Instant,
    since: Instant,
}

/// A connection that comes back when it goes out of scope.
pub(super) struct Lent<C> {
    /// `None` while it is dropped.
    of: Option<(C, Instant)>,
    closes: bool,
    home: Arc<Mutex<Vec<Idle<C>>>>,
    _place: OwnedSemaphorePermit,
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Self { most: self.most, places: Arc::clone(&self.places), idle: Arc::clone(&self.idle) }
    }
}

impl<C: Connection> Kept<C> {
    pub(super) fn new(most: u32) -> Self {
        Self { most, places: Arc::new(Semaphore::new(most as usize)), idle: Arc::default() }
    }

    /// The one that was used last, where it lives, or a new one.
    pub(super) async fn lend(&self, until: Instant, connect: impl Future<Output = sqlx::Result<C>>) -> Stored<Lent<C>> {
        let place = timeout_at(until, Arc::clone(&self.places).acquire_owned()).await.map_err(|_| late())?;
        let place = place.map_err(|_| StoreError::Unavailable)?;
        loop {
            let last = lock(&self.idle).pop();
            let of = match last {
                None => (within(until, connect).await?, Instant::now()),
                Some(old) if old.made.elapsed() > OLD => continue,
                Some(mut idle) => {
                    if idle.since.elapsed() > TRUSTED {
                        let tried = timeout_at(until.min(Instant::now() + TRIED), idle.connection.ping());
                        if !matches!(tried.await, Ok(Ok(()))) {
                            continue;
                        }
                    }
                    (idle.connection, idle.made)
                }
            };
            return Ok(Lent { of: Some(of), closes: false, home: Arc::clone(&self.idle), _place: place });
        }
    }

    /// How many there are, and how many of them are idle.
    pub(super) fn numbers(&self) -> (u32, u32) {
        let idle = count(lock(&self.idle).len());
        let lent = self.most.saturating_sub(count(self.places.available_permits()));
        (idle + lent, idle)
    }

    /// None is lent any more; those that come back soon are closed as they should be.
    pub(super) async fn close(&self) {
        let _ = timeout(CLOSED, self.places.acquire_many(self.most)).await;
        self.places.close();
        let idle = std::mem::take(&mut *lock(&self.idle));
        // A server that has gone silent says no good-bye.
        let _ = timeout(CLOSED, async {
            for idle in idle {
                let _ = idle.connection.close().await;
            }
        })
        .await;
    }
}

impl<C> Lent<C> {
    /// It is of no more use, and does not come back.
    pub(super) fn close_on_drop(&mut self) {
        self.closes = true;
    }
}

impl<C> Deref for Lent<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.of.as_ref().expect("taken by drop only").0
    }
}

impl<C> DerefMut for Lent<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.of.as_mut().expect("taken by drop only").0
    }
}

impl<C> Drop for Lent<C> {
    fn drop(&mut self) {
        if let Some((connection, made)) = self.of.take().filter(|_| !self.closes) {
            lock(&self.home).push(Idle { connection, made, since: Instant::now() });
        }
    }
}

fn lock<C>(idle: &Mutex<Vec<Idle<C>>>) -> MutexGuard<'_, Vec<Idle<C>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    async fn connect() -> sqlx::Result<SqliteConnection> {
        SqliteConnectOptions::new().in_memory(true).connect().await
    }

    /// Each connection has a database of its own, so a table tells which it is.
    async fn is_marked(connection: &mut SqliteConnection) -> bool {
        sqlx::query("select * from mark").execute(connection).await.is_ok()
    }

    #[tokio::test]
    async fn a_connection_comes_back_unless_it_is_to_close() {
        let kept = Kept::new(2);
        let mut one = kept.lend(soon(), connect()).await.expect("one");
        sqlx::query("create table mark (id)").execute(&mut *one).await.expect("marked");
        assert_eq!(kept.numbers(), (1, 0));
        drop(one);
        assert_eq!(kept.numbers(), (1, 1));
        let (mut same, mut other) = (kept.lend(soon(), connect()).await.expect("one"), kept.lend(soon(), connect()).await.expect("two"));
        assert_eq!((is_marked(&mut same).await, is_marked(&mut other).await, kept.numbers()), (true, false, (2, 0)));
        same.close_on_drop();
        drop((same, other));
        assert_eq!(kept.numbers(), (1, 1));
        assert!(!is_marked(&mut kept.lend(soon(), connect()).await.expect("the other")).await);
    }

    #[tokio::test]
    async fn there_are_no_more_than_agreed_and_whoever_waits_too_long_is_told() {
        let kept = Kept::new(1);
        let one = kept.lend(soon(), connect()).await.expect("one");
        let begun = Instant::now();
        assert!(kept.lend(begun + Duration::from_millis(50), connect()).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(2));
        drop(one);
        assert!(kept.lend(soon(), connect()).await.is_ok());
        // Whoever gives up while he connects takes no place with him.
        drop(kept.lend(soon(), std::future::pending::<sqlx::Result<SqliteConnection>>()));
        kept.close().await;
        assert!(kept.lend(soon(), connect()).await.is_err());
        assert_eq!(kept.numbers().1, 0);
    }
}
