//! Sessions and the Session List as the pages show them.

use super::{account::AccountId, selection::Selected};
use serde::{Deserialize, Serialize};

super::id! {
    /// A session's id: public, never reused, no secret.
    SessionId
}

/// Rows that one answer holds at most.
pub const WINDOW_ROWS: u32 = 200;

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

/// State of the list: comparable only where `node` is equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// When the node that answered started (UTC milliseconds).
    pub node: i64,
    pub number: u64,
}

/// A part of the filtered, sorted Session List.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub rows: Vec<Row>,
    /// Position of the first row in the result; less than asked where the result is shorter (a multiple of the limit asked for).
    pub offset: u32,
    /// What matches.
    pub matching: Totals,
    /// Everybody who is logged in.
    pub all: Totals,
    /// For each column in order what its filter was understood to mean, where that is not plain: `03/09/2022, 9:00:00 AM to 9:59:59 AM`.
    pub understood: [Option<String>; 5],
    /// What the selection that was sent along amounts to.
    #[serde(default)]
    pub selected: Selected,
    pub version: Version,
    /// When this was read, for the bar: `09:20:54 AM`.
    pub updated: String,
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
