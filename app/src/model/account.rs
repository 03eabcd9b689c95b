//! Accounts as the pages show them.

use super::{event::EventLine, session::SessionLine};
use serde::{Deserialize, Serialize};

super::id! {
    /// An account's id: never reused.
    AccountId
}

/// An account by id and user name, as dialogs and reports name it: made for sentences, see [`super::text::isolated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: AccountId,
    pub user_name: String,
}

/// One answer of the search for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub id: AccountId,
    pub user_name: String,
    /// `Miller, Nathan`; empty where the account has no names.
    pub name: String,
    pub disabled: bool,
    /// Active sessions.
    pub sessions: u32,
}

impl Found {
    /// `3 sessions`, `Not logged in` or `Disabled`.
    pub fn state(&self) -> String {
        match self.sessions {
            _ if self.disabled => "Disabled".into(),
            0 => "Not logged in".into(),
            sessions => super::text::counted(sessions, "session"),
        }
    }
}

/// The first accounts a search found, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccounts {
    pub accounts: Vec<Found>,
    pub total: u32,
}

/// The longest text of the search for people, in characters.
pub const SEARCH_CHARS: usize = 200;

/// A text to search people by: each word of it is a look at every account.
///
/// # Errors
/// One sentence where it is longer than [`SEARCH_CHARS`].
pub fn search_text(text: &str) -> Result<&str, String> {
    if text.chars().count() > SEARCH_CHARS {
        return Err(format!("That is too long to search for. Use at most {SEARCH_CHARS} characters."));
    }
    Ok(text)
}

/// [`AccountDetails::status`] where nothing keeps the account from logging in.
pub const CAN_LOG_IN: &str = "Can log in";

/// [`AccountDetails::status`] where nobody has set a password yet.
pub const NO_PASSWORD: &str = "No password set";

/// Everything that User Account Information shows of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDetails {
    pub id: AccountId,
    pub user_name: String,
    /// `Miller, Nathan`; empty where the account has no names.
    pub name: String,
    /// Holds the product security role Student Information System (SIS).
    pub sis: bool,
    /// *Log-in status*, a whole sentence: `Can log in`, `Disabled by admin01, 03/09/2022 10:07:31 AM, reason: phishing`, `No password set`.
    pub status: String,
    /// As shown, in the configured zone.
    pub last_sign_in: Option<String>,
    pub disabled: bool,
    /// Counts the changes of the account; sent back with Save, so that a stale form changes nothing.
    pub version: i64,
    /// Why the box *Disabled* cannot be used (one's own account, the last SIS administrator's), as a sentence.
    pub locked: Option<String>,
    pub sessions: Vec<SessionLine>,
    /// Newest first, at most 50.
    pub history: Vec<EventLine>,
}

/// What the form of User Account Information asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveAccount {
    pub id: AccountId,
    pub version: i64,
    pub disabled: bool,
    pub reason: String,
}

/// What Save did; the page shows it after the redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    Unchanged,
    /// With the number of sessions that ended.
    Disabled {
        sessions: u32,
    },
    Enabled,
}

/// One's own account and sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAccount {
    pub user_name: String,
    pub name: String,
    pub sessions: Vec<SessionLine>,
}
