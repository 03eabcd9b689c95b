//! What is read of the database, and what it means for the directory.

use crate::{
    directory::{AccountEntry, Change, SessionEntry},
    store::{
        database::failed,
        events::{Action, Detail},
    },
};
use app::{
    model::{account::AccountId, session::SessionId},
    store::Stored,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Visitor},
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

// Rows come as one text a page: a row by itself costs the driver more than reading it. And they come by ranges of account ids, as the
// table and the index of active sessions have them: in any other order each is looked up by itself.
macro_rules! accounts {
    ($page:literal, $end:literal, $which:literal) => {
        concat!(
            "
select ",
            $page,
            "(
  accounts.id, accounts.user_name, accounts.last_name, accounts.first_name,
  accounts.disabled_at is not null or accounts.roster_disabled_at is not null,
  account_roles.role is not null,
  accounts.deleted_at is not null
",
            $end,
            "
from accounts
left join account_roles on account_roles.account_id = accounts.id and account_roles.role = 'sis'
where ",
            $which
        )
    };
}
pub(super) use accounts;

pub(super) type AccountRow = (i64, String, String, String, Yes, Yes, Yes);

/// What is or is not: SQLite writes 1 and 0 for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yes(bool);

impl<'de> Deserialize<'de> for Yes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YesOrNo)
    }
}

struct YesOrNo;

impl Visitor<'_> for YesOrNo {
    type Value = Yes;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("true, false, 1 or 0")
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Yes, E> {
        Ok(Yes(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Yes, E> {
        Ok(Yes(number != 0))
    }
}

pub(super) type SessionRow = (i64, i64, i64);

/// An event: its place, time, action, target account, target session and detail.
pub(super) type EventRow = (i64, i64, String, Option<i64>, Option<i64>, String);

/// The rows of a page.
pub(super) fn rows<T: DeserializeOwned>(page: &str) -> Stored<Vec<T>> {
    serde_json::from_str(page).map_err(|error| failed(sqlx::Error::Decode(error.into())))
}

/// The accounts that events may have changed.
pub(super) fn changed(events: &[EventRow]) -> BTreeSet<i64> {
    events.iter().filter(|(_, _, action, ..)| Action::changes_account(action)).filter_map(|event| event.3).collect()
}

/// The accounts of a page, by id.
pub(super) fn by_id(page: &str) -> Stored<HashMap<i64, AccountRow>> {
    Ok(rows::<AccountRow>(page)?.into_iter().map(|row| (row.0, row)).collect())
}

/// What events mean for the directory, in their order.
pub(super) fn changes(events: &[EventRow], accounts: &HashMap<i64, AccountRow>) -> Vec<Change> {
    let mut changes = Vec::with_capacity(events.len());
    for (seq, at, action, account, session, detail) in events {
        if Action::changes_account(action)
            && let Some(row) = account.and_then(|account| accounts.get(&account))
        {
            let (entry, gone) = entry(row.clone());
            changes.push(if gone { Change::AccountGone(entry.id) } else { Change::Account(entry) });
        }
        if action == Action::SignIn.key()
            && let (Some(account), Some(session)) = (account, session)
        {
            changes.push(Change::Started(SessionEntry { id: SessionId(*session), account: AccountId(*account), created_at: *at }));
        }
        match serde_json::from_str::<Detail>(detail) {
            Ok(detail) if !detail.sessions.is_empty() => {
                changes.push(Change::Ended(detail.sessions.into_iter().map(SessionId).collect()));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, seq, "an event's detail cannot be read"),
        }
    }
    changes
}

/// The entry, and whether the account is deleted.
pub(super) fn entry((id, user_name, last_name, first_name, disabled, sis, deleted): AccountRow) -> (AccountEntry, bool) {
    let entry = AccountEntry { id: AccountId(id), user_name, last_name, first_name, disabled: disabled.0, sis: sis.0 };
    (entry, deleted.0)
}
