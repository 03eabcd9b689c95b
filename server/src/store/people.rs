//! One account: what its pages show, and Save of User Account Information.

use super::{
    SqlStore,
    acts::{self, Order},
    database::{Reader, Reads as _, query},
    events::{self, Action, Actor, Deed, Target},
};
use crate::{browser, show};
use app::{
    AppError,
    guard::{Admin, SignedIn},
    model::{
        account::{AccountDetails, AccountId, CAN_LOG_IN, NO_PASSWORD, OwnAccount, SaveAccount, Saved},
        plan,
        session::{AccountSessions, SessionId, SessionLine},
        text::{count, isolated},
    },
    store::{StoreError, Stored},
};

/// Events that User Account Information shows.
const HISTORY: u32 = 50;

const ACCOUNT: &str = "
select
  accounts.user_name, accounts.last_name, accounts.first_name, accounts.password_hash is not null,
  accounts.disabled_at, disabler.user_name, accounts.disabled_reason, accounts.roster_disabled_at, accounts.last_sign_in_at,
  accounts.version,
  exists (select 1 from account_roles where account_roles.account_id = accounts.id and account_roles.role = 'sis')
from accounts
left join accounts as disabler on disabler.id = accounts.disabled_by
where accounts.id = $1
and accounts.deleted_at is null";

type AccountRow = (String, String, String, bool, Option<i64>, Option<String>, Option<String>, Option<i64>, Option<i64>, i64, bool);

const ACTIVE_SESSIONS: &str = "
select id, created_at, last_seen_at, ip, user_agent
from sessions
where account_id = $1
and ended_at is null
order by created_at desc, id desc";

const VERSION: &str = "
select version, disabled_at is not null or roster_disabled_at is not null
from accounts
where id = $1
and deleted_at is null";

const LAST_CHANGE: &str = "
select actor_name, at, action
from events
where target_account = $1
and action in ('account_created', 'disable', 'end_disable', 'enable', 'undo_disable', 'password_set', 'role_granted', 'role_taken')
and result = 'done'
order by seq desc
limit 1";

pub(super) const NOT_ONESELF: &str = "You cannot disable your own account. Ask another SIS administrator.";
const NOT_THE_LAST: &str =
    "This is the last enabled account with a password that holds the SIS role. Give the role to another account first.";

