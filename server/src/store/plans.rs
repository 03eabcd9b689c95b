//! Prepare, then commit.
//!
//! A plan is a row: who prepared it, for what act; its accounts stand in parts, each of which one commit does. A commit takes no account
//! ids, acts on exactly these accounts with all the sessions they have at that instant, and happens once.

mod draft;
mod prepared;

use super::{
    SqlStore,
    acts::{self, refused},
    database::{Kind, Reads as _, Text, Tx, query},
    events::{self, Action, Actor, Deed, json},
    reports,
};
use app::{
    guard::{Admin, SignedIn},
    model::{
        event::BatchId,
        plan::{Act, Confirmation, Plan, PlanId, Report},
        query::Query,
        selection::Selection,
        session::SessionId,
        text::count,
    },
    store::{StoreError, Stored},
};
use draft::Draft;
use prepared::{LIFE, Prepared, kept, stored};
use std::{
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// How long a committed plan can tell what is left of it.
const KEPT: i64 = 24 * 60 * 60 * 1_000;

/// How long one that nobody confirmed can tell that it is too late.
const UNCONFIRMED: i64 = 30 * 60 * 1_000;

/// How long a page that is loaded waits for a first step, and how often it looks.
const FIRST_STEP: Duration = Duration::from_secs(3);
const LOOKED_AGAIN: Duration = Duration::from_millis(50);

/// A step of more accounts takes its time.
const FEW: usize = 100;

const FORGET_OLD: &str = "
delete from plans
where created_at < $1
or (created_at < $2 and first_committed_at is null)";

const CREATE: &str = "
insert into plans (batch_id, account_id, session_id, act, created_at, users, newest_session, sis, selected, matching)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
returning id";

const CREATE_PART: &str = "
insert into plan_parts (plan_id, place, accounts)
values ($1, $2, $3)";

const NOTE_STEP: &str = "
update plans
set
  first_committed_at = coalesce(first_committed_at, $1), last_committed_at = $1,
  done = $2, also_sis = $3, reason = $4, report = $5
where id = $6";

// Prepared and not confirmed; in PostgreSQL those of them whose first step is under way, which locks them.
const PREPARED: Text = Text::each(
    "
select count(*)
from plans
where session_id = $1
and first_committed_at is null
and created_at >= $2",
    "
select count(*)
from plans
where session_id = $1
and first_committed_at is null
and created_at >= $2
and id not in (
  select id
  from plans
  where session_id = $1
  and first_committed_at is null
  for update skip locked
)",
);

// A later plan that was confirmed took its place, unless it is still gone on with.
const UNFINISHED: &str = "
select batch_id, report
from plans
where session_id = $1
and done > 0
and done < selected
and (last_committed_at >= $2 or id = (select max(id) from plans where session_id = $1 and done > 0))
order by id desc
limit 1";

const MATCHING: &str = "
select id, matching
from plans
where batch_id = $1
and matching is not null";

const PARTS: &str = "
select accounts
from plan_parts
where plan_id = $1
order by place";

impl SqlStore {
    pub(super) async fn make_plan(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Plan> {
        if selection.is_empty() {
            return Err(refused("Select one or more users first."));
        }
        let matching = matches!(selection, Selection::AllMatching { .. }).then(|| json(selection)).transpose()?;
        let draft = self.draft(admin, act, selection, shown).await?;
        self.store_plan(admin, draft, matching).await
    }

    async fn store_plan(&self, admin: &Admin, draft: Draft, matching: Option<String>) -> Stored<Plan> {
        let Draft { plan, accounts, newest_session } = draft;
        let (store, who) = (self.clone(), admin.who().clone());
        self.write(async move {
            let mut sis: Vec<i64> = plan.sis.iter().map(|named| named.id.0).collect();
            sis.sort_unstable();
            let mut tx = store.database().begin().await?;
            if accounts.len() > FEW {
                tx.patiently();
            }
            tx.execute(query(FORGET_OLD).bind(who.now - KEPT).bind(who.now - UNCONFIRMED)).await?;
            acts::ensure_allowed(&mut tx, &who, true, &[]).await?;
            let create = query(CREATE)
                .bind(events::new_batch()?.0)
                .bind(who.account.0)
                .bind(who.session.0)
                .bind(plan.act.key())
                .bind(who.now)
                .bind(plan.users)
                .bind(newest_session)
                .bind(json(&sis)?)
                .bind(count(accounts.len()))
                .bind(matching);
            let (id,): (i64,) = tx.first(create).await?.ok_or(StoreError::Internal)?;
            let mut place = 0_u32;
            for part in accounts.chunks(store.0.settings.step) {
                tx.execute(query(CREATE_PART).bind(id).bind(place).bind(json(part)?)).await?;
                place += count(part.len());
            }
            Ok((Plan { id: PlanId(id), ..plan }, tx.commit().await?))
        })
        .await
    }

    pub(super) async fn commit_plan(&self, admin: &Admin, plan: PlanId, confirmation: &Confirmation) -> Stored<Report> {
        let (store, who, confirmation) = (self.clone(), admin.who().clone(), confirmation.clone());
        let commits = Commits::begin(self, who.session);
        let committed = self.write(async move {
            let _until_done = commits;
            let mut tx = store.database().begin_act().await?;
            let mut stored = Prepared::claim(&mut tx, plan, &who).await?;
            if stored.step.len() > FEW {
                tx.patiently();
            }
            if stored.act == Act::EndDisable {
                acts::touch_guard(&mut tx, who.now).await?;
            }
            acts::ensure_allowed(&mut tx, &who, true, &stored.step).await?;
            if stored.first_committed_at.is_none() {
                stored.confirm(&confirmation, who.account, who.now)?;
            }
            let report = store.carry_out_step(&mut tx, &mut stored, plan, &who).await?;
            Ok((report, tx.commit().await?))
        });
        let mut report = committed.await?;
        // Everything is done: where this cannot be told, the rest still is.
        report.only_now = self.only_now(&report, admin.who().now).await.unwrap_or_default();
        Ok(report)
    }

    /// Does the next part of a plan, where one is left. What it costs does not depend on how many are done: their report is kept.
    async fn carry_out_step(&self, tx: &mut Tx, stored: &mut Prepared, plan: PlanId, who: &SignedIn) -> Stored<Report> {
        let mut since = None;
        if !stored.step.is_empty() {
            let deed = Deed {
                batch: stored.batch,
                at: who.now,
                actor: Actor::from(who),
                action: if stored.act == Act::End { Action::End } else { Action::EndDisable },
                reason: stored.reason.clone(),
            };
            let targets = stored.carry_out(tx, &deed, who.account.0, who.session.0).await?;
            since = Some(events::record(tx, &deed, &targets).await?);
        }
        let report = match (stored.report.take(), since) {
            (Some(before), None) => before,
            (Some(before), Some(since)) => reports::with_events_since(tx, before, since).await?,
            (None, _) => reports::of_events(tx, stored.batch).await?.ok_or(StoreError::Internal)?,
        };
        if since.is_some() {
            let done = stored.done + i64::from(count(stored.step.len()));
            let note = query(NOTE_STEP).bind(who.now).bind(done).bind(i64::from(stored.also_sis)).bind(&stored.reason).bind(json(&report)?);
            tx.execute(note.bind(plan.0)).await?;
        }
        reports::as_of_now(tx, report, who).await
    }

    /// How many match the selection of a plan now that is all done, and were not in it.
    async fn only_now(&self, report: &Report, now: i64) -> Stored<u32> {
        if report.left > 0 {
            return Ok(0);
        }
        let mut reader = self.database().reader().await?.patiently();
        let plan: Option<(i64, String)> = reader.first(query(MATCHING).bind(report.batch.0)).await?;
        let Some((id, matching)) = plan else { return Ok(0) };
        let parts: Vec<(String,)> = reader.all(query(PARTS).bind(id)).await?;
        drop(reader);
        self.in_directory(move |directory| {
            let selection: Selection = stored(&matching)?;
            // Ascending, as the parts are.
            let mut planned = Vec::new();
            for (part,) in &parts {
                planned.extend(stored::<Vec<i64>>(part)?);
            }
            let matching = selection.resolve(|query| directory.matching(query, now));
            Ok(count(matching.iter().filter(|id| planned.binary_search(&id.0).is_err()).count()))
        })
        .await?
    }

    /// What the steps did of the session's newest plan that stopped on its way: its confirmation stands.
    pub(super) async fn unfinished_report(&self, admin: &Admin) -> Stored<Option<Report>> {
        // The first step may be under way, as where the page is loaded anew right after the click.
        let begun = Instant::now();
        while begun.elapsed() < FIRST_STEP && self.confirms(admin).await? {
            sleep(LOOKED_AGAIN).await;
        }
        let mut reader = self.database().reader().await?;
        let (session, since) = (admin.who().session.0, admin.who().now - reports::GOES_ON);
        let plan: Option<(i64, Option<String>)> = reader.first(query(UNFINISHED).bind(session).bind(since)).await?;
        let Some((batch, report)) = plan else { return Ok(None) };
        let report = match kept(report) {
            Some(report) => Some(report),
            None => reports::of_events(&mut reader, BatchId(batch)).await?,
        };
        let Some(report) = report else { return Ok(None) };
        let report = reports::as_of_now(&mut reader, report, admin.who()).await?;
        drop(reader);
        self.applied(report.batch).await?;
        Ok(Some(report))
    }

    /// Whether the first step of a plan of this session is under way.
    async fn confirms(&self, admin: &Admin) -> Stored<bool> {
        let who = admin.who();
        let prepared = query(PREPARED).bind(who.session.0).bind(who.now - LIFE);
        let prepared: Option<(i64,)> = self.database().reader().await?.first(prepared).await?;
        let locks = matches!(self.database().kind(), Kind::Postgres(_));
        Ok(prepared.is_some_and(|(plans,)| plans > 0) && (locks || Commits::of(self).contains(&who.session)))
    }

    /// What an act of this administrator did. The list that is asked for next shows it.
    pub(super) async fn own_report(&self, admin: &Admin, batch: BatchId) -> Stored<Option<Report>> {
        let mut reader = self.database().reader().await?.patiently();
        let own = "select seq from events where batch_id = $1 and actor_account = $2 limit 1";
        let own: Option<(i64,)> = reader.first(query(own).bind(batch.0).bind(admin.who().account.0)).await?;
        if own.is_none() {
            return Ok(None);
        }
        let report = reports::report(&mut reader, batch, admin.who()).await;
        drop(reader);
        self.applied(batch).await?;
        let Some(mut report) = report? else { return Ok(None) };
        report.only_now = self.only_now(&report, admin.who().now).await?;
        Ok(Some(report))
    }
}

/// A commit under way in this program: SQLite does not tell which plans somebody else's transaction has.
struct Commits(SqlStore, SessionId);

impl Commits {
    fn begin(store: &SqlStore, session: SessionId) -> Self {
        Self::of(store).push(session);
        Self(store.clone(), session)
    }

    /// The sessions that commit.
    fn of(store: &SqlStore) -> MutexGuard<'_, Vec<SessionId>> {
        store.0.committing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        let mut all = Self::of(&self.0);
        if let Some(place) = all.iter().position(|session| *session == self.1) {
            all.swap_remove(place);
        }
    }
}
