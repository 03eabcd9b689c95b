//! Finding people, logged in or not: the best match first.

use super::{Directory, list::smallest};
use app::model::{
    account::{Found, FoundAccounts},
    filter::text::EDGE,
    fold::search_fold,
    text::count,
};
use memchr::memmem::Finder;
use std::collections::BTreeSet;

/// How good a match is; smaller is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    IsUserName,
    StartsUserName,
    StartsLastName,
    StartsFirstName,
    StartsWholeName,
    Contains,
    None,
}

impl Directory {
    /// Accounts by user name, last name, first name, or both names in either order (`miller, nathan`, `nathan miller`): at most
    /// `limit`, of equal matches by user name. The total is exact.
    pub fn search(&self, text: &str, limit: u32) -> FoundAccounts {
        let needle = search_fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
        if needle.is_empty() {
            return FoundAccounts::default();
        }
        let mut tiers = vec![Tier::None; self.accounts.len()];
        for (column, starts) in [Tier::StartsUserName, Tier::StartsLastName, Tier::StartsFirstName].into_iter().enumerate() {
            self.accounts.column(column).scan(finder(&needle), |slot, found, length| {
                let tier = match (column, found.start) {
                    (0, 0) if found.end == length => Tier::IsUserName,
                    (_, 0) => starts,
                    _ => Tier::Contains,
                };
                let best = &mut tiers[slot as usize];
                *best = tier.min(*best);
            });
        }
        self.search_whole_names(&needle, &mut tiers);

        let ranks = self.accounts.ranks();
        let found = || {
            let live = self.accounts.live().iter();
            live.map(|slot| (tiers[slot as usize], ranks[slot as usize])).filter(|(tier, _)| *tier != Tier::None)
        };
        let total = count(found().count());
        let best = if limit == 0 { Vec::new() } else { smallest(found(), 0, limit as usize) };
        let accounts = best.into_iter().map(|(_, rank)| self.found(self.accounts.order(0)[rank as usize])).collect();
        FoundAccounts { accounts, total }
    }

    /// Looks for several words in both names together.
    fn search_whole_names(&self, needle: &str, tiers: &mut [Tier]) {
        let needle = needle.split(',').map(str::trim).collect::<Vec<_>>().join(", ");
        let needle = needle.trim();
        let words: BTreeSet<_> = needle.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.contains(needle) {
            return;
        }
        // Whoever holds all of it holds each word in one of the names.
        let mut candidates = self.accounts.live().clone();
        for word in words {
            let mut holders = self.accounts.column(1).matching(finder(word));
            holders.add(&self.accounts.column(2).matching(finder(word)));
            candidates.keep(&holders, false);
            if candidates.count() == 0 {
                return;
            }
        }
        let finder = Finder::new(needle);
        for slot in candidates.iter() {
            let [last, first] = [1, 2].map(|column| self.accounts.column(column).folded(slot));
            let wholes = [[last, b", ", first], [last, b" ", first], [first, b" ", last]].map(|parts| parts.concat());
            let places = wholes.iter().filter_map(|whole| finder.find(whole));
            let tier = match places.min() {
                Some(0) => Tier::StartsWholeName,
                Some(_) => Tier::Contains,
                None => continue,
            };
            let best = &mut tiers[slot as usize];
            *best = tier.min(*best);
        }
    }

    fn found(&self, slot: u32) -> Found {
        let [user_name, last_name, first_name] = self.accounts.texts(slot);
        Found {
            id: self.accounts.id(slot),
            user_name: user_name.to_owned(),
            name: crate::show::full_name(last_name, first_name),
            disabled: self.accounts.is_disabled(slot),
            sessions: self.sessions.counts()[slot as usize],
        }
    }
}

/// Finds a folded text, which holds no edge.
fn finder(needle: &str) -> impl Fn(&[u8], usize) -> Option<std::ops::Range<usize>> + '_ {
    debug_assert!(!needle.as_bytes().contains(&EDGE));
    let finder = Finder::new(needle);
    move |framed, from| {
        let start = from + finder.find(&framed[from..])?;
        Some(start..start + needle.len())
    }
}
