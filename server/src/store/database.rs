//! Two databases by one way: kept connections for readers, and write transactions. What misses its deadline is answered as unavailable, and its
//! connection is closed rather than used again.

mod direct;
mod kept;
mod postgres;
mod query;
mod sqlite;

pub(super) use postgres::Postgres;
pub(super) use query::{Query, Text, query, with_ids, with_rows};
pub(super) use sqlite::Sqlite;

use super::{SqlStore, feed::Feed};
use app::{
    model::text::count,
    store::{StoreError, Stored},
};
use direct::FromRow;
use kept::Lent;
use query::{On, Row};
use sqlx::{PgConnection, SqliteConnection};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout, timeout_at};

/// What an act on a few accounts may take, which others may hold for a while.
const ACT: Duration = Duration::from_secs(3);

/// What undoing a transaction may take.
const UNDO: Duration = Duration::from_millis(500);

/// What a set of thousands of accounts may take.
const LONG: Duration = Duration::from_secs(30);

/// What each row of a set may take beside that: a whole district is written in one.
const ROW: Duration = Duration::from_micros(300);

/// More rows than an act of a page has.
const THOUSANDS: usize = 10_000;

/// What reading everything may take, which the command line does.
const ALL: Duration = Duration::from_mins(5);

/// What a commit has at least, however long the transaction waited for its turn: cut off, it might have succeeded.
const COMMIT: Duration = Duration::from_millis(300);

/// How long folding SQLite's log in may take beside the writer, and between two writes, while others wait.
const FOLD: Duration = Duration::from_secs(10);
const FOLD_BETWEEN: Duration = Duration::from_millis(400);

/// Pages of a log that has grown long: 16 MiB.
const LONG_LOG: i64 = 4_096;

/// The connections to one database.
pub(super) struct Database {
    of: Kind,
    /// Acts that wait for a transaction or have it: touches let them pass.
    acts: Arc<AtomicUsize>,
    /// How long a small read or write may take in all.
    patience: Duration,
    feed: Arc<Feed>,
}

pub(super) enum Kind {
    Sqlite(Box<Sqlite>),
    Postgres(Postgres),
}

impl Database {
    pub(super) fn new(of: Kind, patience: Duration, feed: Arc<Feed>) -> Self {
        Self { of, acts: Arc::default(), patience, feed }
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.of
    }

    /// A connection that only reads.
    pub(super) async fn reader(&self) -> Stored<Reader> {
        let until = Instant::now() + self.patience;
        let connection = match &self.of {
            Kind::Sqlite(sqlite) => Pooled::Sqlite(Box::pin(sqlite.reader(until)).await?),
            Kind::Postgres(postgres) => Pooled::Postgres(Box::pin(postgres.reader(until)).await?),
        };
        Ok(Reader { connection, until, busy: false })
    }

    /// The row with a key, and nothing more: what a session check reads. `text` has one parameter.
    pub(super) async fn row<T: Row + FromRow>(&self, text: &'static str, key: &[u8]) -> Stored<Option<T>> {
        if let Kind::Sqlite(sqlite) = &self.of {
            match sqlite.direct.first(text, key) {
                Ok(row) => return Ok(row),
                Err(error) if direct::is_busy(&error) => {}
                Err(error) => tracing::warn!(%error, "a session check was not read directly"),
            }
        }
        self.reader().await?.first(query(text).bind(key)).await
    }

    /// A transaction of a few rows.
    pub(super) async fn begin(&self) -> Stored<Tx> {
        self.begin_within(self.patience).await
    }

    /// One that waits for others who act on the same accounts.
    pub(super) async fn begin_act(&self) -> Stored<Tx> {
        self.begin_within(self.patience.max(ACT)).await
    }

    /// A transaction of thousands of rows. It waits for its turn no longer than any other.
    pub(super) async fn begin_long(&self) -> Stored<Tx> {
        self.begin_within(LONG).await
    }

    /// The same of so many rows, where they may be hundreds of thousands.
    pub(super) async fn begin_long_of(&self, rows: usize) -> Stored<Tx> {
        let mut tx = self.begin_within(LONG + ROW * count(rows)).await?;
        if let Kind::Postgres(_) = self.of
            && rows > THOUSANDS
        {
            // This program's own limit holds; fewer are done within the server's.
            tx.execute(query("set local statement_timeout = '10min'")).await?;
        }
        Ok(tx)
    }

    async fn begin_within(&self, duration: Duration) -> Stored<Tx> {
        let act = Waiting::new(&self.acts);
        let now = Instant::now();
        let turn = now + self.patience;
        let open = match &self.of {
            Kind::Sqlite(sqlite) => Open::Sqlite(Box::pin(sqlite.begin(turn)).await?),
            Kind::Postgres(postgres) => Open::Postgres(Box::pin(postgres.begin(turn)).await?),
        };
        Ok(Tx { open, until: now + duration, mark: None, feed: self.feed.clone(), _act: act })
    }

