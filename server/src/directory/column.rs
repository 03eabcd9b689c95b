//! A column of texts: as shown, and folded for the search.

use super::bits::Bits;
use app::model::{
    filter::text::{EDGE, TextFilter},
    fold::search_fold,
};
use std::ops::Range;

/// Where fewer than one slot in so many is left, each is looked at by itself rather than all scanned.
const FEW: usize = 4;

/// Texts one behind the other in two buffers; they are only ever added.
pub struct Column {
    shown: String,
    shown_ends: Vec<u32>,
    /// Each text with an [`EDGE`] behind it, and one before the first.
    folded: Vec<u8>,
    /// Where the edge behind each text stands.
    folded_ends: Vec<u32>,
}

impl Default for Column {
    fn default() -> Self {
        Self { shown: String::new(), shown_ends: Vec::new(), folded: vec![EDGE], folded_ends: Vec::new() }
    }
}

impl Column {
    pub fn push(&mut self, text: &str) {
        self.shown.push_str(text);
        self.folded.extend_from_slice(search_fold(text).as_bytes());
        self.shown_ends.push(offset(self.shown.len()));
        self.folded_ends.push(offset(self.folded.len()));
        self.folded.push(EDGE);
    }

    pub fn shown(&self, slot: u32) -> &str {
        let slot = slot as usize;
        let start = if slot == 0 { 0 } else { self.shown_ends[slot - 1] };
        &self.shown[start as usize..self.shown_ends[slot] as usize]
    }

    pub fn folded(&self, slot: u32) -> &[u8] {
        &self.folded[self.folded_range(slot as usize)]
    }

    /// With the edges around it.
    fn framed(&self, slot: u32) -> &[u8] {
        let Range { start, end } = self.folded_range(slot as usize);
        &self.folded[start - 1..=end]
    }

    fn folded_range(&self, slot: usize) -> Range<usize> {
        let start = if slot == 0 { 1 } else { self.folded_ends[slot - 1] as usize + 1 };
        start..self.folded_ends[slot] as usize
    }

    /// Calls `each` for every text in which something is found, with its slot, the place of the first find in it, and its length.
    /// `find` searches from an offset on, as [`app::model::filter::text::Needle::find`] does.
    pub fn scan(&self, find: impl Fn(&[u8], usize) -> Option<Range<usize>>, mut each: impl FnMut(u32, Range<usize>, usize)) {
        let (mut slot, mut from) = (0, 0);
        while let Some(found) = find(&self.folded, from) {
            slot = self.slot_at(slot, found.start);
            let text = self.folded_range(slot);
            each(offset(slot), found.start - text.start..found.end - text.start, text.len());
            from = text.end;
            slot += 1;
        }
    }

    /// Keeps the slots whose texts match.
    pub fn retain(&self, slots: &mut Bits, filter: &TextFilter) {
        if slots.count() as usize * FEW < self.folded_ends.len() {
            slots.retain(|slot| filter.matches_framed(self.framed(slot)));
            return;
        }
        let mut found = Bits::with_slots(self.folded_ends.len());
        for needle in filter.needles() {
            self.scan(|framed, from| needle.find(framed, from), |slot, _, _| found.set(slot, true));
        }
        slots.keep(&found, filter.is_negated());
    }

    /// The slots in which something is found.
    pub fn matching(&self, find: impl Fn(&[u8], usize) -> Option<Range<usize>>) -> Bits {
        let mut bits = Bits::with_slots(self.folded_ends.len());
        self.scan(find, |slot, _, _| bits.set(slot, true));
        bits
    }

    /// The slot whose text holds this place, not before `slot`. Steps double: finds are often near, or else far apart.
    fn slot_at(&self, slot: usize, place: usize) -> usize {
        let ends = &self.folded_ends[slot..];
        let is_before = |end: &u32| (*end as usize) < place;
        let mut reach = 1;
        while reach < ends.len() && is_before(&ends[reach - 1]) {
            reach *= 2;
        }
        let near = &ends[..reach.min(ends.len())];
        slot + near.partition_point(is_before)
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a column of names stays below 4 GiB")
}
