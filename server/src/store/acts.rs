//! Ending and disabling: the statements every act is made of, and the rules none may break.

use super::{
    Sqlite,
    database::{Reads as _, Tx},
    events::{self, Action, Actor, Deed, Detail, Outcome, Target, json},
    sign_in::session_target,
};
use app::{
    AppError,
    guard::SignedIn,
    model::{
        account::AccountId,
        plan::{EndTarget, Report},
        session::SessionId,
    },
    store::{StoreError, Stored},
};
use sqlx::{query, query_as};
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

const DISABLE: &str = "
update accounts
set disabled_at = $1, disabled_by = $2, disabled_reason = $3, version = version + 1, updated_at = $1
where id in (select value from json_each($4))
and disabled_at is null
and deleted_at is null
returning id, version";

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

const END_OF_ACCOUNTS: &str = "
update sessions
set ended_at = $1, end_kind = $2, ended_by = $3
where account_id in (select value from json_each($4))
and ended_at is null
and id <> $5
returning account_id, id";

const END_BY_ID: &str = "
update sessions
set ended_at = $1, end_kind = 'ended', ended_by = $2
where id in (select value from json_each($3))
and ended_at is null
returning account_id, id";

const OWNER: &str = "
select account_id
from sessions
where id = $1";

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

/// Before anything may take away an SIS holder: two such transactions wait for each other here.
pub(super) async fn touch_guard(tx: &mut Tx, now: i64) -> Stored<()> {
    tx.execute(query(TOUCH_GUARD).bind(now)).await.map(drop)
}

/// After it: somebody must be left who can let people in again.
pub(super) async fn ensure_administrator(tx: &mut Tx) -> Stored<()> {
    let (count,): (i64,) = tx.first(query_as(COUNT_SIS)).await?.ok_or(StoreError::Internal)?;
    if count > 0 {
        return Ok(());
    }
    Err(refused("This would leave no enabled account with a password that holds the SIS role. Give the role to another account first."))
}

/// Reads the actor's session and role again, in the transaction: nothing by somebody who was ended meanwhile commits.
pub(super) async fn ensure_allowed(tx: &mut Tx, who: &SignedIn, needs_sis: bool) -> Stored<()> {
    let actor: Option<(bool,)> = tx.first(query_as(ACTOR).bind(who.session.0).bind(who.account.0).bind(who.now)).await?;
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
    let end = query_as(END_OF_ACCOUNTS).bind(now).bind(kind).bind(by).bind(json(accounts)?).bind(spare);
    Ok(by_account(tx.all(end).await?))
}

