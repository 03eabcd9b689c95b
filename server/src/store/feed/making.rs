//! The directory while it is loaded.

use super::rows::{AccountRow, SessionRow, entry, rows};
use crate::directory::{Directory, SessionEntry};
use app::{
    model::{account::AccountId, session::SessionId},
    store::{StoreError, Stored},
};
use std::collections::HashSet;
use tokio::{sync::mpsc, task::JoinHandle};

/// A directory in the making, on another thread: it takes in what has been read already.
pub(super) struct Making {
    accounts: Option<mpsc::Sender<Vec<AccountRow>>>,
    sessions: Option<mpsc::Sender<Vec<SessionRow>>>,
    made: JoinHandle<Directory>,
}

impl Making {
    pub(super) fn new(zone: &jiff::tz::TimeZone) -> Stored<Self> {
        let node = getrandom::u64().map_err(|error| {
            tracing::error!(%error, "the system has no random bytes");
            StoreError::Internal
        })?;
        let (accounts, account_rows) = pages::<AccountRow>();
        let (sessions, session_rows) = pages::<SessionRow>();
        let zone = zone.clone();
        let made = tokio::task::spawn_blocking(move || {
            let sessions =
                session_rows.map(|(id, account, created_at)| SessionEntry { id: SessionId(id), account: AccountId(account), created_at });
            Directory::new(&zone, node.cast_signed(), account_rows.map(|row| entry(row).0), sessions)
        });
        Ok(Self { accounts: Some(accounts), sessions: Some(sessions), made })
    }

    /// Takes a page of accounts. All of them come before the sessions.
    pub(super) async fn accounts(&self, page: &str) -> Stored<()> {
        send(self.accounts.as_ref(), rows(page)?).await;
        Ok(())
    }

    /// Takes a page of sessions, without those that are over.
    pub(super) async fn sessions(&mut self, page: &str, over: &HashSet<i64>) -> Stored<()> {
        self.accounts = None;
        let mut sessions: Vec<SessionRow> = rows(page)?;
        if !over.is_empty() {
            sessions.retain(|(id, ..)| !over.contains(id));
        }
        send(self.sessions.as_ref(), sessions).await;
        Ok(())
    }

    pub(super) async fn made(mut self) -> Stored<Directory> {
        (self.accounts, self.sessions) = (None, None);
        self.made.await.map_err(|error| {
            tracing::error!(%error, "the directory panicked while it was loaded");
            StoreError::Internal
        })
    }
}

/// Where pages of rows go, and the rows as they come out on another thread.
fn pages<T>() -> (mpsc::Sender<Vec<T>>, impl Iterator<Item = T>) {
    let (to, mut from) = mpsc::channel(4);
    (to, std::iter::from_fn(move || from.blocking_recv()).flatten())
}

async fn send<T>(to: Option<&mpsc::Sender<Vec<T>>>, rows: Vec<T>) {
    if let Some(to) = to {
        // Where nobody takes it, the directory has panicked: its task tells.
        let _ = to.send(rows).await;
    }
}
