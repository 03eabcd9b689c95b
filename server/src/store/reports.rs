//! What an act did, read back from its events: a repeated commit answers the same, and so does the page after a redirect. Of a plan in
//! steps the figures are kept with it, so that a step reads its own events only; they are the same.

use super::{
    acts::number,
    database::{Reads, Text, query},
};
use app::{
    guard::SignedIn,
    model::{
        account::{AccountId, Named},
        event::BatchId,
        plan::{Act, COUNT_ABOVE, PlanId, Report, Skipped, Undone},
        text::{count, isolated},
    },
    store::Stored,
};

/// Names a report lists at most.
const NAMES: usize = 20;

/// How long after its last step a plan is gone on with unasked, in milliseconds. Later, who confirmed it may no longer expect it.
pub(super) const GOES_ON: i64 = 10 * 60 * 1_000;

macro_rules! totals {
    ($own_ended:literal) => {
        concat!(
            "
select
  min(action),
  count(*) filter (where result = 'done' and json_array_length(detail -> 'sessions') > 0),
  coalesce(sum(json_array_length(detail -> 'sessions')), 0),
  coalesce(sum(cast(detail ->> 'new' as integer)), 0),
  count(*) filter (where result = 'already'),
  count(*) filter (where result = 'skipped'),
  count(*) filter (where detail ->> 'disabled_version' is not null),
  count(*) filter (where target_account = actor_account and exists (",
            $own_ended,
            ")) > 0
from events
where batch_id = $1
and seq > $2
and action in ('end', 'end_disable')"
        )
    };
}

const TOTALS: Text = Text::each(
    totals!("select 1 from json_each(detail, '$.sessions') as ended where ended.value = actor_session"),
    totals!("select 1 from json_array_elements_text(detail -> 'sessions') as ended where cast(ended as bigint) = actor_session"),
);

type Totals = (Option<String>, i64, i64, i64, i64, i64, i64, bool);

const ENDED: &str = "
select target_account, target_name
from events
where batch_id = $1
and seq > $2
and json_array_length(detail -> 'sessions') > 0
order by seq
limit $3";

const SKIPPED: &str = "
select target_name, coalesce(detail ->> 'why', '')
from events
where batch_id = $1
and seq > $2
and result = 'skipped'
order by seq
limit $3";

const LEFT: &str = "
select
  id, users, case when also_sis <> 0 then sis else '[]' end, done, selected - done, session_id, last_committed_at
from plans
where batch_id = $1";

type Left = (i64, i64, String, i64, i64, i64, Option<i64>);

const CAN_UNDO: &str = "
select accounts.id
from events
join accounts on accounts.id = events.target_account
where events.batch_id = $1
and accounts.disabled_at is not null
and accounts.version = cast(events.detail ->> 'disabled_version' as bigint)
limit 1";

const UNDONE: &str = "
select
  count(*) filter (where result = 'done'),
  count(*) filter (where result = 'already'),
  count(*) filter (where result = 'skipped')
from events
where batch_id = $1
and action = 'undo_disable'
having count(*) > 0";

const CHANGED_SINCE: &str = "
select target_account, target_name
from events
where batch_id = $1
and result = 'skipped'
order by seq
limit $2";

/// What an *Undo disable* did, `None` where there is none of that name.
pub(super) async fn undone(db: &mut impl Reads, batch: BatchId) -> Stored<Option<Undone>> {
    let totals: Option<(i64, i64, i64)> = db.first(query(UNDONE).bind(batch.0)).await?;
    let Some((enabled, already, changed)) = totals else { return Ok(None) };
    let changed_since = named(db.all(query(CHANGED_SINCE).bind(batch.0).bind(count(NAMES))).await?);
    Ok(Some(Undone { batch, enabled: number(enabled), already: number(already), changed_since, changed_since_users: number(changed) }))
}

fn named(rows: Vec<(i64, String)>) -> Vec<Named> {
    rows.into_iter().map(|(id, user_name)| Named { id: AccountId(id), user_name: isolated(&user_name).into_owned() }).collect()
}

/// The report of an act as `who` may have it now, `None` where there is none of that name.
pub(super) async fn report(db: &mut impl Reads, batch: BatchId, who: &SignedIn) -> Stored<Option<Report>> {
    if let Some(report) = of_events(db, batch).await? {
        return as_of_now(db, report, who).await.map(Some);
    }
    let undone = undone(db, batch).await?;
    Ok(undone.map(|undone| Report { undone: Some(undone), ..Report::nothing(batch, Act::EndDisable) }))
}

/// What the events of an act tell, whenever it is asked; `None` where it ended and disabled nobody.
pub(super) async fn of_events(db: &mut impl Reads, batch: BatchId) -> Stored<Option<Report>> {
    since(db, batch, 0).await
}

/// What was told of an act before, with what its events behind a place in the log tell.
pub(super) async fn with_events_since(db: &mut impl Reads, before: Report, place: i64) -> Stored<Report> {
    let Some(step) = since(db, before.batch, place).await? else { return Ok(before) };
    let (mut ended, mut skipped) = (before.ended, before.skipped);
    ended.extend(step.ended);
    ended.truncate(NAMES);
    skipped.extend(step.skipped);
    skipped.truncate(NAMES);
    Ok(Report {
        ended,
        skipped,
        ended_users: before.ended_users + step.ended_users,
        sessions: before.sessions + step.sessions,
        new_sessions: before.new_sessions + step.new_sessions,
        already_ended: before.already_ended + step.already_ended,
        skipped_users: before.skipped_users + step.skipped_users,
        disabled: before.disabled + step.disabled,
        own_ended: before.own_ended || step.own_ended,
        ..step
    })
}

async fn since(db: &mut impl Reads, batch: BatchId, place: i64) -> Stored<Option<Report>> {
    let totals: Option<Totals> = db.first(query(TOTALS).bind(batch.0).bind(place)).await?;
    let Some((Some(action), ended_users, sessions, new_sessions, already, skipped_users, disabled, own_ended)) = totals else {
        return Ok(None);
    };
    let ended = named(db.all(query(ENDED).bind(batch.0).bind(place).bind(count(NAMES))).await?);
    let skipped: Vec<(String, String)> = db.all(query(SKIPPED).bind(batch.0).bind(place).bind(count(NAMES))).await?;
    Ok(Some(Report {
        ended,
        ended_users: number(ended_users),
        sessions: number(sessions),
        new_sessions: number(new_sessions),
        already_ended: number(already),
        disabled: number(disabled),
        skipped: skipped.into_iter().map(|(user_name, why)| Skipped { user_name: isolated(&user_name).into_owned(), why }).collect(),
        skipped_users: number(skipped_users),
        own_ended,
        ..Report::nothing(batch, if action == "end" { Act::End } else { Act::EndDisable })
    }))
}

/// Adds what changes with the time: what is left of the plan and who may go on with it, and whether the act can be undone.
pub(super) async fn as_of_now(db: &mut impl Reads, report: Report, who: &SignedIn) -> Stored<Report> {
    let plan: Option<Left> = db.first(query(LEFT).bind(report.batch.0)).await?;
    let (id, planned, also, done, left, session, last_committed_at) = plan.unwrap_or_default();
    let also: Vec<i64> = serde_json::from_str(&also).unwrap_or_default();
    let (done, left) = (number(done), number(left));
    let mine = left > 0 && session == who.session.0;
    // Where some are left, nothing is looked for among those that are done.
    let may_undo = left == 0 && (1..=COUNT_ABOVE).contains(&report.disabled);
    let undo = may_undo && db.first::<(i64,)>(query(CAN_UNDO).bind(report.batch.0)).await?.is_some();
    Ok(Report {
        planned: number(planned).saturating_add(count(also.len())),
        done: done.saturating_sub(report.skipped_users),
        left,
        plan: mine.then_some(PlanId(id)),
        going: mine && last_committed_at.is_some_and(|at| who.now - at <= GOES_ON),
        undo,
        ..report
    })
}
