//! The writes that nobody asks for: activity and time-outs. And the checkpoints.

use super::{
    SqlStore,
    database::{Kind, Reads as _, Text, known_to_fail, query},
    events::{self, Action, Actor, Deed, json},
    sign_in::session_target,
};
use crate::clock::Clock;
use app::{model::session::SessionId, store::Stored};
use std::time::Duration;

/// Sessions written in one transaction: an act waits for one of these at most.
const TOUCHES: usize = 100;
const TIME_OUTS: i64 = 1_000;
/// So many times at once: after a long standstill the log is folded in, and the other of the two written, in between.
const TOUCH_ROUNDS: usize = 100;
const TIME_OUT_ROUNDS: usize = 10;

/// Between two rounds: SQLite wakes nobody who waits in another process, he looks every few milliseconds whether it is his turn.
const BREATH: Duration = Duration::from_millis(30);

/// How long activity lets acts pass before it takes its place in the queue.
const LET_PASS: Duration = Duration::from_millis(300);

// Who holds a session's row ends it, or has just written its activity: nobody is waited for. And whose time was over before it could be
// written was refused since then: nothing revives him.
const TOUCH: Text = Text::each(
    "
update sessions
set
  last_seen_at = noted.value ->> 1,
  idle_expires_at = case
    when (noted.value ->> 1) + $1 < sessions.expires_at then (noted.value ->> 1) + $1
    else sessions.expires_at
  end
from json_each($2) as noted
where sessions.id = noted.value ->> 0
and sessions.ended_at is null
and sessions.idle_expires_at > $3
and sessions.last_seen_at < noted.value ->> 1",
    "
with seen as (
  select sessions.id, cast(noted ->> 1 as bigint) as at
  from json_array_elements(cast($2 as json)) as noted
  join sessions on sessions.id = cast(noted ->> 0 as bigint)
  where sessions.ended_at is null
  and sessions.idle_expires_at > $3
  for update of sessions skip locked
)
update sessions
set last_seen_at = seen.at, idle_expires_at = least(seen.at + $1, sessions.expires_at)
from seen
where sessions.id = seen.id
and sessions.last_seen_at < seen.at",
);

const MISSED: &str = "
select sessions.id, cast(noted ->> 1 as bigint)
from json_array_elements(cast($1 as json)) as noted
join sessions on sessions.id = cast(noted ->> 0 as bigint)
where sessions.ended_at is null
and sessions.idle_expires_at > $2
and sessions.last_seen_at < cast(noted ->> 1 as bigint)";

/// A session and when it was active.
type Note = (SessionId, i64);

const HAS_TIMED_OUT: &str = "
select id
from sessions
where ended_at is null
and idle_expires_at <= $1
limit 1";

// Which limit was reached first stands in the row: the idle one is cut off at the other. The sweep may come hours later.
macro_rules! time_out {
    ($locked:literal) => {
        concat!(
            "
update sessions
set ended_at = $1, end_kind = case when idle_expires_at = expires_at then 'expired' else 'idle' end
where id in (
  select id
  from sessions
  where ended_at is null
  and idle_expires_at <= $1
  order by idle_expires_at
  limit $2",
            $locked,
            "
)
returning id, account_id, end_kind"
        )
    };
}

const TIME_OUT: Text = Text::each(time_out!(""), time_out!(" for update skip locked"));

impl SqlStore {
    /// Writes what is due: activity first, because somebody who is at work must not time out for want of a write. What fails holds up
    /// nothing else. Answers whether all went well; `known`: it did not the last time, and the log has it.
    pub(crate) async fn keep_up(&self, clock: &Clock, checkpoint: bool, known: bool) -> bool {
        let due = async {
            let written = self.write_some_activity(clock, TOUCH_ROUNDS).await;
            let ended = self.end_some_timed_out(clock.now(), TIME_OUT_ROUNDS).await;
            let folded_in = if checkpoint { self.checkpoint().await } else { Ok(()) };
            written.and(ended).and(folded_in)
        };
        let is_well = known_to_fail(known, due).await.is_ok();
        if is_well && known {
            tracing::info!("the database takes activity and time-outs again");
        }
        is_well
    }

    /// Writes the noted activity; no event, and never for a session that has ended, or whose time is over by then.
    ///
    /// # Errors
    /// [`app::store::StoreError`]; what could not be written stays noted.
    pub async fn write_activity(&self, clock: &Clock) -> Stored<()> {
        self.write_some_activity(clock, usize::MAX).await
    }

    async fn write_some_activity(&self, clock: &Clock, rounds: usize) -> Stored<()> {
        let (mut missed, mut written) = (Vec::new(), Ok(()));
        for _ in 0..rounds {
            let notes = self.activity().take(TOUCHES);
            if notes.is_empty() {
                break;
            }
            self.let_acts_pass().await;
            match self.write_touches(&notes, clock).await {
                Ok(mut more) => missed.append(&mut more),
                Err(error) => {
                    self.activity().put_back(notes);
                    written = Err(error);
                    break;
                }
            }
        }
        self.activity().put_back(missed);
        written
    }

    /// Answers what was passed over because somebody held the row: where that comes to nothing, the activity is written later.
    async fn write_touches(&self, notes: &[Note], clock: &Clock) -> Stored<Vec<Note>> {
        let limits = self.limits();
        let mut tx = self.database().begin().await?;
        let now = clock.now();
        let written = tx.execute(query(TOUCH).bind(limits.idle + limits.slack()).bind(json(notes)?).bind(now)).await?;
        let mut missed = Vec::new();
        if let Kind::Postgres(_) = self.database().kind()
            && written < notes.len() as u64
        {
            let rows: Vec<(i64, i64)> = tx.all(query(MISSED).bind(json(notes)?).bind(now)).await?;
            missed = rows.into_iter().map(|(session, at)| (SessionId(session), at)).collect();
        }
        tx.commit().await?;
        Ok(missed)
    }

    async fn let_acts_pass(&self) {
        let passing = async {
            while self.database().has_acts() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(LET_PASS, passing).await;
    }

    /// Ends what has timed out: a time-out is a write. Answers how many sessions ended.
    ///
    /// # Errors
    /// [`app::store::StoreError`]; the next call ends the rest.
    pub async fn end_timed_out(&self, now: i64) -> Stored<u64> {
        self.end_some_timed_out(now, usize::MAX).await
    }

    async fn end_some_timed_out(&self, now: i64, rounds: usize) -> Stored<u64> {
        let mut ended = 0;
        for _ in 0..rounds {
            if self.database().reader().await?.first::<(i64,)>(query(HAS_TIMED_OUT).bind(now)).await?.is_none() {
                break;
            }
            let mut tx = self.database().begin().await?;
            let rows: Vec<(i64, i64, String)> = tx.all(query(TIME_OUT).bind(now).bind(TIME_OUTS)).await?;
            if rows.is_empty() {
                // Somebody else is about to end them.
                break;
            }
            let targets: Vec<_> = rows.iter().map(|(session, account, kind)| session_target(*session, *account, Some(kind))).collect();
            events::record(&mut tx, &Deed::new(Actor::System, Action::TimedOut, now)?, &targets).await?;
            tx.commit().await?;
            ended += targets.len() as u64;
            tokio::time::sleep(BREATH).await;
        }
        Ok(ended)
    }

    /// Folds SQLite's write-ahead log into the database; PostgreSQL sees to its own. Nobody waits for it while the log is short.
    ///
    /// # Errors
    /// [`app::store::StoreError`].
    pub async fn checkpoint(&self) -> Stored<()> {
        self.database().checkpoint().await
    }
}
