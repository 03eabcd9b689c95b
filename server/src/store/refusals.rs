//! Refused requests of somebody signed in: each is an event, but only so many of one account within a minute. Else whoever sends nothing
//! else would have the one writer to himself, and fill the log.

use super::{
    SqlStore,
    events::{self, Action, Actor, Deed, Detail, Target},
};
use app::{
    guard::SignedIn,
    model::{account::AccountId, text::thousands},
    store::Stored,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Events of one account's refusals within a minute, on each node.
const MOST: u32 = 60;

/// In milliseconds.
const MINUTE: i64 = 60_000;

/// The refusals of late, by account.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<AccountId, Minute>>);

struct Minute {
    since: i64,
    refusals: u32,
}

impl Refusals {
    /// Where this one is to be written: how many of that account were left out before it.
    fn admit(&self, account: AccountId, now: i64) -> Option<u32> {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.retain(|_, minute| now - minute.since < MINUTE || minute.refusals > MOST);
        let minute = minutes.entry(account).or_insert(Minute { since: now, refusals: 0 });
        let mut left_out = 0;
        if now - minute.since >= MINUTE {
            left_out = minute.refusals - MOST;
            *minute = Minute { since: now, refusals: 0 };
        }
        minute.refusals = minute.refusals.saturating_add(1);
        (minute.refusals <= MOST).then_some(left_out)
    }
}

impl SqlStore {
    /// Writes the event of a refused request, unless there were too many; the next one tells how many were left out.
    pub(super) async fn note_refusal(&self, who: &SignedIn, what: &str, why: u16) -> Stored<()> {
        let Some(left_out) = self.0.refusals.admit(who.account, who.now) else { return Ok(()) };
        let more = if left_out > 0 { format!(", and {} more before", thousands(left_out)) } else { String::new() };
        let (store, actor, now, what) = (self.clone(), Actor::from(who), who.now, format!("{what}{more}"));
        self.write(async move {
            let mut tx = store.database().begin().await?;
            let detail = Detail { what: Some(what), why: Some(why.to_string()), ..Detail::default() };
            let deed = Deed::new(actor, Action::Refused, now)?;
            events::record(&mut tx, &deed, &[Target { detail, ..Target::default() }]).await?;
            tx.commit().await?;
            Ok(((), None))
        })
        .await
    }
}
