//! What an act did, read back from its events: a repeated commit answers the same, and so does the page after a redirect.

use super::database::Reads;
use app::{
    model::{
        account::{AccountId, Named},
        event::BatchId,
        plan::{Act, COUNT_ABOVE, PlanId, Report, Skipped, Undone},
        text::isolated,
    },
    store::Stored,
};
use sqlx::query_as;

/// Names a report lists at most.
const NAMES: i64 = 20;

const TOTALS: &str = "
select
  min(action),
  coalesce(sum(result = 'done' and json_array_length(detail, '$.sessions') > 0), 0),
  coalesce(sum(json_array_length(detail, '$.sessions')), 0),
  coalesce(sum(json_extract(detail, '$.new')), 0),
  coalesce(sum(result = 'already'), 0),
  coalesce(sum(json_extract(detail, '$.disabled_version') is not null), 0),
  max(
    target_account = actor_account
    and exists (select 1 from json_each(detail, '$.sessions') as ended where ended.value = actor_session)
  )
from events
where batch_id = $1
and action in ('end', 'end_disable')";

type Totals = (Option<String>, u32, u32, u32, u32, u32, Option<bool>);

const ENDED: &str = "
select target_account, target_name
from events
where batch_id = $1
and json_array_length(detail, '$.sessions') > 0
order by seq
limit $2";

const SKIPPED: &str = "
select target_name, coalesce(json_extract(detail, '$.why'), '')
from events
where batch_id = $1
and result = 'skipped'
order by seq";

const LEFT: &str = "
select id, json_array_length(accounts) - done
from plans
where batch_id = $1";

const CAN_UNDO: &str = "
select 1
from events
join accounts on accounts.id = events.target_account
where events.batch_id = $1
and accounts.disabled_at is not null
and accounts.version = json_extract(events.detail, '$.disabled_version')
limit 1";

const UNDONE: &str = "
select coalesce(sum(result = 'done'), 0), coalesce(sum(result = 'already'), 0), coalesce(sum(result = 'skipped'), 0)
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
    let totals: Option<(u32, u32, u32)> = db.first(query_as(UNDONE).bind(batch.0)).await?;
    let Some((enabled, already, changed_since_users)) = totals else { return Ok(None) };
    let changed_since = named(db.all(query_as(CHANGED_SINCE).bind(batch.0).bind(NAMES)).await?);
    Ok(Some(Undone { batch, enabled, already, changed_since, changed_since_users }))
}

fn named(rows: Vec<(i64, String)>) -> Vec<Named> {
    rows.into_iter().map(|(id, user_name)| Named { id: AccountId(id), user_name: isolated(&user_name).into_owned() }).collect()
}

/// The report of an act, `None` where there is none of that name.
pub(super) async fn report(db: &mut impl Reads, batch: BatchId) -> Stored<Option<Report>> {
    let totals: Option<Totals> = db.first(query_as(TOTALS).bind(batch.0)).await?;
    let Some((Some(action), ended_users, sessions, new_sessions, already_ended, disabled, own_ended)) = totals else {
        let undone = undone(db, batch).await?;
        return Ok(undone.map(|undone| Report { undone: Some(undone), ..Report::nothing(batch, Act::EndDisable) }));
    };
    let ended: Vec<(i64, String)> = db.all(query_as(ENDED).bind(batch.0).bind(NAMES)).await?;
    let skipped: Vec<(String, String)> = db.all(query_as(SKIPPED).bind(batch.0)).await?;
    let plan: Option<(i64, u32)> = db.first(query_as(LEFT).bind(batch.0)).await?;
    let can_undo: Option<(i64,)> = db.first(query_as(CAN_UNDO).bind(batch.0)).await?;
    Ok(Some(Report {
        batch,
        act: if action == "end" { Act::End } else { Act::EndDisable },
        ended: named(ended),
        ended_users,
        sessions,
        new_sessions,
        already_ended,
        disabled,
        skipped: skipped.into_iter().map(|(user_name, why)| Skipped { user_name: isolated(&user_name).into_owned(), why }).collect(),
        left: plan.map_or(0, |(_, left)| left),
        plan: plan.filter(|(_, left)| *left > 0).map(|(id, _)| PlanId(id)),
        only_now: 0,
        undo: disabled <= COUNT_ABOVE && can_undo.is_some(),
        own_ended: own_ended.unwrap_or(false),
        undone: None,
    }))
}
