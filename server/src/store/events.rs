//! The log: each change writes one event per target in its own transaction.

use super::database::{Text, Tx, query, with_rows};
use app::{
    guard::{Origin, SignedIn},
    model::{account::AccountId, event::BatchId, session::SessionId},
    store::{StoreError, Stored},
};
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Somebody signed in, from this session.
    Account { account: AccountId, name: String, session: SessionId, origin: Origin },
    /// Whoever may run the program on the server.
    CommandLine,
    /// The product itself: time-outs.
    System,
    /// Somebody before the log-in.
    Nobody { origin: Origin },
}

impl Actor {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Account { .. } => "account",
            Self::CommandLine => "command_line",
            Self::System | Self::Nobody { .. } => "system",
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Account { name, .. } => name,
            Self::CommandLine => "Command line",
            Self::System => "System",
            Self::Nobody { .. } => "",
        }
    }

    pub(super) fn account(&self) -> Option<i64> {
        if let Self::Account { account, .. } = self { Some(account.0) } else { None }
    }

    pub(super) fn session(&self) -> Option<i64> {
        if let Self::Account { session, .. } = self { Some(session.0) } else { None }
    }

    /// `None` where nobody asked over the network.
    fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Account { origin, .. } | Self::Nobody { origin } => Some(origin),
            Self::CommandLine | Self::System => None,
        }
    }
}

impl From<&SignedIn> for Actor {
    fn from(who: &SignedIn) -> Self {
        Self::Account { account: who.account, name: who.user_name.clone(), session: who.session, origin: who.origin.clone() }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    SignIn,
    SignInRefused,
    SignOut,
    TimedOut,
    Replaced,
    End,
    EndDisable,
    Disable,
    Enable,
    UndoDisable,
    AccountCreated,
    PasswordSet,
    RoleGranted,
    RoleTaken,
    Refused,
    Exported,
}

impl Action {
    const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::SignIn, "sign_in", "Log in"),
        (Self::SignInRefused, "sign_in_refused", "Log in refused"),
        (Self::SignOut, "sign_out", "Log out"),
        (Self::TimedOut, "timed_out", "Timed out"),
        (Self::Replaced, "replaced", "Replaced by a newer log-in"),
        (Self::End, "end", "End"),
        (Self::EndDisable, "end_disable", "End & Disable"),
        (Self::Disable, "disable", "Disable"),
        (Self::Enable, "enable", "Enable"),
        (Self::UndoDisable, "undo_disable", "Undo disable"),
        (Self::AccountCreated, "account_created", "Account created"),
        (Self::PasswordSet, "password_set", "Password set"),
        (Self::RoleGranted, "role_granted", "Role granted"),
        (Self::RoleTaken, "role_taken", "Role taken away"),
        (Self::Refused, "refused", "Refused request"),
        (Self::Exported, "exported", "Exported the list"),
    ];

    /// Its name in the database.
    pub(super) fn key(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Its name in the history. An action of a newer version shows by its key.
    pub(super) fn title(key: &str) -> &str {
        Self::ALL.iter().find(|(_, known, _)| *known == key).map_or(key, |(_, _, title)| title)
    }

    /// Whether it may have changed what the directory knows of the account beside its sessions.
    pub(super) fn changes_account(key: &str) -> bool {
        [Self::EndDisable, Self::Disable, Self::Enable, Self::UndoDisable, Self::AccountCreated, Self::RoleGranted, Self::RoleTaken]
            .iter()
            .any(|action| action.key() == key)
    }
}

/// What became of one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    #[default]
    Done,
    /// There was nothing left to do.
    Already,
    /// Left out: `detail.why` says why.
    Skipped,
}

/// What an event says beside its columns. The directory takes off exactly `sessions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    /// The sessions that ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<i64>,
    /// How many of them began after the plan was made.
    #[serde(skip_serializing_if = "is_zero")]
    pub new: u32,
    /// The account's version after this act disabled it: while it stands, the act can be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_version: Option<i64>,
    /// A refused request: method and path. An export: how many, and the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why: a status, a kind of time-out, `you`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One act: what its events have in common.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub batch: BatchId,
    pub at: i64,
    pub actor: Actor,
    pub action: Action,
    pub reason: String,
}

