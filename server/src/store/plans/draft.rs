//! What the dialog shows. Who is selected and what they have the database says, in few rows however many they are; in which order they
//! are named, and who is not in the list, the directory.

use super::{
    acts::{number, refused},
    prepared::stored,
};
use crate::{
    directory::Directory,
    store::{
        SqlStore,
        database::{Reads as _, Text, query, with_ids},
        events::json,
        people::NOT_ONESELF,
    },
};
use app::{
    guard::Admin,
    model::{
        account::{AccountId, Named},
        plan::{Act, Own, Plan, PlanId},
        query::Query,
        selection::Selection,
        text::{count, isolated},
    },
    store::Stored,
};
use std::collections::{BTreeSet, HashMap};

/// Names that a plan lists of each kind.
const NAMES: usize = 20;

const NEWEST_SESSION: &str = "
select coalesce(max(id), 0)
from sessions";

const SELECTED: Text = with_ids!(
    "
select coalesce('[' || string_agg(cast(id as text), ',') || ']', '[]'), cast(coalesce(sum(sessions), 0) as bigint)
from (
  select id, (select count(*) from sessions where sessions.account_id = accounts.id and sessions.ended_at is null) as sessions
  from accounts
  where id in (",
    "$1",
    ")
  and deleted_at is null
) as selected"
);

// Who may be left out.
const SPECIAL: &str = "
select id, (select count(*) from sessions where sessions.account_id = accounts.id and sessions.ended_at is null)
from accounts
where id in (
  select account_id
  from account_roles
  where role = 'sis'
  union
  select cast($1 as bigint)
)
and deleted_at is null";

const USER_NAMES: Text = with_ids!(
    "
select id, user_name
from accounts
where id in (",
    "$1",
    ")"
);

/// A plan that is not stored yet.
pub(super) struct Draft {
    /// Without its id.
    pub plan: Plan,
    /// Everybody selected, ascending.
    pub accounts: Vec<i64>,
    pub newest_session: i64,
}

/// Everybody selected.
struct Selected {
    /// Ascending.
    accounts: Vec<i64>,
    /// Their active ones.
    sessions: u32,
    /// Oneself, where one is selected.
    mine: Option<Special>,
    /// The others who hold the SIS role.
    sis: Vec<Special>,
    newest_session: i64,
}

/// Whoever may be left out.
struct Special {
    id: AccountId,
    /// Active ones.
    sessions: u32,
}

impl SqlStore {
    /// From a selection and the list as it is filtered.
    pub(super) async fn draft(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Draft> {
        let (who, selection, shown) = (admin.who(), selection.clone(), shown.clone());
        let now = who.now;
        let ids = self.in_directory(move |directory| json(&selection.resolve(|query| directory.matching(query, now)))).await??;
        let Selected { accounts, sessions, mine, sis, newest_session } = self.selected_now(ids, who.account).await?;

        let several = accounts.len() > 1;
        let own = match (&mine, act) {
            (None, _) => Own::No,
            (Some(_), _) if !several => Own::Alone,
            (Some(mine), Act::End) if mine.sessions > 1 => Own::OthersEnd,
            (Some(_), _) => Own::Skipped,
        };
        let sis_skipped = act == Act::EndDisable && several && !sis.is_empty();
        let skipped = mine.iter().filter(|_| own == Own::Skipped).chain(sis.iter().filter(|_| sis_skipped));
        let not_ended = skipped.clone().map(|special| special.sessions).sum::<u32>() + u32::from(own == Own::OthersEnd);
        let skipped: BTreeSet<AccountId> = skipped.map(|special| special.id).collect();
        let users = count(accounts.len() - skipped.len());
        let sis_sessions = if sis_skipped { sis.iter().map(|special| special.sessions).sum() } else { 0 };

        let sis_ids: Vec<AccountId> = sis.iter().map(|special| special.id).collect();
        let beside = move |directory: &Directory| {
            let acted_upon = accounts.iter().map(|id| AccountId(*id)).filter(|id| !skipped.contains(id));
            let acted_upon = directory.beside(acted_upon, &shown, now, NAMES);
            let sis = directory.beside(sis_ids.into_iter(), &shown, now, usize::MAX);
            (accounts, acted_upon, [sis.listed, sis.not_listed].concat())
        };
        let (accounts, acted_upon, sis_ids) = self.in_directory(beside).await?;
        let names = self.user_names(&[&acted_upon.listed[..], &acted_upon.not_listed, &sis_ids].concat()).await?;
        let with_names = |ids: Vec<AccountId>| -> Vec<Named> {
            ids.into_iter().filter_map(|id| Some(Named { id, user_name: isolated(names.get(&id)?).into_owned() })).collect()
        };
        let plan = Plan {
            id: PlanId(0),
            act,
            users,
            sessions: sessions.saturating_sub(not_ended),
            names: with_names(acted_upon.listed),
            not_shown: with_names(acted_upon.not_listed),
            not_shown_users: acted_upon.not_listed_users,
            sis: with_names(sis_ids),
            sis_skipped,
            sis_sessions,
            own,
            own_name: isolated(&who.user_name).into_owned(),
            refused: (act == Act::EndDisable && own == Own::Alone).then(|| NOT_ONESELF.into()),
        };
        Ok(Draft { plan, accounts, newest_session })
    }

    /// `ids`: as JSON.
    async fn selected_now(&self, ids: String, you: AccountId) -> Stored<Selected> {
        let mut reader = self.database().reader().await?.patiently();
        let newest_session: Option<(i64,)> = reader.first(query(NEWEST_SESSION)).await?;
        let (accounts, sessions): (String, i64) = reader.first(query(SELECTED).bind(ids)).await?.unwrap_or_default();
        let special: Vec<(i64, i64)> = reader.all(query(SPECIAL).bind(you.0)).await?;
        drop(reader);
        let mut accounts: Vec<i64> = stored(&accounts)?;
        if accounts.is_empty() {
            return Err(refused("Nobody is selected any more. Refresh the list and select again."));
        }
        accounts.sort_unstable();
        let selected = special.into_iter().filter(|(id, _)| accounts.binary_search(id).is_ok());
        let selected = selected.map(|(id, sessions)| Special { id: AccountId(id), sessions: number(sessions) });
        let (mut mine, sis): (Vec<_>, Vec<_>) = selected.partition(|special| special.id == you);
        let newest_session = newest_session.map_or(0, |(id,)| id);
        Ok(Selected { accounts, sessions: number(sessions), mine: mine.pop(), sis, newest_session })
    }

    async fn user_names(&self, ids: &[AccountId]) -> Stored<HashMap<AccountId, String>> {
        let rows: Vec<(i64, String)> = self.database().reader().await?.all(query(USER_NAMES).bind(json(ids)?)).await?;
        Ok(rows.into_iter().map(|(id, name)| (AccountId(id), name)).collect())
    }
}
