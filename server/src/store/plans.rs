//! Prepare, then commit.
//!
//! A plan is a row: who prepared it, for what act, with which accounts. Its commit takes no account ids, acts on exactly these accounts
//! with all the sessions they have at that instant, and happens once.

use super::{
    Sqlite,
    acts::{self, Order, count, refused},
    database::{Reads as _, Tx},
    events::{self, Action, Actor, Deed, Detail, Outcome, Target, json},
    reports,
};
use app::{
    AppError,
    guard::Admin,
    model::{
        account::{AccountId, Named},
        event::BatchId,
        plan::{Act, COUNT_ABOVE, Confirmation, Own, Plan, PlanId, Report},
        query::Query,
        selection::Selection,
        text::thousands,
    },
    store::{StoreError, Stored},
};
use sqlx::{query, query_as};
use std::collections::{HashMap, HashSet};

/// How long a plan may wait for its first commit.
const LIFE: i64 = 10 * 60 * 1_000;

/// How long a committed plan can tell what is left of it.
const KEPT: i64 = 24 * 60 * 60 * 1_000;

/// Accounts done in one transaction.
const STEP: usize = 10_000;

/// Names that a plan lists of each kind.
const NAMES: usize = 20;

const NEWEST_SESSION: &str = "
select coalesce(max(id), 0)
from sessions";

const SELECTED: &str = "
select
  id, user_name,
  exists (select 1 from account_roles where account_roles.account_id = accounts.id and account_roles.role = 'sis'),
  (select count(*) from sessions where sessions.account_id = accounts.id and sessions.ended_at is null)
from accounts
where id in (select value from json_each($1))
and deleted_at is null
order by id";

type SelectedRow = (i64, String, bool, u32);

const FORGET_OLD: &str = "
delete from plans
where created_at < $1";

