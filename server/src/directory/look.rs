//! What has become of the rows that a page shows, and who is selected beside them.

use super::{Directory, list::Matching};
use app::model::{
    account::AccountId,
    filter::Filters,
    query::{Column, Query, Sort},
    selection::Selection,
    session::{Meanwhile, OnScreen, Seen, SelectedRows, Totals, WINDOW_ROWS, Window},
};
use std::borrow::Cow;

impl Directory {
    /// The rows on a page as they are now, the totals, and how many that match logged in since; or the first rows anew. What is asked
    /// for is as in [`Self::window`].
    pub fn look(&self, query: &Query, selection: &Selection, now: i64, you: AccountId, screen: &OnScreen) -> Meanwhile {
        if screen.takes_rows {
            return Meanwhile { window: self.window(query, selection, now, you, 0, WINDOW_ROWS), ..Meanwhile::default() };
        }
        let matching = self.find(&Filters::new(query, &self.wall, now));
        let is_new = |slot: &u32| matching.newest[*slot as usize] > screen.newest;
        Meanwhile {
            rows: screen.rows.iter().map(|&id| self.seen(id)).collect(),
            new_users: u32::try_from(matching.accounts.iter().filter(is_new).count()).unwrap_or(u32::MAX),
            window: Window {
                matching: matching.totals,
                selected: self.selected(selection, query, &matching, &[], now),
                ..self.no_rows(now)
            },
            panel: None,
        }
    }

    /// Who is selected: those first whom the list as filtered leaves out, both parts by user name. `now` and `you` as in [`Self::window`].
    pub fn selected_rows(&self, selection: &Selection, shown: &Query, now: i64, you: AccountId) -> SelectedRows {
        let listed = self.find(&Filters::new(shown, &self.wall, now));
        let (selected, _) = self.meant(selection, shown, &listed, &[], now);
        let (plain, by_name) = (Filters::new(&Query::default(), &self.wall, now), Sort { column: Column::UserName, descending: false });
        let mut answer = SelectedRows::default();
        for is_listed in [false, true] {
            let mut accounts = selected.clone();
            accounts.keep(&listed.accounts, !is_listed);
            let matching = Matching { accounts: Cow::Owned(accounts), newest: self.sessions.newest().into(), totals: Totals::default() };
            let slots = self.sorted(&matching, by_name, 0, (WINDOW_ROWS as usize).saturating_sub(answer.rows.len()));
            answer.rows.extend(slots.into_iter().map(|slot| self.row(slot, &matching, &plain, you)));
            if !is_listed {
                answer.not_shown = u32::try_from(answer.rows.len()).unwrap_or(WINDOW_ROWS);
            }
        }
        answer
    }

    fn seen(&self, id: AccountId) -> Seen {
        let count = self.session_count(id);
        Seen { count, disabled: count == 0 && self.account(id).is_some_and(|account| account.disabled) }
    }
}
