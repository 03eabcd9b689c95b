//! Prepare, then commit: what is about to be done to whom, and what was done.

use super::{account::Named, event::BatchId, text::counted};
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
        self.users.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
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
        let number = u32::try_from(names.len()).unwrap_or(u32::MAX);
        self.sis_skipped.then(|| format!("Also disable {}: {}", counted(number, "SIS administrator"), names.join(", ")))
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

/// An account that was left out, and why in a word or two: `you`, `SIS administrator`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub user_name: String,
    pub why: String,
}

/// What an act did. Repeating a commit gives the same report, but for `only_now`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub batch: BatchId,
    pub act: Act,
    /// Accounts whose sessions ended; at most 20 are named.
    pub ended: Vec<Named>,
    pub ended_users: u32,
    pub sessions: u32,
    /// Of `sessions`, those begun since the plan was made.
    pub new_sessions: u32,
    /// Accounts that had no session left.
    pub already_ended: u32,
    /// Accounts that this act disabled.
    pub disabled: u32,
    pub skipped: Vec<Skipped>,
    /// Accounts of the plan that are still to be done: commit again until it is 0.
    pub left: u32,
    /// Who matches the filters of *all that match* only since the plan was made: left alone. Told when none of the plan is left.
    pub only_now: u32,
    /// The plan to commit again, while some are left.
    pub plan: Option<PlanId>,
    /// *Undo disable* may be offered.
    pub undo: bool,
    /// The administrator's own session ended by it.
    pub own_ended: bool,
    /// Where the act is *Undo disable*: what it did. Nothing else is said then.
    pub undone: Option<Undone>,
}

impl Report {
    /// Of an act that did nothing.
    pub fn nothing(batch: BatchId, act: Act) -> Self {
        Self {
            batch,
            act,
            ended: Vec::new(),
            ended_users: 0,
            sessions: 0,
            new_sessions: 0,
            already_ended: 0,
            disabled: 0,
            skipped: Vec::new(),
            left: 0,
            only_now: 0,
            plan: None,
            undo: false,
            own_ended: false,
            undone: None,
        }
    }

    /// `Ended 2 sessions of natetest`, `3 ended, 1 had already ended, 1 skipped (you)`, `18 accounts disabled, 27 sessions ended`; where
    /// some of them are new also after an End `28 sessions ended, 1 of them new`.
    pub fn sentence(&self) -> String {
        if let Some(undone) = &self.undone {
            return undone.sentence();
        }
        let sessions = counted(self.sessions, "session");
        let new =
            if self.new_sessions > 0 { format!(", {} of them new", super::text::thousands(self.new_sessions)) } else { String::new() };
        let mut parts = Vec::new();
        match (self.act, &self.ended[..]) {
            (Act::End, [one]) if self.ended_users == 1 && self.already_ended == 0 && self.skipped.is_empty() && self.only_now == 0 => {
                return format!("Ended {sessions} of {}{new}", one.user_name);
            }
            (Act::End, _) => {
                parts.push(format!("{} ended", super::text::thousands(self.ended_users)));
                if self.already_ended > 0 {
                    parts.push(format!("{} had already ended", super::text::thousands(self.already_ended)));
                }
            }
            (Act::EndDisable, _) => {
                parts.push(format!("{} disabled", counted(self.disabled, "account")));
                parts.push(format!("{sessions} ended{new}"));
            }
        }
        match &self.skipped[..] {
            [] => {}
            [one] => parts.push(format!("1 skipped ({})", one.why)),
            several => {
                let whys: Vec<_> = several.iter().map(|one| format!("{}: {}", one.user_name, one.why)).collect();
                parts.push(format!("{} skipped ({})", several.len(), whys.join(", ")));
            }
        }
        if self.act == Act::End && self.new_sessions > 0 {
            parts.push(format!("{sessions} ended{new}"));
        }
        if self.only_now > 0 {
            parts.push(format!("{} not touched: matching only now", counted(self.only_now, "more user")));
        }
        if self.left > 0 {
            parts.push(format!("{} left: confirm again to go on", super::text::thousands(self.left)));
        }
        parts.join(", ")
    }
}

