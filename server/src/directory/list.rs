//! The Session List: who matches, in which order, and the window that is asked for.

use super::{
    Directory,
    bits::{Bits, WORD},
    sessions::BLOCK,
};
use crate::show;
use app::{
    model::{
        account::AccountId,
        filter::{Filters, count::CountFilter, created::CreatedFilter},
        query::{Column, Query, Sort},
        selection::{Selected, Selection},
        session::{Cell, Part, ROWS_IN_SIGHT, Row, Totals, WINDOW_ROWS, Window},
        text::count,
    },
    store::Listed,
};
use std::{array, borrow::Cow, cmp::Reverse, collections::BTreeSet};

/// Accounts that match, by slot.
pub(super) struct Matching<'directory> {
    pub accounts: Cow<'directory, Bits>,
    /// Per account the newest session that matches; means nothing for others.
    pub newest: Cow<'directory, [i64]>,
    pub totals: Totals,
}

/// Some accounts, by whether a list shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The first of those it shows, in its order.
    pub listed: Vec<AccountId>,
    /// The first of the others by user name; last who is not known yet.
    pub not_listed: Vec<AccountId>,
    /// All the others.
    pub not_listed_users: u32,
}

impl Directory {
    /// Part of the filtered, sorted list: from `offset` on, which goes back to the last page where the result is shorter; and beside it
    /// what the selection amounts to. `now` and the zone decide what `today` and `last 2h` mean; `you` marks the own row.
    pub fn window(&self, query: &Query, selection: &Selection, now: i64, you: AccountId, part: Part) -> Window {
        let filters = Filters::new(query, &self.wall, now);
        let matching = self.find(&filters);
        let limit = part.limit.clamp(1, WINDOW_ROWS);
        let last_page = matching.totals.users.saturating_sub(1) / limit * limit;
        let place = |id| self.place(id, &matching, query.sort);
        let mut in_sight = part.kept.in_sight.iter().take(ROWS_IN_SIGHT);
        let moved = in_sight.find_map(|&(id, then)| Some(i64::from(place(id)?) - i64::from(then))).unwrap_or(0);
        let offset = u32::try_from((i64::from(part.offset) + moved).max(0)).unwrap_or(u32::MAX);
        let offset = if offset < matching.totals.users { offset } else { last_page };
        let slots = self.sorted(&matching, query.sort, offset as usize, limit as usize);
        let rows: Vec<_> = slots.into_iter().map(|slot| self.row(slot, &matching, &filters, you)).collect();
        let on_page: Vec<_> = rows.iter().map(|row| row.id).chain(part.kept.active).collect();
        Window {
            selected: self.selected(selection, query, &matching, &on_page, now),
            active: part.kept.active.and_then(|id| match rows.iter().zip(offset..).find(|(row, _)| row.id == id) {
                Some((_, listed)) => Some(listed),
                None => place(id),
            }),
            rows,
            offset,
            moved,
            matching: matching.totals,
            understood: filters.understood(),
            names: self.names(&filters),
            ..self.no_rows(now)
        }
    }

    /// What every answer says of the list as a whole.
    pub(super) fn no_rows(&self, now: i64) -> Window {
        Window { all: self.sessions.all(), version: self.version, updated: show::time_of_day(now, self.wall.zone()), ..Window::default() }
    }

    /// Everybody who matches, in the order of the list: what a plan is made of.
    pub fn matching(&self, query: &Query, now: i64) -> Vec<AccountId> {
        let matching = self.find(&Filters::new(query, &self.wall, now));
        let slots = self.sorted(&matching, query.sort, 0, matching.totals.users as usize);
        slots.into_iter().map(|slot| self.accounts.id(slot)).collect()
    }

