//! In PostgreSQL transactions commit in any order. Each event bears the number of its transaction, and a snapshot tells which of them had
//! ended: new is what the present snapshot sees and the one before did not. Neither a clock nor a lock is asked, and an event that is
//! committed long after it was written is not missed.

use super::{
    Cursor, Feed, LOAD, PAGE, PART, STEP,
    making::Making,
    rows::{AccountRow, EventRow, accounts, by_id, changed, changes},
};
use crate::{
    clock::{Clock, Shown},
    directory::Directory,
    store::database::{Postgres, failed, within},
};
use app::store::Stored;
use jiff::tz::TimeZone;
use sqlx::{PgConnection, query, query_as};
use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
    sync::Arc,
};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

const ACCOUNTS: &str = accounts!(
    "cast(coalesce(json_agg(json_build_array",
    ")), '[]') as text)",
    "accounts.id > $1 and accounts.id <= $2 and accounts.deleted_at is null"
);
const ACCOUNTS_BY_ID: &str = accounts!(
    "cast(coalesce(json_agg(json_build_array",
    ")), '[]') as text)",
    "accounts.id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)) as value)"
);

const SESSIONS: &str = "
select cast(coalesce(json_agg(json_build_array(id, account_id, created_at)), '[]') as text)
from sessions
where account_id > $1 and account_id <= $2 and ended_at is null and idle_expires_at > $3";

const LAST_ACCOUNT: &str = "
select coalesce(max(id), 0)
from accounts";

const BEGIN: &str = "begin isolation level repeatable read read only";

// With it, the database's time in UTC milliseconds.
const SNAPSHOT: &str = "
select cast(pg_current_snapshot() as text), cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

const EVENTS: &str = "
select seq, at, action, target_account, target_session, cast(detail as text)
from events
where xid >= cast($1 as xid8)
or xid = any (cast($2 as xid8[]))
order by seq";

// A dump that was restored into another server bears numbers that this one has yet to give out.
const IS_RESTORED: &str = "
select exists (select 1 from events where xid >= pg_snapshot_xmax(pg_current_snapshot()))";

const FORGET_NUMBERS: &str = "
update events
set xid = '3'
where xid >= pg_snapshot_xmax(pg_current_snapshot())";

/// Which transactions had ended: all below `xmax` but those in `under_way`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    xmax: i64,
    under_way: Vec<i64>,
}

impl Snapshot {
    pub(super) fn shows(&self, xid: i64) -> bool {
        xid < self.xmax && !self.under_way.contains(&xid)
    }
}

impl FromStr for Snapshot {
    type Err = sqlx::Error;

    /// `xmin:xmax:number,number,…`
    fn from_str(text: &str) -> sqlx::Result<Self> {
        let read = |text: &str| text.parse::<i64>().map_err(|error| sqlx::Error::Decode(error.into()));
        let mut parts = text.splitn(3, ':').skip(1);
        let xmax = read(parts.next().unwrap_or_default())?;
        let under_way =
            parts.next().unwrap_or_default().split(',').filter(|number| !number.is_empty()).map(read).collect::<Result<_, _>>()?;
        Ok(Self { xmax, under_way })
    }
}

pub(super) struct Follower {
    connection: PgConnection,
    snapshot: Snapshot,
    /// Wakes the feed when another node ends sessions.
    _listening: JoinSet<()>,
}

