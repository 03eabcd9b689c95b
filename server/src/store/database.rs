//! Connections with deadlines: readers from a pool, one writer behind a fair queue.
//!
//! What misses its deadline is answered as unavailable, and its connection is closed rather than used again.

use super::{Sqlite, feed::Feed};
use app::store::{StoreError, Stored};
use sqlx::{
    ConnectOptions as _, FromRow, Sqlite as Driver, SqliteConnection,
    pool::PoolConnection,
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow},
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{Instant, timeout_at},
};

/// What a set of thousands of accounts may take.
const LONG: Duration = Duration::from_secs(30);

const READERS: u32 = 8;

/// Times the writer asks when another process writes.
const BUSY_TRIES: u32 = 3;

/// The connections to one file.
pub(super) struct Database {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    /// `None` while a transaction has it, or after it was closed: the next transaction connects anew.
    writer: Arc<Mutex<Option<SqliteConnection>>>,
    /// Acts that wait for the writer or have it: touches let them pass.
    acts: Arc<AtomicUsize>,
    /// How long a small read or write may take in all.
    patience: Duration,
    feed: Arc<Feed>,
}

impl Database {
    pub(super) fn new(options: SqliteConnectOptions, patience: Duration, feed: Arc<Feed>) -> Self {
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(patience)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().pragma("query_only", "on"));
        Self { options, readers, writer: Arc::default(), acts: Arc::default(), patience, feed }
    }

    /// A connection that only reads.
    pub(super) async fn reader(&self) -> Stored<Reader> {
        let until = Instant::now() + self.patience;
        Ok(Reader { connection: within(until, self.readers.acquire()).await?, until })
    }

    /// A transaction of a few rows.
    pub(super) async fn begin(&self) -> Stored<Tx> {
        self.begin_within(self.patience).await
    }

    /// A transaction of thousands of rows. It waits for its turn no longer than any other.
    pub(super) async fn begin_long(&self) -> Stored<Tx> {
        self.begin_within(LONG).await
    }

    async fn begin_within(&self, duration: Duration) -> Stored<Tx> {
        let act = Waiting::new(&self.acts);
        let now = Instant::now();
        let turn = now + self.patience;
        let mut place = timeout_at(turn, self.writer.clone().lock_owned()).await.map_err(|_| late())?;
        // Taken out: unless the transaction hands it back, it is closed.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => within(turn, self.options.connect()).await?,
        };
        let mut tries = BUSY_TRIES;
        loop {
            match timeout_at(turn, sqlx::query("begin immediate").execute(&mut connection)).await {
                Ok(Ok(_)) => break,
                Ok(Err(error)) if is_busy(&error) && tries > 1 => tries -= 1,
                Ok(Err(error)) => return Err(failed(error)),
                Err(_) => return Err(late()),
            }
        }
        Ok(Tx { place, connection, until: now + duration, newest_event: None, feed: self.feed.clone(), _act: act })
    }

    /// A connection of its own, outside pool and queue.
    pub(super) async fn connect(&self) -> Stored<SqliteConnection> {
        within(Instant::now() + self.patience, self.options.connect()).await
    }

    /// Whether an act waits for the writer or has it.
    pub(super) fn has_acts(&self) -> bool {
        self.acts.load(Ordering::Relaxed) > 0
    }

    /// Closes every connection that is not at work.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = self.writer.lock().await.take() {
            let _ = sqlx::Connection::close(writer).await;
        }
    }
}