/// Ends and, where ordered, disables. Answers what became of each account, for the caller to record.
pub(super) async fn carry_out(tx: &mut Tx, deed: &Deed, order: &Order<'_>) -> Stored<Vec<Target>> {
    let by = deed.actor.account();
    // Accounts first, then their sessions, in two statements: a sign-in waits for the first or is seen by the second.
    let mut disabled = HashMap::new();
    if order.disable {
        touch_guard(tx, deed.at).await?;
        let disable = query_as(DISABLE).bind(deed.at).bind(by).bind(&*deed.reason).bind(json(order.accounts)?);
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
    let known: Option<(i64,)> = tx.first(query_as(EXISTS).bind(account.0)).await?;
    known.map(drop).ok_or(StoreError::Refused(AppError::NotFound))
}

impl Sqlite {
    /// Ends one session or all of one account, for somebody signed in.
    pub(super) async fn end_target(&self, who: &SignedIn, target: EndTarget) -> Stored<Report> {
        let (store, who) = (self.clone(), who.clone());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            let deed = Deed::new(Actor::from(&who), Action::End, who.now)?;
            let needs_sis = match target {
                EndTarget::Account(_) => true,
                EndTarget::Session(session) => !is_own(&mut tx, session, &who).await?,
            };
            ensure_allowed(&mut tx, &who, needs_sis).await?;
            let targets = match target {
                EndTarget::Account(account) => {
                    ensure_exists(&mut tx, account).await?;
                    let order = Order { accounts: &[account.0], disable: false, spare: 0, newest_session: i64::MAX };
                    carry_out(&mut tx, &deed, &order).await?
                }
                EndTarget::Session(session) => end_by_id(&mut tx, &deed, &[session]).await?,
            };
            events::record(&mut tx, &deed, &targets).await?;
            let report = super::reports::report(&mut tx, deed.batch).await?.ok_or(StoreError::Internal)?;
            Ok((report, tx.commit().await?))
        })
        .await
    }

    /// Ends single sessions, for the command line. Answers how many were still active.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_sessions(&self, actor: Actor, sessions: Vec<SessionId>, reason: &str, now: i64) -> Stored<u32> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            let deed = Deed::new(actor, Action::End, now)?.because(&reason);
            let targets = end_by_id(&mut tx, &deed, &sessions).await?;
            let ended = targets.iter().map(|target| target.detail.sessions.len()).sum::<usize>();
            events::record(&mut tx, &deed, &targets).await?;
            Ok((count(ended), tx.commit().await?))
        })
        .await
    }

    /// Ends all sessions of accounts, for the command line: all or none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_accounts(&self, actor: Actor, accounts: Vec<AccountId>, reason: &str, now: i64) -> Stored<Ended> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let mut accounts: Vec<_> = accounts.into_iter().map(|account| account.0).collect();
            accounts.sort_unstable();
            accounts.dedup();
            let mut tx = store.database().begin_long().await?;
            let deed = Deed::new(actor, Action::End, now)?.because(&reason);
            let order = Order { accounts: &accounts, disable: false, spare: 0, newest_session: i64::MAX };
            let targets = carry_out(&mut tx, &deed, &order).await?;
            events::record(&mut tx, &deed, &targets).await?;
            let ended = Ended {
                users: count(targets.iter().filter(|target| target.result == Outcome::Done).count()),
                sessions: count(targets.iter().map(|target| target.detail.sessions.len()).sum()),
            };
            Ok((ended, tx.commit().await?))
        })
        .await
    }

    /// Disables an account and ends its sessions, for the command line. Answers how many ended, `None` where it was disabled already.
    ///
    /// # Errors
    /// Refused where there is no such account, or where nobody would be left to administer.
    pub async fn disable(&self, actor: Actor, account: AccountId, reason: &str, now: i64) -> Stored<Option<u32>> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            ensure_exists(&mut tx, account).await?;
            let disabled = disable(&mut tx, actor, &[account.0], &reason, now).await?;
            let sessions = disabled.first().map(|target| count(target.detail.sessions.len()));
            Ok((sessions, tx.commit().await?))
        })
        .await
    }

    /// Disables accounts and ends their sessions, all or none. Those disabled already stay as they are.
    ///
    /// # Errors
    /// Refused where nobody would be left to administer.
    pub async fn disable_accounts(&self, actor: Actor, accounts: Vec<AccountId>, reason: &str, now: i64) -> Stored<()> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let accounts: Vec<_> = accounts.into_iter().map(|account| account.0).collect();
            let mut tx = store.database().begin_long().await?;
            disable(&mut tx, actor, &accounts, &reason, now).await?;
            Ok(((), tx.commit().await?))
        })
        .await
    }

    /// Enables an account, for the command line: both holds are lifted, ended sessions stay ended. Answers whether it was disabled.
    ///
    /// # Errors
    /// Refused where there is no such account.
    pub async fn enable(&self, actor: Actor, account: AccountId, reason: &str, now: i64) -> Stored<bool> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            ensure_exists(&mut tx, account).await?;
            let deed = Deed::new(actor, Action::Enable, now)?.because(&reason);
            if !lift_holds(&mut tx, account, now).await? {
                return Ok((false, None));
            }
            events::record(&mut tx, &deed, &[Target { account: Some(account.0), ..Target::default() }]).await?;
            Ok((true, tx.commit().await?))
        })
        .await
    }
}

/// What an act of the command line did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Accounts that had an active session.
    pub users: u32,
    pub sessions: u32,
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Disables accounts, with an event for each that was enabled; answers these.
async fn disable(tx: &mut Tx, actor: Actor, accounts: &[i64], reason: &str, now: i64) -> Stored<Vec<Target>> {
    let deed = Deed::new(actor, Action::Disable, now)?.because(reason);
    let order = Order { accounts, disable: true, spare: 0, newest_session: i64::MAX };
    let mut targets = carry_out(tx, &deed, &order).await?;
    targets.retain(|target| target.detail.disabled_version.is_some());
    events::record(tx, &deed, &targets).await?;
    Ok(targets)
}

/// Ends single sessions: an event for each, also for one that had ended already.
async fn end_by_id(tx: &mut Tx, deed: &Deed, sessions: &[SessionId]) -> Stored<Vec<Target>> {
    let ended: Vec<(i64, i64)> = tx.all(query_as(END_BY_ID).bind(deed.at).bind(deed.actor.account()).bind(json(sessions)?)).await?;
    let mut ended: HashMap<_, _> = ended.into_iter().map(|(account, session)| (session, account)).collect();
    let mut targets = Vec::with_capacity(sessions.len());
    for session in sessions {
        if let Some(account) = ended.remove(&session.0) {
            targets.push(session_target(session.0, account, None));
        } else if let Some((account,)) = tx.first::<(i64,)>(query_as(OWNER).bind(session.0)).await? {
            targets.push(Target { account: Some(account), session: Some(session.0), result: Outcome::Already, ..Target::default() });
        }
    }
    Ok(targets)
}

/// Whether a session is the asking person's own.
///
/// Another's is as unknown as none to whoever does not hold the SIS role.
async fn is_own(tx: &mut Tx, session: SessionId, who: &SignedIn) -> Stored<bool> {
    let owner: Option<(i64,)> = tx.first(query_as(OWNER).bind(session.0)).await?;
    match owner {
        Some((owner,)) if owner == who.account.0 => Ok(true),
        Some(_) if who.sis => Ok(false),
        _ => Err(StoreError::Refused(AppError::NotFound)),
    }
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
