//! The session check's look-up in a SQLite file, on the thread that asks: it is over before another thread would have heard of it.
//!
//! In WAL mode a reader waits for nobody. Where the file does not answer at once all the same, it is asked with patience, on another thread.

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Result, ffi};
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A row of this type can be read.
pub(in crate::store) trait FromRow: for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error> {}

impl<T: for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error>> FromRow for T {}

/// What a connection keeps in memory of the file: reading a page that the system has in memory costs a call.
const CACHE_KIB: i32 = 8_192;

pub(super) struct Direct {
    path: PathBuf,
    /// Those that nobody reads from: no more than threads once read at a time. `None` once it is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Direct {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// The first row of a statement with one parameter.
    pub(super) fn first<T: FromRow>(&self, text: &str, key: &[u8]) -> Result<Option<T>> {
        let idle = self.idle().as_mut().map(Vec::pop);
        let idle = idle.ok_or_else(|| rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None))?;
        let connection = idle.map_or_else(|| self.connect(), Ok)?;
        let row = connection.prepare_cached(text)?.query_row([key], |row| row.try_into()).optional()?;
        if let Some(idle) = self.idle().as_mut() {
            idle.push(connection);
        }
        Ok(row)
    }

    fn connect(&self) -> Result<Connection> {
        // Not read only: the first reader of a file may have to put its log in order.
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", "on")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    }

    pub(super) fn close(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody has locked the file, or it is closed: worth asking with patience, and no defect.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
