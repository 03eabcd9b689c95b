//! What has become of the rows that a page shows.

use super::Directory;
use app::model::{
    account::AccountId,
    filter::Filters,
    query::Query,
    session::{Meanwhile, OnScreen, Seen, WINDOW_ROWS, Window},
};

impl Directory {
    /// The rows on a page as they are now, the totals, and how many that match logged in since; or the first rows anew. `now` and `you`
    /// as in [`Self::window`].
    pub fn look(&self, query: &Query, now: i64, you: AccountId, screen: &OnScreen) -> Meanwhile {
        if screen.takes_rows {
            return Meanwhile { window: self.window(query, now, you, 0, WINDOW_ROWS), ..Meanwhile::default() };
        }
        let matching = self.find(&Filters::new(query, &self.wall, now));
        let is_new = |slot: &u32| matching.newest[*slot as usize] > screen.newest;
        Meanwhile {
            rows: screen.rows.iter().map(|&id| self.seen(id)).collect(),
            new_users: u32::try_from(matching.accounts.iter().filter(is_new).count()).unwrap_or(u32::MAX),
            window: Window { matching: matching.totals, ..self.no_rows(now) },
            panel: None,
        }
    }

    fn seen(&self, id: AccountId) -> Seen {
        let count = self.session_count(id);
        Seen { count, disabled: count == 0 && self.account(id).is_some_and(|account| account.disabled) }
    }
}