    /// Which of these accounts the list shows: at most `limit` of them, and of those whom it does not.
    pub fn beside(&self, accounts: impl Iterator<Item = AccountId>, shown: &Query, now: i64, limit: usize) -> Beside {
        let Matching { accounts: in_list, newest, .. } = self.find(&Filters::new(shown, &self.wall, now));
        let (mut listed, mut unknown) = (Bits::with_slots(self.accounts.len()), Vec::new());
        for id in accounts {
            match self.accounts.slot(id) {
                Some(slot) => listed.set(slot, true),
                None => unknown.push(id),
            }
        }
        let mut others = listed.clone();
        others.keep(&in_list, true);
        listed.keep(&in_list, false);
        let not_listed_users = others.count() + count(unknown.len());
        let first = |accounts: Bits, newest, sort| {
            let matching = Matching { accounts: Cow::Owned(accounts), newest, totals: Totals::default() };
            self.sorted(&matching, sort, 0, limit).into_iter().map(|slot| self.accounts.id(slot))
        };
        let by_name = Sort { column: Column::UserName, descending: false };
        let not_listed = first(others, self.sessions.newest().into(), by_name).chain(unknown).take(limit).collect();
        Beside { listed: first(listed, newest, shown.sort).collect(), not_listed, not_listed_users }
    }

    /// Everybody who matches, in the order of the list, for an export.
    pub fn listed(&self, query: &Query, now: i64) -> Vec<Listed> {
        let matching = self.find(&Filters::new(query, &self.wall, now));
        let slots = self.sorted(&matching, query.sort, 0, matching.totals.users as usize);
        let counts = self.sessions.counts();
        let listed = |slot: u32| Listed {
            account: self.accounts.id(slot),
            created_at: matching.newest[slot as usize],
            count: counts[slot as usize],
        };
        slots.into_iter().map(listed).collect()
    }

    /// The columns of a line as shown, `None` where the account is gone.
    pub fn export_texts(&self, listed: &Listed) -> Option<[String; 5]> {
        let [user_name, last_name, first_name] = self.accounts.texts(self.accounts.slot(listed.account)?).map(str::to_owned);
        Some([user_name, last_name, first_name, show::date_time(listed.created_at, self.wall.zone()), listed.count.to_string()])
    }

    /// Everybody from one row of the list to another, both included; without the first in the list the other alone, without both nobody.
    pub fn range(&self, query: &Query, now: i64, from: AccountId, to: AccountId) -> Vec<AccountId> {
        let mut accounts = self.matching(query, now);
        let place = |id| accounts.iter().position(|other| *other == id);
        let Some(to) = place(to) else { return Vec::new() };
        let from = place(from).unwrap_or(to);
        accounts.truncate(from.max(to) + 1);
        accounts.split_off(from.min(to))
    }

    /// What a selection amounts to beside the list that `shown` asks for, of which these accounts stand on a page.
    pub(super) fn selected(
        &self,
        selection: &Selection,
        shown: &Query,
        listed: &Matching<'_>,
        on_page: &[AccountId],
        now: i64,
    ) -> Selected {
        if selection.is_empty() {
            return Selected::default();
        }
        let (mut accounts, in_all) = self.meant(selection, shown, listed, on_page, now);
        let Totals { users, sessions } = self.totals(&accounts);
        accounts.keep(&listed.accounts, true);
        Selected { users, sessions, not_shown: accounts.count(), in_all }
    }

    /// The accounts that a selection means, and which on a page match the query of [`Selection::AllMatching`]. `listed` is the list that
    /// `shown` asks for.
    pub(super) fn meant(
        &self,
        selection: &Selection,
        shown: &Query,
        listed: &Matching<'_>,
        on_page: &[AccountId],
        now: i64,
    ) -> (Bits, BTreeSet<AccountId>) {
        let mut in_all = BTreeSet::new();
        let (also, mut accounts) = match selection {
            Selection::Ids(ids) => (ids, Bits::with_slots(self.accounts.len())),
            Selection::AllMatching { query, except, also } => {
                let mut accounts = if query.filters == shown.filters {
                    listed.accounts.clone().into_owned()
                } else {
                    self.find(&Filters::new(query, &self.wall, now)).accounts.into_owned()
                };
                let slots = on_page.iter().copied().filter_map(|id| Some((id, self.accounts.slot(id)?)));
                in_all = slots.filter(|&(_, slot)| accounts.get(slot)).map(|(id, _)| id).collect();
                except.iter().filter_map(|&id| self.accounts.slot(id)).for_each(|slot| accounts.set(slot, false));
                (also, accounts)
            }
        };
        also.iter().filter_map(|&id| self.accounts.slot(id)).for_each(|slot| accounts.set(slot, true));
        (accounts, in_all)
    }

