//! What Unix time minus engine second was of late: a moment keeps the time it was told with, although the clock was set.

use std::collections::VecDeque;

use super::Second;

/// Clocks that are remembered: more than are set in half an hour.
const KEPT: usize = 32;

/// From which second on which offset; the newest is at the back.
#[derive(Debug, Clone, Default)]
pub struct Offsets {
    ring: VecDeque<(Second, i64)>,
}

impl Offsets {
    /// The offset is another from second `now` on.
    pub fn set(&mut self, now: Second, offset: i64) {
        while self.ring.pop_back_if(|last| last.0 >= now).is_some() {}
        if self.ring.len() == KEPT {
            self.ring.pop_front();
        }
        self.ring.push_back((now, offset));
    }

    /// The Unix time that a second had when it was the current one.
    pub fn unix(&self, second: Second) -> i64 {
        let of_then = self.ring.iter().rev().find(|(from, _)| *from <= second).or(self.ring.front());
        i64::from(second) + of_then.map_or(0, |(_, offset)| *offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_keeps_its_time() {
        let mut offsets = Offsets::default();
        offsets.set(100, 1000);
        offsets.set(150, 4600);
        offsets.set(150, 5000);
        assert_eq!([50, 149, 150].map(|second| offsets.unix(second)), [1050, 1149, 5150]);
        (200..300).for_each(|second| offsets.set(second, 0));
        assert_eq!(offsets.unix(299), 299);
    }
}
