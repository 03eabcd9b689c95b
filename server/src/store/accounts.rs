//! Accounts as the command line manages them: created, given a password, a role, disabled and enabled.

use super::{
    SqlStore, acts,
    database::{Reads as _, Text, Tx, query, with_ids, with_rows},
    events::{self, Action, Actor, Deed, Detail, Target, json},
};
use app::{
    AppError,
    model::{account::AccountId, fold::identity_key, text::count},
    store::{StoreError, Stored},
};
use serde::Serialize;

/// An account to be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewAccount {
    pub user_name: String,
    pub last_name: String,
    pub first_name: String,
    pub email: String,
    /// PHC string; without one nobody logs in.
    pub password_hash: Option<String>,
    /// Holds the SIS role.
    pub sis: bool,
}

/// One account as `usm account list` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    pub id: AccountId,
    pub user_name: String,
    pub last_name: String,
    pub first_name: String,
    pub sis: bool,
    pub has_password: bool,
    pub disabled: bool,
    /// UTC milliseconds.
    pub last_sign_in_at: Option<i64>,
    pub sessions: u32,
}

/// The longest user name, last name or first name, in characters.
const NAME_CHARS: usize = 128;

const CREATE_ACCOUNTS: Text = with_rows!(
    "
insert into accounts (
  user_name, user_name_key, last_name, first_name, email, password_hash, created_at, updated_at
)
select
  value ->> 'user_name', value ->> 'user_name_key', value ->> 'last_name',
  value ->> 'first_name', value ->> 'email', value ->> 'password_hash', $1, $1
from",
    "$2",
    "as new
where true
order by key
on conflict (user_name_key) where deleted_at is null do nothing
returning id, user_name_key"
);

const GRANT: Text = with_ids!(
    "
insert into account_roles (account_id, role)
select id, 'sis'
from accounts
where id in (",
    "$1",
    ")
on conflict (account_id, role) do nothing
returning account_id"
);

const TAKE: &str = "
delete from account_roles
where account_id = $1
and role = 'sis'
returning account_id";

const FIND_ACCOUNT: &str = "
select id
from accounts
where user_name_key = $1
and deleted_at is null";

const LIST_ACCOUNTS: &str = "
select
  id, user_name, last_name, first_name,
  exists (select 1 from account_roles where account_id = accounts.id and role = 'sis'),
  password_hash is not null,
  disabled_at is not null or roster_disabled_at is not null,
  last_sign_in_at,
  (select count(*) from sessions where account_id = accounts.id and ended_at is null and idle_expires_at > $1)
from accounts
where deleted_at is null
order by user_name_key";

type ListedRow = (i64, String, String, String, bool, bool, bool, Option<i64>, i64);

const SET_PASSWORD: &str = "
update accounts
set password_hash = $1, version = version + 1, updated_at = $2
where id = $3
and deleted_at is null
returning id";

const NOTE_CHANGE: &str = "
update accounts
set version = version + 1, updated_at = $1
where id = $2";

#[derive(Serialize)]
struct Keyed<'a> {
    user_name_key: String,
    #[serde(flatten)]
    account: &'a NewAccount,
}

impl SqlStore {
    /// Creates accounts in the order given, all or none. Answers their ids in that order.
    ///
    /// # Errors
    /// Refused where a user name is empty, taken or holds a `%`, or a name too long or not on one line.
    pub async fn create_accounts(&self, actor: Actor, new: Vec<NewAccount>, now: i64) -> Stored<Vec<AccountId>> {
        let store = self.clone();
        self.write(async move {
            let keyed: Vec<_> = new.iter().map(|account| Keyed { user_name_key: identity_key(&account.user_name), account }).collect();
            if keyed.iter().any(|account| account.user_name_key.is_empty()) {
                return Err(acts::refused("A user name cannot be empty. Give one."));
            }
            new.iter().try_for_each(check_names)?;
            let mut tx = store.database().begin_long_of(new.len()).await?;
            let created: Vec<(i64, String)> = tx.all(query(CREATE_ACCOUNTS).bind(now).bind(json(&keyed)?)).await?;
            let created: std::collections::HashMap<_, _> = created.into_iter().map(|(id, key)| (key, id)).collect();
            let mut ids = Vec::with_capacity(new.len());
            for account in &keyed {
                let taken =
                    || acts::refused(format!("There is already an account {}. Choose another user name.", account.account.user_name));
                ids.push(*created.get(&account.user_name_key).ok_or_else(taken)?);
            }
            if created.len() < ids.len() {
                return Err(acts::refused("Two of the new accounts have the same user name. Give each its own."));
            }
            let deed = Deed::new(actor, Action::AccountCreated, now)?;
            events::record(&mut tx, &deed, &targets(&ids)).await?;
            let sis: Vec<_> = keyed.iter().zip(&ids).filter(|(keyed, _)| keyed.account.sis).map(|(_, id)| *id).collect();
            if !sis.is_empty() {
                tx.execute(query(GRANT).bind(json(&sis)?)).await?;
                events::record(&mut tx, &Deed { action: Action::RoleGranted, ..deed }, &targets(&sis)).await?;
            }
            Ok((ids.into_iter().map(AccountId).collect(), tx.commit().await?))
        })
        .await
    }

    /// Creates one account.
    ///
    /// # Errors
    /// As [`Self::create_accounts`].
    pub async fn create_account(&self, actor: Actor, new: NewAccount, now: i64) -> Stored<AccountId> {
        self.create_accounts(actor, vec![new], now).await?.first().copied().ok_or(StoreError::Internal)
    }

