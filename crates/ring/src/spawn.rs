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
        let pause = pause(attempts, &backoff_us);
        let next = (attempts + 1).min(255) << TIME_BITS | (now_us.saturating_add(pause) & TIME_MASK);
        word.compare_exchange(found, next, AcqRel, Relaxed).is_ok()
    }

    /// Attempts to start the engine since it last beat, 0 to 255.
    pub fn spawn_attempts(&self) -> u32 {
        (self.header().spawn.0.load(Relaxed) >> TIME_BITS) as u32
    }

    /// When the engine was last tried to be started since it last beat, boot time in µs. `backoff_us` as for
    /// [`try_spawn`](Ring::try_spawn), of which every caller has to use the same.
    pub fn last_spawn_us(&self, backoff_us: &RangeInclusive<u64>) -> Option<u64> {
        let word = self.header().spawn.0.load(Relaxed);
        let before = (word >> TIME_BITS).checked_sub(1)?;
        (word & TIME_MASK).checked_sub(pause(before, backoff_us))
    }
}

/// How long after an attempt the next one is allowed, if so many went before it.
fn pause(attempts_before: u64, backoff_us: &RangeInclusive<u64>) -> u64 {
    backoff_us.start().saturating_mul(1 << attempts_before.min(30)).min(*backoff_us.end())
}