/// Counts one act for as long as it lives.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn new(acts: &Arc<AtomicUsize>) -> Self {
        acts.fetch_add(1, Ordering::Relaxed);
        Self(acts.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is read alike in a transaction and outside.
pub(super) trait Reads {
    async fn all<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Vec<T>>;
    async fn first<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Option<T>>;
}

/// A row as a tuple.
pub(super) trait FromSqlite: for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin> FromSqlite for T {}

/// A pooled connection for the reads of one answer.
pub(super) struct Reader {
    connection: PoolConnection<Driver>,
    until: Instant,
}

impl Reader {
    /// For answers that read thousands of rows.
    pub(super) fn patiently(mut self) -> Self {
        self.until = Instant::now() + LONG;
        self
    }

    fn or_close<T>(&mut self, result: Stored<T>) -> Stored<T> {
        if result.is_err() {
            self.connection.close_on_drop();
        }
        result
    }
}

impl Reads for Reader {
    async fn all<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Vec<T>> {
        let rows = within(self.until, query.fetch_all(&mut *self.connection)).await;
        self.or_close(rows)
    }

    async fn first<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Option<T>> {
        let row = within(self.until, query.fetch_optional(&mut *self.connection)).await;
        self.or_close(row)
    }
}

/// A write transaction. Dropped without [`Tx::commit`] it changes nothing.
pub(super) struct Tx {
    place: OwnedMutexGuard<Option<SqliteConnection>>,
    connection: SqliteConnection,
    until: Instant,
    newest_event: Option<i64>,
    feed: Arc<Feed>,
    _act: Waiting,
}

impl Tx {
    /// Answers the number of rows changed.
    pub(super) async fn execute(&mut self, query: Query<'_, Driver, SqliteArguments>) -> Stored<u64> {
        Ok(within(self.until, query.execute(&mut self.connection)).await?.rows_affected())
    }

    /// An insert into `events`; answers the last `seq`.
    pub(super) async fn log(&mut self, insert: Query<'_, Driver, SqliteArguments>) -> Stored<i64> {
        let seq = within(self.until, insert.execute(&mut self.connection)).await?.last_insert_rowid();
        self.newest_event = Some(seq);
        Ok(seq)
    }

    /// Makes it durable and wakes the feed. Answers the last event it wrote.
    pub(super) async fn commit(mut self) -> Stored<Option<i64>> {
        match timeout_at(self.until, sqlx::query("commit").execute(&mut self.connection)).await {
            Ok(Ok(_)) => {}
            // SQLite took it back, or never began: the connection closes with the transaction undone.
            Ok(Err(error)) if is_busy(&error) || is_full(&error) => return Err(failed(error)),
            Ok(Err(error)) => {
                tracing::error!(%error, "a commit failed and its outcome is unknown");
                return Err(StoreError::OutcomeUnknown);
            }
            Err(_) => {
                tracing::error!("a commit did not answer in time and its outcome is unknown");
                return Err(StoreError::OutcomeUnknown);
            }
        }
        *self.place = Some(self.connection);
        if self.newest_event.is_some() {
            self.feed.wake();
        }
        Ok(self.newest_event)
    }
}

impl Reads for Tx {
    async fn all<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Vec<T>> {
        within(self.until, query.fetch_all(&mut self.connection)).await
    }

    async fn first<T: FromSqlite>(&mut self, query: QueryAs<'_, Driver, T, SqliteArguments>) -> Stored<Option<T>> {
        within(self.until, query.fetch_optional(&mut self.connection)).await
    }
}

impl Sqlite {
    /// Runs a write to its end whether or not anybody still waits for the answer, then waits for the directory to follow.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Future<Output = Stored<(T, Option<i64>)>> + Send + 'static,
    ) -> Stored<T> {
        let done = tokio::spawn(work).await;
        let (answer, newest_event) = done.unwrap_or_else(|error| {
            tracing::error!(%error, "a write panicked");
            Err(StoreError::Internal)
        })?;
        if let Some(seq) = newest_event {
            self.feed().followed(seq, super::feed::OWN_ACT).await;
        }
        Ok(answer)
    }
}

/// Awaits a statement until a deadline.
pub(super) async fn within<T>(until: Instant, work: impl Future<Output = sqlx::Result<T>>) -> Stored<T> {
    timeout_at(until, work).await.map_err(|_| late())?.map_err(failed)
}

tokio::task_local! {
    /// Set where the same failure was logged already by whoever asks again and again.
    static KNOWN: ();
}

/// Does work whose failure is no news: it is logged for debugging only.
pub(super) async fn known_to_fail<T>(known: bool, work: impl Future<Output = T>) -> T {
    if known { KNOWN.scope((), work).await } else { work.await }
}

fn is_news() -> bool {
    KNOWN.try_with(|()| ()).is_err()
}

fn late() -> StoreError {
    if is_news() {
        tracing::error!("the database did not answer in time");
    } else {
        tracing::debug!("the database does not answer in time");
    }
    StoreError::Unavailable
}

/// Logs an error of the database, once, and answers what the callers may know of it.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    use sqlx::Error::{ColumnDecode, ColumnIndexOutOfBounds, Decode, Encode};
    if is_news() {
        tracing::error!(%error, "the database failed");
    } else {
        tracing::debug!(%error, "the database fails");
    }
    let defect = matches!(error, ColumnDecode { .. } | ColumnIndexOutOfBounds { .. } | Decode(_) | Encode(_))
        // SQLITE_ERROR: the text of a statement is wrong. SQLITE_CONSTRAINT: so is what it was given.
        || primary_code(&error).is_some_and(|code| code == 1 || code == 19);
    if defect { StoreError::Internal } else { StoreError::Unavailable }
}

/// SQLite's primary result code, the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// `SQLITE_BUSY`: another process writes.
fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(5)
}

/// `SQLITE_FULL`.
fn is_full(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(13)
}

#[cfg(test)]
mod tests;
