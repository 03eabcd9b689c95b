//! What everybody did and saw, and what of it contradicts *ended means ended*.

use std::{collections::HashMap, time::Duration};

/// When somebody asked and when he was answered, since the beginning.
#[derive(Clone, Debug)]
pub struct Operation {
    pub account: usize,
    pub what: What,
    pub asked: Duration,
    /// Where no answer came, or none that says: by when it was done if it was done at all.
    pub answered: Duration,
    pub outcome: Outcome,
}

/// Sessions have numbers of the test's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    SignIn(u32),
    Check(u32),
    SignOut(u32),
    End,
    Disable,
    Enable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused,
    /// No answer, or one that does not say: perhaps done.
    Unknown,
}

/// What of a history could have been wrong, and what was.
#[derive(Debug, Default)]
pub struct Judged {
    /// Every contradiction, as a sentence.
    pub contradictions: Vec<String>,
    /// Checks that were refused, as they had to be.
    pub kept_out: usize,
    /// Log-ins that were refused, as they had to be.
    pub kept_disabled: usize,
    /// Checks that were let in, as they had to be.
    pub let_in: usize,
}

pub fn judge(history: &[Operation]) -> Judged {
    let mut accounts: HashMap<usize, Vec<&Operation>> = HashMap::new();
    for operation in history {
        accounts.entry(operation.account).or_default().push(operation);
    }
    let mut judged = Judged::default();
    for operations in accounts.values() {
        Account::new(operations).judge(operations, &mut judged);
    }
    judged
}

/// What was, or may have been, done to one account.
struct Account<'a> {
    sign_ins: HashMap<u32, &'a Operation>,
    /// End, End & Disable.
    ends: Vec<&'a Operation>,
    disables: Vec<&'a Operation>,
    enables: Vec<&'a Operation>,
    sign_outs: HashMap<u32, Vec<&'a Operation>>,
}

