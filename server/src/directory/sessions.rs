//! The active sessions, and what each account has of them.

use super::{SessionEntry, bits::Bits, index::Index};
use app::model::{
    account::AccountId,
    session::{SessionId, Totals},
};
use std::collections::{HashSet, VecDeque};

/// How long an ended session is remembered: nothing that began before it ended can still be on its way then.
const TOMBSTONE_MS: i64 = 10 * 60_000;

const NONE: u32 = u32::MAX;

/// Accounts whose newest sessions are looked at together: [`Sessions::latest`].
pub const BLOCK: usize = 256;

/// A session in the chain of its account, together in memory, since a walk along a chain meets a cold line at each step; or a free
/// place, whose account is [`NONE`].
#[derive(Clone, Copy)]
struct Link {
    created_at: i64,
    account: u32,
    next: u32,
}

/// Sessions in slots of their own, those of one account chained, newest first. `account` is always an account's slot.
#[derive(Default)]
pub struct Sessions {
    index: Index,
    ids: Vec<i64>,
    links: Vec<Link>,
    free: Vec<u32>,

    first: Vec<u32>,
    /// Per account, UTC milliseconds; 0 where it has no session.
    newest: Vec<i64>,
    /// Per [`BLOCK`] accounts the latest of `newest`.
    latest: Vec<i64>,
    counts: Vec<u32>,
    active: Bits,
    all: Totals,

    ended: HashSet<i64>,
    /// When the ended ones were heard of, and their ids: oldest first.
    ended_at: VecDeque<(i64, i64)>,
}

impl Sessions {
    /// A new account, without a session.
    pub fn add_account(&mut self, account: u32) {
        self.first.push(NONE);
        if self.newest.len().is_multiple_of(BLOCK) {
            self.latest.push(0);
        }
        self.newest.push(0);
        self.counts.push(0);
        self.active.reach(account);
    }

    /// Nothing was heard of this session yet: neither its start nor, a little while ago, its end.
    pub fn is_new(&self, id: SessionId) -> bool {
        !self.ended.contains(&id.0) && self.index.get(id.0, &self.ids).is_none()
    }

    pub fn has(&self, id: SessionId) -> bool {
        self.index.get(id.0, &self.ids).is_some()
    }

