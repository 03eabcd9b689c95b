//! A list of names in a filter: which of them are logged in.

use super::Directory;
use app::model::{
    filter::{Filters, text::TextFilter},
    session::Names,
    text::count,
};
use std::collections::HashSet;

impl Directory {
    /// For the first column whose filter is a list of names. A name counts as found where anybody of that name is logged in, whatever
    /// the other filters say.
    pub(super) fn names(&self, filters: &Filters) -> Option<Names> {
        let is_list = |filter: &Option<TextFilter>| filter.as_ref().is_some_and(|filter| !filter.names().is_empty());
        let column = filters.texts.iter().position(is_list)?;
        let filter = filters.texts[column].as_ref()?;
        let mut found = self.sessions.active().clone();
        self.accounts.retain(column, &mut found, filter);
        let column = self.accounts.column(column);
        let logged_in: HashSet<&[u8]> = found.iter().map(|slot| column.folded(slot)).collect();
        let missing = filter.names().iter().filter(|(folded, _)| !logged_in.contains(folded.as_bytes()));
        Some(Names { asked: count(filter.names().len()), missing: missing.map(|(_, name)| name.clone()).collect() })
    }
}
