//! What an act did.

use super::{Act, PlanId};
use crate::model::{
    account::Named,
    event::BatchId,
    text::{counted, more, thousands},
};
use serde::{Deserialize, Serialize};

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
    /// Accounts that were left out; at most 20 are named.
    pub skipped: Vec<Skipped>,
    pub skipped_users: u32,
    /// Accounts that the plan acts upon, as its dialog says; 0 where there is no plan (any more).
    pub planned: u32,
    /// How many of them are done.
    pub done: u32,
    /// Accounts of the plan, left out or not, that are still to be done: commit again until it is 0.
    pub left: u32,
    /// Who matches the filters of *all that match* only since the plan was made: left alone. Told when none of the plan is left.
    pub only_now: u32,
    /// The plan to commit again, while some are left and the session that asks may do it.
    pub plan: Option<PlanId>,
    /// The last step was so recent that a page goes on by itself.
    pub going: bool,
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
            skipped_users: 0,
            planned: 0,
            done: 0,
            left: 0,
            only_now: 0,
            plan: None,
            going: false,
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
        let new = if self.new_sessions > 0 { format!(", {} of them new", thousands(self.new_sessions)) } else { String::new() };
        let mut parts = Vec::new();
        match (self.act, &self.ended[..]) {
            (Act::End, [one]) if self.ended_users == 1 && self.already_ended == 0 && self.skipped_users == 0 && self.only_now == 0 => {
                return format!("Ended {sessions} of {}{new}", one.user_name);
            }
            (Act::End, _) => {
                parts.push(format!("{} ended", thousands(self.ended_users)));
                if self.already_ended > 0 {
                    parts.push(format!("{} had already ended", thousands(self.already_ended)));
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
                let more = more(self.skipped_users, several);
                parts.push(format!("{} skipped ({}{more})", thousands(self.skipped_users), whys.join(", ")));
            }
        }
        if self.act == Act::End && self.new_sessions > 0 {
            parts.push(format!("{sessions} ended{new}"));
        }
        if self.only_now > 0 {
            parts.push(format!("{} not touched: matching only now", counted(self.only_now, "more user")));
        }
        if self.left > 0 {
            parts.push(thousands(self.left) + " left");
        }
        parts.join(", ")
    }

    /// Of a plan that is under way: `Ended` 120,000 of 300,000 users.
    pub fn doing(&self) -> &'static str {
        if self.act == Act::End { "Ended" } else { "Ended and disabled" }
    }
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
            sentence.push_str(&thousands(self.already));
            sentence.push('.');
        }
        if self.changed_since_users > 0 {
            let names: Vec<_> = self.changed_since.iter().map(|named| &*named.user_name).collect();
            sentence.push_str(" Left as they are, because somebody changed them since: ");
            sentence.push_str(&names.join(", "));
            sentence.push_str(&more(self.changed_since_users, &names));
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountId;

    fn report(act: Act, skipped: &[(&str, &str)]) -> Report {
        let skipped = skipped.iter().map(|(name, why)| Skipped { user_name: (*name).to_owned(), why: (*why).to_owned() });
        Report {
            ended_users: 3,
            sessions: 28,
            already_ended: 1,
            disabled: if act == Act::End { 0 } else { 4 },
            skipped_users: u32::try_from(skipped.len()).expect("a few"),
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
    fn of_many_who_were_skipped_the_first_are_named() {
        let mut report = report(Act::EndDisable, &[("admin01", "you"), ("admin02", "SIS administrator")]);
        report.skipped_users = 1_502;
        let said = "4 accounts disabled, 28 sessions ended, 1,502 skipped (admin01: you, admin02: SIS administrator and 1,500 more)";
        assert_eq!(report.sentence(), said);
    }

    #[test]
    fn a_report_says_how_far_a_long_plan_is() {
        let mut report = Report { planned: 300_000, left: 180_000, ..report(Act::End, &[]) };
        assert_eq!(report.doing(), "Ended");
        assert_eq!(report.sentence(), "3 ended, 1 had already ended, 180,000 left");
        report.act = Act::EndDisable;
        assert_eq!(report.doing(), "Ended and disabled");
    }

    #[test]
    fn who_matches_only_now_is_said() {
        let mut report = report(Act::End, &[]);
        report.only_now = 1;
        assert_eq!(report.sentence(), "3 ended, 1 had already ended, 1 more user not touched: matching only now");
        (report.already_ended, report.ended_users) = (0, 1);
        report.ended = vec![Named { id: AccountId(1), user_name: "natetest".into() }];
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
        report.ended = vec![Named { id: AccountId(1), user_name: "natetest".into() }];
        assert_eq!(report.sentence(), "Ended 28 sessions of natetest, 1 of them new");
    }
}
