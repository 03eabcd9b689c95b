//! The selection of the Session List: by account id, never by place in the list.

use super::{account::AccountId, query::Query};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who is selected. It survives filter, sort, scroll and refresh; what it amounts to the server says in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    Ids(BTreeSet<AccountId>),
    /// Everybody who matches these filters when the server looks, less the exceptions, and these accounts beside.
    AllMatching {
        query: Query,
        #[serde(default)]
        except: BTreeSet<AccountId>,
        /// Selected one by one: they count whether they match or not.
        #[serde(default)]
        also: BTreeSet<AccountId>,
    },
}

/// What a selection amounts to at this moment, beside a list as it is filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// Selected accounts, also those without an active session.
    pub users: u32,
    /// Their active sessions, all of them.
    pub sessions: u32,
    /// Of `users`, those that the list's filters leave out.
    pub not_shown: u32,
    /// Of the rows answered with it and the active one, those that match the query of [`Selection::AllMatching`]: only the server can tell.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub in_all: BTreeSet<AccountId>,
}

impl Default for Selection {
    fn default() -> Self {
        Self::Ids(BTreeSet::new())
    }
}

impl Selection {
    /// Nobody was picked. (Everybody who matches may still turn out to be nobody.)
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Ids(ids) if ids.is_empty())
    }

    /// Accounts that it names one by one, in or out: they travel as ids.
    pub fn ids(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.len(),
            Self::AllMatching { except, also, .. } => except.len() + also.len(),
        }
    }

    /// Too many ids to travel with every question about the list: what they amount to is asked apart.
    pub fn is_large(&self) -> bool {
        self.ids() > 1_000
    }

    /// What travels with such a question: itself, or where it [is large](Self::is_large) what tells which rows are among *all that match*.
    #[must_use]
    pub fn beside_list(&self) -> Self {
        match self {
            Self::AllMatching { query, .. } if self.is_large() => Self::default().everybody(query.clone()),
            Self::Ids(_) if self.is_large() => Self::default(),
            small => small.clone(),
        }
    }

    /// Itself, unless its filters are too long.
    ///
    /// # Errors
    /// One sentence, as of [`Query::checked`].
    pub fn checked(self) -> Result<Self, String> {
        match self {
            Self::Ids(_) => Ok(self),
            Self::AllMatching { query, except, also } => Ok(Self::AllMatching { query: query.checked()?, except, also }),
        }
    }

    /// Everybody who matches, and who was selected one by one before; everybody who matched another query is no longer meant.
    #[must_use]
    pub fn everybody(self, query: Query) -> Self {
        let (Self::Ids(also) | Self::AllMatching { also, .. }) = self;
        Self::AllMatching { query, except: BTreeSet::new(), also }
    }

    /// It means everybody whom these filters show; the order does not matter.
    pub fn is_all_of(&self, shown: &Query) -> bool {
        matches!(self, Self::AllMatching { query, .. } if query.filters == shown.filters)
    }

    /// It means everybody whom other filters show: [`Self::everybody`] takes their place.
    pub fn is_all_of_others(&self, shown: &Query) -> bool {
        matches!(self, Self::AllMatching { .. }) && !self.is_all_of(shown)
    }

    /// `in_all`: the account matches the query of [`Self::AllMatching`].
    pub fn contains(&self, id: AccountId, in_all: bool) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&id),
            Self::AllMatching { except, also, .. } => also.contains(&id) || in_all && !except.contains(&id),
        }
    }

    /// Selects one account, or takes it out; `in_all` as in [`Self::contains`].
    pub fn set(&mut self, id: AccountId, in_all: bool, selected: bool) {
        let (add, remove, add_to_also) = match self {
            Self::Ids(ids) => (ids, None, true),
            Self::AllMatching { except, also, .. } if in_all => (except, Some(also), false),
            Self::AllMatching { except, also, .. } => (also, Some(except), true),
        };
        if selected == add_to_also {
            add.insert(id);
        } else {
            add.remove(&id);
        }
        // Who is named as in needs no exception, who is out is not named as in.
        if let Some(other) = remove.filter(|_| add_to_also || !selected) {
            other.remove(&id);
        }
    }

    /// Takes out who was acted upon: everybody whom `acted` meant, but for those who were skipped. Whoever was selected meanwhile stays.
    pub fn leave(&mut self, acted: &Self, skipped: &BTreeSet<AccountId>) {
        match acted {
            // Who does not match needs no exception, but it does no harm.
            Self::Ids(ids) => ids.difference(skipped).for_each(|id| self.set(*id, true, false)),
            Self::AllMatching { query, except, also } if self.is_all_of(query) => {
                let mut stay = skipped.clone();
                if let Self::AllMatching { except: still_out, also: selected, .. } = self {
                    stay.extend(selected.difference(also));
                    stay.extend(except.difference(still_out));
                }
                *self = Self::Ids(stay);
            }
            // While a long plan was carried out somebody else was selected.
            Self::AllMatching { .. } => {}
        }
    }

    /// The accounts meant, in the order of `matching` (everybody who matches the query of [`Self::AllMatching`]), then by id.
    pub fn resolve(&self, matching: impl FnOnce(&Query) -> Vec<AccountId>) -> Vec<AccountId> {
        match self {
            Self::Ids(ids) => ids.iter().copied().collect(),
            Self::AllMatching { query, except, also } => {
                let mut all = matching(query);
                all.retain(|id| !except.contains(id) || also.contains(id));
                let mut others = also.clone();
                for id in &all {
                    others.remove(id);
                }
                all.extend(others);
                all
            }
        }
    }
}

