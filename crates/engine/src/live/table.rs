//! A hash table of slab indices: the key stands only in the slab, so an entry costs about ten bytes.
//!
//! View ids are chosen by browsers, so the hash is seeded per process: nobody can choose colliding ones.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Memory of one entry, growth included.
pub const ENTRY_BYTES: usize = 12;

#[derive(Debug, Default)]
pub struct Table {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// What an index is found by: (number of the site, key or view id).
pub type Name = (u16, u64);

impl Table {
    /// The index whose name is `name`; `of` reads an index's name from the slab.
    #[inline]
    pub fn find(&self, name: Name, of: impl Fn(u32) -> Name) -> Option<u32> {
        self.table.find(self.hasher.hash_one(name), |index| of(*index) == name).copied()
    }

    pub fn insert(&mut self, name: Name, index: u32, of: impl Fn(u32) -> Name) {
        let hasher = &self.hasher;
        self.table.insert_unique(hasher.hash_one(name), index, |index| hasher.hash_one(of(*index)));
    }

    pub fn remove(&mut self, name: Name, of: impl Fn(u32) -> Name) {
        let hash = self.hasher.hash_one(name);
        if let Ok(entry) = self.table.find_entry(hash, |index| of(*index) == name) {
            entry.remove();
        }
    }
}