    fn totals(&self, accounts: &Bits) -> Totals {
        let counts = self.sessions.counts();
        Totals { users: accounts.count(), sessions: accounts.iter().map(|slot| counts[slot as usize]).sum() }
    }

    pub(super) fn find(&self, filters: &Filters) -> Matching<'_> {
        let (counts, newest) = (self.sessions.counts(), self.sessions.newest());
        if filters.are_empty() {
            let accounts = Cow::Borrowed(self.sessions.active());
            return Matching { accounts, newest: newest.into(), totals: self.sessions.all() };
        }
        let mut accounts = self.sessions.active().clone();
        // The cheapest first: whom they leave out the others need not look at.
        if let Some(filter) = &filters.count {
            retain_counts(&mut accounts, filter, counts);
        }
        let created = filters.created.as_ref();
        // A stretch of time that ends the list leaves few; text is looked for in each of a million.
        let bounded = created.filter(|filter| filter.earliest() > i64::MIN).map(|filter| self.retain_created(&mut accounts, filter));
        let mut texts: Vec<_> = filters.texts.iter().enumerate().filter_map(|(column, filter)| Some((column, filter.as_ref()?))).collect();
        texts.sort_by_key(|(_, filter)| (filter.is_negated(), Reverse(filter.length())));
        for (column, filter) in texts {
            self.accounts.retain(column, &mut accounts, filter);
        }
        let newest = bounded.or_else(|| created.map(|filter| self.retain_created(&mut accounts, filter))).unwrap_or(newest.into());
        let totals = self.totals(&accounts);
        Matching { accounts: Cow::Owned(accounts), newest, totals }
    }

    /// Keeps accounts of which any session matches, and tells the newest of these.
    fn retain_created(&self, accounts: &mut Bits, filter: &CreatedFilter) -> Cow<'_, [i64]> {
        let (counts, mut newest) = (self.sessions.counts(), Cow::Borrowed(self.sessions.newest()));
        let (mut matcher, earliest) = (filter.matcher(), filter.earliest());
        // Mostly the newest decides; it stands in a row with its neighbours', the others are scattered.
        let mut undecided = accounts.clone();
        accounts.retain(|account| matcher.matches(newest[account as usize]));
        undecided.keep(accounts, true);
        undecided.retain(|account| counts[account as usize] > 1 && newest[account as usize] >= earliest);
        let undecided_count = undecided.count();
        if undecided_count == 0 {
            return newest;
        }
        let found = newest.to_mut();
        let mut look = |account: u32, created_at| {
            if matcher.matches(created_at) {
                let newest = &mut found[account as usize];
                *newest = if accounts.get(account) { created_at.max(*newest) } else { created_at };
                accounts.set(account, true);
            }
        };
        if undecided_count < self.sessions.all().users / 32 {
            undecided.iter().for_each(|account| self.sessions.created_of(account).for_each(|at| look(account, at)));
        } else {
            // As they lie in memory: along the chains each would be a cold line.
            let sessions = self.sessions.created();
            sessions.filter(|(account, _)| undecided.get(*account)).for_each(|(account, at)| look(account, at));
        }
        newest
    }

    /// The slots of a window, in order. Texts descending are texts ascending backwards; creation times and counts that are equal
    /// stand in the order of the user names either way.
    pub(super) fn sorted(&self, matching: &Matching<'_>, sort: Sort, offset: usize, limit: usize) -> Vec<u32> {
        match sort.column {
            Column::UserName | Column::LastName | Column::FirstName => {
                let order = self.accounts.order(sort.column as usize);
                let matches = |slot: &u32| matching.accounts.get(*slot);
                if sort.descending {
                    order.iter().rev().copied().filter(matches).skip(offset).take(limit).collect()
                } else {
                    order.iter().copied().filter(matches).skip(offset).take(limit).collect()
                }
            }
            Column::Created => self.sorted_by_created(matching, sort.descending, offset, limit),
            Column::Count => self.sorted_by_count(matching, sort.descending, offset, limit),
        }
    }

    /// The place of an account in the sorted list, `None` where it does not match: how many stand before it.
    fn place(&self, id: AccountId, matching: &Matching<'_>, sort: Sort) -> Option<u32> {
        let slot = self.accounts.slot(id).filter(|&slot| matching.accounts.get(slot))?;
        let before = match sort.column {
            Column::UserName | Column::LastName | Column::FirstName => {
                let mut before = 0;
                for &other in self.accounts.order(sort.column as usize) {
                    if other == slot {
                        break;
                    }
                    before += u32::from(matching.accounts.get(other));
                }
                if sort.descending { matching.totals.users - 1 - before } else { before }
            }
            Column::Created => self.before(slot, &matching.accounts, &matching.newest, sort.descending),
            Column::Count => self.before(slot, &matching.accounts, self.sessions.counts(), sort.descending),
        };
        Some(before)
    }

    /// How many accounts have an earlier key, or the same and an earlier user name.
    fn before<K: Ord>(&self, slot: u32, accounts: &Bits, keys: &[K], descending: bool) -> u32 {
        let ranks = self.accounts.ranks();
        let (key, rank) = (&keys[slot as usize], ranks[slot as usize]);
        let is_before = |&other: &u32| {
            let (one, two) = if descending { (key, &keys[other as usize]) } else { (&keys[other as usize], key) };
            (one, ranks[other as usize]) < (two, rank)
        };
        count(accounts.iter().filter(is_before).count())
    }

    fn sorted_by_created(&self, matching: &Matching<'_>, descending: bool, offset: usize, limit: usize) -> Vec<u32> {
        let (order, ranks) = (self.accounts.order(0), self.accounts.ranks());
        // The complement of a number turns the order around, without an overflow.
        let mask = if descending { !0 } else { 0 };
        let (latest, mut keys) = (self.sessions.latest(), Smallest::new(offset, limit));
        if descending && matches!(matching.accounts, Cow::Borrowed(_)) {
            // Everybody matches: each block has somebody who is as new as its latest, so that nobody older than the last wanted
            // block's comes into the window.
            keys.lower_bar(latest.iter().map(|at| (at ^ mask, u32::MAX)));
        }
        for ((block, latest), start) in matching.newest.chunks(BLOCK).zip(latest).zip((0..).step_by(BLOCK)) {
            if descending && !keys.takes(&(latest ^ mask, 0)) {
                continue;
            }
            for (times, base) in block.chunks(WORD as usize).zip((start..).step_by(WORD as usize)) {
                // Mostly nobody of them matches or comes early enough, which is seen at a glance.
                if matching.accounts.has_any_together(base) && times.iter().fold(false, |any, at| any | keys.takes(&(at ^ mask, 0))) {
                    for slot in matching.accounts.together(base) {
                        keys.push((matching.newest[slot as usize] ^ mask, ranks[slot as usize]));
                    }
                }
            }
        }
        keys.window().into_iter().map(|(_, rank)| order[rank as usize]).collect()
    }

    /// Counting sort: most accounts have one or two sessions.
    fn sorted_by_count(&self, matching: &Matching<'_>, descending: bool, offset: usize, limit: usize) -> Vec<u32> {
        let counts = self.sessions.counts();
        let mut places = Vec::new();
        for slot in matching.accounts.iter() {
            let count = counts[slot as usize] as usize;
            if count >= places.len() {
                places.resize(count + 1, 0);
            }
            places[count] += 1;
        }
        // From how many there are of each count to where the first of them stands.
        let mut place = 0;
        let mut lay = |number: &mut usize| place += std::mem::replace(number, place);
        if descending {
            places.iter_mut().rev().for_each(&mut lay);
        } else {
            places.iter_mut().for_each(&mut lay);
        }

        let end = place.min(offset + limit);
        let mut slots = vec![0; end.saturating_sub(offset)];
        let mut missing = slots.len();
        for &slot in self.accounts.order(0) {
            if missing == 0 {
                break;
            }
            if matching.accounts.get(slot) {
                let place = &mut places[counts[slot as usize] as usize];
                if (offset..end).contains(place) {
                    slots[*place - offset] = slot;
                    missing -= 1;
                }
                *place += 1;
            }
        }
        slots
    }

    pub(super) fn row(&self, slot: u32, matching: &Matching<'_>, filters: &Filters, you: AccountId) -> Row {
        let texts = self.accounts.texts(slot);
        let [user_name, last_name, first_name] = array::from_fn(|column| Cell {
            text: texts[column].to_owned(),
            matched: filters.texts[column].as_ref().map(|filter| filter.ranges(texts[column])).unwrap_or_default(),
        });
        let created = self.created(slot, matching, filters);
        let id = self.accounts.id(slot);
        Row { id, user_name, last_name, first_name, created, count: self.sessions.counts()[slot as usize], you: id == you }
    }

    /// When the newest session that matches was created; where none does, the newest.
    pub(super) fn created(&self, slot: u32, matching: &Matching<'_>, filters: &Filters) -> Cell {
        let newest = if matching.accounts.get(slot) { &matching.newest } else { self.sessions.newest() };
        let at = newest[slot as usize];
        Cell {
            text: show::date_time(at, self.wall.zone()),
            matched: filters.created.as_ref().map(|filter| filter.ranges(at)).unwrap_or_default(),
        }
    }
}

