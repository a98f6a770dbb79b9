//! The time to within a few milliseconds, for readers: a fifth of what the precise clock costs, which is what most of
//! reading the counters would be.

use qahm_event::Micros;
use rustix::time::{ClockId, clock_gettime};

/// How long a comparison of the two clocks is good for, µs.
const GOOD_US: u64 = 1_000_000;

/// The kernel's coarse clock is not the boot clock: it stands still while the machine sleeps. So they are compared anew
/// every second, and a reader who finds something too old asks [`Micros::now`] before believing it.
#[derive(Default)]
pub(crate) struct Coarse {
    /// Boot time less coarse time at the last comparison, µs.
    ahead: u64,
    /// The coarse time from which on they are compared anew.
    until: u64,
}

impl Coarse {
    /// Microseconds since the machine booted, up to two ticks of the kernel early or late.
    #[inline]
    pub(crate) fn now(&mut self) -> Micros {
        let coarse = coarse();
        if coarse >= self.until {
            self.ahead = Micros::now().0.saturating_sub(coarse);
            self.until = coarse.saturating_add(GOOD_US);
        }
        Micros(coarse.saturating_add(self.ahead))
    }
}

#[inline]
fn coarse() -> u64 {
    let now = clock_gettime(ClockId::MonotonicCoarse);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000)
}
