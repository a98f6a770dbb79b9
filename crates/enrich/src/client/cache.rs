//! A bounded memory of clients, by hash of what they sent.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use super::{Client, REMEMBERED};

/// Second-chance replacement. An entry is kept over the hand's next round only if it was asked for again after it was
/// put in, so a flood of user agents that are each seen once replaces only its own.
#[derive(Default)]
pub(super) struct Cache {
    /// Random, so that nobody outside can choose two texts of one hash.
    hash: RandomState,
    places: HashMap<u64, usize, BuildHasherDefault<AsIs>>,
    entries: Vec<Entry>,
    hand: usize,
}

struct Entry {
    key: u64,
    client: Arc<Client>,
    asked: bool,
}

impl Cache {
    pub(super) fn key(&self, agent: &[u8], hints: &[u8]) -> u64 {
        self.hash.hash_one((agent, hints))
    }

    pub(super) fn get(&mut self, key: u64) -> Option<Arc<Client>> {
        let entry = self.entries.get_mut(*self.places.get(&key)?)?;
        entry.asked = true;
        Some(Arc::clone(&entry.client))
    }

    pub(super) fn insert(&mut self, key: u64, client: Arc<Client>) {
        let entry = Entry { key, client, asked: false };
        if self.entries.len() < REMEMBERED {
            self.places.insert(key, self.entries.len());
            self.entries.push(entry);
            return;
        }
        // At most one round: the hand clears what it passes.
        loop {
            let hand = self.hand;
            self.hand = (hand + 1) % REMEMBERED;
            let Some(place) = self.entries.get_mut(hand) else { return };
            if std::mem::take(&mut place.asked) {
                continue;
            }
            self.places.remove(&place.key);
            self.places.insert(key, hand);
            *place = entry;
            return;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The key is a hash already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Device, UNKNOWN};
    use super::*;

    #[test]
    fn a_flood_replaces_only_itself() {
        let client = Arc::new(Client {
            device: Device::Other,
            browser: UNKNOWN.into(),
            os: UNKNOWN.into(),
            bot: None,
        });
        let mut cache = Cache::default();
        let keys: Vec<u64> = (0..100u32).map(|k| cache.key(b"usual", &k.to_le_bytes())).collect();
        for key in &keys {
            cache.insert(*key, Arc::clone(&client));
        }
        for k in 0..100_000u32 {
            let key = cache.key(b"flood", &k.to_le_bytes());
            assert!(cache.get(key).is_none());
            cache.insert(key, Arc::clone(&client));
            if k % 1000 == 0 {
                assert!(keys.iter().all(|key| cache.get(*key).is_some()), "{k}");
            }
        }
        assert_eq!(cache.len(), REMEMBERED);
        assert_eq!(cache.places.len(), REMEMBERED);
    }
}
