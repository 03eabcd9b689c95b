//! What has become of the rows that a page shows, and who is selected beside them.

use super::{Directory, bits::Bits, list::Matching};
use app::model::{
    account::AccountId,
    filter::Filters,
    query::{Column, Query, Sort},
    selection::Selection,
    session::{Meanwhile, OnScreen, Part, Seen, SelectedRows, SessionId, Totals, Version, WINDOW_ROWS, Window},
};
use std::borrow::Cow;

impl Directory {
    /// The rows on a page as they are now, the totals, and how many that match logged in since; or beside what became of them a window
    /// anew. What is asked for is as in [`Self::window`].
    pub fn look(&self, query: &Query, selection: &Selection, now: i64, you: AccountId, screen: &OnScreen) -> Meanwhile {
        if let Some(offset) = screen.takes {
            let rows = screen.rows.iter().map(|&id| self.seen(id)).collect();
            let part = Part { offset, limit: WINDOW_ROWS, kept: screen.kept.clone() };
            return Meanwhile { window: self.window(query, selection, now, you, part), rows, ..Meanwhile::default() };
        }
        let filters = Filters::new(query, &self.wall, now);
        let matching = self.find(&filters);
        Meanwhile {
            rows: screen.rows.iter().map(|&id| self.seen_as_listed(id, &matching, &filters)).collect(),
            new_users: self.new_since(screen.version, &matching),
            window: Window {
                matching: matching.totals,
                names: self.names(&filters),
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

    /// Users that match and of whom a session began after that state of the list. Another node's state, or one from before the list was
    /// loaded anew, is compared by the sessions' ids: one that began a little earlier and was committed a little later is no news then.
    fn new_since(&self, version: Version, matching: &Matching<'_>) -> u32 {
        let mut new = Bits::with_slots(self.accounts.len());
        if version.node == self.version.node {
            let came = self.came.iter().rev().take_while(|came| came.number > version.number);
            let there = came.filter(|came| self.sessions.has(came.session));
            there.filter_map(|came| self.accounts.slot(came.account)).for_each(|slot| new.set(slot, true));
        } else {
            self.sessions.later_than(SessionId(version.newest)).for_each(|slot| new.set(slot, true));
        }
        new.keep(&matching.accounts, false);
        new.count()
    }

    fn seen(&self, id: AccountId) -> Seen {
        let Some(slot) = self.accounts.slot(id) else { return Seen::default() };
        let count = self.sessions.counts()[slot as usize];
        Seen { count, disabled: count == 0 && self.accounts.is_disabled(slot), created: None }
    }

    /// The same, with the time that its row shows.
    fn seen_as_listed(&self, id: AccountId, matching: &Matching<'_>, filters: &Filters) -> Seen {
        let seen = self.seen(id);
        let slot = self.accounts.slot(id).filter(|_| seen.count > 0);
        Seen { created: slot.map(|slot| self.created(slot, matching, filters)), ..seen }
    }
}
