//! The log as people read it.

use super::{
    SqlStore, acts,
    database::{Reader, Reads as _, Text, query, with_ids},
    events::{self, Action, Actor, Deed, Detail, Target, json},
};
use crate::{browser, show};
use app::{
    guard::Admin,
    model::{
        account::AccountId,
        event::{BatchId, EventLine, History},
        query::Query,
        text::{count, counted},
    },
    store::{StoreError, Stored},
};
use std::collections::{BTreeSet, HashSet};

/// What of the filters an event of an export keeps, in characters.
const EXPORT_CHARS: usize = 500;

macro_rules! newest {
    ($which:literal, $limit:literal) => {
        concat!(
            "
select
  events.seq, events.batch_id, events.at, events.actor_name, events.action, events.target_account, events.target_name,
  events.reason, events.result, cast(events.detail as text), event_origins.ip, event_origins.user_agent
from events
left join event_origins on event_origins.seq = events.seq
where ",
            $which,
            "
order by events.seq desc
limit ",
            $limit
        )
    };
}

const NEWEST: &str = newest!("events.seq < $1", "$2");
const NEWEST_OF_ACT: &str = newest!("events.batch_id = $1\nand events.seq < $2", "$3");
const NEWEST_OF_ACCOUNT: &str = newest!("events.target_account = $1", "$2");

const COUNT_OF_ACT: &str = "
select count(*)
from events
where batch_id = $1";

type EventRow = (i64, i64, i64, String, String, Option<i64>, String, String, String, String, Option<String>, Option<String>);

// The first of an act's accounts that can be enabled is enough: it may have 300,000.
const CAN_UNDO: Text = with_ids!(
    "
select batch.value
from (",
    "$1",
    ") as batch
where exists (
  select 1
  from events
  join accounts on accounts.id = events.target_account
  where events.batch_id = batch.value
  and accounts.disabled_at is not null
  and accounts.version = cast(events.detail ->> 'disabled_version' as bigint)
)"
);

impl SqlStore {
    /// The event of an export: how many, and what was asked for.
    pub(super) async fn note_export(&self, admin: &Admin, query: &Query, users: usize) -> Stored<()> {
        let (store, who, query) = (self.clone(), admin.who().clone(), query.clone());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            acts::ensure_allowed(&mut tx, &who, true, &[]).await?;
            let filters = query.pairs().into_iter().map(|(name, text)| format!("{name}={text}"));
            let what = std::iter::once(counted(count(users), "user")).chain(filters).collect::<Vec<_>>().join(" · ");
            let what = what.chars().filter(|char| *char != '\0').take(EXPORT_CHARS).collect();
            let deed = Deed::new(Actor::from(&who), Action::Exported, who.now)?;
            let target = Target { detail: Detail { what: Some(what), ..Detail::default() }, ..Target::default() };
            events::record(&mut tx, &deed, &[target]).await?;
            Ok(((), tx.commit().await?))
        })
        .await
    }

    /// The newest events before one.
    pub(super) async fn newest_events(&self, before: i64, limit: u32) -> Stored<History> {
        let mut reader = self.database().reader().await?;
        let rows = reader.all(query(NEWEST).bind(before).bind(limit.saturating_add(1))).await?;
        self.history_of(&mut reader, rows, limit, None).await
    }

    /// The newest events of one act before one, `None` where there is no act of that name.
    pub(super) async fn events_of_act(&self, act: BatchId, before: i64, limit: u32) -> Stored<Option<History>> {
        let mut reader = self.database().reader().await?.patiently();
        let (all,): (i64,) = reader.first(query(COUNT_OF_ACT).bind(act.0)).await?.ok_or(StoreError::Internal)?;
        if all == 0 {
            return Ok(None);
        }
        let rows = reader.all(query(NEWEST_OF_ACT).bind(act.0).bind(before).bind(limit.saturating_add(1))).await?;
        self.history_of(&mut reader, rows, limit, Some(acts::number(all))).await.map(Some)
    }

    /// `rows`: one more than `limit` where there are older ones.
    async fn history_of(&self, reader: &mut Reader, mut rows: Vec<EventRow>, limit: u32, of_act: Option<u32>) -> Stored<History> {
        let older = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok(History { events: self.lines(reader, rows).await?, of_act, older })
    }

    /// The newest events whose target is one account.
    pub(super) async fn events_of(&self, reader: &mut Reader, account: AccountId, limit: u32) -> Stored<Vec<EventLine>> {
        let rows = reader.all(query(NEWEST_OF_ACCOUNT).bind(account.0).bind(limit)).await?;
        self.lines(reader, rows).await
    }

    async fn lines(&self, reader: &mut Reader, rows: Vec<EventRow>) -> Stored<Vec<EventLine>> {
        let disabling = rows.iter().filter(|row| read(&row.9).disabled_version.is_some());
        let batches: BTreeSet<i64> = disabling.map(|row| row.1).collect();
        let can_undo: Vec<(i64,)> = reader.all(query(CAN_UNDO).bind(json(&batches)?)).await?;
        let can_undo: HashSet<i64> = can_undo.into_iter().map(|(batch,)| batch).collect();
        let line = |(seq, batch, at, actor, action, target_id, target, reason, result, detail, ip, user_agent): EventRow| {
            let detail = read(&detail);
            EventLine {
                seq,
                at: show::date_time(at, self.zone()),
                action: Action::title(&action).into(),
                actor,
                target,
                target_id: target_id.map(AccountId),
                detail: sentence(&action, &result, &detail, ip.as_deref(), user_agent.as_deref()),
                reason,
                batch: BatchId(batch),
                undo: detail.disabled_version.is_some() && can_undo.contains(&batch),
            }
        };
        Ok(rows.into_iter().map(line).collect())
    }
}

