//! The directory against a naive one: plain vectors, filtered by the filters' own meaning and sorted whole.

use app::model::{
    account::{AccountId, Found, FoundAccounts},
    filter::{Filters, wall::Wall},
    fold::search_fold,
    query::{Column, Query, Sort},
    selection::{Selected, Selection},
    session::{Kept, Names, OnScreen, Part, Seen, SessionId, Totals, Version, Window},
};
use jiff::tz::TimeZone;
use proptest::{collection::vec, prelude::*, sample::select};
use server::{
    demo::chance::Chance,
    directory::{AccountEntry, Change, Directory, SessionEntry},
    show,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// Tuesday 24 November 2026, 10:30:00 AM in Chicago.
const NOW: i64 = 1_795_537_800_000;
const MINUTE: i64 = 60_000;
const YOU: AccountId = AccountId(3);

fn zone() -> TimeZone {
    TimeZone::get("America/Chicago").expect("a zone")
}

/// What the directory should be: everything by id, every answer worked out from all of it.
#[derive(Clone, Debug, Default)]
struct Naive {
    accounts: BTreeMap<AccountId, AccountEntry>,
    sessions: BTreeMap<SessionId, SessionEntry>,
    ended: BTreeMap<SessionId, i64>,
}

/// An account that matches, with its newest matching session and its number of sessions.
struct Listed<'naive> {
    account: &'naive AccountEntry,
    newest: i64,
    count: u32,
}

fn created(filters: &Filters, at: i64) -> app::model::session::Cell {
    app::model::session::Cell {
        text: show::date_time(at, &zone()),
        matched: filters.created.as_ref().map(|filter| filter.ranges(at)).unwrap_or_default(),
    }
}

impl Naive {
    fn apply(&mut self, changes: &[Change], now: i64) {
        self.ended.retain(|_, at| now - *at <= 10 * MINUTE);
        for change in changes {
            match change {
                Change::Account(entry) => drop(self.accounts.insert(entry.id, entry.clone())),
                Change::AccountGone(id) => {
                    let sessions: Vec<_> = self.sessions.values().filter(|session| session.account == *id).map(|one| one.id).collect();
                    for session in sessions {
                        self.end(session, now);
                    }
                    self.accounts.remove(id);
                }
                Change::Started(session) => {
                    if !self.ended.contains_key(&session.id) && !self.sessions.contains_key(&session.id) {
                        self.accounts.entry(session.account).or_insert_with(|| account(session.account.0, ["", "", ""]));
                        self.sessions.insert(session.id, *session);
                    }
                }
                Change::Ended(ids) => ids.iter().for_each(|id| self.end(*id, now)),
            }
        }
    }

    fn end(&mut self, session: SessionId, now: i64) {
        self.sessions.remove(&session);
        self.ended.entry(session).or_insert(now);
    }

    fn directory(&self) -> Directory {
        Directory::new(&zone(), 7, self.accounts.values().cloned(), self.sessions.values().copied())
    }

    fn created_of(&self, account: AccountId) -> Vec<i64> {
        self.sessions.values().filter(|session| session.account == account).map(|session| session.created_at).collect()
    }