/// Users that one range may hold, and those that a selection may name one by one: two megabytes of ids are no longer taken.
pub const RANGE_USERS: u32 = 200_000;

/// A loaded row, as far as selecting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub id: AccountId,
    /// Active sessions.
    pub count: u32,
    /// Matches the query of [`Selection::AllMatching`].
    pub in_all: bool,
}

/// What a click or key means for the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// Click: only this row.
    Only,
    /// Ctrl+Click, a checkbox, Space: in or out.
    Toggle,
    /// Shift+Click: from the anchor to here becomes the selection.
    Range,
    /// Ctrl+Shift+Click: from the anchor to here joins the selection.
    AddRange,
    /// Shift+checkbox: from the anchor to here gets the state of the clicked box.
    SetRange(bool),
}

impl Gesture {
    /// Begins at the anchor, which may be far from the loaded rows.
    pub fn is_range(self) -> bool {
        matches!(self, Self::Range | Self::AddRange | Self::SetRange(_))
    }
}

/// The selection on the screen, with the row where a range begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    pub selection: Selection,
    pub anchor: Option<AccountId>,
    /// What the last change dropped, and how many users that were, where that was known: it can be brought back until the next one.
    pub dropped: Option<(Selection, Option<u32>)>,
}

impl Picked {
    /// Follows a gesture on row `at`. `rows` are the loaded ones in their order; without its anchor among them a range is the row alone.
    pub fn follow(&mut self, gesture: Gesture, at: AccountId, rows: &[Loaded]) {
        let place = |id| rows.iter().position(|row| row.id == id);
        let Some(here) = place(at) else { return };
        let from = self.anchor.and_then(place).unwrap_or(here);
        let range = &rows[from.min(here)..=from.max(here)];
        let (range, selected) = match gesture {
            Gesture::Only | Gesture::Range => {
                self.selection = Selection::default();
                (if gesture == Gesture::Only { &rows[here..=here] } else { range }, true)
            }
            Gesture::Toggle => (&rows[here..=here], !self.selection.contains(at, rows[here].in_all)),
            Gesture::AddRange => (range, true),
            Gesture::SetRange(selected) => (range, selected),
        };
        for row in range {
            self.selection.set(row.id, row.in_all, selected);
        }
        if matches!(gesture, Gesture::Only | Gesture::Toggle) || self.anchor.is_none_or(|anchor| place(anchor).is_none()) {
            self.anchor = Some(at);
        }
    }

    /// Brings back what the last change dropped.
    pub fn restore(&mut self) {
        if let Some((selection, _)) = self.dropped.take() {
            self.selection = selection;
        }
    }

