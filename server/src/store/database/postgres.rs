//! A PostgreSQL server: pools of readers and writers, so that neither waits for the other.

use super::{failed, unknown, within};
use app::store::Stored;
use sqlx::{
    ConnectOptions as _, PgConnection,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions},
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

const READERS: u32 = 16;
const WRITERS: u32 = 8;

/// Set for every connection, whatever the server's or the role's own settings say.
///
/// A node that stops between its statements holds its locks for two seconds at most, and nobody waits longer for one.
const SETTINGS: [(&str, &str); 5] = [
    ("default_transaction_isolation", "read committed"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "2s"),
    ("statement_timeout", "35s"),
    ("client_encoding", "UTF8"),
];

/// The channel by which one node wakes the feeds of the others.
pub(in crate::store) const CHANNEL: &str = "usm_ended";
pub(super) const NOTIFY: &str = "select cast(pg_notify('usm_ended', '') as text)";

pub(in crate::store) struct Postgres {
    options: PgConnectOptions,
    readers: PgPool,
    writers: PgPool,
}

impl Postgres {
    pub(in crate::store) fn new(options: &PgConnectOptions, patience: Duration) -> Self {
        let options = options.clone().options(SETTINGS).disable_statement_logging();
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience)
                .idle_timeout(None)
                .max_lifetime(Duration::from_mins(30))
                .test_before_acquire(false)
                .after_connect(|connection, _| Box::pin(refuse_standby(connection)))
                .connect_lazy_with(options.clone())
        };
        let (readers, writers) = (pool(READERS), pool(WRITERS));
        Self { options, readers, writers }
    }

    pub(in crate::store) async fn listener(&self) -> sqlx::Result<PgListener> {
        PgListener::connect_with(&self.readers).await
    }

    pub(super) async fn reader(&self) -> sqlx::Result<PoolConnection<sqlx::Postgres>> {
        self.readers.acquire().await
    }

    /// A connection of its own, outside the pools.
    pub(in crate::store) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let mut connection = self.options.connect().await?;
        refuse_standby(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn begin(&self, turn: Instant) -> Stored<Open> {
        let connection = within(turn, self.writers.acquire()).await?;
        let mut open = Open { connection: Some(connection) };
        within(turn, sqlx::query("begin isolation level read committed").execute(open.connection())).await?;
        Ok(open)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// What a standby shows is older than what the primary has acknowledged: an ended session would still be let in.
async fn refuse_standby(connection: &mut PgConnection) -> sqlx::Result<()> {
    let standby: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(connection).await?;
    if standby { Err(sqlx::Error::Configuration("the database is a standby, which is read only".into())) } else { Ok(()) }
}

/// A connection in a transaction, closed with it unless it commits.
pub(super) struct Open {
    connection: Option<PoolConnection<sqlx::Postgres>>,
}

impl Open {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("taken by commit and drop only")
    }

    pub(super) async fn commit(mut self, until: Instant) -> Stored<()> {
        match timeout_at(until, sqlx::query("commit").execute(self.connection())).await {
            Ok(Ok(_)) => {
                drop(self.connection.take());
                Ok(())
            }
            // Told by the server that it was taken back.
            Ok(Err(error)) if class(&error).as_deref() == Some("40") => Err(failed(error)),
            Ok(Err(error)) => Err(unknown(Some(error))),
            Err(_) => Err(unknown(None)),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
    }
}

/// The class of the error, the first two characters of its SQLSTATE.
fn class(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    error.code().get(..2).map(Into::into)
}

/// A statement's text is wrong (42), or what it was given (22, 23).
pub(super) fn is_defect(error: &sqlx::Error) -> bool {
    class(error).is_some_and(|class| ["22", "23", "42"].contains(&&*class))
}