    /// By user name, folded as at sign-in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_account(&self, user_name: &str) -> Stored<Option<AccountId>> {
        let found: Option<(i64,)> = self.database().reader().await?.first(query(FIND_ACCOUNT).bind(identity_key(user_name))).await?;
        Ok(found.map(|(id,)| AccountId(id)))
    }

    /// All accounts, by user name, with the sessions that are active at that time, whether or not it is written that others are over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list_accounts(&self, now: i64) -> Stored<Vec<ListedAccount>> {
        let rows: Vec<ListedRow> = self.database().reader().await?.very_patiently().all(query(LIST_ACCOUNTS).bind(now)).await?;
        let listed = |(id, user_name, last_name, first_name, sis, has_password, disabled, last_sign_in_at, sessions)| ListedAccount {
            id: AccountId(id),
            user_name,
            last_name,
            first_name,
            sis,
            has_password,
            disabled,
            last_sign_in_at,
            sessions: acts::number(sessions),
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    /// Whether an enabled account with a password holds the SIS role.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_administrator(&self) -> Stored<bool> {
        let count: Option<(i64,)> = self.database().reader().await?.first(query(acts::COUNT_SIS)).await?;
        Ok(count.is_some_and(|(count,)| count > 0))
    }

    /// Gives an account a password and ends all its sessions: whoever had the old one is out. Answers how many ended.
    ///
    /// # Errors
    /// Refused where there is no such account.
    pub async fn set_password(&self, actor: Actor, account: AccountId, hash: String, now: i64) -> Stored<u32> {
        let store = self.clone();
        self.write(async move {
            let mut tx = store.database().begin().await?;
            let set: Option<(i64,)> = tx.first(query(SET_PASSWORD).bind(hash).bind(now).bind(account.0)).await?;
            set.ok_or(StoreError::Refused(AppError::NotFound))?;
            let ended = acts::end_sessions(&mut tx, &[account.0], "password_changed", 0, now, actor.account()).await?;
            let sessions = ended.into_values().next().unwrap_or_default();
            let count = count(sessions.len());
            let detail = Detail { sessions, ..Detail::default() };
            let deed = Deed::new(actor, Action::PasswordSet, now)?;
            events::record(&mut tx, &deed, &[Target { account: Some(account.0), detail, ..Target::default() }]).await?;
            Ok((count, tx.commit().await?))
        })
        .await
    }

    /// Gives an account the SIS role or takes it. Answers whether that changed anything.
    ///
    /// # Errors
    /// Refused where there is no such account, or where nobody would be left to administer.
    pub async fn set_sis(&self, actor: Actor, account: AccountId, held: bool, now: i64) -> Stored<bool> {
        let store = self.clone();
        self.write(async move {
            let mut tx = store.database().begin().await?;
            acts::touch_guard(&mut tx, now).await?;
            tx.lock_accounts(&[account.0]).await?;
            acts::ensure_exists(&mut tx, account).await?;
            let changed: Option<(i64,)> =
                if held { tx.first(query(GRANT).bind(json(&[account.0])?)).await? } else { tx.first(query(TAKE).bind(account.0)).await? };
            if changed.is_none() {
                return Ok((false, tx.commit().await?));
            }
            tx.execute(query(NOTE_CHANGE).bind(now).bind(account.0)).await?;
            let deed = Deed::new(actor, if held { Action::RoleGranted } else { Action::RoleTaken }, now)?;
            events::record(&mut tx, &deed, &targets(&[account.0])).await?;
            acts::ensure_administrator(&mut tx).await?;
            Ok((true, tx.commit().await?))
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
            acts::ensure_exists(&mut tx, account).await?;
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
            acts::ensure_exists(&mut tx, account).await?;
            let deed = Deed::new(actor, Action::Enable, now)?.because(&reason);
            if !acts::lift_holds(&mut tx, account, now).await? {
                return Ok((false, None));
            }
            events::record(&mut tx, &deed, &[Target { account: Some(account.0), ..Target::default() }]).await?;
            Ok((true, tx.commit().await?))
        })
        .await
    }
}

/// Disables accounts, with an event for each that was enabled; answers these.
async fn disable(tx: &mut Tx, actor: Actor, accounts: &[i64], reason: &str, now: i64) -> Stored<Vec<Target>> {
    let deed = Deed::new(actor, Action::Disable, now)?.because(reason);
    let mut targets = acts::carry_out(tx, &deed, &acts::Order::plain(accounts, true)).await?;
    targets.retain(|target| target.detail.disabled_version.is_some());
    events::record(tx, &deed, &targets).await?;
    Ok(targets)
}

/// What is shown on one line among others must be one.
fn check_names(new: &NewAccount) -> Stored<()> {
    let breaks = |char: char| char.is_control() || ['\u{2028}', '\u{2029}'].contains(&char);
    let wrong = |name: &str| name.chars().count() > NAME_CHARS || name.contains(breaks);
    // Applications get the user name with other bytes as `%C3`; a name that looks like that would be taken for somebody else's.
    if new.user_name.contains('%') {
        return Err(acts::refused("A user name cannot contain %. Choose another."));
    }
    let names = [("user name", &new.user_name), ("last name", &new.last_name), ("first name", &new.first_name)];
    match names.into_iter().find(|(_, name)| wrong(name)) {
        None => Ok(()),
        Some((which, _)) => Err(acts::refused(format!(
            "Give a {which} of at most {NAME_CHARS} characters, without line breaks or other control characters."
        ))),
    }
}

fn targets(accounts: &[i64]) -> Vec<Target> {
    accounts.iter().map(|id| Target { account: Some(*id), ..Target::default() }).collect()
}
