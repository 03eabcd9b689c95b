//! All accounts in columns, and the order of each column.

use super::{AccountEntry, bits::Bits, column::Column, index::Index};
use app::model::{account::AccountId, filter::text::TextFilter};
use std::cmp::Ordering;

/// Accounts in slots. A slot's texts never change: a renamed account takes a new slot and leaves the old one dead, so that a
/// column's buffer stays in the order of the slots.
#[derive(Default)]
pub struct Accounts {
    index: Index,
    ids: Vec<i64>,
    /// User Name, Last Name, First Name.
    columns: [Column; 3],
    disabled: Bits,
    sis: Bits,
    live: Bits,
    dead: usize,

    /// For each column all slots, dead ones too, ascending by search fold, then text, then id.
    orders: [Vec<u32>; 3],
    /// Place of each slot in the order of the user names.
    ranks: Vec<u32>,
    /// Slots that are not in the orders yet: [`Accounts::settle`].
    unsettled: Vec<u32>,
}

impl Accounts {
    /// Slots, dead ones included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn slot(&self, id: AccountId) -> Option<u32> {
        self.index.get(id.0, &self.ids)
    }

    pub fn id(&self, slot: u32) -> AccountId {
        AccountId(self.ids[slot as usize])
    }

    pub fn column(&self, column: usize) -> &Column {
        &self.columns[column]
    }

    /// User name, last name and first name as shown.
    pub fn texts(&self, slot: u32) -> [&str; 3] {
        self.columns.each_ref().map(|column| column.shown(slot))
    }

    pub fn is_disabled(&self, slot: u32) -> bool {
        self.disabled.get(slot)
    }

    pub fn live(&self) -> &Bits {
        &self.live
    }

    pub fn order(&self, column: usize) -> &[u32] {
        &self.orders[column]
    }

    /// Keeps the slots whose texts in a column match.
    pub fn retain(&self, column: usize, slots: &mut Bits, filter: &TextFilter) {
        if filter.names().is_empty() {
            return self.columns[column].retain(slots, filter);
        }
        // A list of names: each stands in one stretch of the order.
        let mut found = Bits::with_slots(self.len());
        for (name, _) in filter.names() {
            for &slot in self.named(column, name.as_bytes()) {
                found.set(slot, true);
            }
        }
        slots.keep(&found, false);
    }

    /// The slots, dead ones too, whose text in a column folds to this.
    fn named(&self, column: usize, folded: &[u8]) -> &[u32] {
        let (order, texts) = (&self.orders[column], &self.columns[column]);
        let rest = &order[order.partition_point(|&slot| texts.folded(slot) < folded)..];
        &rest[..rest.partition_point(|&slot| texts.folded(slot) == folded)]
    }

    pub fn ranks(&self) -> &[u32] {
        &self.ranks
    }

    pub fn entry(&self, slot: u32) -> AccountEntry {
        let [user_name, last_name, first_name] = self.texts(slot).map(str::to_owned);
        AccountEntry { id: self.id(slot), user_name, last_name, first_name, disabled: self.disabled.get(slot), sis: self.sis.get(slot) }
    }

    /// Adds an account in a new slot, in place of the one it may have had. [`Accounts::settle`] is due afterwards.
    pub fn push(&mut self, entry: &AccountEntry) -> u32 {
        let slot = u32::try_from(self.ids.len()).expect("fewer than four billion accounts");
        if let Some(old) = self.index.remove(entry.id.0, &self.ids) {
            self.kill(old);
        }
        self.ids.push(entry.id.0);
        self.index.insert(slot, &self.ids);
        for (column, text) in self.columns.iter_mut().zip([&entry.user_name, &entry.last_name, &entry.first_name]) {
            column.push(text);
        }
        for bits in [&mut self.disabled, &mut self.sis, &mut self.live] {
            bits.reach(slot);
        }
        self.live.set(slot, true);
        self.set_marks(slot, entry);
        self.ranks.push(slot);
        self.unsettled.push(slot);
        slot
    }

    /// Takes over what is no text.
    pub fn set_marks(&mut self, slot: u32, entry: &AccountEntry) {
        self.disabled.set(slot, entry.disabled);
        self.sis.set(slot, entry.sis);
    }

    pub fn remove(&mut self, id: AccountId) {
        if let Some(slot) = self.index.remove(id.0, &self.ids) {
            self.kill(slot);
        }
    }

    fn kill(&mut self, slot: u32) {
        self.live.set(slot, false);
        self.dead += 1;
    }

    /// Puts new slots in their places: one pass over the orders, however many there are.
    pub fn settle(&mut self) {
        let new = std::mem::take(&mut self.unsettled);
        if new.is_empty() {
            return;
        }
        let mut orders = std::mem::take(&mut self.orders);
        std::thread::scope(|scope| {
            // A load sorts everything: worth the second core. A change does not pay for threads.
            let is_load = new.len() > 10_000;
            for (column, order) in orders.iter_mut().enumerate() {
                let (this, mut new) = (&*self, new.clone());
                let mut place = move || {
                    this.sort(column, &mut new);
                    merge(order, &new, |left, right| this.compare(column, left, right));
                };
                if is_load {
                    scope.spawn(place);
                } else {
                    place();
                }
            }
        });
        self.orders = orders;
        for (rank, &slot) in (0..).zip(&self.orders[0]) {
            self.ranks[slot as usize] = rank;
        }
    }

    /// By search fold, then text, then id; and slot, of which an account that was renamed and back has two.
    fn compare(&self, column: usize, left: u32, right: u32) -> Ordering {
        self.compare_texts(column, left, right).then_with(|| (self.id(left), left).cmp(&(self.id(right), right)))
    }

    fn compare_texts(&self, column: usize, left: u32, right: u32) -> Ordering {
        let texts = &self.columns[column];
        let (one, other) = (texts.shown(left), texts.shown(right));
        // Mostly so, where a sort or a merge has come as far as the texts: names are shared.
        if one == other {
            return Ordering::Equal;
        }
        texts.folded(left).cmp(texts.folded(right)).then_with(|| one.cmp(other))
    }

    fn sort(&self, column: usize, slots: &mut [u32]) {
        slots.sort_unstable_by_key(|&slot| (self.id(slot), slot));
        // The first eight bytes decide most comparisons without a look at the texts.
        let head = |slot: u32| {
            let text = self.columns[column].folded(slot);
            let mut head = [0; 8];
            let length = text.len().min(8);
            head[..length].copy_from_slice(&text[..length]);
            u64::from_be_bytes(head)
        };
        let mut heads: Vec<_> = slots.iter().map(|&slot| (head(slot), slot)).collect();
        // Stable: of equal texts the ids are in their order already, and few distinct ones are sorted in few steps.
        heads.sort_by(|left, right| left.0.cmp(&right.0).then_with(|| self.compare_texts(column, left.1, right.1)));
        for (slot, (_, sorted)) in slots.iter_mut().zip(heads) {
            *slot = sorted;
        }
    }

    /// Without the dead slots, where these are many: and the old slots in their new order.
    pub fn compacted(&self) -> Option<(Self, Vec<u32>)> {
        if self.dead < 1_000 || self.dead < self.len() / 4 {
            return None;
        }
        let slots: Vec<u32> = self.live.iter().collect();
        let mut compact = Self::default();
        let mut moved = vec![u32::MAX; self.len()];
        for &old in &slots {
            moved[old as usize] = compact.push(&self.entry(old));
        }
        compact.unsettled.clear();
        compact.orders = self.orders.each_ref().map(|order| {
            let slots = order.iter().map(|&old| moved[old as usize]);
            slots.filter(|&slot| slot != u32::MAX).collect()
        });
        for (rank, &slot) in (0..).zip(&compact.orders[0]) {
            compact.ranks[slot as usize] = rank;
        }
        Some((compact, slots))
    }
}

/// Merges sorted slots into a sorted order; each stretch of the order moves once.
fn merge(order: &mut Vec<u32>, new: &[u32], compare: impl Fn(u32, u32) -> Ordering) {
    let mut end = order.len();
    order.resize(end + new.len(), 0);
    for (left, &slot) in new.iter().enumerate().rev() {
        let place = order[..end].partition_point(|&other| compare(other, slot).is_lt());
        order.copy_within(place..end, place + left + 1);
        order[place + left] = slot;
        end = place;
    }
}
