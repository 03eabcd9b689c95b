//! What a killed program left behind, looked at without the program.

use crate::world::World;
use sqlx::{ConnectOptions as _, Connection as _, query_as, query_scalar, sqlite::SqliteConnectOptions};

/// Whatever contradicts itself in the file. Versions change by disabling and enabling only.
const CONTRADICTIONS: &str = "
with
  ends as (
    select seq, at, target_account, ended.value as session
    from events, json_each(detail, '$.sessions') as ended
  ),
  disables as (
    select seq, at, target_account, json_extract(detail, '$.disabled_version') as version
    from events
    where json_extract(detail, '$.disabled_version') is not null
  )
select 'session ' || id || ' ended, and not exactly one event says so'
from sessions
where ended_at is not null
and (select count(*) from ends where session = sessions.id) <> 1
union all
select 'event ' || seq || ' ended session ' || session || ', which did not end then'
from ends
where not exists (select 1 from sessions where id = session and account_id = target_account and ended_at = at)
union all
select 'session ' || id || ' began, and not exactly one event says so'
from sessions
where (select count(*) from events where action = 'sign_in' and target_session = sessions.id and at = created_at) <> 1
union all
select 'event ' || seq || ' began a session that is not there'
from events
where action = 'sign_in'
and not exists (select 1 from sessions where id = target_session and account_id = target_account)
union all
select 'account ' || id || ' is disabled, and no event says so'
from accounts
where disabled_at is not null
and not exists (select 1 from disables where target_account = accounts.id and at = disabled_at and version = accounts.version)
union all
select 'event ' || seq || ' disabled an account that has not come to that version'
from disables
where version > (select version from accounts where id = target_account)
union all
select 'account ' || id || ' is at version ' || version || ', and its events tell of another'
from accounts
where version <> 1
  + (select count(*) from disables where target_account = accounts.id)
  + (select count(*) from events where target_account = accounts.id and action in ('enable', 'undo_disable') and result = 'done')
union all
select 'plan ' || id || ' is done as far as ' || done || ', and its events tell otherwise'
from plans
where done <> (select count(*) from events where batch_id = plans.batch_id)
union all
select integrity_check
from pragma_integrity_check
where integrity_check <> 'ok'";

/// What was done in all.
const ACTS: &str = "
select
  (select count(*) from sessions),
  (select count(*) from sessions where end_kind = 'signed_out'),
  (select count(*) from sessions where end_kind in ('ended', 'ended_disabled')),
  (select count(*) from events where json_extract(detail, '$.disabled_version') is not null),
  (select count(*) from events where action = 'undo_disable' and result = 'done')";

const DISABLED: &str = "
select id, version
from accounts
where disabled_at is not null";

/// The file at one moment.
pub struct File {
    pub contradictions: Vec<String>,
    /// Log-ins, log-outs, sessions that were ended, accounts that were disabled, accounts whose disabling was undone.
    pub acts: (u32, u32, u32, u32, u32),
    /// Accounts that are disabled, and their versions.
    pub disabled: Vec<(i64, i64)>,
}

impl File {
    /// Reads a copy of the file and of its write-ahead log: the program itself is to recover the original.
    pub async fn read(world: &World) -> Self {
        for end in ["", "-wal"] {
            std::fs::copy(world.path(&format!("data/usm.db{end}")), world.path(&format!("copy.db{end}"))).expect("a copy");
        }
        let mut copy = SqliteConnectOptions::new().filename(world.path("copy.db")).connect().await.expect("a database");
        let file = Self {
            contradictions: query_scalar(CONTRADICTIONS).fetch_all(&mut copy).await.expect("an answer"),
            acts: query_as(ACTS).fetch_one(&mut copy).await.expect("an answer"),
            disabled: query_as(DISABLED).fetch_all(&mut copy).await.expect("an answer"),
        };
        copy.close().await.expect("closed, and its log with it");
        file
    }
}
