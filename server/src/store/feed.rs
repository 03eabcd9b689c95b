//! How the directory follows the database: loaded from one snapshot, then changed by the events after it, in their order.
//!
//! An act of this process wakes the feed, and so does a page that must not miss another node's; what others write is looked for every
//! 100 ms. How events are found that were committed since is told by [`sqlite`] and [`postgres`]. The directory is loaded behind the back of a node that serves already, and anew after any failure.

mod making;
mod postgres;
mod rows;
mod sqlite;

use super::{
    SqlStore,
    database::{Kind, Mark, Reads as _, Text, known_to_fail, query},
};
use crate::{
    clock::Clock,
    directory::{Change, Directory},
    metrics::{self, Figures},
    watchers::Watchers,
};
use app::{
    model::event::BatchId,
    store::{StoreError, Stored},
};
use postgres::Snapshot;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

/// How often another process's writes are looked for.
const POLL: Duration = Duration::from_millis(100);

/// How often a load that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long an act waits until the directory shows it.
pub(super) const OWN_ACT: Duration = Duration::from_millis(50);

/// How long a page that shows an act's result waits for it.
const SHOWN_ACT: Duration = Duration::from_millis(300);

/// How long a list asked for right after the start waits for the first load.
const FIRST_LOAD: Duration = Duration::from_secs(5);

/// How long a small read may take, a part of the load, and the load of everything.
const STEP: Duration = Duration::from_secs(2);
const PART: Duration = Duration::from_secs(10);
const LOAD: Duration = Duration::from_mins(2);

/// Activity that is being written may stretch sessions whose time was over for so long, in milliseconds: a load that follows on holds them, and
/// the events of those that do end.
const BEING_WRITTEN: i64 = 2_000;

/// A directory for which nobody has looked for so long follows nothing, whatever became of whoever had to: a step takes less.
const SILENCE: Duration = Duration::from_secs(5);

/// Events read at once, and accounts or the sessions of so many.
const PAGE: usize = 2_000;

/// The directory and how far it has followed.
pub(super) struct Feed {
    directory: Arc<RwLock<Option<Directory>>>,
    /// Places for questions to it at the same time: each takes a thread, and memory of its own.
    places: Arc<Semaphore>,
    position: watch::Sender<Position>,
    wake: Arc<Notify>,
    watchers: Arc<Watchers>,
    /// When the newest look for news began that is done.
    looked: watch::Sender<Option<Instant>>,
}

#[derive(Clone, Debug, Default)]
struct Position {
    cursor: Cursor,
    state: State,
}

/// Which events the directory shows.
#[derive(Clone, Debug)]
enum Cursor {
    /// All up to this `seq`, which in SQLite is the order of commits.
    Sqlite(i64),
    Postgres(Snapshot),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::Sqlite(0)
    }
}

impl Cursor {
    fn shows(&self, mark: Mark) -> bool {
        match self {
            Self::Sqlite(seq) => mark.0 <= *seq,
            Self::Postgres(snapshot) => snapshot.shows(mark.0),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// There is no directory yet.
    #[default]
    Loading,
    Following,
    /// The directory shows the database as it was.
    Lost,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            directory: Arc::default(),
            places: Arc::new(Semaphore::new(2 * std::thread::available_parallelism().map_or(2, usize::from))),
            position: watch::Sender::default(),
            wake: Arc::default(),
            watchers: Arc::default(),
            looked: watch::Sender::default(),
        }
    }

    pub(super) fn directory(&self) -> &Arc<RwLock<Option<Directory>>> {
        &self.directory
    }