impl SqlStore {
    pub(super) async fn account_sessions(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountSessions>> {
        let mut reader = self.database().reader().await?;
        let found: Option<AccountRow> = reader.first(query(ACCOUNT).bind(account.0)).await?;
        let Some((user_name, last_name, first_name, _, disabled_at, _, _, roster_disabled_at, ..)) = found else { return Ok(None) };
        Ok(Some(AccountSessions {
            id: account,
            user_name,
            name: show::full_name(&last_name, &first_name),
            disabled: disabled_at.or(roster_disabled_at).is_some(),
            you: account == admin.who().account,
            sessions: self.active_sessions(&mut reader, account, admin.who()).await?,
        }))
    }

    pub(super) async fn account_details(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountDetails>> {
        let mut reader = self.database().reader().await?;
        let found: Option<AccountRow> = reader.first(query(ACCOUNT).bind(account.0)).await?;
        let Some(row) = found else { return Ok(None) };
        let status = self.status(&row);
        let (user_name, last_name, first_name, has_password, disabled_at, _, _, roster_disabled_at, last_sign_in_at, version, sis) = row;
        let disabled = disabled_at.or(roster_disabled_at).is_some();
        let mut locked = None;
        if !disabled && account == admin.who().account {
            locked = Some(NOT_ONESELF);
        } else if !disabled && sis && has_password {
            let holders: Option<(i64,)> = reader.first(query(acts::COUNT_SIS)).await?;
            locked = holders.is_some_and(|(holders,)| holders <= 1).then_some(NOT_THE_LAST);
        }
        Ok(Some(AccountDetails {
            id: account,
            user_name,
            name: show::full_name(&last_name, &first_name),
            sis,
            status,
            last_sign_in: last_sign_in_at.map(|at| show::date_time(at, self.zone())),
            disabled,
            version,
            locked: locked.map(Into::into),
            sessions: self.active_sessions(&mut reader, account, admin.who()).await?,
            history: self.events_of(&mut reader, account, HISTORY).await?,
        }))
    }

    pub(super) async fn own_details(&self, who: &SignedIn) -> Stored<OwnAccount> {
        let mut reader = self.database().reader().await?;
        let found: Option<AccountRow> = reader.first(query(ACCOUNT).bind(who.account.0)).await?;
        let (user_name, last_name, first_name, ..) = found.ok_or(StoreError::Refused(AppError::NotSignedIn))?;
        let sessions = self.active_sessions(&mut reader, who.account, who).await?;
        Ok(OwnAccount { user_name, name: show::full_name(&last_name, &first_name), sessions })
    }

    async fn active_sessions(&self, reader: &mut Reader, account: AccountId, who: &SignedIn) -> Stored<Vec<SessionLine>> {
        let rows: Vec<(i64, i64, i64, String, String)> = reader.all(query(ACTIVE_SESSIONS).bind(account.0)).await?;
        let line = |(id, created_at, last_seen_at, ip, user_agent): (i64, i64, i64, String, String)| {
            let last_seen_at = self.activity().unwritten(SessionId(id)).unwrap_or(last_seen_at);
            SessionLine {
                id: SessionId(id),
                created: show::date_time(created_at, self.zone()),
                activity: show::activity(last_seen_at, who.now),
                ip,
                browser: browser::name(&user_agent),
                current: id == who.session.0,
            }
        };
        Ok(rows.into_iter().map(line).collect())
    }

    /// *Log-in status*, a whole sentence.
    fn status(&self, row: &AccountRow) -> String {
        let (_, _, _, has_password, disabled_at, disabler, reason, roster_disabled_at, ..) = row;
        match (disabled_at, roster_disabled_at) {
            (Some(at), _) => {
                let who = disabler.as_deref().map_or("the command line".into(), isolated);
                let reason = reason.as_deref().filter(|reason| !reason.is_empty());
                let reason = reason.map(|reason| format!(", reason: {}", isolated(reason))).unwrap_or_default();
                format!("Disabled by {who}, {}{reason}", show::date_time(*at, self.zone()))
            }
            (None, Some(_)) => "Disabled by the roster".into(),
            (None, None) if !has_password => NO_PASSWORD.into(),
            (None, None) => CAN_LOG_IN.into(),
        }
    }

    pub(super) async fn save(&self, admin: &Admin, save: &SaveAccount) -> Stored<Saved> {
        let (store, who, save) = (self.clone(), admin.who().clone(), save.clone());
        let reason = plan::reason(&save.reason).map_err(StoreError::Refused)?;
        self.write(async move {
            let mut tx = store.database().begin().await?;
            acts::touch_guard(&mut tx, who.now).await?;
            acts::ensure_allowed(&mut tx, &who, true, &[save.id.0]).await?;
            let found: Option<(i64, bool)> = tx.first(query(VERSION).bind(save.id.0)).await?;
            let (version, disabled) = found.ok_or(StoreError::Refused(AppError::NotFound))?;
            if version != save.version {
                let last: Option<(String, i64, String)> = tx.first(query(LAST_CHANGE).bind(save.id.0)).await?;
                return Err(StoreError::Refused(store.conflict(last)));
            }
            let action = match (disabled, save.disabled) {
                (false, true) if save.id == who.account => return Err(acts::refused(NOT_ONESELF)),
                (false, true) => Action::Disable,
                (true, false) => Action::Enable,
                _ => return Ok((Saved::Unchanged, tx.commit().await?)),
            };
            let deed = Deed::new(Actor::from(&who), action, who.now)?.because(&reason);
            let (saved, targets) = if save.disabled {
                let targets = acts::carry_out(&mut tx, &deed, &Order::plain(&[save.id.0], true)).await?;
                let sessions = count(targets.iter().map(|target| target.detail.sessions.len()).sum());
                (Saved::Disabled { sessions }, targets)
            } else {
                acts::lift_holds(&mut tx, save.id, who.now).await?;
                (Saved::Enabled, vec![Target { account: Some(save.id.0), ..Target::default() }])
            };
            events::record(&mut tx, &deed, &targets).await?;
            Ok((saved, tx.commit().await?))
        })
        .await
    }

    /// The form is older than the account: who changed it, and when.
    fn conflict(&self, last: Option<(String, i64, String)>) -> AppError {
        let message = match last {
            Some((actor, at, action)) => format!(
                "Nothing was saved: {} changed this account meanwhile ({}, {}). Look at it again, then save.",
                isolated(&actor),
                Action::title(&action),
                show::date_time(at, self.zone())
            ),
            None => "Nothing was saved: this account was changed meanwhile. Look at it again, then save.".into(),
        };
        AppError::Conflict { message }
    }
}
