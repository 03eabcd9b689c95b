//! How the directory follows the database: loaded from one snapshot, then changed by the events after it, in their order.
//!
//! An act of this process wakes the feed. What another process writes is noticed by `pragma data_version`, asked every 100 ms on a
//! connection kept for it. The directory is loaded behind the back of a node that serves already, and anew after any failure.

use super::{
    Sqlite,
    database::{Reads as _, failed, known_to_fail, within},
    events::{Action, Detail},
};
use crate::{
    clock::Clock,
    directory::{AccountEntry, Change, Directory, SessionEntry},
    watchers::Watchers,
};
use app::{
    model::{account::AccountId, event::BatchId, session::SessionId},
    store::{StoreError, Stored},
};
use serde::de::DeserializeOwned;
use sqlx::{SqliteConnection, query, query_as};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, timeout},
};

/// How often another process's writes are looked for.
const POLL: Duration = Duration::from_millis(100);

/// How often a load that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long an act waits until the directory shows it.
pub(super) const OWN_ACT: Duration = Duration::from_millis(50);

/// How long a page that shows an act's result waits for it.
const SHOWN_ACT: Duration = Duration::from_millis(300);

/// How long a list asked for right after the start waits for the first load.
const FIRST_LOAD: Duration = Duration::from_secs(5);

/// How long a small read may take, and the load of everything.
const STEP: Duration = Duration::from_secs(2);
const LOAD: Duration = Duration::from_mins(2);

/// Events read at once, and accounts or the sessions of so many.
const PAGE: i64 = 2_000;

/// The directory and how far it has followed.
pub(super) struct Feed {
    directory: Arc<RwLock<Option<Directory>>>,
    position: watch::Sender<Position>,
    wake: Notify,
    watchers: Arc<Watchers>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    /// The last event that the directory shows.
    seq: i64,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// There is no directory yet.
    #[default]
    Loading,
    Following,
    /// The directory shows the database as it was.
    Lost,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self { directory: Arc::default(), position: watch::Sender::default(), wake: Notify::new(), watchers: Arc::default() }
    }

    pub(super) fn directory(&self) -> &Arc<RwLock<Option<Directory>>> {
        &self.directory
    }

    /// The open pages, which hear of what the directory shows.
    pub(super) fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until the directory shows an event. Answers whether it does; at once where nothing follows.
    pub(super) async fn followed(&self, seq: i64, at_most: Duration) -> bool {
        let mut position = self.position.subscribe();
        if position.borrow().state != State::Following {
            return false;
        }
        timeout(at_most, position.wait_for(|position| position.seq >= seq)).await.is_ok_and(|waited| waited.is_ok())
    }

    pub(super) fn is_following(&self) -> Stored<()> {
        if self.position.borrow().state == State::Following { Ok(()) } else { Err(StoreError::Unavailable) }
    }

    /// Waits for the first load, five seconds at most.
    pub(super) async fn loaded(&self) {
        let mut position = self.position.subscribe();
        let _ = timeout(FIRST_LOAD, position.wait_for(|position| position.state != State::Loading)).await;
    }

    fn lost(&self) {
        self.position.send_modify(|position| position.state = State::Lost);
    }

    fn replace(&self, directory: Directory, seq: i64) {
        let mut place = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        let directory = place.insert(directory);
        self.watchers.compare(directory);
        drop(place);
        self.position.send_replace(Position { seq, state: State::Following });
    }

    fn apply(&self, changes: &[Change], seq: i64, now: i64) {
        if let Some(directory) = &mut *self.directory.write().unwrap_or_else(PoisonError::into_inner) {
            directory.apply(changes, now);
            self.watchers.tell(changes, directory.version());
        }
        self.position.send_replace(Position { seq, state: State::Following });
    }
}

impl Sqlite {
    /// Waits at most 300 ms until the directory shows an act, for the page after a redirect.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer. A directory that is late is none.
    pub async fn applied(&self, batch: BatchId) -> Stored<()> {
        let newest = "select max(seq) from events where batch_id = $1";
        let newest: Option<(Option<i64>,)> = self.database().reader().await?.first(query_as(newest).bind(batch.0)).await?;
        if let Some((Some(seq),)) = newest {
            self.feed().followed(seq, SHOWN_ACT).await;
        }
        Ok(())
    }