/// What `/api/sessions/end` ends: one session, or everything of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndTarget {
    Session(super::session::SessionId),
    Account(super::account::AccountId),
}

/// What *Undo disable* did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Of this act, not of the one that it undoes.
    pub batch: BatchId,
    pub enabled: u32,
    /// Accounts that were enabled already.
    pub already: u32,
    /// Accounts that are disabled by something else since: left as they are, at most 20 named.
    pub changed_since: Vec<Named>,
    pub changed_since_users: u32,
}

impl Undone {
    /// `3 accounts enabled again. Ended sessions stay ended. Enabled already: 1. Left as they are, because somebody changed them since: kruiz`
    pub fn sentence(&self) -> String {
        let mut sentence = format!("{} enabled again. Ended sessions stay ended.", counted(self.enabled, "account"));
        if self.already > 0 {
            sentence.push_str(" Enabled already: ");
            sentence.push_str(&super::text::thousands(self.already));
            sentence.push('.');
        }
        if self.changed_since_users > 0 {
            let names: Vec<_> = self.changed_since.iter().map(|named| &*named.user_name).collect();
            sentence.push_str(" Left as they are, because somebody changed them since: ");
            sentence.push_str(&names.join(", "));
            if let more @ 1.. = self.changed_since_users.saturating_sub(u32::try_from(names.len()).unwrap_or(u32::MAX)) {
                sentence.push_str(" and ");
                sentence.push_str(&super::text::thousands(more));
                sentence.push_str(" more");
            }
        }
        sentence
    }
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
    let text = text.trim();
    if text.chars().count() > REASON_CHARS {
        return Err(crate::AppError::invalid(format!("The reason is too long. Use at most {REASON_CHARS} characters.")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(act: Act, skipped: &[(&str, &str)]) -> Report {
        let skipped = skipped.iter().map(|(name, why)| Skipped { user_name: (*name).to_owned(), why: (*why).to_owned() });
        Report {
            ended_users: 3,
            sessions: 28,
            already_ended: 1,
            disabled: if act == Act::End { 0 } else { 4 },
            skipped: skipped.collect(),
            ..Report::nothing(BatchId(1), act)
        }
    }

    #[test]
    fn a_report_says_what_was_done_and_who_was_skipped_why() {
        let ended = report(Act::End, &[("admin01", "you")]);
        assert_eq!(ended.sentence(), "3 ended, 1 had already ended, 1 skipped (you)");
        let disabled = report(Act::EndDisable, &[("admin01", "you"), ("admin02", "SIS administrator")]);
        let said = "4 accounts disabled, 28 sessions ended, 2 skipped (admin01: you, admin02: SIS administrator)";
        assert_eq!(disabled.sentence(), said);
    }

    #[test]
    fn who_matches_only_now_is_said() {
        let mut report = report(Act::End, &[]);
        report.only_now = 1;
        assert_eq!(report.sentence(), "3 ended, 1 had already ended, 1 more user not touched: matching only now");
        (report.already_ended, report.ended_users) = (0, 1);
        report.ended = vec![Named { id: crate::model::account::AccountId(1), user_name: "natetest".into() }];
        assert_eq!(report.sentence(), "1 ended, 1 more user not touched: matching only now");
    }

    #[test]
    fn sessions_begun_since_the_plan_are_said() {
        let mut report = report(Act::End, &[]);
        report.new_sessions = 1;
        assert_eq!(report.sentence(), "3 ended, 1 had already ended, 28 sessions ended, 1 of them new");
        report.act = Act::EndDisable;
        assert_eq!(report.sentence(), "0 accounts disabled, 28 sessions ended, 1 of them new");
        report.act = Act::End;
        (report.already_ended, report.ended_users) = (0, 1);
        report.ended = vec![Named { id: crate::model::account::AccountId(1), user_name: "natetest".into() }];
        assert_eq!(report.sentence(), "Ended 28 sessions of natetest, 1 of them new");
    }
}
