//! The read model in memory: who is logged in, answered window by window.
//!
//! It follows the database's events in their order; nothing else changes it. It has no timers: a time-out is a write, and so an event.
//!
//! Made for a million sessions: each column's texts stand folded in one buffer that a filter scans in one go, and each column's order
//! is kept, so that a sorted window is a walk. What matches is a set of bits.

mod accounts;
mod bits;
mod column;
mod index;
mod list;
mod look;
mod names;
mod search;
mod sessions;

use accounts::Accounts;
use app::model::{
    account::AccountId,
    filter::wall::Wall,
    session::{SessionId, Version},
};
use jiff::tz::TimeZone;
pub use list::Beside;
use sessions::Sessions;
use std::collections::VecDeque;

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
    wall: Wall,
    version: Version,
    accounts: Accounts,
    sessions: Sessions,
    /// Who came lately, in the order in which that was heard.
    came: VecDeque<Came>,
}

/// A session that began since the directory follows.
struct Came {
    /// The list's version from then on.
    number: u64,
    session: SessionId,
    account: AccountId,
}

/// So many of those who came are remembered: whoever has not looked for longer is told of these.
const CAME: usize = 100_000;

impl Directory {
    /// From one snapshot of the database. `node` is drawn at random: see [`Version`].
    pub fn new(
        zone: &TimeZone,
        node: i64,
        accounts: impl IntoIterator<Item = AccountEntry>,
        sessions: impl IntoIterator<Item = SessionEntry>,
    ) -> Self {
        let version = Version { node, ..Version::default() };
        let mut directory =
            Self { wall: Wall::new(zone), version, accounts: Accounts::default(), sessions: Sessions::default(), came: VecDeque::new() };
        for entry in accounts {
            directory.set_account(&entry);
        }
        for session in sessions {
            directory.start(session);
        }
        directory.accounts.settle();
        directory
    }

    /// Follows events in their order; a batch costs little more than one. `now` (UTC milliseconds) lets old tombstones go.
    pub fn apply(&mut self, changes: &[Change], now: i64) {
        self.sessions.prune(now);
        for change in changes {
            let is_news = match change {
                Change::Account(entry) => self.set_account(entry),
                Change::AccountGone(id) => self.remove_account(*id, now),
                Change::Started(session) => self.start(*session),
                // Not `any`: each of them ends.
                Change::Ended(ids) => ids.iter().fold(false, |is_news, &id| self.sessions.end(id, now) | is_news),
            };
            self.version.number += u64::from(is_news);
            if let (Change::Started(session), true) = (change, is_news) {
                self.came.push_back(Came { number: self.version.number, session: session.id, account: session.account });
            }
        }
        self.came.drain(..self.came.len().saturating_sub(CAME));
        self.accounts.settle();
        if let Some((accounts, slots)) = self.accounts.compacted() {
            self.accounts = accounts;
            self.sessions.renumber(&slots);
        }
    }

    /// An account, logged in or not.
    pub fn account(&self, id: AccountId) -> Option<AccountEntry> {
        self.accounts.slot(id).map(|slot| self.accounts.entry(slot))
    }

    /// Grows with each change of what the list may show.
    pub fn version(&self) -> u64 {
        self.version.number
    }

    /// Accounts, those without a session too.
    pub fn account_count(&self) -> u32 {
        self.accounts.live().count()
    }

    /// Users with a session, and sessions.
    pub fn all(&self) -> app::model::session::Totals {
        self.sessions.all()
    }

    /// Whether a session is active.
    pub fn has_session(&self, id: SessionId) -> bool {
        self.sessions.has(id)
    }

    /// Active sessions of an account.
    pub fn session_count(&self, id: AccountId) -> u32 {
        self.accounts.slot(id).map_or(0, |slot| self.sessions.counts()[slot as usize])
    }

    /// Everything it holds, by id: what a test compares with a fresh load.
    pub fn contents(&self) -> (Vec<AccountEntry>, Vec<SessionEntry>) {
        let mut accounts: Vec<_> = self.accounts.live().iter().map(|slot| self.accounts.entry(slot)).collect();
        let sessions = self.accounts.live().iter().flat_map(|slot| self.sessions.entries(slot, self.accounts.id(slot)));
        let mut sessions: Vec<_> = sessions.collect();
        accounts.sort_by_key(|account| account.id);
        sessions.sort_by_key(|session| session.id);
        (accounts, sessions)
    }

    fn set_account(&mut self, entry: &AccountEntry) -> bool {
        let old = self.accounts.slot(entry.id);
        if let Some(slot) = old
            && self.accounts.texts(slot) == [&*entry.user_name, &*entry.last_name, &*entry.first_name]
        {
            let changed = self.accounts.entry(slot) != *entry;
            self.accounts.set_marks(slot, entry);
            return changed;
        }
        let slot = self.accounts.push(entry);
        self.sessions.add_account(slot);
        if let Some(old) = old {
            self.sessions.move_account(old, slot);
        }
        true
    }

    fn remove_account(&mut self, id: AccountId, now: i64) -> bool {
        let Some(slot) = self.accounts.slot(id) else { return false };
        // Whoever is deleted cannot be logged in, even where the ends of his sessions are still on their way.
        let sessions: Vec<_> = self.sessions.ids_of(slot).collect();
        for session in sessions {
            self.sessions.end(session, now);
        }
        self.accounts.remove(id);
        true
    }

    fn start(&mut self, session: SessionEntry) -> bool {
        if !self.sessions.is_new(session.id) {
            return false;
        }
        self.version.newest = self.version.newest.max(session.id.0);
        let slot = self.accounts.slot(session.account).unwrap_or_else(|| {
            // A session is never left out of the list: an account that is not known yet shows without names.
            let entry = AccountEntry {
                id: session.account,
                user_name: String::new(),
                last_name: String::new(),
                first_name: String::new(),
                disabled: false,
                sis: false,
            };
            let slot = self.accounts.push(&entry);
            self.sessions.add_account(slot);
            slot
        });
        self.sessions.start(session.id, slot, session.created_at);
        true
    }
}
