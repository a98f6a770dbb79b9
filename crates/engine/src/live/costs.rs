//! W8: what our plugin cost the site's pages itself, of the last five minutes.
//!
//! Times are counted by their size: each bucket is 5 % larger than the one before, so that a quantile is within 2.5 % of the
//! true one whatever the traffic, in 11 KiB per site. Nothing of a visitor is in it.

use super::Second;

/// Slices of 30 seconds: the current one and the nine before it.
const LENGTH: Second = 30;
const SLICES: usize = 10;
/// How much larger each bucket is than the one before.
const GROWTH: f64 = 1.05;
/// Up to a second and beyond; what took longer is in the last one.
const BUCKETS: usize = 284;

/// Times of pages, by slice.
#[derive(Debug, Default)]
pub struct Costs {
    /// Number of the slice, pages by bucket; empty until there is a page.
    ring: Vec<(Second, Box<[u32]>)>,
}

/// What pages took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Pages that told.
    pub pages: u64,
    /// Half of them took no longer, in ms; 95 of 100. 0 if there are none.
    pub p50: f64,
    pub p95: f64,
}

impl Costs {
    /// Counts a page that took so many microseconds.
    pub fn add(&mut self, at: Second, micros: u32) {
        let slice = at / LENGTH;
        let place = slice as usize % SLICES;
        if self.ring.is_empty() {
            self.ring = vec![(0, vec![0; BUCKETS].into_boxed_slice()); SLICES];
        }
        let Some((number, counts)) = self.ring.get_mut(place) else { return };
        if *number != slice {
            *number = slice;
            counts.fill(0);
        }
        let bucket = (f64::from(micros.max(1)).ln() / GROWTH.ln()).round() as usize;
        if let Some(count) = counts.get_mut(bucket.min(BUCKETS - 1)) {
            *count = count.saturating_add(1);
        }
    }

    /// What the pages of the last five minutes took.
    pub fn cost(&self, now: Second) -> Cost {
        let last = now / LENGTH;
        let first = last.saturating_sub(SLICES as Second - 1);
        let mut counts = vec![0_u64; BUCKETS];
        for (_, slice) in self.ring.iter().filter(|(number, _)| (first..=last).contains(number)) {
            counts.iter_mut().zip(slice).for_each(|(sum, count)| *sum += u64::from(*count));
        }
        let pages = counts.iter().sum::<u64>();
        let quantile = |q: f64| {
            let rank = (q * pages as f64).ceil().max(1.0) as u64;
            let mut seen = 0;
            let bucket = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            bucket.map_or(0.0, |bucket| GROWTH.powi(bucket as i32) / 1000.0)
        };
        Cost { pages, p50: quantile(0.5), p95: quantile(0.95) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_and_leave_with_their_slice() {
        let mut costs = Costs::default();
        assert_eq!(costs.cost(1_000_000), Cost::default());
        for n in 1..=1000_u32 {
            costs.add(999_990 + n % 20, n);
        }
        let near = |is: f64, should: f64| assert!((is / should - 1.0).abs() <= 0.026, "{is} is not {should}");
        let cost = costs.cost(1_000_009);
        assert_eq!(cost.pages, 1000);
        near(cost.p50, 0.5);
        near(cost.p95, 0.95);
        // Slices begin at 999_990 and at 1_000_020.
        assert_eq!(costs.cost(999_990 + 299).pages, 1000);
        assert_eq!(costs.cost(999_990 + 300), Cost::default());
        costs.add(1_000_320, 0);
        costs.add(1_000_320, u32::MAX);
        let cost = costs.cost(1_000_320);
        assert_eq!((cost.pages, cost.p50), (2, 0.001));
        assert!(cost.p95 > 900.0);
    }
}
