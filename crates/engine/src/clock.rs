//! The engine's clock: seconds that never go back, and their offset to wall time.
//!
//! Records carry CLOCK_BOOTTIME. The engine's seconds are the boot clock plus a constant that is chosen anew after a
//! reboot, so that stored times stay in the past. Windows, gaps and timers run on these seconds; only rows, days and
//! schedules use wall time, through the offset of the moment: a wall clock that is set never moves a window.

use std::time::{SystemTime, UNIX_EPOCH};

use qahm_event::Micros;

/// Whole seconds of the engine's own clock.
pub type Second = u32;

/// The first seconds of the very first boot: leaves room for records from just before the engine was started.
const FIRST: i64 = 1 << 20;

/// How the seconds of the last run can be continued; stored with every commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The kernel's id of this boot.
    pub boot: String,
    /// Engine second = boot second + this.
    pub shift: i64,
    /// The last second of the run …
    pub second: Second,
    /// … and its Unix time.
    pub unix: i64,
}

/// Reads boot time and wall time.
#[derive(Debug)]
pub struct Clock {
    boot: String,
    shift: i64,
    wall: fn() -> i64,
}

impl Clock {
    /// Goes on from the last run's mark, if there was one.
    pub fn new(last: Option<&Mark>) -> Clock {
        Clock::with(last, boot_id(), Micros::now(), wall_seconds)
    }

    /// The same with everything given.
    pub fn with(last: Option<&Mark>, boot: String, now: Micros, wall: fn() -> i64) -> Clock {
        let shift = match last {
            None => FIRST,
            Some(mark) if mark.boot == boot => mark.shift,
            // Rebooted: as much time has passed as the wall clock says, and never less than none.
            Some(mark) => i64::from(mark.second) + (wall() - mark.unix).max(0) - i64::from(now.seconds()),
        };
        Clock { boot, shift, wall }
    }

    /// The engine second of a record's time; a time before all of ours is second 0.
    #[inline]
    pub fn second(&self, time: Micros) -> Second {
        (i64::from(time.seconds()) + self.shift).clamp(0, i64::from(u32::MAX) - 86_400) as Second
    }

    pub fn now(&self) -> Second {
        self.second(Micros::now())
    }

    /// Unix time minus engine second, now.
    pub fn offset(&self) -> i64 {
        (self.wall)() - i64::from(self.now())
    }

    pub fn mark(&self, second: Second, unix: i64) -> Mark {
        Mark { boot: self.boot.clone(), shift: self.shift, second, unix }
    }
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".into(), |s| s.trim().into())
}

#[cfg(not(feature = "chaos"))]
fn wall_seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// Tests with real processes move the wall clock by writing seconds into a file.
#[cfg(feature = "chaos")]
fn wall_seconds() -> i64 {
    let moved = std::env::var("QAHM_REALTIME_TEST_CLOCK")
        .ok()
        .and_then(|file| std::fs::read_to_string(file).ok())
        .and_then(|text| text.trim().parse::<i64>().ok())
        .unwrap_or(0);
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64) + moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_go_on_over_a_reboot_and_a_clock_set_back() {
        let first = Clock::with(None, "a".into(), Micros(500_000_000), || 10_000);
        assert_eq!(first.second(Micros(500_999_999)), 500 + FIRST as u32);
        let mark = first.mark(first.second(Micros(600_000_000)), 10_100);
        let same = Clock::with(Some(&mark), "a".into(), Micros(700_000_000), || 5);
        assert_eq!(same.second(Micros(600_000_000)), mark.second);
        let rebooted = Clock::with(Some(&mark), "b".into(), Micros(20_000_000), || 10_400);
        assert_eq!(rebooted.second(Micros(20_000_000)), mark.second + 300);
        let back = Clock::with(Some(&mark), "b".into(), Micros(20_000_000), || 5);
        assert_eq!(back.second(Micros(20_000_000)), mark.second);
    }
}