    /// Whether an act waits for a transaction or has it.
    pub(super) fn has_acts(&self) -> bool {
        self.acts.load(Ordering::Relaxed) > 0
    }

    /// Acts that wait for a transaction or have it.
    pub(super) fn acts(&self) -> u32 {
        u32::try_from(self.acts.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
    }

    /// Folds SQLite's log into the database: beside the writer, or between two writes where it has grown long. Only of a log that is folded
    /// in to its end the next write begins at the front.
    pub(super) async fn checkpoint(&self) -> Stored<()> {
        let Kind::Sqlite(sqlite) = &self.of else { return Ok(()) };
        let fold = || query("pragma wal_checkpoint(passive)");
        let mut reader = self.reader().await?;
        reader.until = Instant::now() + FOLD;
        let folded: Option<(i64, i64, i64)> = reader.first(fold()).await?;
        if folded.is_some_and(|(_, pages, _)| pages > LONG_LOG) {
            let turn = timeout_at(reader.until, sqlite.writer.lock()).await.map_err(|_| late())?;
            reader.until = Instant::now() + FOLD_BETWEEN;
            reader.first::<(i64, i64, i64)>(fold()).await?;
            drop(turn);
        }
        Ok(())
    }

    /// Pooled connections, and those of them that are idle.
    pub(super) fn connections(&self) -> (u32, u32) {
        match &self.of {
            Kind::Sqlite(sqlite) => sqlite.connections(),
            Kind::Postgres(postgres) => postgres.connections(),
        }
    }

    /// Closes every connection that is not at work.
    pub(super) async fn close(&self) {
        match &self.of {
            Kind::Sqlite(sqlite) => sqlite.close().await,
            Kind::Postgres(postgres) => postgres.close().await,
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
    async fn all<T: Row>(&mut self, query: Query) -> Stored<Vec<T>>;
    async fn first<T: Row>(&mut self, query: Query) -> Stored<Option<T>>;
}

/// A pooled connection for the reads of one answer.
pub(super) struct Reader {
    connection: Pooled,
    until: Instant,
    /// A statement is under way, or has failed: the connection is of no more use.
    busy: bool,
}

enum Pooled {
    Sqlite(Lent<SqliteConnection>),
    Postgres(Lent<PgConnection>),
}

impl Reader {
    /// For answers that read thousands of rows.
    pub(super) fn patiently(mut self) -> Self {
        self.until = Instant::now() + LONG;
        self
    }

    /// For an answer that has every account.
    pub(super) fn very_patiently(mut self) -> Self {
        self.until = Instant::now() + ALL;
        self
    }

    fn on(&mut self) -> On<'_> {
        match &mut self.connection {
            Pooled::Sqlite(connection) => On::Sqlite(connection),
            Pooled::Postgres(connection) => On::Postgres(connection),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.busy {
            match &mut self.connection {
                Pooled::Sqlite(connection) => connection.close_on_drop(),
                Pooled::Postgres(connection) => connection.close_on_drop(),
            }
        }
    }
}

impl Reads for Reader {
    async fn all<T: Row>(&mut self, query: Query) -> Stored<Vec<T>> {
        self.busy = true;
        let rows = within(self.until, query.all(self.on())).await?;
        self.busy = false;
        Ok(rows)
    }

    async fn first<T: Row>(&mut self, query: Query) -> Stored<Option<T>> {
        self.busy = true;
        let row = within(self.until, query.first(self.on())).await?;
        self.busy = false;
        Ok(row)
    }
}

/// A write transaction. Dropped without [`Tx::commit`] it changes nothing.
///
/// Rows are locked in one order everywhere, so that no two transactions wait for each other: the plan, the guard, accounts by id, and
/// what belongs to an account only under its lock.
pub(super) struct Tx {
    open: Open,
    until: Instant,
    mark: Option<Mark>,
    feed: Arc<Feed>,
    _act: Waiting,
}

enum Open {
    Sqlite(sqlite::Open),
    Postgres(postgres::Open),
}

/// What tells whether a feed has come to a transaction: the `seq` of its last event (SQLite), its own number (PostgreSQL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(pub i64);

const LOCK_ACCOUNTS: Text = Text::each(
    "",
    "
select id
from accounts
where id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)) as value)
order by id
for update",
);

impl Tx {
    /// For thousands of rows.
    pub(super) fn patiently(&mut self) {
        self.until = Instant::now() + LONG;
    }

    /// Answers the number of rows changed.
    pub(super) async fn execute(&mut self, query: Query) -> Stored<u64> {
        within(self.until, query.execute(self.on())).await.inspect(|_| self.rest())
    }

