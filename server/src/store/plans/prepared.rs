//! A plan as stored, and how it is carried out.

use crate::store::{
    acts::{self, Order, count, refused},
    database::{Reads as _, Tx},
    events::{Deed, Detail, Outcome, Target},
    people::NOT_ONESELF,
};
use app::{
    model::{
        account::AccountId,
        event::BatchId,
        plan::{Act, COUNT_ABOVE, Confirmation},
        text::thousands,
    },
    store::{StoreError, Stored},
};
use sqlx::query_as;
use std::collections::HashSet;

/// How long a plan may wait for its first commit.
const LIFE: i64 = 10 * 60 * 1_000;

/// In the order of the columns of the plan's claim.
pub(super) type PlanRow = (i64, String, i64, u32, i64, bool, String, Option<i64>, i64, String, String);

const SIS_HOLDERS: &str = "
select account_id
from account_roles
where role = 'sis'";

/// A plan as stored.
pub(super) struct Prepared {
    pub batch: BatchId,
    pub act: Act,
    created_at: i64,
    users: u32,
    newest_session: i64,
    pub also_sis: bool,
    pub reason: String,
    pub first_committed_at: Option<i64>,
    pub done: usize,
    /// Ascending.
    sis: Vec<i64>,
    /// Ascending.
    accounts: Vec<i64>,
}

impl Prepared {
    pub(super) fn read(row: PlanRow) -> Stored<Self> {
        let (batch, act, created_at, users, newest_session, also_sis, reason, first_committed_at, done, sis, accounts) = row;
        Ok(Self {
            batch: BatchId(batch),
            act: if act == Act::End.key() { Act::End } else { Act::EndDisable },
            created_at,
            users,
            newest_session,
            also_sis,
            reason,
            first_committed_at,
            done: usize::try_from(done).unwrap_or(usize::MAX),
            sis: stored(&sis)?,
            accounts: stored(&accounts)?,
        })
    }

    fn several(&self) -> bool {
        self.accounts.len() > 1
    }

    /// SIS holders other than oneself are left out unless that is ticked.
    fn skips_sis(&self) -> bool {
        self.act == Act::EndDisable && self.several()
    }

    /// Takes the confirmation of the first commit; the further steps go by it.
    pub(super) fn confirm(&mut self, confirmation: &Confirmation, own: AccountId, now: i64) -> Stored<()> {
        if now - self.created_at > LIFE {
            return Err(refused("This was prepared more than ten minutes ago, and nothing was done. Select the users and choose again."));
        }
        if self.act == Act::EndDisable && self.accounts == [own.0] {
            return Err(refused(NOT_ONESELF));
        }
        let also = if confirmation.also_sis && self.skips_sis() { count(self.sis.len()) } else { 0 };
        let users = self.users.saturating_add(also);
        if users == 0 {
            return Err(refused(
                "Nothing was done: everybody selected is left out. Tick “Also disable” to go on with the SIS administrators.",
            ));
        }
        if users > COUNT_ABOVE && confirmation.count != Some(users) {
            return Err(refused(format!("Nothing was done. Type the number of users, {}, to confirm.", thousands(users))));
        }
        self.also_sis = confirmation.also_sis;
        self.reason = app::model::plan::reason(&confirmation.reason).map_err(StoreError::Refused)?;
        Ok(())
    }

    /// The accounts of the next transaction, at most `size`.
    pub(super) fn step(&self, size: usize) -> Vec<i64> {
        self.accounts.iter().copied().skip(self.done).take(size).collect()
    }

    /// Acts on a step but for those that are left out. Answers an event for every account of it.
    pub(super) async fn carry_out(&self, tx: &mut Tx, deed: &Deed, step: &[i64], own: i64, own_session: i64) -> Stored<Vec<Target>> {
        let disable = self.act == Act::EndDisable;
        let mut left_out: HashSet<i64> = HashSet::new();
        if self.skips_sis() {
            // Who became one since the plan was made was named to nobody: left out in any case.
            let holders: Vec<(i64,)> = tx.all(query_as(SIS_HOLDERS)).await?;
            left_out.extend(holders.into_iter().map(|(holder,)| holder).chain(self.sis.iter().copied()));
            if self.also_sis {
                left_out.retain(|holder| self.sis.binary_search(holder).is_err());
            }
        }
        if disable {
            left_out.insert(own);
        }
        let acted: Vec<i64> = step.iter().copied().filter(|account| !left_out.contains(account)).collect();
        // Oneself among several: the session one works in stays.
        let spare = if self.several() { own_session } else { 0 };
        let order = Order { accounts: &acted, disable, spare, newest_session: self.newest_session };
        let mut targets = acts::carry_out(tx, deed, &order).await?;
        for target in &mut targets {
            if spare > 0 && target.account == Some(own) && target.result == Outcome::Already {
                *target = skipped(own, "you");
            }
        }
        let why = |account: i64| if account == own { "you" } else { "SIS administrator" };
        targets.extend(step.iter().filter(|account| left_out.contains(account)).map(|account| skipped(*account, why(*account))));
        Ok(targets)
    }
}

/// What a plan keeps as JSON.
pub(super) fn stored<T: serde::de::DeserializeOwned>(text: &str) -> Stored<T> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(%error, "a plan cannot be read");
        StoreError::Internal
    })
}

fn skipped(account: i64, why: &str) -> Target {
    Target {
        account: Some(account),
        result: Outcome::Skipped,
        detail: Detail { why: Some(why.into()), ..Detail::default() },
        ..Target::default()
    }
}
