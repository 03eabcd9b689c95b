//! A PostgreSQL server: connections for readers and for writers, so that neither waits for the other.

use super::{
    failed,
    kept::{Kept, Lent},
    query::On,
    undone, unknown, within,
};
use app::store::Stored;
use sqlx::{
    ConnectOptions as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};

const READERS: u32 = 16;
const WRITERS: u32 = 8;

/// How long it may take to end a process of the server that waits for a standby.
const LET_GO: Duration = Duration::from_secs(2);

/// Set for every connection, whatever the server's or the role's own settings say.
///
/// A node that stops between its statements holds its locks for two seconds at most, and nobody waits longer for one.
const SETTINGS: [(&str, &str); 11] = [
    ("default_transaction_isolation", "read committed"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "2s"),
    ("idle_session_timeout", "0"),
    // Of a client that is gone; from PostgreSQL 14 on.
    ("client_connection_check_interval", "1s"),
    // Of one that went without a word, with its machine or with the network: it keeps its places among the server's connections for 25
    // seconds, not for two hours, or a quarter of one where an answer was under way. On a Unix socket these say nothing.
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25s"),
    ("statement_timeout", "35s"),
    ("client_encoding", "UTF8"),
];

// Its number may be another's by now, which waits for nothing.
const LET_GO_OF: &str = "
select pg_terminate_backend(pid)
from pg_stat_activity
where pid = $1
and wait_event = 'SyncRep'";

/// The channel by which one node wakes the feeds of the others.
const CHANNEL: &str = "usm_ended";
pub(super) const NOTIFY: &str = "select cast(pg_notify('usm_ended', '') as text)";

#[derive(Clone)]
pub(in crate::store) struct Postgres {
    options: Arc<PgConnectOptions>,
    readers: Kept<PgConnection>,
    writers: Kept<PgConnection>,
}

impl Postgres {
    pub(in crate::store) fn new(options: &PgConnectOptions) -> Self {
        let options = options.clone().options(SETTINGS).disable_statement_logging();
        Self { options: Arc::new(options), readers: Kept::new(READERS), writers: Kept::new(WRITERS) }
    }

    /// On a connection of its own: one that is lost takes none from the readers.
    pub(in crate::store) async fn listener(&self) -> sqlx::Result<PgListener> {
        let mut listener =
            PgListener::connect_with(&PgPoolOptions::new().max_connections(1).connect_lazy_with((*self.options).clone())).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    pub(super) async fn reader(&self, until: Instant) -> Stored<Lent<PgConnection>> {
        self.readers.lend(until, self.connect()).await
    }

    /// A new connection.
    pub(in crate::store) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let mut connection = self.options.connect().await?;
        ready(&mut connection).await?;
        Ok(connection)
    }

    pub(super) async fn begin(&self, turn: Instant) -> Stored<Open> {
        let connection = self.writers.lend(turn, self.connect()).await?;
        let mut open = Open { connection: Some(connection), busy: false, process: 0, server: self.clone() };
        // Both in one message.
        let begin = sqlx::raw_sql("begin isolation level read committed; select pg_backend_pid()");
        open.process = within(turn, async { begin.fetch_one(open.connection()).await?.try_get(0) }).await?;
        open.rest();
        Ok(open)
    }

    /// Ends a process of the server whose commit waits for a standby that is away. It looks neither at its client nor at a time limit, and
    /// would stand beside ever more of its kind until nobody else gets a connection.
    async fn let_go(&self, process: i32) {
        let until = Instant::now() + LET_GO;
        // A server that does not answer keeps no such process for us.
        let Ok(mut reader) = self.reader(until).await else { return };
        if within(until, sqlx::query(LET_GO_OF).bind(process).execute(&mut *reader)).await.is_err() {
            reader.close_on_drop();
        }
    }

    pub(super) fn connections(&self) -> (u32, u32) {
        let ((readers, idle), (writers, more)) = (self.readers.numbers(), self.writers.numbers());
        (readers + writers, idle + more)
    }

    pub(super) async fn close(&self) {
        tokio::join!(self.readers.close(), self.writers.close());
    }
}

// Whatever the server or the role has set, our commits are durable when they are answered: here, and at the standby where one is waited for.
const READY: &str = "
select
  pg_is_in_recovery(),
  case when current_setting('synchronous_commit') <> 'remote_apply' then set_config('synchronous_commit', 'on', false) end";

/// Makes a new connection ready, and refuses a standby: what that shows is older than what the primary has acknowledged, and an ended
/// session would still be let in.
async fn ready(connection: &mut PgConnection) -> sqlx::Result<()> {
    let (standby, _): (bool, Option<String>) = sqlx::query_as(READY).fetch_one(connection).await?;
    if standby { Err(sqlx::Error::Configuration("the database is a standby, which is read only".into())) } else { Ok(()) }
}

/// A connection in a transaction, which is undone unless it commits.
pub(super) struct Open {
    connection: Option<Lent<PgConnection>>,
    /// A statement is under way, or has failed: the connection is of no more use.
    busy: bool,
    /// The server's, of this connection.
    process: i32,
    server: Postgres,
}

impl Open {
    /// For one statement, after which it [rests](Open::rest).
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.busy = true;
        self.connection.as_mut().expect("taken by commit and drop only")
    }

    pub(super) fn rest(&mut self) {
        self.busy = false;
    }

    pub(super) async fn commit(mut self, until: Instant) -> Stored<()> {
        match timeout_at(until, sqlx::query("commit").execute(self.connection())).await {
            Ok(Ok(_)) => {
                drop(self.connection.take());
                Ok(())
            }
            Ok(Err(error)) if is_taken_back(&error) => Err(failed(error)),
            Ok(Err(error)) => Err(unknown(Some(error))),
            Err(_) => {
                let (server, process) = (self.server.clone(), self.process);
                tokio::spawn(async move { server.let_go(process).await });
                Err(unknown(None))
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match Handle::try_current() {
            Ok(runtime) if !self.busy => drop(runtime.spawn(async move {
                if !undone(On::Postgres(&mut connection)).await {
                    connection.close_on_drop();
                }
            })),
            _ => connection.close_on_drop(),
        }
    }
}

/// A commit that the server says it undid: a conflict, a lock that NOTIFY did not get, a full disk, a transaction that stood too long.
fn is_taken_back(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code.starts_with("40") || ["55P03", "53100", "25P03"].contains(&&*code))
}

/// The class of the error, the first two characters of its SQLSTATE.
fn class(error: &sqlx::Error) -> Option<String> {
    code(error)?.get(..2).map(Into::into)
}

/// Its SQLSTATE.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().map(|error| error.code().into())
}

/// A statement's text is wrong (42), or what it was given (22, 23).
pub(super) fn is_defect(error: &sqlx::Error) -> bool {
    class(error).is_some_and(|class| ["22", "23", "42"].contains(&&*class))
}
