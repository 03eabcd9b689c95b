//! What only a demonstration does: marking its database, and beginning many sessions whose tokens nobody knows.

use super::{
    SqlStore,
    acts::number,
    database::{Kind, Mark, Reads as _, Text, query, with_ids, with_rows},
    events::{self, json},
};
use crate::auth::token::TokenHash;
use app::{
    model::{account::AccountId, session::SessionId},
    store::Stored,
};
use serde::Serialize;
use std::collections::HashMap;

/// A session that began, perhaps a while ago.
#[derive(Clone, Debug)]
pub struct SessionStart {
    pub account: AccountId,
    pub token: TokenHash,
    /// UTC milliseconds.
    pub created_at: i64,
    /// UTC milliseconds.
    pub last_seen_at: i64,
    pub ip: String,
    pub user_agent: String,
}

const IS_DEMO: &str = "
select value
from settings
where name = 'demo'";

const SIZE: &str = "
select
  (select count(*) from accounts where deleted_at is null),
  (select count(*) from sessions where ended_at is null and idle_expires_at > $1)";

const MARK: &str = "
insert into settings (name, value)
values ('demo', 'yes')
on conflict (name) do nothing";

// As a sign-in does: the account is claimed first, and only while it is enabled.
const CLAIM: Text = with_rows!(
    "
update accounts
set last_sign_in_at = case when accounts.last_sign_in_at > begun.at then accounts.last_sign_in_at else begun.at end
from (
  select cast(value ->> 'account' as bigint) as account, max(cast(value ->> 'created_at' as bigint)) as at
  from",
    "$1",
    "as new
  group by cast(value ->> 'account' as bigint)
) as begun
where accounts.id = begun.account
and accounts.disabled_at is null
and accounts.roster_disabled_at is null
and accounts.deleted_at is null
returning id"
);

// A hash as the database keeps it from one as a text has it.
macro_rules! begin {
    ($unhex:literal, $rows:literal) => {
        concat!(
            "
insert into sessions (
  token_hash, account_id, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent
)
select
  ",
            $unhex,
            ", cast(value ->> 'account' as bigint), cast(value ->> 'created_at' as bigint),
  cast(value ->> 'created_at' as bigint), cast(value ->> 'last_seen_at' as bigint), cast(value ->> 'idle' as bigint),
  cast(value ->> 'absolute' as bigint), value ->> 'ip', value ->> 'user_agent'
from ",
            $rows,
            "
returning id, token_hash"
        )
    };
}

const BEGIN: Text = Text::each(
    begin!("unhex(value ->> 'token')", "json_each($1) order by key"),
    begin!("decode(value ->> 'token', 'hex')", "json_array_elements(cast($1 as json)) with ordinality as new (value, key) order by key"),
);

const LOG: Text = with_ids!(
    "
insert into events (
  batch_id, at, actor_kind, actor_account, actor_name, actor_session, action,
  target_account, target_name, target_session, reason, result, detail
)
select
  $1, sessions.created_at, 'account', accounts.id, accounts.user_name, sessions.id, 'sign_in',
  accounts.id, accounts.user_name, sessions.id, '', 'done', '{}'
from sessions
join accounts on accounts.id = sessions.account_id
where sessions.id in (",
    "$2",
    ")
order by sessions.id",
    " returning seq, cast(cast(xid as text) as bigint)"
);

const LOG_ORIGINS: &str = "
insert into event_origins (seq, ip, user_agent)
select events.seq, sessions.ip, sessions.user_agent
from events
join sessions on sessions.id = events.target_session
where events.batch_id = $1";

const ACTIVE_SINCE: &str = "
select id, account_id, last_seen_at
from sessions
where ended_at is null
and last_seen_at > $1
order by id";

/// What SQLite keeps of the file while many sessions begin, 128 MiB: with less, their transaction writes the pages of the indexes to the log
/// again and again.
const KEEP_MANY_PAGES: &str = "pragma cache_size = -131072";

#[derive(Serialize)]
struct Row<'a> {
    account: AccountId,
    token: String,
    created_at: i64,
    last_seen_at: i64,
    idle: i64,
    absolute: i64,
    ip: &'a str,
    user_agent: &'a str,
}