impl Deed {
    pub(super) fn new(actor: Actor, action: Action, at: i64) -> Stored<Self> {
        Ok(Self { batch: new_batch()?, at, actor, action, reason: String::new() })
    }

    pub(super) fn because(self, reason: &str) -> Self {
        Self { reason: reason.into(), ..self }
    }
}

/// One event of an act.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Target {
    pub account: Option<i64>,
    pub session: Option<i64>,
    /// Where it is not the act's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    pub result: Outcome,
    pub detail: Detail,
}

/// A number that names all events of one act: random, so that nobody can guess another's, and positive.
pub(super) fn new_batch() -> Stored<BatchId> {
    let random = getrandom::u64().map_err(|error| {
        tracing::error!(%error, "the operating system gave no random bytes");
        StoreError::Unavailable
    })?;
    Ok(BatchId((random >> 1).cast_signed().max(1)))
}

const INSERT: Text = with_rows!(
    "
insert into events (
  batch_id, at, actor_kind, actor_account, actor_name, actor_session, action,
  target_account, target_name, target_session, reason, result, detail
)
select
  $1, coalesce(cast(target.value ->> 'at' as bigint), $2), $3, $4, $5, $6, $7,
  cast(target.value ->> 'account' as bigint), coalesce(accounts.user_name, ''), cast(target.value ->> 'session' as bigint),
  $8, target.value ->> 'result', target.value -> 'detail'
from",
    "$9",
    "as target
left join accounts on accounts.id = cast(target.value ->> 'account' as bigint)
order by target.key",
    " returning seq, cast(cast(xid as text) as bigint)"
);

/// Writes an event for each target, in their order, and where they came from. Answers the place in the log that they follow.
pub(super) async fn record(tx: &mut Tx, deed: &Deed, targets: &[Target]) -> Stored<i64> {
    if targets.is_empty() {
        return Ok(i64::MAX);
    }
    let insert = query(INSERT)
        .bind(deed.batch.0)
        .bind(deed.at)
        .bind(deed.actor.kind())
        .bind(deed.actor.account())
        .bind(deed.actor.name())
        .bind(deed.actor.session())
        .bind(deed.action.key())
        .bind(&*deed.reason)
        .bind(json(targets)?);
    let (first, last) = tx.log(insert).await?;
    if let Some(origin) = deed.actor.origin() {
        let insert = query(INSERT_ORIGINS).bind(first).bind(last).bind(&*origin.ip).bind(&*origin.user_agent).bind(deed.batch.0);
        tx.execute(insert).await?;
    }
    if matches!(deed.action, Action::End | Action::EndDisable | Action::Disable) {
        tx.wake_others().await?;
    }
    Ok(first - 1)
}

// On PostgreSQL the events of others may stand between.
const INSERT_ORIGINS: &str = "
insert into event_origins (seq, ip, user_agent)
select seq, $3, $4
from events
where seq >= $1
and seq <= $2
and batch_id = $5";

/// A set as one parameter.
pub(super) fn json<T: Serialize + ?Sized>(set: &T) -> Stored<String> {
    serde_json::to_string(set).map_err(|error| {
        tracing::error!(%error, "a set could not be written as JSON");
        StoreError::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_at_its_place() {
        for (place, (action, key, title)) in Action::ALL.into_iter().enumerate() {
            assert_eq!(action as usize, place);
            assert_eq!((action.key(), Action::title(key)), (key, title));
        }
    }

    #[test]
    fn a_batch_is_positive_and_new() {
        let batches: std::collections::BTreeSet<_> = (0..100).map(|_| new_batch().expect("random bytes")).collect();
        assert_eq!(batches.len(), 100);
        assert!(batches.iter().all(|batch| batch.0 > 0));
    }
}