    /// Everybody who matches, in order.
    fn list(&self, query: &Query, now: i64) -> Vec<Listed<'_>> {
        let filters = Filters::new(query, &Wall::new(&zone()), now);
        let listed = |account: &'_ AccountEntry| {
            let sessions = self.created_of(account.id);
            let newest = filters.newest_match([&account.user_name, &account.last_name, &account.first_name], &sessions)?;
            Some((newest, u32::try_from(sessions.len()).expect("few")))
        };
        let mut list: Vec<_> =
            self.accounts.values().filter_map(|account| listed(account).map(|(newest, count)| Listed { account, newest, count })).collect();
        list.sort_by(|left, right| compare(query.sort, left, right));
        list
    }

    fn seen(&self, id: AccountId, query: &Query, now: i64) -> Seen {
        let sessions = self.created_of(id);
        let newest = self.list(query, now).iter().find(|listed| listed.account.id == id).map(|listed| listed.newest);
        Seen {
            count: u32::try_from(sessions.len()).expect("few"),
            created: newest.or(sessions.iter().copied().max()).map(|at| created(&Filters::new(query, &Wall::new(&zone()), now), at)),
            disabled: sessions.is_empty() && self.accounts.get(&id).is_some_and(|account| account.disabled),
        }
    }

    fn window(&self, query: &Query, now: i64, offset: u32, limit: u32) -> Window {
        let list = self.list(query, now);
        let filters = Filters::new(query, &Wall::new(&zone()), now);
        let total = u32::try_from(list.len()).expect("few");
        let offset = if offset < total { offset } else { total.saturating_sub(1) / limit * limit };
        let rows = list.iter().skip(offset as usize).take(limit as usize).map(|listed| {
            let cell = |text: &str, column: usize| app::model::session::Cell {
                text: text.to_owned(),
                matched: filters.texts[column].as_ref().map(|filter| filter.ranges(text)).unwrap_or_default(),
            };
            app::model::session::Row {
                id: listed.account.id,
                user_name: cell(&listed.account.user_name, 0),
                last_name: cell(&listed.account.last_name, 1),
                first_name: cell(&listed.account.first_name, 2),
                created: created(&filters, listed.newest),
                count: listed.count,
                you: listed.account.id == YOU,
            }
        });
        let users: BTreeSet<_> = self.sessions.values().map(|session| session.account).collect();
        Window {
            rows: rows.collect(),
            offset,
            matching: Totals { users: total, sessions: list.iter().map(|listed| listed.count).sum() },
            all: Totals { users: u32::try_from(users.len()).expect("few"), sessions: u32::try_from(self.sessions.len()).expect("few") },
            understood: filters.understood(),
            names: self.names(query, now),
            updated: show::time_of_day(now, &zone()),
            ..Window::default()
        }
    }

    fn selected(&self, selection: &Selection, shown: &Query, window: &Window, now: i64) -> Selected {
        let ids = |query: &Query| self.list(query, now).iter().map(|listed| listed.account.id).collect::<Vec<_>>();
        let listed: BTreeSet<_> = ids(shown).into_iter().collect();
        let selected: BTreeSet<_> = selection.resolve(ids).into_iter().filter(|id| self.accounts.contains_key(id)).collect();
        let in_all = match selection {
            Selection::Ids(_) => BTreeSet::new(),
            Selection::AllMatching { query, .. } => {
                let all = ids(query);
                window.rows.iter().map(|row| row.id).filter(|id| all.contains(id)).collect()
            }
        };
        let number = |number: usize| u32::try_from(number).expect("few");
        Selected {
            users: number(selected.len()),
            sessions: number(selected.iter().map(|id| self.created_of(*id).len()).sum()),
            not_shown: number(selected.difference(&listed).count()),
            in_all,
        }
    }

    /// Who is selected: whom the list leaves out, and whom it shows, each by user name.
    fn selected_parts(&self, selection: &Selection, shown: &Query, now: i64) -> (Vec<AccountId>, Vec<AccountId>) {
        let ids = |query: &Query| self.list(query, now).iter().map(|listed| listed.account.id).collect::<Vec<_>>();
        let listed = ids(shown);
        let mut selected = selection.resolve(ids);
        selected.retain(|id| self.accounts.contains_key(id));
        let name = |id: &AccountId| &self.accounts[id].user_name;
        selected.sort_by_key(|id| (search_fold(name(id)), name(id).clone(), *id));
        selected.into_iter().partition(|id| !listed.contains(id))
    }

    /// What became of a list of names, by its definition.
    fn names(&self, query: &Query, now: i64) -> Option<Names> {
        let filters = Filters::new(query, &Wall::new(&zone()), now);
        let column = filters.texts.iter().position(|filter| filter.as_ref().is_some_and(|filter| !filter.names().is_empty()))?;
        let names = filters.texts[column].as_ref()?.names();
        let is_there = |name: &str| {
            self.accounts.values().any(|account| {
                let text = [&account.user_name, &account.last_name, &account.first_name][column];
                !self.created_of(account.id).is_empty() && search_fold(text) == name
            })
        };
        let missing = names.iter().filter(|(folded, _)| !is_there(folded)).map(|(_, name)| name.clone());
        Some(Names { asked: u32::try_from(names.len()).expect("few"), missing: missing.collect() })
    }

    fn search(&self, text: &str, limit: usize) -> FoundAccounts {
        let words = search_fold(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if words.is_empty() {
            return FoundAccounts::default();
        }
        let needle = words.join(" ");
        let whole_needle = needle.split(',').map(str::trim).collect::<Vec<_>>().join(", ").trim().to_owned();
        let has_words = whole_needle.contains([' ', ',']) && whole_needle.chars().any(|char| char != ' ' && char != ',');
        let tier = |account: &AccountEntry| {
            let [user, last, first] = [&account.user_name, &account.last_name, &account.first_name].map(|text| search_fold(text));
            let wholes = [format!("{last}, {first}"), format!("{last} {first}"), format!("{first} {last}")];
            let ranked = [
                user == needle,
                user.starts_with(&needle),
                last.starts_with(&needle),
                first.starts_with(&needle),
                has_words && wholes.iter().any(|whole| whole.starts_with(&whole_needle)),
                [&user, &last, &first].iter().any(|text| text.contains(&needle))
                    || has_words && wholes.iter().any(|whole| whole.contains(&whole_needle)),
            ];
            ranked.into_iter().position(|matches| matches)
        };
        let mut found: Vec<_> = self.accounts.values().filter_map(|account| Some((tier(account)?, account))).collect();
        found.sort_by(|left, right| left.0.cmp(&right.0).then_with(|| by_text(left.1, right.1, Column::UserName)));
        let total = u32::try_from(found.len()).expect("few");
        let accounts = found.into_iter().take(limit).map(|(_, account)| Found {
            id: account.id,
            user_name: account.user_name.clone(),
            name: show::full_name(&account.last_name, &account.first_name),
            disabled: account.disabled,
            sessions: u32::try_from(self.created_of(account.id).len()).expect("few"),
        });
        FoundAccounts { accounts: accounts.collect(), total }
    }
}

