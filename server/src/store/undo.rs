//! *Undo disable*: an act of its own that enables what another act disabled, where nobody changed it since.

use super::{
    SqlStore, acts,
    database::{Reads as _, query},
    events::{self, Action, Actor, Deed, Detail, Outcome, Target},
    reports,
};
use app::{
    AppError,
    guard::Admin,
    model::{event::BatchId, plan::Undone},
    store::{StoreError, Stored},
};
use std::collections::HashSet;

const DISABLED_BY: &str = "
select accounts.id, accounts.disabled_at is not null or accounts.roster_disabled_at is not null
from events
join accounts on accounts.id = events.target_account
where events.batch_id = $1
and events.detail ->> 'disabled_version' is not null
and accounts.deleted_at is null
order by events.seq";

const ENABLE: &str = "
update accounts
set disabled_at = null, disabled_by = null, disabled_reason = null, version = accounts.version + 1, updated_at = $1
from events
where events.batch_id = $2
and events.target_account = accounts.id
and cast(events.detail ->> 'disabled_version' as bigint) = accounts.version
and accounts.disabled_at is not null
and accounts.deleted_at is null
returning id";

impl SqlStore {
    pub(super) async fn undo(&self, admin: &Admin, batch: BatchId) -> Stored<Undone> {
        let (store, who) = (self.clone(), admin.who().clone());
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            let disabled: Vec<(i64, bool)> = tx.all(query(DISABLED_BY).bind(batch.0)).await?;
            acts::ensure_allowed(&mut tx, &who, true, &disabled.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
            if disabled.is_empty() {
                return Err(StoreError::Refused(AppError::NotFound));
            }
            // As they stand now that nobody else changes them.
            let disabled: Vec<(i64, bool)> = tx.all(query(DISABLED_BY).bind(batch.0)).await?;
            let enabled: Vec<(i64,)> = tx.all(query(ENABLE).bind(who.now).bind(batch.0)).await?;
            let enabled: HashSet<i64> = enabled.into_iter().map(|(id,)| id).collect();
            let target = |(id, held): (i64, bool)| {
                let (result, why) = match held {
                    _ if enabled.contains(&id) => (Outcome::Done, None),
                    true => (Outcome::Skipped, Some("changed since".into())),
                    false => (Outcome::Already, None),
                };
                Target { account: Some(id), result, detail: Detail { why, ..Detail::default() }, ..Target::default() }
            };
            let targets: Vec<_> = disabled.into_iter().map(target).collect();
            let deed = Deed::new(Actor::from(&who), Action::UndoDisable, who.now)?;
            events::record(&mut tx, &deed, &targets).await?;
            let undone = reports::undone(&mut tx, deed.batch).await?.ok_or(StoreError::Internal)?;
            Ok((undone, tx.commit().await?))
        })
        .await
    }
}