    /// Follows a gesture on `at` that [is a range](Gesture::is_range) over these accounts, loaded or not: from the anchor, or `at` alone
    /// where the anchor left the list, and then it is the anchor. Answers whether that was done: nothing changes where more than
    /// [`RANGE_USERS`] would have to be named.
    #[must_use]
    pub fn take_range(&mut self, gesture: Gesture, at: AccountId, accounts: &[AccountId]) -> bool {
        let before = self.clone();
        if accounts == [at] {
            self.anchor = Some(at);
        }
        let selected = gesture != Gesture::SetRange(false);
        if gesture == Gesture::Range {
            self.selection = Selection::default();
        }
        for id in accounts {
            // Whether it matches the query of `AllMatching` is not known here: one by one it is in, and as an exception out, in any case.
            self.selection.set(*id, !selected, selected);
        }
        let ids = self.selection.ids();
        let fits = ids <= RANGE_USERS as usize || ids < before.selection.ids();
        if !fits {
            *self = before;
        }
        fits
    }
}

impl Selected {
    /// What the browser can tell by itself, exactly, from the loaded rows; `None` where only the server knows.
    /// `matching` are the exact totals of the list that `shown` asks for, `all` of whose rows count as matching it.
    pub fn of_loaded(selection: &Selection, rows: &[Loaded], shown: &Query, matching: super::session::Totals) -> Option<Self> {
        let sessions = |ids: &BTreeSet<AccountId>| {
            let counts = ids.iter().map(|id| rows.iter().find(|row| row.id == *id).map(|row| row.count));
            counts.sum::<Option<u32>>()
        };
        match selection {
            Selection::Ids(ids) => Some(Self { users: u32::try_from(ids.len()).ok()?, sessions: sessions(ids)?, ..Self::default() }),
            Selection::AllMatching { except, also, .. } if selection.is_all_of(shown) => {
                // Loaded rows of this very list match it: they are counted already.
                sessions(also)?;
                let out: BTreeSet<_> = except.difference(also).copied().collect();
                let users = matching.users.checked_sub(u32::try_from(out.len()).ok()?)?;
                Some(Self { users, sessions: matching.sessions.checked_sub(sessions(&out)?)?, ..Self::default() })
            }
            Selection::AllMatching { .. } => None,
        }
    }