impl SqlStore {
    /// Whether this database is a demonstration's: it may have made-up people at work, and is never served to others.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn is_demo(&self) -> Stored<bool> {
        let mark: Option<(String,)> = self.database().reader().await?.first(query(IS_DEMO)).await?;
        Ok(mark.is_some())
    }

    /// How many accounts there are, and how many sessions that are active at that time.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn size(&self, now: i64) -> Stored<(u32, u32)> {
        let size: Option<(i64, i64)> = self.database().reader().await?.patiently().first(query(SIZE).bind(now)).await?;
        let (accounts, sessions) = size.unwrap_or_default();
        Ok((number(accounts), number(sessions)))
    }

    /// Marks this database as a demonstration's, for good.
    ///
    /// # Errors
    /// [`app::store::StoreError`].
    pub async fn mark_as_demo(&self) -> Stored<()> {
        let store = self.clone();
        self.write(async move {
            let mut tx = store.database().begin().await?;
            tx.execute(query(MARK)).await?;
            Ok(((), tx.commit().await?))
        })
        .await
    }

    /// To call after many accounts were made at once: until PostgreSQL has counted them it plans as if there were a few.
    ///
    /// # Errors
    /// [`app::store::StoreError`].
    pub async fn analyze_accounts(&self) -> Stored<()> {
        let Kind::Postgres(_) = self.database().kind() else { return Ok(()) };
        let store = self.clone();
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            tx.execute(query("analyze accounts, account_roles")).await?;
            Ok(((), tx.commit().await?))
        })
        .await
    }

    /// Active sessions whose stored activity is newer than that, with their account and that activity, UTC milliseconds.
    ///
    /// # Errors
    /// [`app::store::StoreError::Unavailable`].
    pub async fn list_active_since(&self, since: i64) -> Stored<Vec<(SessionId, AccountId, i64)>> {
        let rows: Vec<(i64, i64, i64)> = self.database().reader().await?.all(query(ACTIVE_SINCE).bind(since)).await?;
        Ok(rows.into_iter().map(|(session, account, seen)| (SessionId(session), AccountId(account), seen)).collect())
    }

    /// Begins sessions without a password, each as sign-in would, in one transaction. Answers their ids in the order given, `None` where
    /// the account is disabled.
    ///
    /// # Errors
    /// [`app::store::StoreError`]; none began then.
    pub async fn begin_demo_sessions(&self, starts: Vec<SessionStart>) -> Stored<Vec<Option<SessionId>>> {
        let store = self.clone();
        self.write(async move { store.begin_all(&starts).await }).await
    }

    async fn begin_all(&self, starts: &[SessionStart]) -> Stored<(Vec<Option<SessionId>>, Option<Mark>)> {
        let rows: Vec<_> = starts.iter().map(|start| self.row(start)).collect();
        let mut tx = self.database().begin_long_of(starts.len()).await?;
        if let Kind::Sqlite(_) = self.database().kind() {
            tx.execute(query(KEEP_MANY_PAGES)).await?;
        }
        let accounts: Vec<i64> = starts.iter().map(|start| start.account.0).collect();
        tx.lock_accounts(&accounts).await?;
        let enabled: Vec<(i64,)> = tx.all(query(CLAIM).bind(json(&rows)?)).await?;
        let enabled: std::collections::HashSet<i64> = enabled.into_iter().map(|(id,)| id).collect();
        let rows: Vec<_> = rows.into_iter().filter(|row| enabled.contains(&row.account.0)).collect();
        let begun: Vec<(i64, Vec<u8>)> = tx.all(query(BEGIN).bind(json(&rows)?)).await?;
        let sessions: Vec<i64> = begun.iter().map(|(id, _)| *id).collect();
        if !sessions.is_empty() {
            let batch = events::new_batch()?;
            tx.log(query(LOG).bind(batch.0).bind(json(&sessions)?)).await?;
            tx.execute(query(LOG_ORIGINS).bind(batch.0)).await?;
        }
        let newest = tx.commit().await?;
        let by_token: HashMap<Vec<u8>, i64> = begun.into_iter().map(|(id, token)| (token, id)).collect();
        Ok((starts.iter().map(|start| by_token.get(start.token.as_bytes()).copied().map(SessionId)).collect(), newest))
    }

    fn row<'a>(&self, start: &'a SessionStart) -> Row<'a> {
        let deadlines = self.limits().deadlines(start.created_at, start.last_seen_at);
        Row {
            account: start.account,
            token: start.token.hex(),
            created_at: start.created_at,
            last_seen_at: start.last_seen_at,
            idle: deadlines.idle,
            absolute: deadlines.absolute,
            ip: &start.ip,
            user_agent: &start.user_agent,
        }
    }
}