const CREATE: &str = "
insert into plans (batch_id, account_id, session_id, act, created_at, users, newest_session, sis, accounts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id";

// Locks the row; another's plan is as unknown as none.
const CLAIM: &str = "
update plans
set done = done
where id = $1
and account_id = $2
and session_id = $3
returning batch_id, act, created_at, users, newest_session, also_sis, reason, first_committed_at, done, sis, accounts";

type PlanRow = (i64, String, i64, u32, i64, bool, String, Option<i64>, i64, String, String);

const NOTE_STEP: &str = "
update plans
set first_committed_at = coalesce(first_committed_at, $1), done = $2, also_sis = $3, reason = $4
where id = $5";

const SIS_HOLDERS: &str = "
select account_id
from account_roles
where role = 'sis'";

impl Sqlite {
    pub(super) async fn make_plan(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Plan> {
        if selection.is_empty() {
            return Err(refused("Select one or more users first."));
        }
        let who = admin.who().clone();
        let (selection, shown) = (selection.clone(), shown.clone());
        let (selected, listed) = self
            .in_directory(move |directory| {
                let selected = selection.resolve(|query| directory.matching(query, who.now));
                (selected, directory.matching(&shown, who.now))
            })
            .await?;
        let mut reader = self.database().reader().await?.patiently();
        let newest_session: Option<(i64,)> = reader.first(query_as(NEWEST_SESSION)).await?;
        let rows: Vec<SelectedRow> = reader.all(query_as(SELECTED).bind(json(&selected)?)).await?;
        drop(reader);
        if rows.is_empty() {
            return Err(refused("Nobody is selected any more. Refresh the list and select again."));
        }
        let draft = draft(act, &rows, &listed, admin);
        let accounts: Vec<i64> = rows.iter().map(|row| row.0).collect();
        self.store_plan(admin, draft, accounts, newest_session.map_or(0, |(id,)| id)).await
    }

    async fn store_plan(&self, admin: &Admin, plan: Plan, accounts: Vec<i64>, newest_session: i64) -> Stored<Plan> {
        let (store, who) = (self.clone(), admin.who().clone());
        self.write(async move {
            let mut sis: Vec<i64> = plan.sis.iter().map(|named| named.id.0).collect();
            sis.sort_unstable();
            let mut tx = store.database().begin().await?;
            tx.execute(query(FORGET_OLD).bind(who.now - KEPT)).await?;
            acts::ensure_allowed(&mut tx, &who, true).await?;
            let create = query_as(CREATE)
                .bind(events::new_batch()?.0)
                .bind(who.account.0)
                .bind(who.session.0)
                .bind(plan.act.key())
                .bind(who.now)
                .bind(plan.users)
                .bind(newest_session)
                .bind(json(&sis)?)
                .bind(json(&accounts)?);
            let (id,): (i64,) = tx.first(create).await?.ok_or(StoreError::Internal)?;
            Ok((Plan { id: PlanId(id), ..plan }, tx.commit().await?))
        })
        .await
    }

    pub(super) async fn commit_plan(&self, admin: &Admin, plan: PlanId, confirmation: &Confirmation) -> Stored<Report> {
        let (store, who, confirmation) = (self.clone(), admin.who().clone(), confirmation.clone());
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            let claim = query_as(CLAIM).bind(plan.0).bind(who.account.0).bind(who.session.0);
            let row: Option<PlanRow> = tx.first(claim).await?;
            let mut stored = Prepared::read(row.ok_or(StoreError::Refused(AppError::NotFound))?)?;
            acts::ensure_allowed(&mut tx, &who, true).await?;
            if stored.first_committed_at.is_none() {
                stored.confirm(&confirmation, who.account, who.now)?;
            }
            let step = stored.step();
            if !step.is_empty() {
                let deed = Deed {
                    batch: stored.batch,
                    at: who.now,
                    actor: Actor::from(&who),
                    action: if stored.act == Act::End { Action::End } else { Action::EndDisable },
                    reason: stored.reason.clone(),
                };
                let targets = stored.carry_out(&mut tx, &deed, &step, who.account.0, who.session.0).await?;
                events::record(&mut tx, &deed, &targets).await?;
            }
            let done = i64::try_from(stored.done + step.len()).unwrap_or(i64::MAX);
            let note = query(NOTE_STEP).bind(who.now).bind(done).bind(stored.also_sis).bind(&stored.reason).bind(plan.0);
            tx.execute(note).await?;
            let report = reports::report(&mut tx, stored.batch).await?.ok_or(StoreError::Internal)?;
            Ok((report, tx.commit().await?))
        })
        .await
    }

    /// What an act of this administrator did.
    pub(super) async fn own_report(&self, admin: &Admin, batch: BatchId) -> Stored<Option<Report>> {
        let mut reader = self.database().reader().await?.patiently();
        let own = "select 1 from events where batch_id = $1 and actor_account = $2 limit 1";
        let own: Option<(i64,)> = reader.first(query_as(own).bind(batch.0).bind(admin.who().account.0)).await?;
        if own.is_none() {
            return Ok(None);
        }
        reports::report(&mut reader, batch).await
    }
}