    /// Before what is read or changed of accounts and their sessions hangs together: nobody else changes them until the end. In SQLite
    /// nobody writes at the same time anyway.
    pub(super) async fn lock_accounts(&mut self, accounts: &[i64]) -> Stored<()> {
        if let Open::Postgres(_) = self.open {
            let lock = query(LOCK_ACCOUNTS).bind(super::events::json(accounts)?);
            self.all::<(i64,)>(lock).await?;
        }
        Ok(())
    }

    /// An insert into `events`, for PostgreSQL with `returning seq, xid`. Answers the places in the log of the first and the last.
    pub(super) async fn log(&mut self, insert: Query) -> Stored<(i64, i64)> {
        let (first, last, mark) = match &mut self.open {
            Open::Sqlite(open) => {
                let done = within(self.until, insert.sqlite().execute(open.connection())).await?;
                let last = done.last_insert_rowid();
                (last + 1 - i64::try_from(done.rows_affected()).unwrap_or(i64::MAX), last, last)
            }
            Open::Postgres(open) => {
                let rows = insert.postgres_rows::<(i64, i64)>().fetch_all(open.connection());
                let rows = within(self.until, rows).await?;
                let first = rows.iter().map(|row| row.0).min().ok_or(StoreError::Internal)?;
                let last = rows.iter().max().ok_or(StoreError::Internal)?;
                (first, last.0, last.1)
            }
        };
        self.rest();
        self.mark = Some(Mark(mark));
        Ok((first, last))
    }

    /// Tells the other nodes at the commit that sessions end: they look at once.
    pub(super) async fn wake_others(&mut self) -> Stored<()> {
        if let Open::Postgres(_) = self.open {
            self.execute(query(postgres::NOTIFY)).await?;
        }
        Ok(())
    }

    /// Makes it durable and wakes the feed. Answers what tells that a feed has come to its events, where it wrote any.
    pub(super) async fn commit(self) -> Stored<Option<Mark>> {
        let until = self.until.max(Instant::now() + COMMIT);
        match self.open {
            Open::Sqlite(open) => open.commit(until).await?,
            Open::Postgres(open) => open.commit(until).await?,
        }
        if self.mark.is_some() {
            self.feed.wake();
        }
        Ok(self.mark)
    }

    fn on(&mut self) -> On<'_> {
        match &mut self.open {
            Open::Sqlite(open) => On::Sqlite(open.connection()),
            Open::Postgres(open) => On::Postgres(open.connection()),
        }
    }

    /// The statement is done.
    fn rest(&mut self) {
        match &mut self.open {
            Open::Sqlite(open) => open.rest(),
            Open::Postgres(open) => open.rest(),
        }
    }
}

impl Reads for Tx {
    async fn all<T: Row>(&mut self, query: Query) -> Stored<Vec<T>> {
        within(self.until, query.all(self.on())).await.inspect(|_| self.rest())
    }

    async fn first<T: Row>(&mut self, query: Query) -> Stored<Option<T>> {
        within(self.until, query.first(self.on())).await.inspect(|_| self.rest())
    }
}

impl SqlStore {
    /// Runs a write to its end whether or not anybody still waits for the answer, then waits for the directory to follow.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Future<Output = Stored<(T, Option<Mark>)>> + Send + 'static,
    ) -> Stored<T> {
        let done = tokio::spawn(work).await;
        let (answer, mark) = done.unwrap_or_else(|error| {
            tracing::error!(%error, "a write panicked");
            Err(StoreError::Internal)
        })?;
        if let Some(mark) = mark {
            self.feed().followed(mark, super::feed::OWN_ACT).await;
        }
        Ok(answer)
    }
}

/// Awaits a statement until a deadline.
pub(super) async fn within<T>(until: Instant, work: impl Future<Output = sqlx::Result<T>>) -> Stored<T> {
    timeout_at(until, work).await.map_err(|_| late())?.map_err(failed)
}

/// Undoes a transaction that nobody goes on with; answers whether its connection may be used again.
async fn undone(on: On<'_>) -> bool {
    matches!(timeout(UNDO, query("rollback").execute(on)).await, Ok(Ok(_)))
}

/// After a commit that did not say what became of it.
fn unknown(error: Option<sqlx::Error>) -> StoreError {
    let why = error.map_or_else(|| "it did not answer in time".into(), |error| error.to_string());
    tracing::error!(why, "a commit failed and its outcome is unknown");
    StoreError::OutcomeUnknown
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
        || sqlite::is_defect(&error)
        || postgres::is_defect(&error);
    if defect { StoreError::Internal } else { StoreError::Unavailable }
}

#[cfg(test)]
mod tests;
