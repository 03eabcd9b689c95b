//! In SQLite the numbers of the events are the order of their commits, and `pragma data_version` tells a connection that another wrote.

use super::{
    Cursor, Feed, LOAD, PAGE, STEP,
    making::Making,
    rows::{AccountRow, EventRow, accounts, by_id, changed, changes, rows},
};
use crate::{
    clock::Clock,
    directory::Directory,
    store::database::{Sqlite, within},
};
use app::store::Stored;
use jiff::tz::TimeZone;
use sqlx::{SqliteConnection, query, query_as};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;

const ACCOUNTS: &str =
    accounts!("json_group_array(json_array", "))", "accounts.id > $1 and accounts.id <= $2 and accounts.deleted_at is null");
const ACCOUNTS_BY_ID: &str = accounts!("json_group_array(json_array", "))", "accounts.id in (select value from json_each($1))");

// The index has all of it: rows of the table would be read here and there, six times as long.
const SESSIONS: &str = "
select json_group_array(json_array(id, account_id, created_at))
from sessions
where account_id > $1 and account_id <= $2 and ended_at is null";

const TIMED_OUT: &str = "
select json_group_array(id)
from sessions
where ended_at is null and idle_expires_at <= $1";

const ENDS: &str = "
select (select coalesce(max(seq), 0) from events), (select coalesce(max(id), 0) from accounts)";

const EVENTS: &str = "
select seq, at, action, target_account, target_session, detail
from events
where seq > $1
order by seq
limit $2";

pub(super) struct Follower {
    connection: SqliteConnection,
    seq: i64,
    data_version: i64,
}

impl Follower {
    pub(super) async fn load(database: &Sqlite, zone: &TimeZone, over_by: i64) -> Stored<(Self, Directory)> {
        let until = Instant::now() + LOAD;
        let mut connection = within(Instant::now() + STEP, database.connect()).await?;
        let data_version = data_version(&mut connection).await?;
        within(until, query("begin").execute(&mut connection)).await?;
        let (seq, last): (i64, i64) = within(until, query_as(ENDS).fetch_one(&mut connection)).await?;
        let mut making = Making::new(zone)?;
        for after in (0..last).step_by(PAGE) {
            making.accounts(&page(&mut connection, ACCOUNTS, after, until).await?).await?;
        }
        let (timed_out,): (String,) = within(until, query_as(TIMED_OUT).bind(over_by).fetch_one(&mut connection)).await?;
        let timed_out = rows::<i64>(&timed_out)?.into_iter().collect();
        for after in (0..last).step_by(PAGE) {
            making.sessions(&page(&mut connection, SESSIONS, after, until).await?, &timed_out).await?;
        }
        within(until, query("commit").execute(&mut connection)).await?;
        Ok((Self { connection, seq, data_version }, making.made().await?))
    }

    /// The last event that it has come to.
    pub(super) fn seq(&self) -> i64 {
        self.seq
    }

    pub(super) async fn step(&mut self, feed: &Arc<Feed>, clock: &Clock) -> Stored<()> {
        let version = data_version(&mut self.connection).await?;
        if version == self.data_version {
            return Ok(());
        }
        self.data_version = version;
        loop {
            let (events, accounts) = self.news().await?;
            let Some(last) = events.last() else { return Ok(()) };
            self.seq = last.0;
            feed.apply(changes(&events, &accounts), Cursor::Sqlite(self.seq), clock.now()).await?;
            if events.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// The next events, and the accounts that they may have changed, from one snapshot: an account read later would show as disabled
    /// while the end of its sessions is still to come.
    async fn news(&mut self) -> Stored<(Vec<EventRow>, HashMap<i64, AccountRow>)> {
        let until = Instant::now() + STEP;
        within(until, query("begin").execute(&mut self.connection)).await?;
        let events = query_as(EVENTS).bind(self.seq).bind(i64::try_from(PAGE).unwrap_or(i64::MAX));
        let events: Vec<EventRow> = within(until, events.fetch_all(&mut self.connection)).await?;
        let changed = changed(&events);
        let mut accounts = HashMap::new();
        if !changed.is_empty() {
            let page = query_as(ACCOUNTS_BY_ID).bind(crate::store::events::json(&changed)?);
            let (page,): (String,) = within(until, page.fetch_one(&mut self.connection)).await?;
            accounts = by_id(&page)?;
        }
        within(until, query("commit").execute(&mut self.connection)).await?;
        Ok((events, accounts))
    }
}

/// The rows of the accounts behind one.
async fn page(connection: &mut SqliteConnection, page: &'static str, after: i64, until: Instant) -> Stored<String> {
    let page = query_as(page).bind(after).bind(after + i64::try_from(PAGE).unwrap_or(i64::MAX));
    let (page,): (String,) = within(until, page.fetch_one(connection)).await?;
    Ok(page)
}

async fn data_version(connection: &mut SqliteConnection) -> Stored<i64> {
    let version: (i64,) = within(Instant::now() + STEP, query_as("pragma data_version").fetch_one(connection)).await?;
    Ok(version.0)
}