fn by_text(left: &AccountEntry, right: &AccountEntry, column: Column) -> Ordering {
    let text = |account: &AccountEntry| match column {
        Column::LastName => account.last_name.clone(),
        Column::FirstName => account.first_name.clone(),
        _ => account.user_name.clone(),
    };
    let key = |account| (search_fold(&text(account)), text(account), account.id);
    key(left).cmp(&key(right))
}

fn compare(sort: Sort, left: &Listed<'_>, right: &Listed<'_>) -> Ordering {
    let directed = |order: Ordering| if sort.descending { order.reverse() } else { order };
    let ties = || by_text(left.account, right.account, Column::UserName);
    match sort.column {
        Column::Created => directed(left.newest.cmp(&right.newest)).then_with(ties),
        Column::Count => directed(left.count.cmp(&right.count)).then_with(ties),
        column => directed(by_text(left.account, right.account, column)),
    }
}

fn account(id: i64, [user_name, last_name, first_name]: [&str; 3]) -> AccountEntry {
    let [user_name, last_name, first_name] = [user_name, last_name, first_name].map(str::to_owned);
    AccountEntry { id: AccountId(id), user_name, last_name, first_name, disabled: false, sis: false }
}

const TEXTS: [&str; 24] = [
    "",
    "nate",
    "Nate",
    "natetest",
    "donatello",
    "Miller",
    "Müller",
    "MULLER",
    "van der Berg",
    "José",
    "Jose\u{301}",
    "Straße",
    "strasse",
    "İstanbul",
    "a|b",
    "!x",
    "^=",
    "%_\\'\"",
    "n\0te",
    "👩🏽‍🎓",
    "\u{202e}עברית",
    "한글",
    "7",
    "Smith, Jr.",
];

const TEXT_FILTERS: [&str; 28] = [
    "n",
    "nate",
    "NATE ",
    "^n",
    "=nate",
    "!nate",
    "!^n|mull",
    "mull",
    "^van d",
    "jose",
    "ß",
    "ss",
    "i",
    "\\|",
    "a\\|b|7",
    "!",
    "|",
    "^",
    "\\",
    "%",
    "_",
    "\0",
    "🎓",
    "ע",
    "하",
    "\u{301}",
    "=nate|=NATE|=nobody|=muller",
    "=n|=nate|=o'brien",
];

const CREATED_FILTERS: [&str; 18] = [
    "11/",
    "11/24",
    "11/24/2026 1",
    "9",
    "9:3",
    "10:2 am",
    "today",
    "yesterday",
    "last 2h",
    "before 2h",
    ">9:30",
    "<6am",
    "2am..4am",
    "!today",
    "4 am",
    "5",
    "today|<6am",
    "x",
];