    /// Waits for a place to ask the directory. Whoever gives up meanwhile, as at the next letter, has asked nothing.
    pub(super) async fn place(&self) -> Stored<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.map_err(|_| StoreError::Internal)
    }

    /// The open pages, which hear of what the directory shows.
    pub(super) fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until the directory shows a transaction, so long at most; not at all where nothing follows.
    pub(super) async fn followed(&self, mark: Mark, at_most: Duration) {
        let mut position = self.position.subscribe();
        if position.borrow().state == State::Following {
            let _ = timeout(at_most, position.wait_for(|position| position.cursor.shows(mark))).await;
        }
    }

    /// Waits, 300 ms at most, until the directory shows what was committed before this was called; at once where nothing follows.
    pub(super) async fn catch_up(&self) {
        if self.is_following().is_err() {
            return;
        }
        let (asked, mut looked) = (Instant::now(), self.looked.subscribe());
        self.wake();
        let _ = timeout(SHOWN_ACT, looked.wait_for(|began| began.is_some_and(|began| began >= asked))).await;
    }

    pub(super) fn is_following(&self) -> Stored<()> {
        let follows = self.position.borrow().state == State::Following && self.since_looked() < SILENCE;
        if follows { Ok(()) } else { Err(StoreError::Unavailable) }
    }

    /// Waits for the first load, five seconds at most.
    pub(super) async fn loaded(&self) {
        let mut position = self.position.subscribe();
        let _ = timeout(FIRST_LOAD, position.wait_for(|position| position.state != State::Loading)).await;
    }

    fn lost(&self) {
        self.position.send_modify(|position| position.state = State::Lost);
        self.watchers.lose_sight();
    }

    /// Changes the directory, off the threads that serve requests: whoever reads it is waited for.
    async fn change(self: &Arc<Self>, change: impl FnOnce(&Self) + Send + 'static) -> Stored<()> {
        let feed = self.clone();
        let changed = tokio::task::spawn_blocking(move || change(&feed)).await;
        changed.map_err(|error| {
            tracing::error!(%error, "the directory panicked while it was changed");
            StoreError::Internal
        })
    }

    async fn replace(self: &Arc<Self>, directory: Directory, cursor: Cursor, newest_page: u64, began: Instant) -> Stored<()> {
        self.change(move |feed| {
            let mut place = feed.directory.write().unwrap_or_else(PoisonError::into_inner);
            let directory = place.insert(directory);
            // Before anybody is told, and asks.
            feed.position.send_replace(Position { cursor, state: State::Following });
            feed.looked(began);
            feed.watchers.compare(directory, newest_page);
        })
        .await
    }

    async fn apply(self: &Arc<Self>, changes: Vec<Change>, cursor: Cursor, now: i64) -> Stored<()> {
        self.change(move |feed| {
            if let Some(directory) = &mut *feed.directory.write().unwrap_or_else(PoisonError::into_inner) {
                directory.apply(&changes, now);
                feed.watchers.tell(&changes, directory.version());
            }
            feed.position.send_replace(Position { cursor, state: State::Following });
            metrics::sessions(
                changes.iter().filter(|change| matches!(change, Change::Started(_))).count() as u64,
                changes.iter().map(|change| if let Change::Ended(sessions) = change { sessions.len() as u64 } else { 0 }).sum(),
            );
        })
        .await
    }

    /// News were looked for, from then on.
    fn looked(&self, began: Instant) {
        self.looked.send_replace(Some(began));
    }

    /// How long ago news were looked for.
    fn since_looked(&self) -> Duration {
        self.looked.borrow().map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// How long ago the directory was last known to be that of the database, where it is not now.
    pub(super) fn behind(&self) -> Option<Duration> {
        (self.position.borrow().state != State::Loading && self.is_following().is_err()).then(|| self.since_looked())
    }

    /// What a monitor is told of the list.
    pub(super) fn figures(&self) -> Figures {
        let following = self.is_following().is_ok();
        let behind = self.since_looked();
        let figures = Figures { following, behind, open_pages: self.watchers.count(), ..Figures::default() };
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.as_ref().map_or(figures, |directory| Figures {
            accounts: directory.account_count(),
            sessions: directory.all().sessions,
            ..figures
        })
    }
}

const NEWEST_OF_ACT: Text = Text::each(
    "
select max(seq)
from events
where batch_id = $1",
    "
select max(cast(cast(xid as text) as bigint))
from events
where batch_id = $1",
);