    /// Adds a session that [is new](Self::is_new).
    pub fn start(&mut self, id: SessionId, account: u32, created_at: i64) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.ids.push(0);
            self.links.push(Link { created_at, account, next: NONE });
            u32::try_from(self.ids.len() - 1).expect("fewer than four billion sessions")
        });
        self.ids[slot as usize] = id.0;
        self.links[slot as usize] = Link { created_at, account, next: NONE };
        self.index.insert(slot, &self.ids);
        self.link(slot);
        self.counts[account as usize] += 1;
        self.all.sessions += 1;
        if self.counts[account as usize] == 1 {
            self.active.set(account, true);
            self.all.users += 1;
        }
    }

    /// Forgets a session, and for ten minutes refuses to learn of it again. `false` where it was not known.
    pub fn end(&mut self, id: SessionId, now: i64) -> bool {
        if self.ended.insert(id.0) {
            self.ended_at.push_back((now, id.0));
        }
        let Some(slot) = self.index.remove(id.0, &self.ids) else { return false };
        let account = self.links[slot as usize].account;
        self.unlink(slot);
        self.links[slot as usize].account = NONE;
        self.free.push(slot);
        self.counts[account as usize] -= 1;
        self.all.sessions -= 1;
        if self.counts[account as usize] == 0 {
            self.active.set(account, false);
            self.all.users -= 1;
        }
        true
    }

    /// Lets tombstones go that are older than ten minutes.
    pub fn prune(&mut self, now: i64) {
        while let Some(&(at, id)) = self.ended_at.front().filter(|(at, _)| now.saturating_sub(*at) > TOMBSTONE_MS) {
            debug_assert!(at <= now);
            self.ended.remove(&id);
            self.ended_at.pop_front();
        }
    }

    /// Gives all sessions of one account to another, which has none.
    pub fn move_account(&mut self, from: u32, to: u32) {
        let slots: Vec<_> = self.slots_of(from).collect();
        for slot in slots {
            self.links[slot as usize].account = to;
        }
        let (from_place, to_place) = (from as usize, to as usize);
        self.first[to_place] = std::mem::replace(&mut self.first[from_place], NONE);
        self.set_newest(to_place, self.newest[from_place]);
        self.set_newest(from_place, 0);
        self.counts[to_place] = std::mem::take(&mut self.counts[from_place]);
        self.active.set(to, self.active.get(from));
        self.active.set(from, false);
    }

    /// Renumbers the accounts: `slots` holds the old slots in their new order; the others have no session.
    pub fn renumber(&mut self, slots: &[u32]) {
        let picked = |column: &[u32]| slots.iter().map(|&slot| column[slot as usize]).collect::<Vec<_>>();
        (self.first, self.counts) = (picked(&self.first), picked(&self.counts));
        self.newest = slots.iter().map(|&slot| self.newest[slot as usize]).collect();
        self.latest = self.newest.chunks(BLOCK).map(latest).collect();
        self.active = Bits::with_slots(slots.len());
        for (account, &first) in (0..).zip(&self.first) {
            let mut slot = first;
            while slot != NONE {
                self.active.set(account, true);
                let link = &mut self.links[slot as usize];
                link.account = account;
                slot = link.next;
            }
        }
    }

    /// Accounts with a session.
    pub fn active(&self) -> &Bits {
        &self.active
    }

    pub fn all(&self) -> Totals {
        self.all
    }

    /// Sessions of each account.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Creation of the newest session of each account.
    pub fn newest(&self) -> &[i64] {
        &self.newest
    }

    /// Of each [`BLOCK`] accounts the latest creation of a session; 0 where there is none.
    pub fn latest(&self) -> &[i64] {
        &self.latest
    }

    /// Creation of each session of an account, newest first.
    pub fn created_of(&self, account: u32) -> impl Iterator<Item = i64> + '_ {
        self.slots_of(account).map(|slot| self.links[slot as usize].created_at)
    }

    /// Account and creation of every session, in no order.
    pub fn created(&self) -> impl Iterator<Item = (u32, i64)> + '_ {
        self.links.iter().filter(|link| link.account != NONE).map(|link| (link.account, link.created_at))
    }

    /// Account of every session with a later id, in no order.
    pub fn later_than(&self, id: SessionId) -> impl Iterator<Item = u32> + '_ {
        let later = self.ids.iter().zip(&self.links).filter(move |(other, link)| **other > id.0 && link.account != NONE);
        later.map(|(_, link)| link.account)
    }

    /// Ids of an account's sessions.
    pub fn ids_of(&self, account: u32) -> impl Iterator<Item = SessionId> + '_ {
        self.slots_of(account).map(|slot| SessionId(self.ids[slot as usize]))
    }

    /// The sessions of an account whose id is known.
    pub fn entries(&self, account: u32, id: AccountId) -> impl Iterator<Item = SessionEntry> + '_ {
        self.slots_of(account).map(move |slot| SessionEntry {
            id: SessionId(self.ids[slot as usize]),
            account: id,
            created_at: self.links[slot as usize].created_at,
        })
    }

    fn slots_of(&self, account: u32) -> impl Iterator<Item = u32> + '_ {
        let slot = |slot: u32| (slot != NONE).then_some(slot);
        std::iter::successors(slot(self.first[account as usize]), move |&last| slot(self.links[last as usize].next))
    }

    fn link(&mut self, slot: u32) {
        let Link { created_at, account, .. } = self.links[slot as usize];
        let before = self.slots_of(account).take_while(|&other| self.links[other as usize].created_at > created_at).last();
        self.links[slot as usize].next = before.map_or(self.first[account as usize], |before| self.links[before as usize].next);
        self.chain(account, before, slot);
    }

    fn unlink(&mut self, slot: u32) {
        let Link { account, next, .. } = self.links[slot as usize];
        let before = self.slots_of(account).take_while(|&other| other != slot).last();
        self.chain(account, before, next);
    }

    /// Lets one of an account's sessions, or the account itself, be followed by `next`.
    fn chain(&mut self, account: u32, before: Option<u32>, next: u32) {
        let account = account as usize;
        if let Some(before) = before {
            self.links[before as usize].next = next;
        } else {
            self.first[account] = next;
            self.set_newest(account, if next == NONE { 0 } else { self.links[next as usize].created_at });
        }
    }

    fn set_newest(&mut self, account: usize, to: i64) {
        let before = std::mem::replace(&mut self.newest[account], to);
        let block = account / BLOCK;
        if to >= self.latest[block] {
            self.latest[block] = to;
        } else if before == self.latest[block] {
            self.latest[block] = self.newest.chunks(BLOCK).nth(block).map_or(0, latest);
        }
    }
}

fn latest(newest: &[i64]) -> i64 {
    newest.iter().copied().max().unwrap_or(0)
}