const COUNT_FILTERS: [&str; 9] = ["1", ">1", ">=2", "<3", "2-3", "!1", "1|3", ">", "x"];

fn filter(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 2 => select(from).prop_map(str::to_owned), 1 => select(&TEXTS[..]).prop_map(str::to_owned)]
}

fn queries() -> impl Strategy<Value = Query> {
    let filters = (filter(&TEXT_FILTERS), filter(&TEXT_FILTERS), filter(&TEXT_FILTERS), filter(&CREATED_FILTERS), filter(&COUNT_FILTERS));
    (filters, select(&Column::ALL[..]), any::<bool>()).prop_map(
        |((user_name, last_name, first_name, created, count), column, descending)| Query {
            filters: [user_name, last_name, first_name, created, count],
            sort: Sort { column, descending },
        },
    )
}

fn entries() -> impl Strategy<Value = AccountEntry> {
    let texts = [select(&TEXTS[..]), select(&TEXTS[..]), select(&TEXTS[..])];
    (1_i64..12, texts, any::<[bool; 2]>()).prop_map(|(id, texts, [disabled, sis])| AccountEntry { disabled, sis, ..account(id, texts) })
}

fn changes() -> impl Strategy<Value = Change> {
    // Minutes before now: several in one minute, some yesterday.
    let started = (1_i64..40, 1_i64..12, prop_oneof![0_i64..200, 1_000_i64..2_000]).prop_map(|(id, account, minutes)| SessionEntry {
        id: SessionId(id),
        account: AccountId(account),
        created_at: NOW - minutes * MINUTE,
    });
    prop_oneof![
        3 => entries().prop_map(Change::Account),
        1 => (1_i64..12).prop_map(|id| Change::AccountGone(AccountId(id))),
        6 => started.prop_map(Change::Started),
        2 => vec((1_i64..40).prop_map(SessionId), 0..4).prop_map(Change::Ended),
    ]
}

/// Batches, each with the minutes that pass before it.
fn histories() -> impl Strategy<Value = Vec<(i64, Vec<Change>)>> {
    vec((0_i64..4, vec(changes(), 1..8)), 0..16)
}

fn selections() -> impl Strategy<Value = Selection> {
    let ids = || proptest::collection::btree_set((1_i64..14).prop_map(AccountId), 0..5);
    prop_oneof![
        ids().prop_map(Selection::Ids),
        (queries(), ids(), ids()).prop_map(|(query, except, also)| Selection::AllMatching { query, except, also }),
    ]
}

/// From one end to the other, whichever is first; without `from` only `to`.
fn naive_range(ids: &[AccountId], from: AccountId, to: AccountId) -> Vec<AccountId> {
    let ends: Vec<_> = ids.iter().enumerate().filter(|(_, id)| **id == from || **id == to).map(|(place, _)| place).collect();
    match (ids.contains(&to), &ends[..]) {
        (true, [first, .., last]) => ids[*first..=*last].to_vec(),
        (true, _) => vec![to],
        (false, _) => Vec::new(),
    }
}

/// Follows a history, in the directory and naively.
fn follow(history: &[(i64, Vec<Change>)]) -> (Directory, Naive) {
    let (mut directory, mut naive) = (Naive::default().directory(), Naive::default());
    let mut now = NOW;
    for (minutes, changes) in history {
        now += minutes * MINUTE;
        directory.apply(changes, now);
        naive.apply(changes, now);
    }
    (directory, naive)
}