impl<'a> Account<'a> {
    fn new(operations: &[&'a Operation]) -> Self {
        let mut account =
            Self { sign_ins: HashMap::new(), ends: Vec::new(), disables: Vec::new(), enables: Vec::new(), sign_outs: HashMap::new() };
        for operation in operations.iter().filter(|operation| operation.outcome != Outcome::Refused) {
            match operation.what {
                What::SignIn(session) => drop(account.sign_ins.insert(session, operation)),
                What::SignOut(session) => account.sign_outs.entry(session).or_default().push(operation),
                What::End => account.ends.push(operation),
                What::Disable => {
                    account.ends.push(operation);
                    account.disables.push(operation);
                }
                What::Enable => account.enables.push(operation),
                What::Check(_) => {}
            }
        }
        account
    }

    fn judge(&self, operations: &[&Operation], judged: &mut Judged) {
        for operation in operations {
            let (must_out, must_in) = match operation.what {
                What::Check(session) => (self.must_be_out(session, operation), self.must_be_in(session, operation)),
                What::SignIn(_) => (self.disabled_all_the_while(operation), self.never_disabled(operation)),
                _ => continue,
            };
            let wrong = match (operation.outcome, must_out, must_in) {
                (Outcome::Done, Some(why), _) => format!("was let in, {why}"),
                (Outcome::Refused, _, Some(why)) => format!("was refused, {why}"),
                (Outcome::Refused, Some(_), _) => {
                    match operation.what {
                        What::Check(_) => judged.kept_out += 1,
                        _ => judged.kept_disabled += 1,
                    }
                    continue;
                }
                (Outcome::Done, _, Some(_)) => {
                    judged.let_in += 1;
                    continue;
                }
                _ => continue,
            };
            judged.contradictions.push(format!("account {}: {:?} at {:?} {wrong}", operation.account, operation.what, operation.asked));
        }
    }

    /// A session that surely began before an act, and a check that surely came after it.
    fn must_be_out(&self, session: u32, check: &Operation) -> Option<String> {
        let begun = self.sign_ins.get(&session)?.answered;
        let sign_outs = self.sign_outs.get(&session).into_iter().flatten();
        let mut acts = self.ends.iter().chain(sign_outs);
        let ended = acts.find(|act| act.outcome == Outcome::Done && begun <= act.asked && act.answered <= check.asked);
        ended.map(|act| format!("after {:?} of {:?}", act.what, act.asked)).or_else(|| self.disabled_all_the_while(check))
    }

    /// Surely disabled before, and surely not enabled since.
    fn disabled_all_the_while(&self, operation: &Operation) -> Option<String> {
        let disables = self.disables.iter().filter(|disable| disable.outcome == Outcome::Done && disable.answered <= operation.asked);
        let last = disables.max_by_key(|disable| disable.asked)?;
        let enabled = self.enables.iter().any(|enable| enable.answered >= last.asked && enable.asked <= operation.answered);
        (!enabled).then(|| format!("disabled since {:?}", last.asked))
    }

    /// Nothing that may have ended the session was asked for before the answer.
    fn must_be_in(&self, session: u32, check: &Operation) -> Option<String> {
        let begun = self.sign_ins.get(&session)?.asked;
        let sign_outs = self.sign_outs.get(&session).into_iter().flatten();
        let ended = self.ends.iter().chain(sign_outs).any(|act| act.asked <= check.answered && act.answered >= begun);
        (!ended).then(|| "though nobody had ended the session".into())
    }

    /// Nothing that may have disabled him was asked for since he was surely enabled, or ever.
    fn never_disabled(&self, sign_in: &Operation) -> Option<String> {
        let enabled = self.enables.iter().filter(|enable| enable.outcome == Outcome::Done && enable.answered <= sign_in.asked);
        let since = enabled.map(|enable| enable.asked).max();
        let mut before = self.disables.iter().filter(|disable| disable.asked <= sign_in.answered);
        let disabled = before.any(|disable| since.is_none_or(|since| disable.answered >= since));
        (!disabled).then(|| "though nobody had disabled him".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One after the other, a second each, of one account.
    fn one_by_one(steps: &[(What, Outcome)]) -> Vec<Operation> {
        (0..).zip(steps).map(|(at, &(what, outcome))| at_times(what, outcome, at * 1_000, at * 1_000 + 500)).collect()
    }

    fn at_times(what: What, outcome: Outcome, asked: u64, answered: u64) -> Operation {
        // Two and a half seconds, in which two more operations begin.
        let answered = answered + if outcome == Outcome::Unknown { 2_000 } else { 0 };
        let (asked, answered) = (Duration::from_millis(asked), Duration::from_millis(answered));
        Operation { account: 0, what, asked, answered, outcome }
    }

    #[test]
    fn each_kind_of_contradiction_is_found() {
        use Outcome::{Done, Refused, Unknown};
        use What::{Check, Disable, Enable, End, SignIn, SignOut};
        let right: &[&[(What, Outcome)]] = &[
            &[(SignIn(1), Done), (Check(1), Done), (End, Done), (Check(1), Refused)],
            &[(SignIn(1), Done), (End, Refused), (Check(1), Done)],
            &[(SignIn(1), Done), (End, Unknown), (Check(1), Done), (Check(1), Refused)],
            &[(End, Done), (SignIn(1), Done), (Check(1), Done), (SignOut(1), Done), (Check(1), Refused)],
            &[(Disable, Done), (SignIn(1), Refused), (Enable, Done), (SignIn(2), Done), (Check(2), Done)],
            &[(Disable, Done), (Enable, Unknown), (SignIn(1), Done)],
            &[(Disable, Unknown), (SignIn(1), Done), (Check(1), Done)],
            &[(SignIn(1), Unknown), (End, Done), (Check(1), Done)],
        ];
        for steps in right {
            assert_eq!(judge(&one_by_one(steps)).contradictions, [""; 0], "{steps:?}");
        }
        let wrong: &[&[(What, Outcome)]] = &[
            &[(SignIn(1), Done), (End, Done), (Check(1), Done)],
            &[(SignIn(1), Done), (SignOut(1), Done), (Check(1), Done)],
            &[(SignIn(1), Done), (Disable, Done), (Enable, Done), (Check(1), Done)],
            &[(SignIn(1), Done), (Check(1), Refused)],
            &[(SignIn(1), Done), (SignOut(2), Done), (Check(1), Refused)],
            &[(End, Done), (SignIn(1), Done), (Check(1), Refused)],
            &[(Disable, Done), (SignIn(1), Done)],
            &[(Disable, Done), (Enable, Done), (Disable, Done), (SignIn(1), Done)],
            &[(Disable, Done), (SignIn(1), Unknown), (Check(1), Done)],
            &[(End, Done), (SignIn(1), Refused)],
            &[(Enable, Unknown), (Check(9), Unknown), (Check(9), Unknown), (Disable, Done), (SignIn(1), Done)],
            &[(SignIn(1), Done), (End, Unknown), (Check(1), Unknown), (Check(1), Unknown), (SignIn(2), Done), (Check(2), Refused)],
            &[(Disable, Done), (Enable, Done), (SignIn(1), Refused)],
        ];
        for steps in wrong {
            assert_eq!(judge(&one_by_one(steps)).contradictions.len(), 1, "{steps:?}");
        }
    }

    #[test]
    fn what_overlaps_may_come_in_either_order() {
        use Outcome::{Done, Refused};
        let begun = at_times(What::SignIn(1), Done, 0, 100);
        for (end, check, outcome) in [
            ((200, 400), (300, 500), Done),
            ((200, 400), (300, 500), Refused),
            ((50, 400), (500, 600), Done),
            ((50, 400), (500, 600), Refused),
        ] {
            let end = at_times(What::End, Done, end.0, end.1);
            let check = at_times(What::Check(1), outcome, check.0, check.1);
            assert_eq!(judge(&[begun.clone(), end, check]).contradictions, [""; 0], "{outcome:?}");
        }
        let disable = at_times(What::Disable, Done, 0, 100);
        let enable = at_times(What::Enable, Done, 200, 900);
        assert_eq!(judge(&[disable, enable, at_times(What::SignIn(1), Done, 300, 500)]).contradictions, [""; 0]);
    }
}
