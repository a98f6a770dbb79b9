//! Numbers by slices of 30 seconds over the last half hour.

use super::Second;

const LENGTH: Second = 30;
const COUNT: usize = 61;

/// A ring of slices. A slice is forgotten when the window has left it.
#[derive(Debug, Default)]
pub struct Slices {
    /// (slice number, count); empty until something is added, because it rarely is.
    ring: Vec<(Second, u64)>,
}

impl Slices {
    pub fn add(&mut self, at: Second, number: u64) {
        if self.ring.is_empty() {
            self.ring = vec![(0, 0); COUNT];
        }
        let slice = at / LENGTH;
        if let Some(place) = self.ring.get_mut(slice as usize % COUNT) {
            if place.0 != slice {
                *place = (slice, 0);
            }
            place.1 += number;
        }
    }

    /// The sum over the slices that begin within the last `window` seconds before `now`.
    pub fn sum(&self, now: Second, window: Second) -> u64 {
        let last = now / LENGTH;
        let first = last.saturating_sub(window / LENGTH - 1);
        self.ring.iter().filter(|(slice, _)| (first..=last).contains(slice)).map(|s| s.1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_leave_the_window() {
        let mut slices = Slices::default();
        assert_eq!(slices.sum(5000, 300), 0);
        slices.add(9_000, 5);
        slices.add(9_040, 2);
        assert_eq!(slices.sum(9_060, 300), 7);
        assert_eq!(slices.sum(9_000 + 300, 300), 2);
        assert_eq!(slices.sum(9_000 + 1799, 1800), 7);
        assert_eq!(slices.sum(9_060 + 1800, 1800), 0);
    }
}