/// The version counts what one directory has heard; it is compared apart.
fn unversioned(window: Window) -> Window {
    Window { version: Window::default().version, ..window }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_window_is_a_naive_filter_and_sort(
        history in histories(),
        asked in vec((queries(), selections(), 0_u32..14, 1_u32..9), 1..8),
    ) {
        let (directory, naive) = follow(&history);
        for (query, mut selection, offset, limit) in asked {
            // The same filters in every other one: the header checkbox.
            if let Selection::AllMatching { query: all, .. } = &mut selection && offset % 2 == 0 {
                all.filters.clone_from(&query.filters);
            }
            let window = unversioned(directory.window(&query, &selection, NOW, YOU, Part::new(offset, limit)));
            let mut expected = naive.window(&query, NOW, offset, limit);
            expected.selected = naive.selected(&selection, &query, &expected, NOW);
            prop_assert_eq!(&window, &expected, "{:?} from {} on, {}", query, offset, limit);
            let ids: Vec<_> = naive.list(&query, NOW).iter().map(|listed| listed.account.id).collect();
            prop_assert_eq!(&directory.matching(&query, NOW), &ids);
            let [from, to] = [i64::from(offset), i64::from(limit)].map(AccountId);
            prop_assert_eq!(directory.range(&query, NOW, from, to), naive_range(&ids, from, to));
            let rows = directory.selected_rows(&selection, &query, NOW, YOU);
            let (hidden, listed) = rows.rows.split_at(rows.not_shown as usize);
            let (naive_hidden, naive_listed) = naive.selected_parts(&selection, &query, NOW);
            prop_assert_eq!(hidden.iter().map(|row| row.id).collect::<Vec<_>>(), naive_hidden.clone());
            prop_assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), naive_listed);
            let selected = selection.resolve(|query| directory.matching(query, NOW));
            let unknown = selected.iter().copied().filter(|id| !naive.accounts.contains_key(id));
            let first = |ids: Vec<AccountId>| ids.into_iter().take(limit as usize).collect::<Vec<_>>();
            let beside = directory.beside(selected.iter().copied(), &query, NOW, limit as usize);
            prop_assert_eq!(beside.listed, first(ids.iter().copied().filter(|id| selected.contains(id)).collect()));
            prop_assert_eq!(beside.not_listed_users as usize, naive_hidden.len() + unknown.clone().count());
            prop_assert_eq!(beside.not_listed, first(naive_hidden.into_iter().chain(unknown).collect()));
            let screen = OnScreen { rows: (0..12).map(AccountId).collect(), ..OnScreen::default() };
            let look = directory.look(&query, &selection, NOW, YOU, &screen);
            prop_assert_eq!(&look.rows, &screen.rows.iter().map(|&id| naive.seen(id, &query, NOW)).collect::<Vec<_>>());
            prop_assert_eq!((look.window.matching, look.window.all, look.window.names), (expected.matching, expected.all, expected.names));
            prop_assert_eq!(look.window.selected, Selected { in_all: BTreeSet::new(), ..expected.selected });
            let taken = directory.look(&query, &selection, NOW, YOU, &OnScreen { takes: Some(offset), ..screen });
            let counts = |rows: &[Seen]| rows.iter().map(|seen| (seen.count, seen.disabled)).collect::<Vec<_>>();
            prop_assert_eq!(counts(&taken.rows), counts(&look.rows));
            prop_assert_eq!(unversioned(taken.window), unversioned(directory.window(&query, &selection, NOW, YOU, Part::new(offset, 200))));
        }
    }

    /// Whatever came before it, the row in sight stands in the answer where it stood on the page.
    #[test]
    fn a_part_begins_as_far_from_the_row_in_sight_as_asked(
        history in histories(),
        asked in vec((queries(), selections(), 0_u32..14, 1_u32..9, vec((0_i64..14, 0_u32..14), 0..4), 0_i64..14), 1..8),
    ) {
        let (directory, naive) = follow(&history);
        for (query, selection, offset, limit, in_sight, active) in asked {
            let active = AccountId(active);
            let in_sight: Vec<_> = in_sight.into_iter().map(|(id, then)| (AccountId(id), then)).collect();
            let ids: Vec<_> = naive.list(&query, NOW).iter().map(|listed| listed.account.id).collect();
            let place = |id| ids.iter().position(|other| *other == id).map(|place| u32::try_from(place).expect("few"));
            let moved = in_sight.iter().find_map(|&(id, then)| Some(i64::from(place(id)?) - i64::from(then))).unwrap_or(0);
            let from = u32::try_from((i64::from(offset) + moved).max(0)).expect("small");
            let part = Part { offset, limit, kept: Kept { in_sight, active: Some(active) } };
            let window = directory.window(&query, &selection, NOW, YOU, part.clone());
            let plain = directory.window(&query, &selection, NOW, YOU, Part::new(from, limit));
            prop_assert_eq!((window.offset, window.moved, &window.rows), (plain.offset, moved, &plain.rows), "{:?} {:?}", query, part);
            prop_assert_eq!(window.active, place(active));
            if let Selection::AllMatching { query: all, .. } = &selection {
                let is_in_all = naive.list(all, NOW).iter().any(|listed| listed.account.id == active);
                prop_assert_eq!(window.selected.in_all.contains(&active), is_in_all);
            }
        }
    }

    #[test]
    fn whoever_came_since_a_look_is_new_once(history in histories(), query in queries(), seen in any::<prop::sample::Index>()) {
        let seen = seen.index(history.len() + 1);
        let (before, mut naive) = follow(&history[..seen]);
        let mut came: BTreeSet<SessionId> = BTreeSet::new();
        let mut now = NOW + history[..seen].iter().map(|(minutes, _)| minutes * MINUTE).sum::<i64>();
        for (minutes, changes) in &history[seen..] {
            let known: BTreeSet<_> = naive.sessions.keys().copied().collect();
            now += minutes * MINUTE;
            naive.apply(changes, now);
            came.extend(naive.sessions.keys().filter(|id| !known.contains(id)));
        }
        let (directory, _) = follow(&history);
        let version = before.window(&query, &Selection::default(), NOW, YOU, Part::new(0, 1)).version;
        let look = |version| directory.look(&query, &Selection::default(), NOW, YOU, &OnScreen { version, ..OnScreen::default() });
        let with = |is_new: &dyn Fn(SessionId) -> bool| {
            let has_new = |id: AccountId| naive.sessions.values().any(|session| session.account == id && is_new(session.id));
            naive.list(&query, NOW).iter().filter(|listed| has_new(listed.account.id)).count()
        };
        prop_assert_eq!(look(version).new_users as usize, with(&|session| came.contains(&session)));
        // Another node knows by the ids alone.
        let elsewhere = Version { node: version.node + 1, ..version };
        prop_assert_eq!(look(elsewhere).new_users as usize, with(&|session| session.0 > version.newest));
    }

    #[test]
    fn any_history_leaves_what_a_fresh_load_gives(history in histories(), query in queries()) {
        let (directory, naive) = follow(&history);
        let fresh = naive.directory();
        prop_assert_eq!(directory.contents(), fresh.contents());
        let window = |directory: &Directory| unversioned(directory.window(&query, &Selection::default(), NOW, YOU, Part::new(0, 200)));
        prop_assert_eq!(window(&directory), window(&fresh));
        prop_assert_eq!(window(&directory).all, naive.window(&query, NOW, 0, 200).all);
    }

    #[test]
    fn any_search_finds_the_best_first(
        history in histories(),
        text in prop_oneof![select(&TEXTS[..]), select(&TEXT_FILTERS[..]), select(&["miller, na", "nate  muller", "berg,jose", "van der b", ","][..])],
        limit in 0_usize..9,
    ) {
        let (directory, naive) = follow(&history);
        let found = directory.search(text, u32::try_from(limit).expect("few"));
        prop_assert_eq!(found, naive.search(text, limit), "{:?}", text);
    }
}