fn retain_counts(accounts: &mut Bits, filter: &CountFilter, counts: &[u32]) {
    let usual: [bool; 128] = array::from_fn(|count| u32::try_from(count).is_ok_and(|count| filter.matches(count)));
    accounts.retain(|slot| {
        let count = counts[slot as usize];
        usual.get(count as usize).copied().unwrap_or_else(|| filter.matches(count))
    });
}

/// The keys from place `offset` on in ascending order, without sorting the others.
pub(super) fn smallest<K: Copy + Ord>(keys: impl Iterator<Item = K>, offset: usize, limit: usize) -> Vec<K> {
    let mut smallest = Smallest::new(offset, limit);
    keys.for_each(|key| smallest.push(key));
    smallest.window()
}

/// Finds a window of the sorted keys while they come.
struct Smallest<K> {
    offset: usize,
    wanted: usize,
    kept: Vec<K>,
    /// No key above it is wanted.
    bar: Option<K>,
}

impl<K: Copy + Ord> Smallest<K> {
    fn new(offset: usize, limit: usize) -> Self {
        Self { offset, wanted: offset.saturating_add(limit).max(1), kept: Vec::new(), bar: None }
    }

    /// Sets the bar by keys of which each stands for at least one, no greater, that comes later.
    fn lower_bar(&mut self, keys: impl Iterator<Item = K>) {
        let mut keys: Vec<_> = keys.collect();
        if keys.len() >= self.wanted {
            self.bar = Some(*keys.select_nth_unstable(self.wanted - 1).1);
        }
    }

