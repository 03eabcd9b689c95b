//! Opening the database: with the options the product relies on, and only if it is ours and not newer than this program.

mod postgres;

use super::database::{Kind, Postgres, Sqlite};
use crate::config::Place;
use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{fmt, io, path::Path, time::Duration};

/// What this program writes. It refuses a database whose `oldest_binary` is above it.
const SCHEMA: i64 = 3;

/// How long one statement waits for another process's write before it answers busy. The writer asks three times.
const BUSY: Duration = Duration::from_millis(200);

/// Whether missing tables are made, and a missing file: only `usm serve` and `usm demo` do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

/// Why a database was not opened, as one sentence that says what to do.
#[derive(Debug)]
pub enum OpenError {
    Missing(Place),
    Folder(Place, io::Error),
    /// Another program's, or no database at all.
    NotOurs(Place),
    Newer(Place),
    /// A server that does not answer; it may later.
    Away(Place, sqlx::Error),
    /// Somebody else brings it up to date, or holds a table.
    Held(Place),
    Rejected(Place, sqlx::Error),
    NoDatabase(Place),
    Standby(Place),
    /// A server of a version that is not served.
    Old(Place),
    Failed(Place, sqlx::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(place) => write!(f, "There is no database at {place}. Start `usm serve` once, or give --database-url."),
            Self::Folder(place, error) => {
                write!(f, "The database {place} cannot be created ({error}). Check the folder and its permissions.")
            }
            Self::NotOurs(place) => {
                write!(f, "{place} is not a database of User Session Manager. Give the right one by --database-url.")
            }
            Self::Newer(place) => {
                write!(f, "The database {place} was written by a newer version. Install that version of usm, or a newer one.")
            }
            Self::Away(place, error) => {
                write!(f, "The database {place} cannot be reached ({error}). Check that PostgreSQL runs, and --database-url.")
            }
            Self::Held(place) => {
                write!(f, "The tables of {place} are held by another program, perhaps another usm. Wait until it is done, or end it.")
            }
            Self::Rejected(place, error) => {
                write!(f, "The database {place} refuses the user or the password ({error}). Check --database-url.")
            }
            Self::NoDatabase(place) => {
                write!(f, "There is no database {place}. Create it with PostgreSQL's createdb, or check --database-url.")
            }
            Self::Standby(place) => {
                write!(f, "The database {place} is a standby, which is read only. Give the address of the primary by --database-url.")
            }
            Self::Old(place) => write!(f, "The database {place} is on a server older than PostgreSQL 14. Move it to a newer one."),
            Self::Failed(place @ Place::File(_), error) => {
                write!(f, "The database {place} cannot be opened ({error}). Check that the file is readable, writable and whole.")
            }
            Self::Failed(place, error) => {
                write!(f, "The database {place} cannot be opened ({error}). Check that its user may create tables.")
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Checks whose the database is, brings its tables up to date, and answers how to connect to it.
pub(super) async fn open(place: &Place, missing: Missing) -> Result<Kind, OpenError> {
    match place {
        Place::File(path) => Ok(Kind::Sqlite(Box::new(Sqlite::new(open_file(place, path, missing).await?)))),
        Place::Server(options) => {
            postgres::open(place, options, missing).await?;
            Ok(Kind::Postgres(Postgres::new(options)))
        }
    }
}

/// Makes the file where that is allowed, checks whose it is, brings it up to date, and answers how to connect to it.
async fn open_file(place: &Place, path: &Path, missing: Missing) -> Result<SqliteConnectOptions, OpenError> {
    if !path.exists() {
        match missing {
            Missing::Create => create_private(path).map_err(|error| OpenError::Folder(place.clone(), error))?,
            Missing::Refuse => return Err(OpenError::Missing(place.clone())),
        }
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // A commit never waits for a checkpoint: the upkeep makes them.
        .pragma("wal_autocheckpoint", "0")
        .pragma("journal_size_limit", "67108864")
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let failed = |error: sqlx::Error| {
        // SQLITE_NOTADB
        let no_database = error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("26"));
        if no_database { OpenError::NotOurs(place.clone()) } else { OpenError::Failed(place.clone(), error) }
    };
    let mut connection = options.connect().await.map_err(failed)?;
    let tables = "select name from sqlite_schema where type = 'table'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.map_err(failed)?;
    match whose(&tables, sqlx::query_scalar(OLDEST_BINARY).fetch_one(&mut connection)).await.map_err(failed)? {
        Whose::Empty | Whose::Ours { oldest_binary: ..=SCHEMA } => {}
        Whose::Ours { .. } => return Err(OpenError::Newer(place.clone())),
        Whose::Another => return Err(OpenError::NotOurs(place.clone())),
    }
    let mut migrations = sqlx::migrate!("migrations/sqlite");
    // A newer program may have added what this one does not know: `oldest_binary` says whether that matters.
    migrations.set_ignore_missing(true);
    migrations.run(&mut connection).await.map_err(|error| OpenError::Failed(place.clone(), error.into()))?;
    // Only dropped, it would close some time later, and its last checkpoint would lock out the first write.
    sqlx::Connection::close(connection).await.map_err(failed)?;
    Ok(options)
}

/// An empty file that only its owner reads. SQLite gives `-wal` and `-shm` the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map(drop).or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
}

enum Whose {
    Empty,
    Ours { oldest_binary: i64 },
    Another,
}

const OLDEST_BINARY: &str = "select oldest_binary from schema";

/// Whose a database is, by the names of its tables. Where it is ours, the program that may open it is asked for.
async fn whose(tables: &[String], oldest_binary: impl Future<Output = sqlx::Result<i64>>) -> sqlx::Result<Whose> {
    // Another program of ours may just have begun.
    if tables.iter().all(|table| table == "_sqlx_migrations") {
        return Ok(Whose::Empty);
    }
    if !["schema", "guards", "events"].iter().all(|ours| tables.iter().any(|table| table == ours)) {
        return Ok(Whose::Another);
    }
    Ok(Whose::Ours { oldest_binary: oldest_binary.await? })
}
