//! Sets of slots, one bit each.

/// A set of slot numbers below its length.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    words: Vec<u64>,
}

/// Slots that lie together.
pub const WORD: u32 = u64::BITS;

impl Bits {
    pub fn with_slots(slots: usize) -> Self {
        Self { words: vec![0; slots.div_ceil(WORD as usize)] }
    }

    /// Makes room for one slot more than `slot`.
    pub fn reach(&mut self, slot: u32) {
        let words = slot as usize / WORD as usize + 1;
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
    }

    pub fn set(&mut self, slot: u32, to: bool) {
        let word = &mut self.words[(slot / WORD) as usize];
        let bit = 1 << (slot % WORD);
        *word = if to { *word | bit } else { *word & !bit };
    }

    pub fn get(&self, slot: u32) -> bool {
        self.words[(slot / WORD) as usize] >> (slot % WORD) & 1 == 1
    }

    /// Keeps what is (or, inverted, is not) in the other set as well.
    pub fn keep(&mut self, other: &Self, inverted: bool) {
        let mask = if inverted { u64::MAX } else { 0 };
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other ^ mask;
        }
    }

    /// Adds the other set.
    pub fn add(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Keeps the slots for which the test holds.
    pub fn retain(&mut self, mut test: impl FnMut(u32) -> bool) {
        for (word, base) in self.words.iter_mut().zip((0..).step_by(WORD as usize)) {
            for slot in ones(*word, base) {
                // No branch: which ones go is nothing a processor could foresee.
                *word &= !(u64::from(!test(slot)) << (slot % WORD));
            }
        }
    }

    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().zip((0..).step_by(WORD as usize)).flat_map(|(&word, base)| ones(word, base))
    }

    /// Those of the slots that lie together from a multiple of [`WORD`] on.
    pub fn together(&self, base: u32) -> impl Iterator<Item = u32> {
        ones(self.word(base), base)
    }

    /// Whether there is one of them.
    pub fn has_any_together(&self, base: u32) -> bool {
        self.word(base) != 0
    }

    fn word(&self, base: u32) -> u64 {
        self.words.get((base / WORD) as usize).copied().unwrap_or(0)
    }

    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

fn ones(mut word: u64, base: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(base + bit)
    })
}
