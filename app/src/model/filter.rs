//! The meaning of a filter, written once: the directory, the command line and the tests all ask here.
//!
//! Nothing that can be typed is an error. What is not read as an operator, a number or a time is plain text; an operator with
//! nothing behind it says nothing yet.

pub mod count;
pub mod created;
mod syntax;
pub mod text;
pub mod wall;

use super::{
    query::{Column, Query},
    text::count,
};
use count::CountFilter;
use created::CreatedFilter;
use text::TextFilter;
use wall::Wall;

/// The five filters of a query, read once. `None` lets everything pass.
pub struct Filters {
    /// User Name, Last Name, First Name.
    pub texts: [Option<TextFilter>; 3],
    pub created: Option<CreatedFilter>,
    pub count: Option<CountFilter>,
}

impl Filters {
    /// `now` (UTC milliseconds) and the zone decide what `today` and `last 2h` mean.
    pub fn new(query: &Query, wall: &Wall, now: i64) -> Self {
        let text = |column| TextFilter::new(query.filter(column));
        Self {
            texts: [text(Column::UserName), text(Column::LastName), text(Column::FirstName)],
            created: CreatedFilter::new(query.filter(Column::Created), wall, now),
            count: CountFilter::new(query.filter(Column::Count)),
        }
    }

    /// Everything passes.
    pub fn are_empty(&self) -> bool {
        self.texts.iter().all(Option::is_none) && self.created.is_none() && self.count.is_none()
    }

    /// Everything passes, also where something was typed that says so: `>0`.
    pub fn leave_nobody_out(&self) -> bool {
        self.texts.iter().all(Option::is_none)
            && self.created.as_ref().is_none_or(CreatedFilter::leaves_nobody_out)
            && self.count.as_ref().is_none_or(CountFilter::leaves_nobody_out)
    }

    /// For each column in order what was understood, where that is not plain.
    pub fn understood(&self) -> [Option<String>; 5] {
        let [user_name, last_name, first_name] = self.texts.each_ref().map(|filter| filter.as_ref().and_then(TextFilter::understood));
        let created = self.created.as_ref().map(|filter| filter.understood().to_owned());
        let count = self.count.as_ref().map(|filter| filter.understood().to_owned());
        [user_name, last_name, first_name, created, count]
    }

    /// Whether an account matches, told by the creation time of the newest session that does. `texts` are user name, last name and
    /// first name; `sessions` the creation times (UTC milliseconds) of all its active sessions.
    pub fn newest_match(&self, texts: [&str; 3], sessions: &[i64]) -> Option<i64> {
        let texts_match = self.texts.iter().zip(texts).all(|(filter, text)| filter.as_ref().is_none_or(|filter| filter.matches(text)));
        if !texts_match || !self.count.as_ref().is_none_or(|filter| filter.matches(count(sessions.len()))) {
            return None;
        }
        sessions.iter().copied().filter(|&at| self.created.as_ref().is_none_or(|filter| filter.matches(at))).max()
    }
}
