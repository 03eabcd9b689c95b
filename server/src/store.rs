//! The one store: accounts, sessions and the log in a SQLite file, with the directory that follows it.
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
    clock::Clock,
    directory::Directory,
};
use app::store::Stored;
use database::{Database, Reads as _};
use feed::Feed;
use jiff::tz::TimeZone;
use std::{
    path::Path,
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

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

/// A handle of the store; cloned, it is the same one.
#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

struct Inner {
    database: Database,
    feed: Arc<Feed>,
    activity: Activity,
    settings: Settings,
}

impl Sqlite {
    /// Opens the file, brings its tables up to date, and starts nothing: see [`Sqlite::start`].
    ///
    /// # Errors
    /// [`OpenError`], one sentence for the person at the command line.
    pub async fn open(path: &Path, missing: Missing, settings: Settings) -> Result<Self, OpenError> {
        let options = open::open(path, missing).await?;
        let feed = Arc::new(Feed::new());
        let database = Database::new(options, settings.patience, feed.clone());
        Ok(Self(Arc::new(Inner { database, feed, activity: Activity::new(settings.limits), settings })))
    }

    /// The newest time in the log, for [`Clock::system`]. 0 where nothing ever happened.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn newest_time(&self) -> Stored<i64> {
        let newest = "select coalesce(max(at), 0) from (select at from events order by seq desc limit 10000) as newest";
        let newest: Option<(i64,)> = self.database().reader().await?.first(sqlx::query_as(newest)).await?;
        Ok(newest.map_or(0, |(at,)| at))
    }

    /// Whether the file is undamaged, as far as reading all of it tells.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn is_whole(&self) -> Stored<bool> {
        let mut reader = self.database().reader().await?.patiently();
        let answer: Option<(String,)> = reader.first(sqlx::query_as("pragma quick_check")).await?;
        Ok(answer.is_some_and(|(answer,)| answer == "ok"))
    }

    /// Begins to write what is due, and to load the directory and follow the database with it: what timed out while nothing ran is ended
    /// first. Sessions are checked meanwhile; [`Sqlite::loaded`] waits.
    pub fn start(&self, clock: Clock) -> Background {
        let stop = watch::Sender::new(false);
        let tasks = vec![
            tokio::spawn(feed::follow(self.clone(), stop.subscribe(), clock.clone())),
            tokio::spawn(crate::sweep::run(self.clone(), stop.subscribe(), clock)),
        ];
        Background { store: self.clone(), stop, tasks }
    }

    /// Waits until the directory is loaded, five seconds at most.
    pub async fn loaded(&self) {
        self.feed().loaded().await;
    }

    /// The directory, `None` until it is loaded.
    pub fn directory(&self) -> &Arc<RwLock<Option<Directory>>> {
        self.feed().directory()
    }

    /// Closes the file, for a program that ends. The last one to close it folds the write-ahead log in.
    pub async fn close(&self) {
        self.database().close().await;
    }

    fn database(&self) -> &Database {
        &self.0.database
    }

    fn feed(&self) -> &Feed {
        &self.0.feed
    }

    fn activity(&self) -> &Activity {
        &self.0.activity
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
    store: Sqlite,
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
        let _ = self.store.write_activity().await;
        let _ = self.store.checkpoint().await;
        self.store.close().await;
    }
}