/// 30 accounts; each has a session of another minute, and every third a second one in the hour before.
fn thirty() -> Naive {
    let mut naive = Naive::default();
    for id in 1..=30 {
        naive.apply(&[Change::Account(account(id, [&format!("user{id:02}"), "Miller", ""]))], NOW);
        for (more, at) in [(0, NOW - id * MINUTE), (100, NOW - (60 + id) * MINUTE)] {
            if more == 0 || id % 3 == 0 {
                naive.apply(&[Change::Started(SessionEntry { id: SessionId(id + more), account: AccountId(id), created_at: at })], NOW);
            }
        }
    }
    naive
}

#[test]
fn whether_few_or_many_are_left_the_next_filter_finds_the_same() {
    let mut naive = Naive::default();
    for id in 1..=200 {
        let place = usize::try_from(id).expect("small");
        let names = [&*format!("user{id:03}"), TEXTS[place % TEXTS.len()], TEXTS[place / 9]];
        naive.apply(&[Change::Account(account(id, names))], NOW);
        for more in 0..id * 7 % 5 {
            let created_at = NOW - (id * 7 + more * 61) * MINUTE;
            naive.apply(&[Change::Started(SessionEntry { id: SessionId(id + more * 1_000), account: AccountId(id), created_at })], NOW);
        }
    }
    let directory = naive.directory();
    for user_name in ["", "^user00", "1", "!user|x", "=user007"] {
        for last_name in ["", "n", "nate|mull", "!^n|mull"] {
            for created in ["", "today", ":3", "last 2h", "!5", "x"] {
                for count in ["", ">1", "4"] {
                    let filters = [user_name, last_name, if count.is_empty() { "" } else { "m" }, created, count].map(String::from);
                    let query = Query { filters, ..Query::default() };
                    let window = unversioned(directory.window(&query, &Selection::default(), NOW, YOU, Part::new(0, 200)));
                    assert_eq!(window, naive.window(&query, NOW, 0, 200), "{query:?}");
                }
            }
        }
    }
}