impl Follower {
    pub(super) async fn load(
        database: &Postgres,
        zone: &TimeZone,
        clock: &Clock,
        before: i64,
        wake: Arc<Notify>,
    ) -> Stored<(Self, Directory)> {
        let until = Instant::now() + LOAD;
        // A server that falls silent is not waited for to the end.
        let soon = || until.min(Instant::now() + PART);
        let mut connection = within(Instant::now() + STEP, database.connect()).await?;
        let (restored,): (bool,) = within(soon(), query_as(IS_RESTORED).fetch_one(&mut connection)).await?;
        if restored {
            // The log may be long.
            within(until, query("set statement_timeout = 0").execute(&mut connection)).await?;
            within(until, query(FORGET_NUMBERS).execute(&mut connection)).await?;
        }
        within(soon(), query(BEGIN).execute(&mut connection)).await?;
        let (snapshot, time) = snapshot(&mut connection, soon()).await?;
        clock.keep_with(time);
        let over_by = clock.now() - before;
        let (last,): (i64,) = within(soon(), query_as(LAST_ACCOUNT).fetch_one(&mut connection)).await?;
        let mut making = Making::new(zone)?;
        for after in (0..last).step_by(PAGE) {
            making.accounts(&page(&mut connection, ACCOUNTS, after, &[], soon()).await?).await?;
        }
        for after in (0..last).step_by(PAGE) {
            making.sessions(&page(&mut connection, SESSIONS, after, &[over_by], soon()).await?, &HashSet::new()).await?;
        }
        within(soon(), query("commit").execute(&mut connection)).await?;
        let mut listening = JoinSet::new();
        // Without it news come a little later.
        if let Ok(mut listener) = within(Instant::now() + STEP, database.listener()).await {
            listening.spawn(async move {
                while listener.recv().await.is_ok() {
                    wake.notify_one();
                }
            });
        }
        Ok((Self { connection, snapshot, _listening: listening }, making.made().await?))
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) async fn step(&mut self, feed: &Arc<Feed>, clock: &Clock) -> Stored<()> {
        let until = Instant::now() + STEP;
        within(until, query(BEGIN).execute(&mut self.connection)).await?;
        let (snapshot, time) = snapshot(&mut self.connection, until).await?;
        clock.keep_with(time);
        let under_way = format!("{{{}}}", self.snapshot.under_way.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
        let events = query_as(EVENTS).bind(self.snapshot.xmax.to_string()).bind(under_way);
        let events: Vec<EventRow> = within(until, events.fetch_all(&mut self.connection)).await?;
        let accounts = self.changed_accounts(&events, until).await?;
        within(until, query("commit").execute(&mut self.connection)).await?;
        if snapshot != self.snapshot {
            self.snapshot = snapshot;
            feed.apply(changes(&events, &accounts), Cursor::Postgres(self.snapshot.clone()), clock.now()).await?;
        }
        Ok(())
    }

    /// The accounts that events may have changed, as the snapshot has them.
    async fn changed_accounts(&mut self, events: &[EventRow], until: Instant) -> Stored<HashMap<i64, AccountRow>> {
        let changed = changed(events);
        if changed.is_empty() {
            return Ok(HashMap::new());
        }
        let page = query_as(ACCOUNTS_BY_ID).bind(crate::store::events::json(&changed)?);
        let (page,): (String,) = within(until, page.fetch_one(&mut self.connection)).await?;
        by_id(&page)
    }
}

async fn snapshot(connection: &mut PgConnection, until: Instant) -> Stored<(Snapshot, Shown)> {
    let asked = std::time::Instant::now();
    let (snapshot, time): (String, i64) = within(until, query_as(SNAPSHOT).fetch_one(connection)).await?;
    Ok((snapshot.parse().map_err(failed)?, Shown { time, asked }))
}

/// The rows of the accounts behind one.
async fn page(connection: &mut PgConnection, page: &'static str, after: i64, more: &[i64], until: Instant) -> Stored<String> {
    let page = query_as(page).bind(after).bind(after + i64::try_from(PAGE).unwrap_or(i64::MAX));
    let page = more.iter().fold(page, sqlx::query::QueryAs::bind);
    let (page,): (String,) = within(until, page.fetch_one(connection)).await?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shows_what_had_ended() {
        let snapshot: Snapshot = "10:20:10,14".parse().expect("a snapshot");
        let shown: Vec<i64> = (8..22).filter(|xid| snapshot.shows(*xid)).collect();
        assert_eq!(shown, [8, 9, 11, 12, 13, 15, 16, 17, 18, 19]);
        assert_eq!("5:5:".parse::<Snapshot>().expect("a snapshot"), Snapshot { xmax: 5, under_way: vec![] });
        assert!("5".parse::<Snapshot>().is_err());
    }
}