/// What the dialog shows, from the selected accounts and the list as it is filtered.
fn draft(act: Act, rows: &[SelectedRow], listed: &[AccountId], admin: &Admin) -> Plan {
    let who = admin.who();
    let several = rows.len() > 1;
    let mine = rows.iter().find(|row| row.0 == who.account.0);
    let own = match (mine, act) {
        (None, _) => Own::No,
        (Some(_), _) if !several => Own::Alone,
        (Some((.., sessions)), Act::End) if *sessions > 1 => Own::OthersEnd,
        (Some(_), _) => Own::Skipped,
    };
    let is_own = |row: &SelectedRow| row.0 == who.account.0;
    let sis_skipped = act == Act::EndDisable && several && rows.iter().any(|row| row.2 && !is_own(row));
    let acted_upon = |row: &SelectedRow| {
        if is_own(row) { own != Own::Skipped } else { !(row.2 && sis_skipped) }
    };
    let by_id: HashMap<i64, &SelectedRow> = rows.iter().map(|row| (row.0, row)).collect();
    let in_list: HashSet<i64> = listed.iter().map(|id| id.0).collect();
    let mut not_shown: Vec<&SelectedRow> = rows.iter().filter(|row| !in_list.contains(&row.0)).collect();
    not_shown.sort_by(|left, right| left.1.cmp(&right.1));
    let shown = listed.iter().filter_map(|id| by_id.get(&id.0).copied());
    let ordered: Vec<&SelectedRow> = shown.chain(not_shown.iter().copied()).collect();
    let acted: Vec<&SelectedRow> = ordered.iter().copied().filter(|row| acted_upon(row)).collect();
    let (hidden, visible): (Vec<_>, Vec<_>) = acted.iter().copied().partition(|row| !in_list.contains(&row.0));
    Plan {
        id: PlanId(0),
        act,
        users: count(acted.len()),
        sessions: acted.iter().map(|row| row.3).sum::<u32>() - u32::from(own == Own::OthersEnd),
        names: visible.into_iter().take(NAMES).map(named).collect(),
        not_shown_users: count(hidden.len()),
        not_shown: hidden.into_iter().take(NAMES).map(named).collect(),
        sis: ordered.iter().copied().filter(|row| row.2 && !is_own(row)).map(named).collect(),
        sis_skipped,
        own,
        own_name: who.user_name.clone(),
        refused: (act == Act::EndDisable && own == Own::Alone).then(|| super::people::NOT_ONESELF.into()),
    }
}

fn named(row: &SelectedRow) -> Named {
    Named { id: AccountId(row.0), user_name: row.1.clone() }
}

/// A plan as stored.
struct Prepared {
    batch: BatchId,
    act: Act,
    created_at: i64,
    users: u32,
    newest_session: i64,
    also_sis: bool,
    reason: String,
    first_committed_at: Option<i64>,
    done: usize,
    /// Ascending.
    sis: Vec<i64>,
    /// Ascending.
    accounts: Vec<i64>,
}

impl Prepared {
    fn read(row: PlanRow) -> Stored<Self> {
        let (batch, act, created_at, users, newest_session, also_sis, reason, first_committed_at, done, sis, accounts) = row;
        let ids = |text: &str| {
            serde_json::from_str::<Vec<i64>>(text).map_err(|error| {
                tracing::error!(%error, "a plan's accounts cannot be read");
                StoreError::Internal
            })
        };
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
            sis: ids(&sis)?,
            accounts: ids(&accounts)?,
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
    fn confirm(&mut self, confirmation: &Confirmation, own: AccountId, now: i64) -> Stored<()> {
        if now - self.created_at > LIFE {
            return Err(refused("This was prepared more than ten minutes ago, and nothing was done. Select the users and choose again."));
        }
        if self.act == Act::EndDisable && self.accounts == [own.0] {
            return Err(refused(super::people::NOT_ONESELF));
        }
        let also = if confirmation.also_sis && self.skips_sis() { count(self.sis.len()) } else { 0 };
        let users = self.users.saturating_add(also);
        if users == 0 {
            return Err(refused("Nobody is left to act upon: everybody selected is left out."));
        }
        if users > COUNT_ABOVE && confirmation.count != Some(users) {
            return Err(refused(format!("Nothing was done. Type the number of users, {}, to confirm.", thousands(users))));
        }
        self.also_sis = confirmation.also_sis;
        self.reason = app::model::plan::reason(&confirmation.reason).map_err(StoreError::Refused)?;
        Ok(())
    }

    /// The accounts of the next transaction.
    fn step(&self) -> Vec<i64> {
        self.accounts.iter().copied().skip(self.done).take(STEP).collect()
    }

    /// Acts on a step but for those that are left out. Answers an event for every account of it.
    async fn carry_out(&self, tx: &mut Tx, deed: &Deed, step: &[i64], own: i64, own_session: i64) -> Stored<Vec<Target>> {
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

fn skipped(account: i64, why: &str) -> Target {
    Target {
        account: Some(account),
        result: Outcome::Skipped,
        detail: Detail { why: Some(why.into()), ..Detail::default() },
        ..Target::default()
    }
}