#[test]
fn a_row_shows_the_newest_session_that_matches() {
    let directory = thirty().directory();
    let query = Query { filters: ["=user03", "", "", "09:27", ""].map(String::from), ..Query::default() };
    let window = directory.window(&query, &Selection::default(), NOW, YOU, Part::new(0, 200));
    let [row] = &window.rows[..] else { panic!("one row, not {:?}", window.rows) };
    assert_eq!((&*row.created.text, row.count, row.you), ("11/24/2026 09:27:00 AM", 2, true));
    assert_eq!(row.created.matched, [(11, 16)]);
    assert_eq!((window.matching.users, window.matching.sessions), (1, 2), "all sessions count, not only those that match");
}

#[test]
fn inp_07_offset_and_limit_stay_within_the_result() {
    let directory = thirty().directory();
    let window = |offset, limit| directory.window(&Query::default(), &Selection::default(), NOW, YOU, Part::new(offset, limit));
    assert_eq!((window(u32::MAX, 7).offset, window(u32::MAX, 7).rows.len()), (28, 2));
    assert_eq!((window(30, 10).offset, window(30, 10).rows.len()), (20, 10));
    assert_eq!(window(0, 0).rows.len(), 1);
    assert_eq!(window(0, u32::MAX).rows.len(), 30);
    let nobody = Query { filters: ["nobody", "", "", "", ""].map(String::from), ..Query::default() };
    assert_eq!(directory.window(&nobody, &Selection::default(), NOW, YOU, Part::new(5, 7)).offset, 0);
    let more: Vec<_> = (31..=250).map(|id| SessionEntry { id: SessionId(1_000 + id), account: AccountId(id), created_at: NOW }).collect();
    let mut full = thirty().directory();
    full.apply(&more.into_iter().map(Change::Started).collect::<Vec<_>>(), NOW);
    assert_eq!(full.window(&Query::default(), &Selection::default(), NOW, YOU, Part::new(0, u32::MAX)).rows.len(), 200);
}

#[test]
fn the_newest_of_thousands_are_the_first_of_them_all() {
    let mut chance = Chance::new(11);
    let mut naive = Naive::default();
    let many = |id: u32| account(id.into(), [&*format!("user{id}"), "", ""]);
    naive.accounts = (1..=6_000).map(|id| (AccountId(id.into()), many(id))).collect();
    let mut directory = naive.directory();
    // Few of them are logged in after each hundred rounds, and many before.
    let (mut active, mut sessions): (Vec<SessionId>, _) = (Vec::new(), 0);
    for round in 0..400_i64 {
        let mut changes = Vec::new();
        for _ in 0..40 {
            let id = 1 + chance.below(6_000);
            sessions += 1;
            // Several begin in the same second.
            let created_at = NOW + (round - i64::from(chance.below(300))) * 1_000;
            changes.push(Change::Started(SessionEntry { id: SessionId(sessions), account: AccountId(id.into()), created_at }));
            active.push(SessionId(sessions));
        }
        let ends = if round % 100 == 99 { active.len() - 20 } else { 10 };
        for _ in 0..ends {
            let last = u32::try_from(active.len()).expect("few");
            changes.push(Change::Ended(vec![active.swap_remove(chance.below(last) as usize)]));
        }
        let renamed = 1 + chance.below(6_000);
        changes.push(Change::Account(account(renamed.into(), [&*format!("user{renamed}"), &*format!("at{round}"), ""])));
        if round % 10 == 0 {
            changes.push(Change::AccountGone(AccountId((1 + chance.below(6_000)).into())));
        }
        directory.apply(&changes, NOW);
        for filter in ["", "7", "at"] {
            let query = Query { filters: [filter, "", "", "", ""].map(String::from), ..Query::default() };
            let all = directory.matching(&query, NOW);
            let [offset, limit] = [chance.below(12), 1 + chance.below(8)];
            let window = directory.window(&query, &Selection::default(), NOW, YOU, Part::new(offset, limit));
            let rows: Vec<_> = window.rows.iter().map(|row| row.id).collect();
            let expected: Vec<_> = all.iter().copied().skip(window.offset as usize).take(limit as usize).collect();
            assert_eq!(rows, expected, "round {round}, {filter:?}, {limit} from {offset} on");
        }
    }
}