impl SqlStore {
    /// Waits at most 300 ms until the directory shows an act, for the page after a redirect.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer. A directory that is late is none.
    pub async fn applied(&self, batch: BatchId) -> Stored<()> {
        let newest: Option<(Option<i64>,)> = self.database().reader().await?.first(query(NEWEST_OF_ACT).bind(batch.0)).await?;
        if let Some((Some(mark),)) = newest {
            self.feed().followed(Mark(mark), SHOWN_ACT).await;
        }
        Ok(())
    }

    /// Everything as it stands in the database now: what the command line filters, and what tests compare with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer.
    pub async fn load_directory(&self, now: i64) -> Stored<Directory> {
        Ok(Follower::load(self, &Clock::fixed(now), 0).await?.1)
    }
}

/// Reads the events on a connection of its own.
enum Follower {
    Sqlite(sqlite::Follower),
    Postgres(postgres::Follower),
}

impl Follower {
    /// Directory and position from one snapshot. Sessions whose time was over so many milliseconds before are no part of it, though that may
    /// not be written yet.
    async fn load(store: &SqlStore, clock: &Clock, before: i64) -> Stored<(Self, Directory)> {
        match store.database().kind() {
            Kind::Sqlite(sqlite) => {
                let (follower, directory) = sqlite::Follower::load(sqlite, store.zone(), clock.now() - before).await?;
                Ok((Self::Sqlite(follower), directory))
            }
            Kind::Postgres(postgres) => {
                let wake = store.feed().wake.clone();
                let (follower, directory) = postgres::Follower::load(postgres, store.zone(), clock, before, wake).await?;
                Ok((Self::Postgres(follower), directory))
            }
        }
    }

    fn cursor(&self) -> Cursor {
        match self {
            Self::Sqlite(follower) => Cursor::Sqlite(follower.seq()),
            Self::Postgres(follower) => Cursor::Postgres(follower.snapshot().clone()),
        }
    }

    /// Applies what was committed since.
    async fn step(&mut self, feed: &Arc<Feed>, clock: &Clock) -> Stored<()> {
        match self {
            Self::Sqlite(follower) => follower.step(feed, clock).await,
            Self::Postgres(follower) => follower.step(feed, clock).await,
        }
    }
}

/// Loads the directory and follows until told to stop. What is lost is loaded anew.
pub(super) async fn follow(store: SqlStore, mut stop: watch::Receiver<bool>, clock: Clock) {
    // Why it failed is logged once.
    let mut has_failed = false;
    while !*stop.borrow() {
        let (newest_page, began) = (store.feed().watchers().newest(), Instant::now());
        let load = async {
            let (follower, directory) = Follower::load(&store, &clock, BEING_WRITTEN).await?;
            store.feed().replace(directory, follower.cursor(), newest_page, began).await?;
            Stored::Ok(follower)
        };
        let loaded = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            loaded = known_to_fail(has_failed, load) => loaded,
        };
        let Ok(mut follower) = loaded else {
            has_failed = true;
            tokio::time::sleep(RETRY).await;
            continue;
        };
        if has_failed {
            tracing::info!("the directory was loaded anew and follows the database again");
        }
        loop {
            let began = Instant::now();
            if follower.step(store.feed(), &clock).await.is_err() {
                break;
            }
            store.feed().looked(began);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = store.feed().wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        store.feed().lost();
        has_failed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_for_which_nobody_looks_any_more_follows_nothing() {
        let feed = Feed::new();
        feed.position.send_modify(|position| position.state = State::Following);
        feed.looked(Instant::now());
        assert_eq!((feed.is_following(), feed.behind()), (Ok(()), None));
        feed.looked(Instant::now().checked_sub(SILENCE).expect("not just started"));
        assert!(feed.is_following().is_err() && feed.behind() >= Some(SILENCE) && !feed.figures().following);
    }
}
