//! The one store: accounts, sessions and the log in a SQLite file or a PostgreSQL database, with the directory that follows it.
//!
//! It answers the pages ([`app::store::Store`]), sign-in ([`crate::credentials::Credentials`]) and, by its own methods, the command
//! line. Every write is one transaction with one event per target; see [`events`].

mod accounts;
mod acts;
mod database;
mod demo;
mod ends;
mod events;
mod feed;
mod history;
mod open;
mod pages;
mod people;
mod plans;
mod refusals;
mod reports;
mod sign_in;
mod undo;
mod upkeep;

pub use accounts::{ListedAccount, NewAccount};
pub use demo::SessionStart;
pub use ends::Ended;
pub use events::Actor;
pub use open::{Missing, OpenError};
pub use sign_in::SESSIONS_PER_ACCOUNT;

use crate::{
    activity::{Activity, Limits},
    clock::{Clock, Shown},
    config::Place,
    directory::Directory,
    metrics::Figures,
};
use app::{model::session::SessionId, store::Stored};
use database::{Database, Kind, Reads as _, query};
use feed::Feed;
use jiff::tz::TimeZone;
use refusals::Refusals;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    task::{AbortHandle, JoinHandle},
};

/// What the store has to know beside its file.
#[derive(Clone, Debug)]
pub struct Settings {
    pub time_zone: TimeZone,
    pub limits: Limits,
    /// How long a small read or write may take before it is answered as unavailable.
    pub patience: Duration,
    /// Accounts of a plan done in one transaction.
    pub step: usize,
}

impl Settings {
    /// As the product has them: a database that is away is told within a second, and a plan of 10,000 is done all or none.
    pub fn new(time_zone: TimeZone, limits: Limits) -> Self {
        Self { time_zone, limits, patience: Duration::from_millis(900), step: 10_000 }
    }
}

// A clock that was wrong once may have written a time before the newest event.
const NEWEST_TIME: &str = "
select coalesce(max(at), 0)
from (select at from events order by seq desc limit 10000) as newest";

const SERVER_TIME: &str = "
select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// A handle of the store; cloned, it is the same one.
#[derive(Clone)]
pub struct SqlStore(Arc<Inner>);

struct Inner {
    database: Database,
    feed: Arc<Feed>,
    activity: Activity,
    refusals: Refusals,
    /// The sessions that carry out a part of a plan now.
    committing: Mutex<Vec<SessionId>>,
    /// What runs beside the requests, once it was started.
    tasks: Mutex<Vec<AbortHandle>>,
    /// A check has refused a session for its time, and no time-out is written yet.
    timed_out: Notify,
    settings: Settings,
}

impl SqlStore {
    /// Opens the database, brings its tables up to date, and starts nothing: see [`SqlStore::start`].
    ///
    /// # Errors
    /// [`OpenError`], one sentence for the person at the command line.
    pub async fn open(place: &Place, missing: Missing, settings: Settings) -> Result<Self, OpenError> {
        let kind = open::open(place, missing).await?;
        let feed = Arc::new(Feed::new());
        let database = Database::new(kind, settings.patience, feed.clone());
        let activity = Activity::new(settings.limits);
        let (refusals, committing, tasks, timed_out) = (Refusals::default(), Mutex::default(), Mutex::default(), Notify::new());
        Ok(Self(Arc::new(Inner { database, feed, activity, refusals, committing, tasks, timed_out, settings })))
    }

    /// The clock of a node: never before the newest time in the log, and by the server's clock where there is one, so that all nodes
    /// agree.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn clock(&self) -> Stored<Clock> {
        let mut reader = self.database().reader().await?;
        let newest: Option<(i64,)> = reader.first(query(NEWEST_TIME)).await?;
        let clock = Clock::system(newest.map_or(0, |(at,)| at));
        let asked = Instant::now();
        if let Kind::Postgres(_) = self.database().kind()
            && let Some((time,)) = reader.first::<(i64,)>(query(SERVER_TIME)).await?
        {
            clock.keep_with(Shown { time, asked });
        }
        Ok(clock)
    }

    /// Whether the file is undamaged, as far as reading all of it tells. A server sees to that itself.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn is_whole(&self) -> Stored<bool> {
        if let Kind::Postgres(_) = self.database().kind() {
            return Ok(true);
        }
        let mut reader = self.database().reader().await?.patiently();
        let answer: Option<(String,)> = reader.first(query("pragma quick_check")).await?;
        Ok(answer.is_some_and(|(answer,)| answer == "ok"))
    }

    /// Begins to write what is due, and to load the directory, without what timed out while nothing ran, and follow the database with it.
    /// Sessions are checked meanwhile; [`SqlStore::loaded`] waits.
    pub fn start(&self, clock: Clock) -> Background {
        let stop = watch::Sender::new(false);
        let tasks = vec![
            tokio::spawn(feed::follow(self.clone(), stop.subscribe(), clock.clone())),
            tokio::spawn(crate::sweep::run(self.clone(), stop.subscribe(), clock.clone())),
        ];
        *self.tasks() = tasks.iter().map(JoinHandle::abort_handle).collect();
        Background { store: self.clone(), clock, stop, tasks }
    }

    /// Waits until the directory is loaded, five seconds at most.
    pub async fn loaded(&self) {
        self.feed().loaded().await;
    }

    /// The directory, `None` until it is loaded.
    pub fn directory(&self) -> &Arc<RwLock<Option<Directory>>> {
        self.feed().directory()
    }

    /// Closes the database, for a program that ends. The last one to close a file folds its write-ahead log in.
    pub async fn close(&self) {
        self.database().close().await;
    }

    /// What a monitor is told.
    pub fn figures(&self) -> Figures {
        let (connections, idle_connections) = self.database().connections();
        Figures {
            connections,
            idle_connections,
            writes: self.database().acts(),
            unwritten: self.activity().count(),
            ..self.feed().figures()
        }
    }

    /// Whether all that was started still runs: none of it ends before it is told to.
    fn is_running(&self) -> bool {
        !self.tasks().iter().any(AbortHandle::is_finished)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<AbortHandle>> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self) -> &Database {
        &self.0.database
    }

    fn feed(&self) -> &Arc<Feed> {
        &self.0.feed
    }

    fn activity(&self) -> &Activity {
        &self.0.activity
    }

    /// Waits until a check has refused a session whose time-out is still to be written.
    pub(crate) async fn timed_out(&self) {
        self.0.timed_out.notified().await;
    }

    fn limits(&self) -> Limits {
        self.0.settings.limits
    }

    fn zone(&self) -> &TimeZone {
        &self.0.settings.time_zone
    }
}

/// The tasks of a started store. Dropped, they run on; [`Background::stop`] ends them in order.
pub struct Background {
    store: SqlStore,
    clock: Clock,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    /// Ends the tasks, writes the last activity and closes the file.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
        let _ = self.store.write_activity(&self.clock).await;
        let _ = self.store.checkpoint().await;
        self.store.close().await;
    }
}
