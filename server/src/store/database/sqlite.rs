//! A SQLite file: a few readers, one writer behind a fair queue.

use super::{
    direct::Direct,
    failed,
    kept::{Kept, Lent},
    late,
    query::On,
    undone, unknown, within,
};
use app::store::Stored;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
    time::{Instant, timeout_at},
};

const READERS: u32 = 8;

/// Times the writer asks when another process writes.
const BUSY_TRIES: u32 = 3;

pub(in crate::store) struct Sqlite {
    options: SqliteConnectOptions,
    readers: Kept<SqliteConnection>,
    pub(super) direct: Direct,
    /// `None` while a transaction has it, or after it was closed: the next transaction connects anew.
    pub(super) writer: Arc<Mutex<Option<SqliteConnection>>>,
}

impl Sqlite {
    pub(in crate::store) fn new(options: SqliteConnectOptions) -> Self {
        let direct = Direct::new(options.get_filename().to_owned());
        Self { options, readers: Kept::new(READERS), direct, writer: Arc::default() }
    }

    pub(super) async fn reader(&self, until: Instant) -> Stored<Lent<SqliteConnection>> {
        let connect = async { self.options.clone().pragma("query_only", "on").connect().await };
        self.readers.lend(until, connect).await
    }

    /// A connection of its own, outside pool and queue.
    pub(in crate::store) async fn connect(&self) -> sqlx::Result<SqliteConnection> {
        self.options.connect().await
    }

    /// A transaction that has the right to write.
    pub(super) async fn begin(&self, turn: Instant) -> Stored<Open> {
        let mut place = timeout_at(turn, self.writer.clone().lock_owned()).await.map_err(|_| late())?;
        // Taken out: unless the transaction hands it back, it is closed.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => within(turn, self.options.connect()).await?,
        };
        let mut tries = BUSY_TRIES;
        loop {
            match timeout_at(turn, sqlx::query("begin immediate").execute(&mut connection)).await {
                Ok(Ok(_)) => return Ok(Open { of: Some((place, connection)), busy: false }),
                Ok(Err(error)) if is_busy(&error) && tries > 1 => tries -= 1,
                Ok(Err(error)) => return Err(failed(error)),
                Err(_) => return Err(late()),
            }
        }
    }

    pub(super) fn connections(&self) -> (u32, u32) {
        self.readers.numbers()
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.direct.close();
        if let Some(writer) = self.writer.lock().await.take() {
            let _ = sqlx::Connection::close(writer).await;
        }
    }
}

/// The one writer, in a transaction, which is undone unless it commits.
pub(super) struct Open {
    /// With its place, in which it stands again afterwards.
    of: Option<(OwnedMutexGuard<Option<SqliteConnection>>, SqliteConnection)>,
    /// A statement is under way, or has failed: the connection is of no more use.
    busy: bool,
}

impl Open {
    /// For one statement, after which it [rests](Open::rest).
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.busy = true;
        &mut self.of.as_mut().expect("taken by commit and drop only").1
    }

    pub(super) fn rest(&mut self) {
        self.busy = false;
    }

    pub(super) async fn commit(mut self, until: Instant) -> Stored<()> {
        match timeout_at(until, sqlx::query("commit").execute(self.connection())).await {
            Ok(Ok(_)) => {
                if let Some((mut place, connection)) = self.of.take() {
                    *place = Some(connection);
                }
                Ok(())
            }
            // SQLite took it back, or never began: the connection closes with the transaction undone.
            Ok(Err(error)) if is_busy(&error) || is_full(&error) => Err(failed(error)),
            Ok(Err(error)) => Err(unknown(Some(error))),
            Err(_) => Err(unknown(None)),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some((mut place, mut connection)) = self.of.take()
            && let Ok(runtime) = Handle::try_current()
            && !self.busy
        {
            runtime.spawn(async move {
                if undone(On::Sqlite(&mut connection)).await {
                    *place = Some(connection);
                }
            });
        }
    }
}

/// SQLite's primary result code, the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    sqlx::error::DatabaseError::code(error)?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// `SQLITE_BUSY`: another process writes.
fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(5)
}

/// `SQLITE_FULL`.
fn is_full(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(13)
}

/// `SQLITE_ERROR`: the text of a statement is wrong. `SQLITE_CONSTRAINT`: so is what it was given.
pub(super) fn is_defect(error: &sqlx::Error) -> bool {
    primary_code(error).is_some_and(|code| code == 1 || code == 19)
}
