//! The read model in memory: who is logged in, answered window by window.
//!
//! It follows the database's events in their order; nothing else changes it. It has no timers: a time-out is a write, and so an event.

use app::model::{
    account::{AccountId, FoundAccounts},
    query::Query,
    session::{SessionId, Window},
};
use jiff::tz::TimeZone;

/// An account as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    pub id: AccountId,
    pub user_name: String,
    pub last_name: String,
    pub first_name: String,
    /// Kept out, by a person or by the roster.
    pub disabled: bool,
    /// Holds the SIS role.
    pub sis: bool,
}

/// An active session as the directory knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    pub id: SessionId,
    pub account: AccountId,
    /// UTC milliseconds.
    pub created_at: i64,
}

/// What one event means for the directory.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new account, or one that changed: as it is now.
    Account(AccountEntry),
    /// Deleted.
    AccountGone(AccountId),
    Started(SessionEntry),
    /// Exactly these sessions ended, for whatever reason.
    Ended(Vec<SessionId>),
}

/// All accounts, and their active sessions.
pub struct Directory {
    _private: (),
}

impl Directory {
    /// From one snapshot of the database. `node` is when this node started (UTC milliseconds), the first half of the list's version.
    pub fn new(
        _zone: &TimeZone,
        _node: i64,
        _accounts: impl IntoIterator<Item = AccountEntry>,
        _sessions: impl IntoIterator<Item = SessionEntry>,
    ) -> Self {
        todo!()
    }

    /// Follows events in their order; a batch costs little more than one. `now` (UTC milliseconds) lets old tombstones go.
    pub fn apply(&mut self, _changes: &[Change], _now: i64) {
        todo!()
    }

    /// Part of the filtered, sorted list. `now` and the zone decide what `today` and `last 2h` mean; `you` marks the own row.
    pub fn window(&self, _query: &Query, _now: i64, _you: AccountId, _offset: u32, _limit: u32) -> Window {
        todo!()
    }

    /// Everybody who matches, in the order of the list: what a plan is made of.
    pub fn matching(&self, _query: &Query, _now: i64) -> Vec<AccountId> {
        todo!()
    }

    /// Accounts by user name or name, logged in or not.
    pub fn search(&self, _text: &str, _limit: u32) -> FoundAccounts {
        todo!()
    }

    pub fn account(&self, _id: AccountId) -> Option<AccountEntry> {
        todo!()
    }

    /// Active sessions of an account.
    pub fn session_count(&self, _id: AccountId) -> u32 {
        todo!()
    }

    /// Everything it holds, by id: what a test compares with a fresh load.
    pub fn contents(&self) -> (Vec<AccountEntry>, Vec<SessionEntry>) {
        todo!()
    }
}
