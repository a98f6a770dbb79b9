//! Who may try to start the engine, and when: one compare-and-swap among all workers of a user, with growing pauses.

use crate::Ring;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// The pauses between attempts, in µs: 1, 2, 4 … 60 s.
pub const SPAWN_BACKOFF_US: RangeInclusive<u64> = 1_000_000..=60_000_000;

const TIME_BITS: u32 = 56;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

impl Ring {
    /// True for one caller at a time: it shall start the engine now. Afterwards nobody is allowed to for the first pause
    /// of `backoff_us`, then for double of it, up to its end. The engine's beat sets this back.
    ///
    /// Costs one load when it is not time; the caller has seen before that the beat is stale.
    pub fn try_spawn(&self, now_us: u64, backoff_us: RangeInclusive<u64>) -> bool {
        let word = &self.header().spawn.0;
        let found = word.load(Relaxed);
        let (attempts, allowed_at) = (found >> TIME_BITS, found & TIME_MASK);
        // Further away than the longest pause: no attempt of ours wrote this.
        if now_us < allowed_at && allowed_at - now_us <= *backoff_us.end() {
            return false;
        }
        let doubled = backoff_us.start().saturating_mul(1 << attempts.min(30));
        let pause = doubled.min(*backoff_us.end());
        let next = (attempts + 1).min(255) << TIME_BITS | (now_us.saturating_add(pause) & TIME_MASK);
        word.compare_exchange(found, next, AcqRel, Relaxed).is_ok()
    }

    /// Attempts to start the engine since it last beat, 0 to 255.
    pub fn spawn_attempts(&self) -> u32 {
        (self.header().spawn.0.load(Relaxed) >> TIME_BITS) as u32
    }
}