    /// Everything as it stands in the database now: what the command line filters, and what tests compare with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer.
    pub async fn load_directory(&self, node: i64) -> Stored<Directory> {
        Ok(Follower::load(self, node).await?.1)
    }
}

/// Reads the events on a connection of its own.
struct Follower {
    connection: SqliteConnection,
    seq: i64,
    data_version: i64,
}

// Rows come as one text a page: a row by itself costs the driver more than reading it. And they come by ranges of account ids, as the
// table and the index of active sessions have them: in any other order each is looked up by itself.
macro_rules! accounts {
    ($which:literal) => {
        concat!(
            "
select json_group_array(json_array(
  accounts.id, accounts.user_name, accounts.last_name, accounts.first_name,
  accounts.disabled_at is not null or accounts.roster_disabled_at is not null,
  account_roles.role is not null,
  accounts.deleted_at is not null
))
from accounts
left join account_roles on account_roles.account_id = accounts.id and account_roles.role = 'sis'
where ",
            $which
        )
    };
}

const ACCOUNTS: &str = accounts!("accounts.id > $1 and accounts.id <= $2 and accounts.deleted_at is null");
const ACCOUNTS_BY_ID: &str = accounts!("accounts.id in (select value from json_each($1))");

/// SQL has 0 and 1 for what is not and what is.
type AccountRow = (i64, String, String, String, u8, u8, u8);

const SESSIONS: &str = "
select json_group_array(json_array(id, account_id, created_at))
from sessions
where account_id > $1 and account_id <= $2 and ended_at is null";

type SessionRow = (i64, i64, i64);

const EVENTS: &str = "
select seq, at, action, target_account, target_session, detail
from events
where seq > $1
order by seq
limit $2";

type EventRow = (i64, i64, String, Option<i64>, Option<i64>, String);

impl Follower {
    /// Directory and position from one snapshot.
    async fn load(store: &Sqlite, node: i64) -> Stored<(Self, Directory)> {
        let mut connection = store.database().connect().await?;
        let until = Instant::now() + LOAD;
        let data_version = data_version(&mut connection).await?;
        within(until, query("begin").execute(&mut connection)).await?;
        let ends = "select (select coalesce(max(seq), 0) from events), (select coalesce(max(id), 0) from accounts)";
        let (seq, last): (i64, i64) = within(until, query_as(ends).fetch_one(&mut connection)).await?;
        // What is read already is taken in meanwhile.
        let (accounts_to, accounts) = pages::<AccountRow>();
        let (sessions_to, sessions) = pages::<SessionRow>();
        let zone = store.zone().clone();
        let directory = tokio::task::spawn_blocking(move || {
            let sessions =
                sessions.map(|(id, account, created_at)| SessionEntry { id: SessionId(id), account: AccountId(account), created_at });
            Directory::new(&zone, node, accounts.map(|row| entry(row).0), sessions)
        });
        read_pages(&mut connection, until, ACCOUNTS, last, accounts_to).await?;
        read_pages(&mut connection, until, SESSIONS, last, sessions_to).await?;
        within(until, query("commit").execute(&mut connection)).await?;
        let directory = directory.await.map_err(|error| {
            tracing::error!(%error, "the directory panicked while it was loaded");
            StoreError::Internal
        })?;
        Ok((Self { connection, seq, data_version }, directory))
    }

    /// Applies what was committed since.
    async fn step(&mut self, feed: &Feed, now: i64) -> Stored<()> {
        let version = data_version(&mut self.connection).await?;
        if version == self.data_version {
            return Ok(());
        }
        self.data_version = version;
        loop {
            let (events, accounts) = self.news().await?;
            let Some(last) = events.last() else { return Ok(()) };
            self.seq = last.0;
            feed.apply(&changes(&events, &accounts), self.seq, now);
        }
    }

    /// The next events, and the accounts that they may have changed, from one snapshot: an account read later would show as disabled
    /// while the end of its sessions is still to come.
    async fn news(&mut self) -> Stored<(Vec<EventRow>, HashMap<i64, AccountRow>)> {
        let until = Instant::now() + STEP;
        within(until, query("begin").execute(&mut self.connection)).await?;
        let events = query_as(EVENTS).bind(self.seq).bind(PAGE);
        let events: Vec<EventRow> = within(until, events.fetch_all(&mut self.connection)).await?;
        let accounts = self.changed_accounts(&events, until).await?;
        within(until, query("commit").execute(&mut self.connection)).await?;
        Ok((events, accounts))
    }

