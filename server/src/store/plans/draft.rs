//! What the dialog shows.

use app::{
    guard::Admin,
    model::{
        account::{AccountId, Named},
        plan::{Act, Own, Plan, PlanId},
        text::{count, isolated},
    },
};
use std::collections::{HashMap, HashSet};

/// Names that a plan lists of each kind.
const NAMES: usize = 20;

/// A selected account: id, user name, whether it holds the SIS role, active sessions.
pub(super) type SelectedRow = (i64, String, bool, u32);

/// From the selected accounts and the list as it is filtered; the id is not known yet.
pub(super) fn draft(act: Act, rows: &[SelectedRow], listed: &[AccountId], admin: &Admin) -> Plan {
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
        sis_sessions: if sis_skipped { rows.iter().filter(|row| row.2 && !is_own(row)).map(|row| row.3).sum() } else { 0 },
        own,
        own_name: isolated(&who.user_name).into_owned(),
        refused: (act == Act::EndDisable && own == Own::Alone).then(|| crate::store::people::NOT_ONESELF.into()),
    }
}

fn named(row: &SelectedRow) -> Named {
    Named { id: AccountId(row.0), user_name: isolated(&row.1).into_owned() }
}