    fn takes(&self, key: &K) -> bool {
        self.bar.as_ref().is_none_or(|bar| key <= bar)
    }

    fn push(&mut self, key: K) {
        if !self.takes(&key) {
            return;
        }
        self.kept.push(key);
        if self.kept.len() >= self.wanted.saturating_mul(2) {
            self.bar = Some(*self.kept.select_nth_unstable(self.wanted - 1).1);
            self.kept.truncate(self.wanted);
        }
    }

    fn window(self) -> Vec<K> {
        let Self { offset, wanted, mut kept, .. } = self;
        if kept.len() > wanted {
            kept.select_nth_unstable(wanted - 1);
            kept.truncate(wanted);
        }
        if 0 < offset && offset < kept.len() {
            kept.select_nth_unstable(offset);
        }
        let mut window = kept.split_off(offset.min(kept.len()));
        window.sort_unstable();
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_the_smallest_is_a_window_of_the_sorted() {
        // A prime times the place scatters the numbers; a third are equal to another.
        let numbers: Vec<u32> = (0..1_000).map(|place| place * 7_919 % 667).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        for (offset, limit) in [(0, 1), (0, 10), (10, 10), (495, 10), (990, 10), (995, 10), (1_000, 10), (0, 1_000), (5, usize::MAX)] {
            let expected: Vec<_> = sorted.iter().copied().skip(offset).take(limit).collect();
            assert_eq!(smallest(numbers.iter().copied(), offset, limit), expected, "{offset}, {limit}");
        }
    }
}
