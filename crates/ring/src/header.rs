//! The words of the header that others may read and write.

use crate::layout::Header;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

impl Header {
    /// When the engine last beat: boot time in µs, 0 = never.
    pub fn beat(&self) -> u64 {
        self.engine.0.beat.load(Acquire)
    }

    /// How long ago the engine beat, in µs; `None` = never. A beat in the future is as old as it is far.
    pub fn beat_age_us(&self, now_us: u64) -> Option<u64> {
        match self.beat() {
            0 => None,
            beat => Some(now_us.abs_diff(beat)),
        }
    }

    /// The engine is alive. Also ends the back-off of those who tried to start it.
    pub fn set_beat(&self, now_us: u64) {
        self.engine.0.beat.store(now_us, Release);
        if self.spawn.0.load(Relaxed) != 0 {
            self.spawn.0.store(0, Relaxed);
        }
    }

    /// The engine's pid, in its own pid namespace; 0 = none has been here.
    pub fn engine_pid(&self) -> u32 {
        self.engine.0.pid.load(Relaxed)
    }

    /// The engine's version, see [`pack_version`]; 0 = unknown.
    pub fn engine_version(&self) -> u64 {
        self.engine.0.version.load(Relaxed)
    }

    /// The engine says who it is, before its first beat. Sites are not loaded at this point.
    pub fn set_engine(&self, pid: u32, version: u64) {
        self.set_sites_loaded(false);
        self.engine.0.pid.store(pid, Relaxed);
        self.engine.0.version.store(version, Relaxed);
    }

    /// Whether a site without a row is unknown. Before that, records of any site are to be taken.
    pub fn sites_loaded(&self) -> bool {
        self.engine.0.sites_loaded.load(Acquire) != 0
    }

    /// Engine only: every known site has its row (or, with `false`, not yet).
    pub fn set_sites_loaded(&self, loaded: bool) {
        self.engine.0.sites_loaded.store(loaded.into(), Release);
    }

    /// Slots ever claimed in this ring: accepted and skipped records. At most one behind.
    pub fn claimed(&self) -> u64 {
        self.tail.0.load(Relaxed)
    }

    /// Slots ever freed in this ring.
    pub fn freed(&self) -> u64 {
        self.head.0.load(Relaxed)
    }

    /// Records refused because the ring was full.
    pub fn dropped(&self) -> u64 {
        self.dropped.0.load(Relaxed)
    }

    /// Slots whose producer died or stood still before publishing.
    pub fn skipped(&self) -> u64 {
        self.skipped.0.load(Relaxed)
    }

    /// Slots whose content did not hold.
    pub fn torn(&self) -> u64 {
        self.torn.0.load(Relaxed)
    }

    /// Whether the consumer sleeps.
    pub fn sleeping(&self) -> bool {
        self.sleeping.0.load(Relaxed) != 0
    }
}

/// "1.22.333" as one number, 16 bits for each of the three; what is missing or no number is 0.
pub fn pack_version(text: &str) -> u64 {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse::<u16>().unwrap_or(0));
    (0..3).fold(0, |packed, _| (packed << 16) | u64::from(parts.next().unwrap_or(0)))
}

/// The text of a packed version.
pub fn version_text(packed: u64) -> String {
    format!("{}.{}.{}", packed >> 32 & 0xFFFF, packed >> 16 & 0xFFFF, packed & 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version_text(pack_version("1.22.333")), "1.22.333");
        assert_eq!(version_text(pack_version("0.1.0-beta.2")), "0.1.0");
        assert!(pack_version("0.10.0") > pack_version("0.9.9"));
        assert_eq!(version_text(pack_version("nonsense")), "0.0.0");
        assert_eq!(version_text(u64::MAX), "65535.65535.65535");
    }
}
