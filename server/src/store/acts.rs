//! Ending and disabling: the statements every act is made of, and the rules that none may break.

use super::{
    database::{Reads as _, Text, Tx, query, with_ids},
    events::{Deed, Detail, Outcome, Target, json},
};
use app::{
    AppError,
    guard::SignedIn,
    model::{account::AccountId, text::count},
    store::{StoreError, Stored},
};
use std::collections::HashMap;

const TOUCH_GUARD: &str = "
update guards
set touched_at = $1
where name = 'sis'";

/// Enabled accounts with a password that hold the SIS role.
pub(super) const COUNT_SIS: &str = "
select count(*)
from account_roles
join accounts on accounts.id = account_roles.account_id
where account_roles.role = 'sis'
and accounts.password_hash is not null
and accounts.disabled_at is null
and accounts.roster_disabled_at is null
and accounts.deleted_at is null";

const ACTOR: &str = "
select exists (select 1 from account_roles where account_roles.account_id = accounts.id and account_roles.role = 'sis')
from sessions
join accounts on accounts.id = sessions.account_id
where sessions.id = $1
and sessions.account_id = $2
and sessions.ended_at is null
and sessions.idle_expires_at > $3
and accounts.disabled_at is null
and accounts.roster_disabled_at is null
and accounts.deleted_at is null";

const DISABLE: Text = with_ids!(
    "
update accounts
set disabled_at = $1, disabled_by = $2, disabled_reason = $3, version = version + 1, updated_at = $1
where id in (",
    "$4",
    ")
and disabled_at is null
and deleted_at is null
returning id, version"
);

const ENABLE: &str = "
update accounts
set
  disabled_at = null, disabled_by = null, disabled_reason = null, roster_disabled_at = null, roster_disabled_source = null,
  version = version + 1, updated_at = $1
where id = $2
and (disabled_at is not null or roster_disabled_at is not null)
and deleted_at is null";

const EXISTS: &str = "
select id
from accounts
where id = $1
and deleted_at is null";

const END_OF_ACCOUNTS: Text = with_ids!(
    "
update sessions
set ended_at = $1, end_kind = $2, ended_by = $3
where account_id in (",
    "$4",
    ")
and ended_at is null
and id <> $5
returning account_id, id"
);

/// What ends and who is disabled, in one transaction.
pub(super) struct Order<'a> {
    /// Ascending.
    pub accounts: &'a [i64],
    pub disable: bool,
    /// A session that stays: the one an administrator works in. 0 for none.
    pub spare: i64,
    /// Sessions above this one are counted as new.
    pub newest_session: i64,
}

impl<'a> Order<'a> {
    /// Spares no session and counts none as new.
    pub(super) fn plain(accounts: &'a [i64], disable: bool) -> Self {
        Self { accounts, disable, spare: 0, newest_session: i64::MAX }
    }
}

/// Before anything may take away an SIS holder: two such transactions wait for each other here.
pub(super) async fn touch_guard(tx: &mut Tx, now: i64) -> Stored<()> {
    tx.execute(query(TOUCH_GUARD).bind(now)).await.map(drop)
}

/// After it: somebody must be left who can let people in again.
pub(super) async fn ensure_administrator(tx: &mut Tx) -> Stored<()> {
    let (count,): (i64,) = tx.first(query(COUNT_SIS)).await?.ok_or(StoreError::Internal)?;
    if count > 0 {
        return Ok(());
    }
    Err(refused("This would leave no enabled account with a password that holds the SIS role. Give the role to another account first."))
}

/// Reads the actor's session and role again, in the transaction: nothing by somebody who was ended meanwhile commits. `accounts`: those
/// that are acted upon, locked with his.
pub(super) async fn ensure_allowed(tx: &mut Tx, who: &SignedIn, needs_sis: bool, accounts: &[i64]) -> Stored<()> {
    tx.lock_accounts(&[accounts, &[who.account.0]].concat()).await?;
    let actor: Option<(bool,)> = tx.first(query(ACTOR).bind(who.session.0).bind(who.account.0).bind(who.now)).await?;
    match actor {
        None => Err(StoreError::Refused(AppError::NotSignedIn)),
        Some((false,)) if needs_sis => Err(StoreError::Refused(AppError::Forbidden)),
        Some(_) => Ok(()),
    }
}

/// Ends all sessions of accounts but one; answers those that ended, by account.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    accounts: &[i64],
    kind: &'static str,
    spare: i64,
    now: i64,
    by: Option<i64>,
) -> Stored<HashMap<i64, Vec<i64>>> {
    let end = query(END_OF_ACCOUNTS).bind(now).bind(kind).bind(by).bind(json(accounts)?).bind(spare);
    Ok(by_account(tx.all(end).await?))
}

/// Ends and, where ordered, disables. Answers what became of each account, for the caller to record.
pub(super) async fn carry_out(tx: &mut Tx, deed: &Deed, order: &Order<'_>) -> Stored<Vec<Target>> {
    let by = deed.actor.account();
    // Accounts first, then their sessions, in two statements: a sign-in waits for the first or is seen by the second.
    let mut disabled = HashMap::new();
    if order.disable {
        touch_guard(tx, deed.at).await?;
    }
    tx.lock_accounts(order.accounts).await?;
    if order.disable {
        let disable = query(DISABLE).bind(deed.at).bind(by).bind(&*deed.reason).bind(json(order.accounts)?);
        disabled = tx.all::<(i64, i64)>(disable).await?.into_iter().collect();
    }
    let kind = if order.disable { "ended_disabled" } else { "ended" };
    let mut ended = end_sessions(tx, order.accounts, kind, order.spare, deed.at, by).await?;
    let targets: Vec<_> = order
        .accounts
        .iter()
        .map(|account| {
            let sessions = ended.remove(account).unwrap_or_default();
            let disabled_version = disabled.get(account).copied();
            let nothing = sessions.is_empty() && disabled_version.is_none();
            let new = sessions.iter().filter(|id| **id > order.newest_session).count();
            Target {
                account: Some(*account),
                result: if nothing { Outcome::Already } else { Outcome::Done },
                detail: Detail { sessions, new: count(new), disabled_version, ..Detail::default() },
                ..Target::default()
            }
        })
        .collect();
    if order.disable {
        ensure_administrator(tx).await?;
    }
    Ok(targets)
}

/// Lifts both holds of an account. Answers whether there was one.
pub(super) async fn lift_holds(tx: &mut Tx, account: AccountId, now: i64) -> Stored<bool> {
    Ok(tx.execute(query(ENABLE).bind(now).bind(account.0)).await? > 0)
}

pub(super) async fn ensure_exists(tx: &mut Tx, account: AccountId) -> Stored<()> {
    let known: Option<(i64,)> = tx.first(query(EXISTS).bind(account.0)).await?;
    known.map(drop).ok_or(StoreError::Refused(AppError::NotFound))
}

/// A count as the database answers it.
pub(super) fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(if count < 0 { 0 } else { u32::MAX })
}

pub(super) fn by_account(rows: Vec<(i64, i64)>) -> HashMap<i64, Vec<i64>> {
    let mut sets: HashMap<i64, Vec<i64>> = HashMap::new();
    for (account, session) in rows {
        sets.entry(account).or_default().push(session);
    }
    for sessions in sets.values_mut() {
        sessions.sort_unstable();
    }
    sets
}

pub(super) fn refused(message: impl Into<String>) -> StoreError {
    StoreError::Refused(AppError::invalid(message))
}
