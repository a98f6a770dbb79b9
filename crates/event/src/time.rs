//! The clock of records: CLOCK_BOOTTIME, which all processes of a machine share, which never steps and which
//! runs on through suspend. The engine alone turns it into wall time.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds since the machine booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Micros(pub u64);

impl Micros {
    /// The clock now. Answered by the vDSO: no system call on the usual machine.
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
        Self(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000))
    }

    /// The beginning of a whole second since boot.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as u64 * 1_000_000)
    }

    /// Whole seconds since boot, rounded down; `u32::MAX` for a time no machine reaches (136 years).
    pub const fn seconds(self) -> u32 {
        let seconds = self.0 / 1_000_000;
        if seconds > u32::MAX as u64 { u32::MAX } else { seconds as u32 }
    }

    /// What has passed since `earlier`, in microseconds; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_and_bounded() {
        assert_eq!(Micros(0).seconds(), 0);
        assert_eq!(Micros(999_999).seconds(), 0);
        assert_eq!(Micros(1_000_000).seconds(), 1);
        assert_eq!(Micros(u64::MAX).seconds(), u32::MAX);
        assert_eq!(Micros::from_seconds(u32::MAX).seconds(), u32::MAX);
    }

    #[test]
    fn the_clock_runs_forward() {
        let first = Micros::now();
        let second = Micros::now();
        assert!(first.0 > 0 && second >= first);
        assert_eq!(first.since(Micros(u64::MAX)), 0);
    }
}