/// What an event says beside its columns; nothing where a newer version wrote it otherwise.
fn read(detail: &str) -> Detail {
    serde_json::from_str(detail).unwrap_or_default()
}

/// What happened beside the action: `3 sessions ended, 1 of them new`, `10.4.1.22 · Chrome 99 · Windows`.
fn sentence(action: &str, result: &str, detail: &Detail, ip: Option<&str>, user_agent: Option<&str>) -> String {
    let why = detail.why.as_deref().unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    match result {
        "skipped" => parts.push(format!("Left out ({why})")),
        "already" if action == Action::UndoDisable.key() => parts.push("Was enabled already".into()),
        "already" => parts.push("Had already ended".into()),
        _ if action == Action::TimedOut.key() => {
            parts.push(if why == "expired" { "Reached its longest time" } else { "No activity" }.into());
        }
        _ if action == Action::Refused.key() => {
            parts.push(format!("{} ({why})", detail.what.as_deref().unwrap_or_default()));
        }
        _ if action == Action::Exported.key() => parts.extend(detail.what.clone()),
        // These say by themselves that one session ended.
        _ if [Action::SignOut.key(), Action::Replaced.key()].contains(&action) => {}
        _ if !detail.sessions.is_empty() => {
            let ended = counted(count(detail.sessions.len()), "session");
            let new = if detail.new > 0 { format!(", {} of them new", detail.new) } else { String::new() };
            parts.push(format!("{ended} ended{new}"));
        }
        _ => {}
    }
    parts.extend(ip.map(Into::into));
    parts.extend(user_agent.map(browser::name));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::{read, sentence};

    #[test]
    fn a_detail_reads_as_a_sentence() {
        for (action, result, detail, ip, shown) in [
            ("end", "done", r#"{"sessions":[1,2,3],"new":1}"#, None, "3 sessions ended, 1 of them new"),
            ("end_disable", "done", r#"{"disabled_version":2}"#, None, ""),
            ("end", "already", "{}", None, "Had already ended"),
            ("undo_disable", "already", "{}", None, "Was enabled already"),
            ("undo_disable", "skipped", r#"{"why":"changed since"}"#, None, "Left out (changed since)"),
            ("end", "skipped", r#"{"why":"you"}"#, None, "Left out (you)"),
            ("timed_out", "done", r#"{"sessions":[1],"why":"idle"}"#, None, "No activity"),
            ("timed_out", "done", r#"{"sessions":[1],"why":"expired"}"#, None, "Reached its longest time"),
            ("refused", "done", r#"{"what":"POST /sessions/plan","why":"403"}"#, None, "POST /sessions/plan (403)"),
            ("exported", "done", r#"{"what":"12 users · user_name=nate"}"#, None, "12 users · user_name=nate"),
            ("sign_in", "done", "{}", Some("10.4.1.22"), "10.4.1.22 · curl 8"),
            ("sign_out", "done", r#"{"sessions":[1]}"#, None, ""),
            ("of a newer version", "done", "no json", None, ""),
        ] {
            assert_eq!(sentence(action, result, &read(detail), ip, ip.map(|_| "curl/8.5.0")), shown, "{action} {detail}");
        }
    }
}