    /// The accounts that events may have changed, as the snapshot has them.
    async fn changed_accounts(&mut self, events: &[EventRow], until: Instant) -> Stored<HashMap<i64, AccountRow>> {
        let ids: BTreeSet<i64> =
            events.iter().filter(|(_, _, action, ..)| Action::changes_account(action)).filter_map(|event| event.3).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let accounts = query_as(ACCOUNTS_BY_ID).bind(super::events::json(&ids)?);
        let accounts: Vec<AccountRow> = rows(within(until, accounts.fetch_one(&mut self.connection)).await?)?;
        Ok(accounts.into_iter().map(|row| (row.0, row)).collect())
    }
}

/// Loads the directory and follows until told to stop. What is lost is loaded anew.
pub(super) async fn follow(store: Sqlite, mut stop: watch::Receiver<bool>, clock: Clock) {
    // Why it failed is logged once.
    let mut has_failed = false;
    // A time-out is a write: what timed out while nothing ran is no part of the first list. The sweep tries again.
    let _ = store.end_timed_out(clock.now()).await;
    while !*stop.borrow() {
        let loaded = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            loaded = known_to_fail(has_failed, Follower::load(&store, clock.now())) => loaded,
        };
        let Ok((mut follower, directory)) = loaded else {
            has_failed = true;
            tokio::time::sleep(RETRY).await;
            continue;
        };
        store.feed().replace(directory, follower.seq);
        if has_failed {
            tracing::info!("the directory was loaded anew and follows the database again");
        }
        while follower.step(store.feed(), clock.now()).await.is_ok() {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = store.feed().wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        store.feed().lost();
        has_failed = true;
    }
}

/// Where pages of rows go, and the rows as they come out on another thread.
fn pages<T>() -> (mpsc::Sender<Vec<T>>, impl Iterator<Item = T>) {
    let (to, mut from) = mpsc::channel(4);
    (to, std::iter::from_fn(move || from.blocking_recv()).flatten())
}

/// Reads the rows of the accounts up to the last.
async fn read_pages<T: DeserializeOwned>(
    connection: &mut SqliteConnection,
    until: Instant,
    page: &'static str,
    last: i64,
    to: mpsc::Sender<Vec<T>>,
) -> Stored<()> {
    let mut after = 0;
    while after < last {
        let page = query_as(page).bind(after).bind(after + PAGE);
        // Where nobody takes it, the directory has panicked: its task tells.
        let _ = to.send(rows(within(until, page.fetch_one(&mut *connection)).await?)?).await;
        after += PAGE;
    }
    Ok(())
}

/// The rows of a page.
fn rows<T: DeserializeOwned>((page,): (String,)) -> Stored<Vec<T>> {
    serde_json::from_str(&page).map_err(|error| failed(sqlx::Error::Decode(error.into())))
}

async fn data_version(connection: &mut SqliteConnection) -> Stored<i64> {
    let version: (i64,) = within(Instant::now() + STEP, query_as("pragma data_version").fetch_one(connection)).await?;
    Ok(version.0)
}

/// What events mean for the directory, in their order.
fn changes(events: &[EventRow], accounts: &HashMap<i64, AccountRow>) -> Vec<Change> {
    let mut changes = Vec::with_capacity(events.len());
    for (seq, at, action, account, session, detail) in events {
        if Action::changes_account(action)
            && let Some(row) = account.and_then(|account| accounts.get(&account))
        {
            let (entry, gone) = entry(row.clone());
            changes.push(if gone { Change::AccountGone(entry.id) } else { Change::Account(entry) });
        }
        if action == Action::SignIn.key()
            && let (Some(account), Some(session)) = (account, session)
        {
            changes.push(Change::Started(SessionEntry { id: SessionId(*session), account: AccountId(*account), created_at: *at }));
        }
        match serde_json::from_str::<Detail>(detail) {
            Ok(detail) if !detail.sessions.is_empty() => {
                changes.push(Change::Ended(detail.sessions.into_iter().map(SessionId).collect()));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, seq, "an event's detail cannot be read"),
        }
    }
    changes
}

/// The entry, and whether the account is deleted.
fn entry((id, user_name, last_name, first_name, disabled, sis, deleted): AccountRow) -> (AccountEntry, bool) {
    let entry = AccountEntry { id: AccountId(id), user_name, last_name, first_name, disabled: disabled != 0, sis: sis != 0 };
    (entry, deleted != 0)
}
