//! W8: what the engine itself takes of the machine, for who wonders what we cost.

use std::collections::VecDeque;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Microseconds that shares and rates are about.
const MINUTE_US: u64 = 60_000_000;
/// Looks at once a second that are kept.
const LOOKS: usize = 128;

/// Memory now; work of the last minute, or since the start where that is less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Burden {
    /// Resident memory of the process, in bytes, with the part of the ring that was used; absent if the kernel does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    /// The ring in shared memory, in bytes.
    pub ring_bytes: usize,
    /// Thousandths of one processor.
    pub processor_permille: u64,
    /// Records taken in per minute.
    pub events_per_minute: u64,
}

/// Looks at the process once a second.
#[derive(Debug, Default)]
pub struct Meter {
    /// When (boot µs), processor time until then (µs), records until then.
    looks: VecDeque<(u64, u64, u64)>,
}

impl Meter {
    /// What is taken now (boot µs) by an engine that took in so many records and maps rings of so many bytes.
    pub fn look(&mut self, now_us: u64, events: u64, ring_bytes: usize) -> Burden {
        self.note(
            now_us,
            processor_us(),
            events,
            Burden { rss_bytes: rss(), ring_bytes, ..Burden::default() },
        )
    }

    fn note(&mut self, now_us: u64, processor_us: u64, events: u64, memory: Burden) -> Burden {
        // The last look that is a minute old or more stays: it is where the minute begins.
        while self.looks.get(1).is_some_and(|(at, ..)| at + MINUTE_US <= now_us) || self.looks.len() >= LOOKS
        {
            self.looks.pop_front();
        }
        self.looks.push_back((now_us, processor_us, events));
        let (since, processor, before) = self.looks.front().copied().unwrap_or_default();
        let span = now_us.saturating_sub(since);
        let of_span = |much: u64, of: u64| much.saturating_mul(of).checked_div(span).unwrap_or(0);
        Burden {
            processor_permille: of_span(processor_us.saturating_sub(processor), 1000),
            // Less than a second says nothing about a minute.
            events_per_minute: if span < MINUTE_US / 60 {
                0
            } else {
                of_span(events.saturating_sub(before), MINUTE_US)
            },
            ..memory
        }
    }
}

/// Processor time of all our threads, in µs.
fn processor_us() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

/// Resident memory in bytes. `None` where /proc is not there.
fn rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_last_minute() {
        let mut meter = Meter::default();
        let mut burden = Burden::default();
        // A tenth of a processor and 50 records a second for two minutes, then nothing.
        for second in 0..=120_u64 {
            burden = meter.note(second * 1_000_000, second * 100_000, second * 50, Burden::default());
            assert!(
                second < 2 || (burden.processor_permille, burden.events_per_minute) == (100, 3000),
                "{second}"
            );
        }
        for second in 121..=150_u64 {
            burden = meter.note(second * 1_000_000, 12_000_000, 6000, Burden::default());
        }
        assert_eq!((burden.processor_permille, burden.events_per_minute), (50, 1500));
        for second in 151..=181_u64 {
            burden = meter.note(second * 1_000_000, 12_000_000, 6000, Burden::default());
        }
        assert_eq!((burden.processor_permille, burden.events_per_minute), (0, 0));
        // The engine was stopped for an hour, and took in what had waited.
        burden = meter.note(3_781_000_000, 13_000_000, 9000, Burden::default());
        assert_eq!((burden.processor_permille, burden.events_per_minute), (0, 50));
    }

    #[test]
    fn the_process_is_seen() {
        let mut meter = Meter::default();
        meter.look(0, 0, 7);
        let until = processor_us() + 20_000;
        while processor_us() < until {}
        let burden = meter.look(40_000, 0, 7);
        assert!(burden.processor_permille >= 500 && burden.ring_bytes == 7, "{burden:?}");
        assert!(burden.rss_bytes.unwrap() > 1 << 20);
    }
}
