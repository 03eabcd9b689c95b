//! *Undo disable*: an act of its own that enables what another act disabled, where nobody changed it since.

use super::{
    Sqlite,
    acts::{self, count},
    database::Reads as _,
    events::{self, Action, Actor, Deed, Target},
};
use app::{
    AppError,
    guard::Admin,
    model::{
        account::{AccountId, Named},
        event::BatchId,
        plan::Undone,
    },
    store::{StoreError, Stored},
};
use sqlx::query_as;

/// Names of those left as they are.
const NAMES: usize = 20;

const CHANGED_SINCE: &str = "
select accounts.id, accounts.user_name
from events
join accounts on accounts.id = events.target_account
where events.batch_id = $1
and json_extract(events.detail, '$.disabled_version') <> accounts.version
order by events.seq";

const ENABLE: &str = "
update accounts
set disabled_at = null, disabled_by = null, disabled_reason = null, version = accounts.version + 1, updated_at = $1
from events
where events.batch_id = $2
and events.target_account = accounts.id
and json_extract(events.detail, '$.disabled_version') = accounts.version
and accounts.disabled_at is not null
and accounts.deleted_at is null
returning id";

impl Sqlite {
    pub(super) async fn undo(&self, admin: &Admin, batch: BatchId) -> Stored<Undone> {
        let (store, who) = (self.clone(), admin.who().clone());
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            acts::ensure_allowed(&mut tx, &who, true).await?;
            let changed: Vec<(i64, String)> = tx.all(query_as(CHANGED_SINCE).bind(batch.0)).await?;
            let mut enabled: Vec<(i64,)> = tx.all(query_as(ENABLE).bind(who.now).bind(batch.0)).await?;
            if changed.is_empty() && enabled.is_empty() {
                return Err(StoreError::Refused(AppError::NotFound));
            }
            enabled.sort_unstable();
            let targets: Vec<_> = enabled.iter().map(|(id,)| Target { account: Some(*id), ..Target::default() }).collect();
            events::record(&mut tx, &Deed::new(Actor::from(&who), Action::UndoDisable, who.now)?, &targets).await?;
            let undone = Undone {
                enabled: count(enabled.len()),
                changed_since_users: count(changed.len()),
                changed_since: changed.into_iter().take(NAMES).map(|(id, user_name)| Named { id: AccountId(id), user_name }).collect(),
            };
            Ok((undone, tx.commit().await?))
        })
        .await
    }
}