    /// `3 users selected · 5 sessions (1 not shown)`
    pub fn sentence(&self) -> String {
        use super::text::{counted, thousands};
        let mut sentence = format!("{} selected · {}", counted(self.users, "user"), counted(self.sessions, "session"));
        if self.not_shown > 0 {
            sentence.push_str(" (");
            sentence.push_str(&thousands(self.not_shown));
            sentence.push_str(" not shown)");
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Totals;
    use proptest::{collection::vec, prelude::*};

    /// Ten accounts; those that match the query of `AllMatching` are the even ones.
    const ACCOUNTS: std::ops::Range<i64> = 0..10;

    fn rows(ids: &[i64]) -> Vec<Loaded> {
        ids.iter().map(|&id| Loaded { id: AccountId(id), count: 2, in_all: id % 2 == 0 }).collect()
    }

    fn ids(ids: &[i64]) -> BTreeSet<AccountId> {
        ids.iter().map(|&id| AccountId(id)).collect()
    }

    fn shown(text: &str) -> Query {
        Query::from_pairs(&[("user_name", text)]).expect("a good query")
    }

    fn meant(selection: &Selection) -> BTreeSet<AccountId> {
        selection.resolve(|_| ACCOUNTS.filter(|id| id % 2 == 0).map(AccountId).collect()).into_iter().collect()
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Gesture(Gesture, i64),
        /// A range that begins at a row which is not loaded: the accounts in between, as the server says.
        Afar(Gesture, i64, i64),
        Everybody,
        /// The list is filtered or sorted anew: other rows are loaded.
        Load(i64, i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let gesture = prop_oneof![
            Just(Gesture::Only),
            Just(Gesture::Toggle),
            Just(Gesture::Range),
            Just(Gesture::AddRange),
            any::<bool>().prop_map(Gesture::SetRange)
        ];
        let range = prop_oneof![Just(Gesture::Range), Just(Gesture::AddRange), any::<bool>().prop_map(Gesture::SetRange)];
        prop_oneof![
            2 => (range, ACCOUNTS, ACCOUNTS).prop_map(|(gesture, from, to)| Step::Afar(gesture, from, to)),
            8 => (gesture, ACCOUNTS).prop_map(|(gesture, at)| Step::Gesture(gesture, at)),
            1 => Just(Step::Everybody),
            1 => (0..9_i64, 1..10_i64).prop_map(|(first, last)| Step::Load(first, last)),
        ]
    }

    proptest! {
        /// The naive model holds the set of everybody who is selected.
        #[test]
        fn every_sequence_of_gestures_selects_what_the_naive_model_selects(steps in vec(step(), 1..40)) {
            let mut picked = Picked::default();
            let mut naive = BTreeSet::new();
            let mut anchor: Option<i64> = None;
            let mut loaded: Vec<i64> = ACCOUNTS.collect();
            for step in steps {
                match step {
                    Step::Load(first, last) => loaded = (first.min(last)..=first.max(last)).rev().collect(),
                    Step::Everybody => {
                        naive.extend(ACCOUNTS.filter(|id| id % 2 == 0).map(AccountId));
                        picked.selection = std::mem::take(&mut picked.selection).everybody(shown("even"));
                    }
                    Step::Afar(gesture, from, to) => {
                        let range: Vec<_> = (from.min(to)..=from.max(to)).map(AccountId).collect();
                        prop_assert!(picked.take_range(gesture, AccountId(to), &range));
                        match gesture {
                            Gesture::SetRange(false) => naive.retain(|id| !range.contains(id)),
                            Gesture::Range => naive = range.into_iter().collect(),
                            _ => naive.extend(range),
                        }
                        if from == to {
                            anchor = Some(to);
                        }
                    }
                    Step::Gesture(gesture, at) => {
                        picked.follow(gesture, AccountId(at), &rows(&loaded));
                        let Some(here) = loaded.iter().position(|id| *id == at) else { continue };
                        let start = anchor.and_then(|anchor| loaded.iter().position(|id| *id == anchor));
                        let (low, high) = (start.unwrap_or(here).min(here), start.unwrap_or(here).max(here));
                        let range = ids(&loaded[low..=high]);
                        match gesture {
                            Gesture::Only => naive = ids(&[at]),
                            Gesture::Toggle if naive.contains(&AccountId(at)) => naive.retain(|id| id.0 != at),
                            Gesture::Toggle => naive.extend([AccountId(at)]),
                            Gesture::Range => naive = range,
                            Gesture::AddRange | Gesture::SetRange(true) => naive.extend(range),
                            Gesture::SetRange(false) => naive.retain(|id| !range.contains(id)),
                        }
                        if start.is_none() || matches!(gesture, Gesture::Only | Gesture::Toggle) {
                            anchor = Some(at);
                        }
                    }
                }
                prop_assert_eq!(meant(&picked.selection), naive.clone());
                for row in rows(&ACCOUNTS.collect::<Vec<_>>()) {
                    prop_assert_eq!(picked.selection.contains(row.id, row.in_all), naive.contains(&row.id));
                }
            }
        }
    }

    #[test]
    fn a_range_over_rows_that_are_not_loaded_holds_whatever_the_selection_was() {
        let range: Vec<_> = [3, 4, 5].map(AccountId).into();
        let everybody = Picked { selection: Selection::default().everybody(shown("even")), anchor: Some(AccountId(3)), dropped: None };
        for (gesture, expected) in [
            (Gesture::Range, ids(&[3, 4, 5])),
            (Gesture::AddRange, ids(&[0, 2, 3, 4, 5, 6, 8])),
            (Gesture::SetRange(true), ids(&[0, 2, 3, 4, 5, 6, 8])),
            (Gesture::SetRange(false), ids(&[0, 2, 6, 8])),
        ] {
            let mut picked = everybody.clone();
            assert!(picked.take_range(gesture, AccountId(5), &range));
            assert_eq!((meant(&picked.selection), picked.anchor), (expected, Some(AccountId(3))), "{gesture:?}");
        }
        let mut out = Picked { selection: Selection::Ids(ids(&[3, 9])), ..Picked::default() };
        assert!(out.take_range(Gesture::SetRange(false), AccountId(5), &range));
        assert_eq!(out.selection, Selection::Ids(ids(&[9])));
        assert!(out.take_range(Gesture::AddRange, AccountId(7), &[AccountId(7)]));
        assert_eq!((meant(&out.selection), out.anchor), (ids(&[7, 9]), Some(AccountId(7))), "the anchor left");
    }

    #[test]
    fn no_more_are_named_than_can_travel_and_fewer_are_taken_back_at_any_time() {
        let many: Vec<_> = (0..RANGE_USERS.into()).map(AccountId).collect();
        let more: Vec<_> = (200_000..200_002).map(AccountId).collect();
        let everybody = Picked { selection: Selection::default().everybody(shown("even")), ..Picked::default() };
        for (mut picked, first, again, back) in [
            (Picked::default(), Gesture::Range, Gesture::AddRange, Gesture::SetRange(false)),
            (everybody, Gesture::SetRange(false), Gesture::AddRange, Gesture::SetRange(true)),
        ] {
            assert!(picked.take_range(first, many[0], &many));
            let before = picked.clone();
            assert!(!picked.take_range(again, more[0], &more), "{first:?}");
            assert_eq!(picked, before);
            assert!(picked.take_range(back, many[0], &many[..100]), "{first:?}");
            assert_eq!(picked.selection.contains(many[0], true), back == Gesture::SetRange(true));
        }
    }

    #[test]
    fn a_hidden_selected_account_is_counted_only_by_the_server() {
        let selection = Selection::Ids(ids(&[1, 9]));
        let totals = Totals { users: 2, sessions: 4 };
        assert_eq!(Selected::of_loaded(&selection, &rows(&[1, 2]), &shown("a"), totals), None);
        let told = Selected::of_loaded(&selection, &rows(&[1, 9]), &shown("a"), totals).expect("both are loaded");
        assert_eq!(told.sentence(), "2 users selected · 4 sessions");
    }

    #[test]
    fn everybody_less_one_needs_no_server_while_the_filters_stay() {
        let mut selection = Selection::default().everybody(shown("even"));
        selection.set(AccountId(2), true, false);
        let totals = Totals { users: 1_204, sessions: 1_300 };
        let told = Selected::of_loaded(&selection, &rows(&[0, 2, 4]), &shown("even"), totals).expect("all is known");
        assert_eq!(told.sentence(), "1,203 users selected · 1,298 sessions");
        assert_eq!(Selected::of_loaded(&selection, &rows(&[0, 2, 4]), &shown("odd"), totals), None);
    }

    #[test]
    fn all_that_match_keeps_who_was_picked_before_under_another_filter() {
        let selection = Selection::Ids(ids(&[3])).everybody(shown("even"));
        assert_eq!(meant(&selection), ids(&[0, 2, 3, 4, 6, 8]));
    }

    #[test]
    fn who_was_skipped_stays_selected() {
        let acted = Selection::Ids(ids(&[1, 2, 3]));
        let mut selection = acted.clone();
        selection.leave(&acted, &ids(&[2]));
        assert_eq!(selection, Selection::Ids(ids(&[2])));

        let everybody = Selection::default().everybody(shown("even"));
        let mut selection = everybody.clone();
        selection.leave(&Selection::Ids(ids(&[4])), &ids(&[]));
        assert_eq!(meant(&selection), ids(&[0, 2, 6, 8]));
        selection.leave(&everybody, &ids(&[6]));
        assert_eq!(selection, Selection::Ids(ids(&[6])));

        // Another who matches is out, one who does not is in; meanwhile the first comes in after all, and one more.
        let mut acted = everybody.clone();
        acted.set(AccountId(2), true, false);
        acted.set(AccountId(3), false, true);
        let mut selection = acted.clone();
        selection.set(AccountId(2), true, true);
        selection.set(AccountId(5), false, true);
        selection.leave(&acted, &ids(&[]));
        assert_eq!(selection, Selection::Ids(ids(&[2, 5])));

        for picked_meanwhile in [Selection::Ids(ids(&[1, 3])), Selection::default().everybody(shown("odd"))] {
            let mut selection = picked_meanwhile.clone();
            selection.leave(&everybody, &ids(&[6]));
            assert_eq!(selection, picked_meanwhile);
        }
    }

    #[test]
    fn who_is_not_shown_is_said() {
        let selected = Selected { users: 3, sessions: 5, not_shown: 1, ..Selected::default() };
        assert_eq!(selected.sentence(), "3 users selected · 5 sessions (1 not shown)");
    }
}
