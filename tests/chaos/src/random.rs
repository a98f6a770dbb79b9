//! Chance that can be repeated: SplitMix64.

use std::time::Duration;

/// Numbers that follow from a seed.
pub struct Random(u64);

impl Random {
    /// The seed is `QAHM_CHAOS_SEED`, or a new one; printed, so that a bad day can be had again. (What the kernel's
    /// scheduler does cannot be repeated; what is killed in which order, and after how long, can.)
    pub fn seeded(test: &str) -> Random {
        let seed = match std::env::var("QAHM_CHAOS_SEED") {
            Ok(seed) => seed.parse().expect("QAHM_CHAOS_SEED is a number"),
            Err(_) => getrandom::u64().unwrap() % 1_000_000_000,
        };
        println!("{test}: QAHM_CHAOS_SEED={seed}");
        Random(seed)
    }

    /// The numbers of this seed.
    pub fn of(seed: u64) -> Random {
        Random(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// Less than so many microseconds.
    pub fn micros(&mut self, bound: u64) -> Duration {
        Duration::from_micros(self.below(bound))
    }
}
