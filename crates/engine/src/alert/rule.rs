//! `high_traffic`: visitors active now reach the threshold; it ends under 80 % of it (FEATURES C, A2).

use super::Level;

/// What a rule makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Raised, or still so, at this level.
    On(Level),
    /// Between the end and the threshold: what is on stays on.
    Keep,
    Off,
}

/// Judges V1. Critical from twice the threshold.
pub fn high_traffic(active: u32, threshold: u32) -> Verdict {
    let (active, threshold) = (u64::from(active), u64::from(threshold));
    if active >= threshold * 2 {
        Verdict::On(Level::Critical)
    } else if active >= threshold {
        Verdict::On(Level::Warning)
    } else if active * 5 < threshold * 4 {
        Verdict::Off
    } else {
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hysteresis() {
        let cases = [
            (500, Verdict::On(Level::Warning)),
            (499, Verdict::Keep),
            (400, Verdict::Keep),
            (399, Verdict::Off),
        ];
        for (active, verdict) in cases {
            assert_eq!(high_traffic(active, 500), verdict, "{active}");
        }
        assert_eq!(high_traffic(1000, 500), Verdict::On(Level::Critical));
        assert_eq!(high_traffic(0, 1), Verdict::Off);
        assert_eq!(high_traffic(1, 1), Verdict::On(Level::Warning));
        assert_eq!(high_traffic(u32::MAX, u32::MAX), Verdict::On(Level::Warning));
    }
}