#[test]
fn a_start_that_comes_late_revives_nothing() {
    let mut directory = thirty().directory();
    let late = SessionEntry { id: SessionId(500), account: AccountId(1), created_at: NOW };
    directory.apply(&[Change::Ended(vec![late.id])], NOW);
    directory.apply(&[Change::Started(late)], NOW + 10 * MINUTE);
    assert_eq!(directory.session_count(late.account), 1);
    directory.apply(&[Change::Ended(vec![SessionId(1)]), Change::Started(SessionEntry { id: SessionId(1), ..late })], NOW);
    assert_eq!(directory.session_count(late.account), 0);
}

#[test]
fn only_news_moves_the_version() {
    let mut directory = thirty().directory();
    let number =
        |directory: &Directory| directory.window(&Query::default(), &Selection::default(), NOW, YOU, Part::new(0, 1)).version.number;
    let before = number(&directory);
    let known = directory.account(YOU).expect("an account");
    directory.apply(&[Change::Account(known.clone()), Change::Ended(vec![SessionId(999)]), Change::AccountGone(AccountId(999))], NOW);
    assert_eq!(number(&directory), before);
    directory.apply(&[Change::Account(AccountEntry { disabled: true, ..known }), Change::Ended(vec![SessionId(1), SessionId(2)])], NOW);
    assert_eq!(number(&directory), before + 2);
}

#[test]
fn very_many_renames_change_only_the_names() {
    let mut naive = thirty();
    let mut directory = naive.directory();
    for round in 0..300 {
        let names = (1..=30).map(|id| Change::Account(account(id, [&format!("{}user{id}", (id * 7 + round) % 30), "Mill", "é"])));
        let mut changes: Vec<_> = names.collect();
        changes.push(Change::Ended(vec![SessionId(round)]));
        directory.apply(&changes, NOW);
        naive.apply(&changes, NOW);
    }
    assert_eq!(directory.contents(), naive.directory().contents());
    for column in Column::ALL {
        let query = Query { filters: ["user1", "^mill", "e", "", ""].map(String::from), sort: Sort { column, descending: false } };
        assert_eq!(
            unversioned(directory.window(&query, &Selection::default(), NOW, YOU, Part::new(0, 200))),
            naive.window(&query, NOW, 0, 200)
        );
    }
}

#[test]
fn the_search_ranks_what_people_mean() {
    let people = [
        account(1, ["nmiller", "Miller", "Nathan"]),
        account(2, ["nathan", "Berg", "Li"]),
        account(3, ["jnat", "Nathanson", "Jo"]),
        account(4, ["x1", "Nowak", "Nathanael"]),
        account(5, ["nathan.b", "", ""]),
        account(6, ["x2", "Jonathan", "Al"]),
        account(7, ["a.jm", "Miller", "Jonathan"]),
    ];
    let directory = Directory::new(&zone(), 0, people.map(|entry| AccountEntry { disabled: entry.id.0 == 4, ..entry }), []);
    let ids = |text| directory.search(text, 100).accounts.iter().map(|found| found.id.0).collect::<Vec<_>>();
    assert_eq!(ids("Nathan"), [2, 5, 3, 1, 4, 7, 6]);
    for text in ["miller, nathan", "Miller,na", "miller nathan"] {
        assert_eq!(ids(text), [1], "{text}");
    }
    assert_eq!(ids("nathan mil"), [1, 7]);
    assert_eq!(ids("miller berg"), [0_i64; 0]);
    assert_eq!(directory.search("a", 2).total, 7);
    let [found] = &directory.search("x1", 8).accounts[..] else { panic!("one") };
    assert_eq!((&*found.name, &*found.state()), ("Nowak, Nathanael", "Disabled"));
}
