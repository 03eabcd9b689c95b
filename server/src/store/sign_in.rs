//! Sign-in, the session check, and the ends that a person brings about by himself.

use super::{
    SqlStore,
    database::{Reads as _, Tx, query},
    events::{self, Action, Actor, Deed, Detail, Target},
};
use crate::{
    auth::token::TokenHash,
    credentials::{Checked, Credentials, NewSession, PasswordHash, SignedInAs, ValidSession, Why},
    watchers::Watch,
};
use app::{
    guard::{Origin, SignedIn},
    model::{account::AccountId, fold::identity_key, session::SessionId},
    store::{StoreError, Stored},
};

/// Parallel sessions an account may have; a further one ends the oldest (ASVS 7.1.2).
pub const SESSIONS_PER_ACCOUNT: i64 = 100;

/// The session check by one of the two columns of tokens. One look-up finds all that an answer of forward auth says too.
macro_rules! check {
    ($column:literal) => {
        concat!(
            "
select
  sessions.id, sessions.account_id, accounts.user_name, trim(accounts.first_name || ' ' || accounts.last_name),
  sessions.last_seen_at, sessions.idle_expires_at, sessions.expires_at, sessions.ended_at, sessions.end_kind, sessions.ended_by,
  accounts.disabled_at is not null or accounts.roster_disabled_at is not null or accounts.deleted_at is not null,
  exists (select 1 from account_roles where account_roles.account_id = accounts.id and account_roles.role = 'sis')
from sessions
join accounts on accounts.id = sessions.account_id
where sessions.",
            $column,
            " = $1"
        )
    };
}

pub(super) const CHECK: &str = check!("token_hash");
const CHECK_WIDE: &str = check!("wide_token_hash");

pub(super) type CheckRow = (i64, i64, String, String, i64, i64, i64, Option<i64>, Option<String>, Option<i64>, bool, bool);

const FIND_PASSWORD_HASH: &str = "
select id, user_name, password_hash, disabled_at is not null or roster_disabled_at is not null
from accounts
where user_name_key = $1
and deleted_at is null";

// The first statement of a sign-in. It locks the account and holds only while the account is enabled and the verified hash is
// its own: a Disable that committed before leaves no row here, one that comes after ends the session that is begun here.
const SIGN_IN_ACCOUNT: &str = "
update accounts
set last_sign_in_at = $1, password_hash = $2
where id = $3
and disabled_at is null
and roster_disabled_at is null
and deleted_at is null
and password_hash = $4
returning user_name";

const IS_ENABLED: &str = "
select id
from accounts
where id = $1
and disabled_at is null
and roster_disabled_at is null
and deleted_at is null";

const END_BY_TOKEN: &str = "
update sessions
set ended_at = $1, end_kind = 'replaced', ended_by = account_id
where token_hash = $2
and ended_at is null
returning id, account_id";

const OWNER_BY_TOKEN: &str = "
select account_id
from sessions
where token_hash = $1";

pub(super) const OWNER: &str = "
select account_id
from sessions
where id = $1";

const END_OLDEST: &str = "
update sessions
set ended_at = $1, end_kind = 'replaced', ended_by = account_id
where id in (
  select id
  from sessions
  where account_id = $2
  and ended_at is null
  order by created_at desc, id desc
  limit 1000000 offset $3
)
and ended_at is null
returning id, account_id";

const BEGIN_SESSION: &str = "
insert into sessions (
  token_hash, wide_token_hash, account_id, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent
)
values ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8)
returning id";

const SIGN_OUT: &str = "
update sessions
set ended_at = $1, end_kind = 'signed_out', ended_by = account_id
where id = $2
and ended_at is null
returning account_id, (select user_name from accounts where accounts.id = account_id)";

#[async_trait::async_trait]
impl Credentials for SqlStore {
    async fn check(&self, token: &TokenHash, now: i64) -> Stored<Checked> {
        self.check_by(CHECK, token, now).await
    }

    async fn check_wide(&self, token: &TokenHash, now: i64) -> Stored<Checked> {
        self.check_by(CHECK_WIDE, token, now).await
    }

    fn touch(&self, session: &ValidSession, now: i64) {
        self.activity().note(session.session, session.last_seen_at, now);
    }

