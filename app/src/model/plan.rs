//! Prepare, then commit: what is about to be done to whom, and what was done.

mod report;

pub use report::{Report, Skipped, Undone};

use super::{
    account::Named,
    text::{count, counted},
};
use serde::{Deserialize, Serialize};

super::id! {
    /// A prepared act: belongs to the session that prepared it.
    PlanId
}

/// Above this many users the number must be typed, and *Undo disable* stands in the history alone.
pub const COUNT_ABOVE: u32 = 100;

/// The longest reason, in characters.
pub const REASON_CHARS: usize = 500;

/// What can be done to the selected users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    End,
    EndDisable,
}

impl Act {
    /// Its name in forms.
    pub fn key(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::EndDisable => "end_disable",
        }
    }

    /// Its menu item.
    pub fn title(self) -> &'static str {
        match self {
            Self::End => "End",
            Self::EndDisable => "End & Disable",
        }
    }
}

/// What becomes of the administrator's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// Not in the selection.
    No,
    /// Left out: End & Disable of several, or End of several with no session beside the present one.
    Skipped,
    /// End among several: the other sessions end, the present one stays.
    OthersEnd,
    /// Selected alone: all one's sessions end, one is logged out.
    Alone,
}

/// An act as the server prepared it; the commit acts on exactly these accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub id: PlanId,
    pub act: Act,
    /// Accounts acted upon, without those that are skipped unless something is ticked.
    pub users: u32,
    /// Their active sessions now.
    pub sessions: u32,
    /// The first names in the order of the list, at most 20, without those in `not_shown`.
    pub names: Vec<Named>,
    /// Selected, but not in the list as it is filtered: at most 20.
    pub not_shown: Vec<Named>,
    pub not_shown_users: u32,
    /// Other holders of the SIS role in the selection: named first.
    pub sis: Vec<Named>,
    /// They are left out (not in `users`, `sessions`, `names`) unless *Also disable …* is ticked: End & Disable of several.
    pub sis_skipped: bool,
    /// Active sessions of those who are left out so.
    pub sis_sessions: u32,
    pub own: Own,
    /// One's own user name, made for sentences as [`Named`] is.
    pub own_name: String,
    /// Why it cannot be committed, as a sentence: oneself, the last SIS administrator.
    pub refused: Option<String>,
}

impl Plan {
    /// Accounts acted upon, where *Also disable … SIS administrators* is (not) ticked.
    pub fn users_with(&self, also_sis: bool) -> u32 {
        let more = if also_sis && self.sis_skipped { self.sis.len() } else { 0 };
        self.users.saturating_add(count(more))
    }

    /// Their active sessions.
    pub fn sessions_with(&self, also_sis: bool) -> u32 {
        self.sessions.saturating_add(if also_sis { self.sis_sessions } else { 0 })
    }

    /// Why there is nobody to act upon, unless *Also disable …* is ticked.
    pub fn nobody(&self, also_sis: bool) -> Option<&'static str> {
        (self.users_with(also_sis) == 0)
            .then_some("Everybody selected is left out: you, and SIS administrators. Tick “Also disable” to go on with them.")
    }

    /// The number must be typed.
    pub fn asks_for_count(&self, also_sis: bool) -> bool {
        self.users_with(also_sis) > COUNT_ABOVE
    }

    /// `End sessions of 3 users?`, `End sessions and disable natetest?`
    pub fn title(&self, also_sis: bool) -> String {
        let users = self.users_with(also_sis);
        match (self.act, self.own, self.single_name(also_sis)) {
            (Act::End, Own::Alone, _) => "End your own session?".into(),
            (Act::End, _, Some(name)) => format!("End sessions of {name}?"),
            (Act::End, _, None) => format!("End sessions of {}?", counted(users, "user")),
            (Act::EndDisable, _, Some(name)) => format!("End sessions and disable {name}?"),
            (Act::EndDisable, _, None) => format!("End sessions and disable {}?", counted(users, "account")),
        }
    }

    /// `End sessions of 3 users`, `End & Disable natetest`
    pub fn button(&self, also_sis: bool) -> String {
        let whom = self.single_name(also_sis).map_or_else(|| counted(self.users_with(also_sis), "user"), str::to_owned);
        match (self.act, self.own) {
            (Act::End, Own::Alone) => "End your own session".into(),
            (Act::End, _) => format!("End sessions of {whom}"),
            (Act::EndDisable, _) => format!("End & Disable {whom}"),
        }
    }

    /// `Also disable 2 SIS administrators: admin02, kruiz`, where that is asked.
    pub fn sis_box(&self) -> Option<String> {
        let names: Vec<_> = self.sis.iter().map(|named| &*named.user_name).collect();
        self.sis_skipped.then(|| format!("Also disable {}: {}", counted(count(names.len()), "SIS administrator"), names.join(", ")))
    }

    /// The one account acted upon, where it is one.
    fn single_name(&self, also_sis: bool) -> Option<&str> {
        let sis = if self.sis_skipped && !also_sis { &[] } else { &self.sis[..] };
        let mut names = self.not_shown.iter().chain(&self.names).chain(sis);
        (self.users_with(also_sis) == 1).then(|| names.next()).flatten().map(|named| &*named.user_name)
    }
}

/// What the dialog's confirm button sends with the plan's id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    #[serde(default)]
    pub reason: String,
    /// The number of users as typed; asked for above [`COUNT_ABOVE`].
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub also_sis: bool,
}

/// What `/api/sessions/end` ends: one session, or everything of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndTarget {
    Session(super::session::SessionId),
    Account(super::account::AccountId),
}

impl Confirmation {
    /// Itself with the reason trimmed.
    ///
    /// # Errors
    /// [`crate::AppError::Invalid`] where the reason is longer than [`REASON_CHARS`].
    pub fn checked(mut self) -> Result<Self, crate::AppError> {
        self.reason = reason(&self.reason)?;
        Ok(self)
    }
}

/// A reason as it is kept: trimmed.
///
/// # Errors
/// [`crate::AppError::Invalid`] where it is longer than [`REASON_CHARS`].
pub fn reason(text: &str) -> Result<String, crate::AppError> {
    // No database keeps a NUL in every text.
    let text = text.replace('\0', "");
    let text = text.trim();
    if text.chars().count() > REASON_CHARS {
        return Err(crate::AppError::invalid(format!("The reason is too long. Use at most {REASON_CHARS} characters.")));
    }
    Ok(text.to_owned())
}
