//! Sessions and the Session List as the pages show them.

use super::{account::AccountId, selection::Selected};
use crate::AppError;
use serde::{Deserialize, Serialize};

super::id! {
    /// A session's id: public, never reused, no secret.
    SessionId
}

/// Rows that one answer holds at most.
pub const WINDOW_ROWS: u32 = 200;

/// Rows that one look asks for at most: those of an answer, and some that have ended and still stand among them.
pub const LOOK_ROWS: usize = 1_000;

/// A text as shown, with the ranges that the column's filter matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    pub text: String,
    /// Half-open ranges in UTF-16 code units (what the DOM counts in), ascending, not overlapping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<(u32, u32)>,
}

/// One row of the Session List: an account with its active sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub id: AccountId,
    pub user_name: Cell,
    pub last_name: Cell,
    pub first_name: Cell,
    /// When the newest session (of those that match) was created: `03/09/2022 09:20:54 AM`.
    pub created: Cell,
    /// Active sessions, all of them.
    pub count: u32,
    /// The row of the administrator who asks.
    pub you: bool,
}

/// Exact numbers of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub users: u32,
    pub sessions: u32,
}

/// State of the list: `number` is comparable only where `node` is equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What the node that answered drew at random when it loaded its list.
    pub node: i64,
    pub number: u64,
    /// Id of the newest session that it had: what another node tells new ones by.
    #[serde(default)]
    pub newest: i64,
}

/// What became of a list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub asked: u32,
    /// Those that nobody who is logged in has, as typed.
    pub missing: Vec<String>,
}

/// A part of the filtered, sorted Session List.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub rows: Vec<Row>,
    /// Position of the first row in the result; less than asked where the result is shorter (a multiple of the limit asked for).
    pub offset: u32,
    /// By so many places [`Kept::in_sight`] stands elsewhere now; so does the answer.
    #[serde(default)]
    pub moved: i64,
    /// What matches.
    pub matching: Totals,
    /// Everybody who is logged in.
    pub all: Totals,
    /// For each column in order what its filter was understood to mean, where that is not plain: `03/09/2022, 9:00:00 AM to 9:59:59 AM`.
    pub understood: [Option<String>; 5],
    /// Which names of a list in a filter are logged in; `None` where there is no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
    /// What the selection that was sent along amounts to.
    #[serde(default)]
    pub selected: Selected,
    /// The place of [`Kept::active`], `None` where it does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<u32>,
    pub version: Version,
    /// When the list was last known to be that of the database, for the bar: `09:20:54 AM`.
    pub updated: String,
    /// The list has lost the database's news and shows it as it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub offset: u32,
    /// Rows, at least one and at most [`WINDOW_ROWS`].
    pub limit: u32,
    pub kept: Kept,
}

impl Part {
    pub fn new(offset: u32, limit: u32) -> Self {
        Self { offset, limit, ..Self::default() }
    }
}

/// So many rows in sight are sent: one of them is still there.
pub const ROWS_IN_SIGHT: usize = 8;

/// What other rows must leave where it is, and what stays on a page beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The first rows in sight, at most [`ROWS_IN_SIGHT`], and the places where they stand. The answer begins as far from the first of them
    /// that is still listed as asked: whoever came above it since moves nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_sight: Vec<(AccountId, u32)>,
    /// The active row, which may be far away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<AccountId>,
}

/// Who is selected, as far as one looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectedRows {
    /// At most [`WINDOW_ROWS`]: first those that the list's filters leave out, each part by user name. A count of 0: not logged in any more.
    pub rows: Vec<Row>,
    /// How many of the rows the list's filters leave out: the first ones.
    pub not_shown: u32,
}

/// What stands on a page, for a look at what has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnScreen {
    /// Accounts whose rows it has, at most [`LOOK_ROWS`].
    pub rows: Vec<AccountId>,
    /// The account in the panel.
    pub panel: Option<AccountId>,
    /// [`Window::version`] of the answer that it shows: who logged in after it is new.
    pub version: Version,
    /// It takes the rows of the list as they are now, from this place on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<u32>,
    /// Beside the rows that it takes.
    #[serde(default)]
    pub kept: Kept,
}

impl OnScreen {
    /// Itself, unless it is no page of ours that asks.
    ///
    /// # Errors
    /// One sentence.
    pub fn checked(self) -> Result<Self, AppError> {
        if self.rows.len() > LOOK_ROWS {
            return Err(AppError::invalid("A look asks for a thousand rows at most. Load the page again."));
        }
        Ok(self)
    }
}

/// What has become of the rows on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meanwhile {
    /// The list as it is now; without rows where the page keeps those it has.
    pub window: Window,
    /// The rows that it has, in their order.
    pub rows: Vec<Seen>,
    /// Users that match and logged in since.
    pub new_users: u32,
    pub panel: Option<AccountSessions>,
}

/// What has become of an account in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Active sessions; 0 where the account left the list.
    pub count: u32,
    /// As of [`Row::created`]; `None` where the account left the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Cell>,
    /// It left because it is disabled.
    pub disabled: bool,
}

/// One active session, as the panel, User Account Information and one's own page list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    pub id: SessionId,
    /// As shown, in the configured zone.
    pub created: String,
    /// `active 12 s ago`
    pub activity: String,
    pub ip: String,
    /// `Chrome 99 · Windows`
    pub browser: String,
    /// The session that asks.
    pub current: bool,
}

/// What the panel shows of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSessions {
    pub id: AccountId,
    pub user_name: String,
    /// `Miller, Nathan`; empty where the account has no names.
    pub name: String,
    pub disabled: bool,
    pub you: bool,
    /// Newest first.
    pub sessions: Vec<SessionLine>,
}