    fn watch(&self, session: &ValidSession) -> Watch {
        self.feed().watchers().watch(session.session, session.account, session.sis)
    }

    fn close_watches(&self) {
        self.feed().watchers().close();
    }

    async fn find_password_hash(&self, user_name: &str) -> Stored<Option<PasswordHash>> {
        if user_name.contains('\0') {
            // No name holds it, and PostgreSQL no text.
            return Ok(None);
        }
        let found: Option<(i64, String, Option<String>, bool)> =
            self.database().reader().await?.first(query(FIND_PASSWORD_HASH).bind(identity_key(user_name))).await?;
        Ok(found.map(|(id, user_name, hash, disabled)| PasswordHash { account: AccountId(id), user_name, hash, disabled }))
    }

    async fn sign_in(&self, new: NewSession<'_>) -> Stored<SignedInAs> {
        let (store, new) = (self.clone(), Beginning::from(new));
        self.write(async move {
            let mut tx = store.database().begin().await?;
            if let Some(token) = &new.replaces
                && let Some((owner,)) = tx.first::<(i64,)>(query(OWNER_BY_TOKEN).bind(token.as_bytes())).await?
            {
                // Somebody else's session ends with this log-in.
                tx.lock_accounts(&[owner, new.account.0]).await?;
            }
            let claim = query(SIGN_IN_ACCOUNT)
                .bind(new.now)
                .bind(new.upgraded_hash.as_ref().unwrap_or(&new.verified_hash))
                .bind(new.account.0)
                .bind(&new.verified_hash);
            let Some((user_name,)) = tx.first(claim).await? else {
                let enabled: Option<(i64,)> = tx.first(query(IS_ENABLED).bind(new.account.0)).await?;
                return Ok((if enabled.is_some() { SignedInAs::HashChanged } else { SignedInAs::Refused }, None));
            };
            let session = store.begin_session(&mut tx, &new, user_name).await?;
            Ok((SignedInAs::Session(session), tx.commit().await?))
        })
        .await
    }

    async fn sign_in_failed(&self, account: Option<AccountId>, origin: &Origin, now: i64) -> Stored<()> {
        let (store, origin) = (self.clone(), origin.clone());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            let deed = Deed::new(Actor::Nobody { origin }, Action::SignInRefused, now)?;
            let target = Target { account: account.map(|account| account.0), ..Target::default() };
            events::record(&mut tx, &deed, &[target]).await?;
            tx.commit().await?;
            // The directory has nothing to follow here.
            Ok(((), None))
        })
        .await
    }

    async fn sign_out(&self, session: SessionId, origin: &Origin, now: i64) -> Stored<()> {
        let (store, origin) = (self.clone(), origin.clone());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            if let Some((owner,)) = tx.first::<(i64,)>(query(OWNER).bind(session.0)).await? {
                // An act of his that is under way commits before, or sees that he has left.
                tx.lock_accounts(&[owner]).await?;
            }
            let ended: Option<(i64, String)> = tx.first(query(SIGN_OUT).bind(now).bind(session.0)).await?;
            if let Some((account, name)) = ended {
                let actor = Actor::Account { account: AccountId(account), name, session, origin };
                let deed = Deed::new(actor, Action::SignOut, now)?;
                events::record(&mut tx, &deed, &[session_target(session.0, account, None)]).await?;
            }
            Ok(((), tx.commit().await?))
        })
        .await
    }

    async fn refused(&self, who: &SignedIn, what: &str, why: u16) -> Stored<()> {
        self.note_refusal(who, what, why).await
    }

    async fn ready(&self) -> Stored<()> {
        self.database().reader().await?.first::<(i64,)>(query("select version from schema")).await?;
        if self.is_running() { self.feed().is_following() } else { Err(StoreError::Unavailable) }
    }
}

/// What a session begins with, owned by the write.
pub(super) struct Beginning {
    account: AccountId,
    verified_hash: String,
    upgraded_hash: Option<String>,
    token: TokenHash,
    wide_token: Option<TokenHash>,
    ip: String,
    user_agent: String,
    replaces: Option<TokenHash>,
    now: i64,
}

