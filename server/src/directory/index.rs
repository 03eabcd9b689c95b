//! From ids to slots in five bytes an id: the ids themselves stand in a column.

use hashbrown::HashTable;

/// Which slot holds which id.
#[derive(Default)]
pub struct Index(HashTable<u32>);

impl Index {
    pub fn get(&self, id: i64, ids: &[i64]) -> Option<u32> {
        self.0.find(hash(id), |&slot| ids[slot as usize] == id).copied()
    }

    /// Adds the last id of the column, which is not in it yet.
    pub fn insert(&mut self, slot: u32, ids: &[i64]) {
        self.0.insert_unique(hash(ids[slot as usize]), slot, |&slot| hash(ids[slot as usize]));
    }

    pub fn remove(&mut self, id: i64, ids: &[i64]) -> Option<u32> {
        let entry = self.0.find_entry(hash(id), |&slot| ids[slot as usize] == id).ok()?;
        Some(entry.remove().0)
    }
}

/// Ids are the database's own counters: nobody outside chooses them, so spreading them is enough.
fn hash(id: i64) -> u64 {
    let spread = id.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread ^ spread >> 32
}
