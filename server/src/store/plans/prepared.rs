//! A plan as stored, and how it is carried out.

use crate::store::{
    acts::{self, Order, refused},
    database::{Reads as _, Tx, query},
    events::{Deed, Detail, Outcome, Target},
    people::NOT_ONESELF,
};
use app::{
    AppError,
    guard::SignedIn,
    model::{
        account::AccountId,
        event::BatchId,
        plan::{Act, COUNT_ABOVE, Confirmation, PlanId, Report},
        text::{count, thousands},
    },
    store::{StoreError, Stored},
};
use std::collections::HashSet;

/// How long a plan may wait for its first commit.
pub(super) const LIFE: i64 = 10 * 60 * 1_000;

// Locks the row; another's plan is as unknown as none.
const CLAIM: &str = "
update plans
set done = done
where id = $1
and account_id = $2
and session_id = $3
returning batch_id, act, created_at, users, newest_session, also_sis <> 0, reason, first_committed_at, done, selected, sis, report";

type PlanRow = (i64, String, i64, i64, i64, bool, String, Option<i64>, i64, i64, String, Option<String>);

const PART: &str = "
select accounts
from plan_parts
where plan_id = $1
and place = $2";

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
    /// How many of the accounts are done.
    pub done: i64,
    selected: i64,
    /// Ascending.
    sis: Vec<i64>,
    /// Of the steps before this one.
    pub report: Option<Report>,
    /// The accounts of the next step, ascending: one transaction. None are left once all are done.
    pub step: Vec<i64>,
}

impl Prepared {
    /// Locks a plan of this session until the transaction ends.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where there is none.
    pub(super) async fn claim(tx: &mut Tx, plan: PlanId, who: &SignedIn) -> Stored<Self> {
        let claim = query(CLAIM).bind(plan.0).bind(who.account.0).bind(who.session.0);
        let row: PlanRow = tx.first(claim).await?.ok_or(StoreError::Refused(AppError::NotFound))?;
        let (batch, act, created_at, users, newest_session, also_sis, reason, first_committed_at, done, selected, sis, report) = row;
        let mut step = Vec::new();
        if done < selected {
            let (part,): (String,) = tx.first(query(PART).bind(plan.0).bind(done)).await?.ok_or(StoreError::Internal)?;
            step = stored(&part)?;
        }
        Ok(Self {
            batch: BatchId(batch),
            act: if act == Act::End.key() { Act::End } else { Act::EndDisable },
            created_at,
            users: acts::number(users),
            newest_session,
            also_sis,
            reason,
            first_committed_at,
            done,
            selected,
            sis: stored(&sis)?,
            report: kept(report),
            step,
        })
    }

    fn several(&self) -> bool {
        self.selected > 1
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
        if self.act == Act::EndDisable && !self.several() && self.step == [own.0] {
            return Err(refused(NOT_ONESELF));
        }
        self.also_sis = confirmation.also_sis && self.skips_sis();
        let also = if self.also_sis { count(self.sis.len()) } else { 0 };
        let users = self.users.saturating_add(also);
        if users == 0 {
            return Err(refused(
                "Nothing was done: everybody selected is left out. Tick “Also disable” to go on with the SIS administrators.",
            ));
        }
        if users > COUNT_ABOVE && confirmation.count != Some(users) {
            return Err(refused(format!("Nothing was done. Type the number of users, {}, to confirm.", thousands(users))));
        }
        self.reason = app::model::plan::reason(&confirmation.reason).map_err(StoreError::Refused)?;
        Ok(())
    }

    /// Acts on the step but for those that are left out. Answers an event for every account of it.
    pub(super) async fn carry_out(&self, tx: &mut Tx, deed: &Deed, own: i64, own_session: i64) -> Stored<Vec<Target>> {
        let disable = self.act == Act::EndDisable;
        let mut left_out: HashSet<i64> = HashSet::new();
        if self.skips_sis() {
            // Who became one since the plan was made was named to nobody: left out in any case.
            let holders: Vec<(i64,)> = tx.all(query(SIS_HOLDERS)).await?;
            left_out.extend(holders.into_iter().map(|(holder,)| holder).chain(self.sis.iter().copied()));
            if self.also_sis {
                left_out.retain(|holder| self.sis.binary_search(holder).is_err());
            }
        }
        if disable {
            left_out.insert(own);
        }
        let acted: Vec<i64> = self.step.iter().copied().filter(|account| !left_out.contains(account)).collect();
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
        targets.extend(self.step.iter().filter(|account| left_out.contains(account)).map(|account| skipped(*account, why(*account))));
        Ok(targets)
    }
}

/// The report that a plan keeps; `None` too where another version of this program wrote it, and the events tell.
pub(super) fn kept(report: Option<String>) -> Option<Report> {
    serde_json::from_str(&report?).ok()
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