impl From<NewSession<'_>> for Beginning {
    fn from(new: NewSession<'_>) -> Self {
        Self {
            account: new.account,
            verified_hash: new.verified_hash.into(),
            upgraded_hash: new.upgraded_hash.map(Into::into),
            token: new.token,
            wide_token: new.wide_token,
            ip: new.ip.into(),
            user_agent: new.user_agent.into(),
            replaces: new.replaces,
            now: new.now,
        }
    }
}

impl SqlStore {
    /// Where a session's time is over and the database does not say so yet, the sweep writes it at once: should the clock be set back,
    /// who was refused stays out.
    async fn check_by(&self, text: &'static str, token: &TokenHash, now: i64) -> Stored<Checked> {
        let found: Option<CheckRow> = self.database().row(text, token.as_bytes()).await?;
        let has_ended = found.as_ref().is_some_and(|row| row.7.is_some());
        let checked = checked(found, now);
        if !has_ended && matches!(checked, Checked::Over(Why::TimedOut)) {
            self.0.timed_out.notify_one();
        }
        Ok(checked)
    }

    /// After the account was claimed: ends what the new session replaces, and begins it.
    async fn begin_session(&self, tx: &mut Tx, new: &Beginning, user_name: String) -> Stored<SessionId> {
        let mut replaced: Vec<(i64, i64)> = Vec::new();
        if let Some(token) = new.replaces {
            replaced = tx.all(query(END_BY_TOKEN).bind(new.now).bind(token.as_bytes())).await?;
        }
        let oldest = query(END_OLDEST).bind(new.now).bind(new.account.0).bind(SESSIONS_PER_ACCOUNT - 1);
        replaced.append(&mut tx.all(oldest).await?);
        let deadlines = self.limits().deadlines(new.now, new.now);
        let begin = query(BEGIN_SESSION)
            .bind(new.token.as_bytes())
            .bind(new.wide_token.as_ref().map(TokenHash::as_bytes))
            .bind(new.account.0)
            .bind(new.now)
            .bind(deadlines.idle)
            .bind(deadlines.absolute)
            .bind(&new.ip)
            .bind(&new.user_agent);
        let (session,): (i64,) = tx.first(begin).await?.ok_or(StoreError::Internal)?;
        let session = SessionId(session);
        let origin = Origin { ip: new.ip.clone(), user_agent: new.user_agent.clone() };
        let actor = Actor::Account { account: new.account, name: user_name, session, origin };
        let deed = Deed::new(actor, Action::Replaced, new.now)?;
        let targets: Vec<_> = replaced.into_iter().map(|(session, account)| session_target(session, account, None)).collect();
        events::record(tx, &deed, &targets).await?;
        let deed = Deed { action: Action::SignIn, ..deed };
        let target = Target { account: Some(new.account.0), session: Some(session.0), ..Target::default() };
        events::record(tx, &deed, &[target]).await?;
        Ok(session)
    }
}

/// What a row amounts to now.
fn checked(found: Option<CheckRow>, now: i64) -> Checked {
    let Some((session, account, user_name, name, last_seen_at, idle_expires_at, expires_at, ended_at, kind, ended_by, held, sis)) = found
    else {
        return Checked::Unknown;
    };
    if ended_at.is_some() {
        return Checked::Over(why(kind.as_deref(), ended_by == Some(account)));
    }
    if held {
        return Checked::Over(Why::Ended);
    }
    if idle_expires_at.min(expires_at) <= now {
        return Checked::Over(Why::TimedOut);
    }
    Checked::Valid(ValidSession {
        session: SessionId(session),
        account: AccountId(account),
        user_name,
        name,
        sis,
        last_seen_at,
        idle_expires_at,
        expires_at,
    })
}

/// The event of one session that ended.
pub(super) fn session_target(session: i64, account: i64, why: Option<&str>) -> Target {
    Target {
        account: Some(account),
        session: Some(session),
        detail: Detail { sessions: vec![session], why: why.map(Into::into), ..Detail::default() },
        ..Target::default()
    }
}

/// How the log-in page explains an end.
fn why(kind: Option<&str>, by_owner: bool) -> Why {
    match kind {
        Some("signed_out") => Why::SignedOut,
        Some("idle" | "expired") => Why::TimedOut,
        Some("password_changed" | "replaced") => Why::Elsewhere,
        Some("ended") if by_owner => Why::Elsewhere,
        _ => Why::Ended,
    }
}
