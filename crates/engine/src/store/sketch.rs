//! Quantiles within 1 %: how many values fell into each bin, bins growing by 2 % (DDSketch, relative accuracy 0.01).
//!
//! Kept as bytes that are merged without being taken apart first: a screen of a day adds up thousands of them. What is not
//! asked for is skipped by its length.
//!
//! ```text
//! sketch   length | (bins since the last one, count)*     all numbers LEB128; bin 0 holds the zeros
//! set      sketch × SERIES
//! pages    (page, sketch × SERIES)*
//! ```

use std::collections::HashMap;

/// What is sketched: `facts::TIMINGS`, then the µs in PHP and the queries of requests.
pub(crate) const SERIES: usize = 8;
pub(crate) const SERIES_NAMES: [&str; SERIES] =
    ["load", "ttfb", "fcp", "lcp", "inp", "cls", "generation", "queries"];

/// (1 + 0.01) / (1 − 0.01).
const GAMMA: f64 = 1.01 / 0.99;

/// More than the bin of the largest value: bytes that speak of others are not ours.
const BINS: u32 = 1_200;

/// Counts of consecutive bins from `low` on; neither the first nor the last of them is 0. Side by side, because a screen
/// adds up hundreds of thousands of bins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sketch {
    low: u32,
    counts: Vec<u32>,
}

/// One sketch of each series.
pub(crate) type Set = [Sketch; SERIES];

impl Sketch {
    pub(crate) fn add(&mut self, value: u32) {
        self.add_to(bin(value), 1);
    }

    fn add_to(&mut self, bin: u32, count: u32) {
        if count == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.low = bin;
        }
        if bin < self.low {
            let missing = (self.low - bin) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.low = bin;
        }
        let at = (bin - self.low) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(found) = self.counts.get_mut(at) {
            *found = found.saturating_add(count);
        }
    }

    /// Bins that hold something, and how much.
    fn bins(&self) -> impl Iterator<Item = (u32, u32)> {
        (self.low..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// The value of rank ⌈q·n⌉, within 1 %; `None` without values.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        let rank = (q * self.count() as f64).ceil().max(1.0) as u64;
        let mut sum = 0;
        self.bins().find_map(|(bin, n)| {
            sum += u64::from(n);
            (sum >= rank).then(|| middle(bin))
        })
    }

    pub(crate) fn merge(&mut self, other: &Sketch) {
        other.bins().for_each(|(bin, count)| self.add_to(bin, count));
    }

    fn encode(&self, bytes: &mut Vec<u8>, body: &mut Vec<u8>) {
        body.clear();
        let mut last = 0;
        for (bin, count) in self.bins() {
            put(body, u64::from(bin - last));
            put(body, u64::from(count));
            last = bin;
        }
        put(bytes, body.len() as u64);
        bytes.extend_from_slice(body);
    }

    /// Adds an encoded sketch; `None` for bytes that are none.
    fn absorb(&mut self, mut body: &[u8]) -> Option<()> {
        let mut bin = 0u32;
        while !body.is_empty() {
            bin = bin.checked_add(u32::try_from(take(&mut body)?).ok()?).filter(|bin| *bin < BINS)?;
            self.add_to(bin, u32::try_from(take(&mut body)?).ok()?);
        }
        Some(())
    }
}

/// Adds the sketches of one set to those of another.
pub(crate) fn merge_set(to: &mut Set, from: &Set) {
    to.iter_mut().zip(from).for_each(|(to, from)| to.merge(from));
}

/// Values of all series.
pub(crate) fn samples(set: &Set) -> u64 {
    set.iter().map(Sketch::count).sum()
}

/// Bin b holds the values in (γ^(b−2), γ^(b−1)].
fn bin(value: u32) -> u32 {
    match value {
        0 => 0,
        _ => (f64::from(value).ln() / GAMMA.ln()).ceil() as u32 + 1,
    }
}

/// What is within 1 % of every value of the bin.
fn middle(bin: u32) -> f64 {
    match bin {
        0 => 0.0,
        _ => 2.0 * GAMMA.powf(f64::from(bin) - 1.0) / (GAMMA + 1.0),
    }
}

pub(crate) fn encode_set(set: &Set) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut body = Vec::new();
    set.iter().for_each(|sketch| sketch.encode(&mut bytes, &mut body));
    bytes
}

/// Adds an encoded set to one, the series of `wanted` alone.
pub(crate) fn absorb_set(set: &mut Set, mut bytes: &[u8], wanted: impl Fn(usize) -> bool) -> Option<()> {
    absorb_from(set, &mut bytes, wanted)
}

fn absorb_from(set: &mut Set, bytes: &mut &[u8], wanted: impl Fn(usize) -> bool) -> Option<()> {
    for (n, sketch) in set.iter_mut().enumerate() {
        let body = body(bytes)?;
        if wanted(n) {
            sketch.absorb(body)?;
        }
    }
    Some(())
}

pub(crate) fn encode_pages<'a>(pages: impl Iterator<Item = (u32, &'a Set)>) -> Vec<u8> {
    let (mut bytes, mut body) = (Vec::new(), Vec::new());
    for (page, set) in pages {
        put(&mut bytes, u64::from(page));
        set.iter().for_each(|sketch| sketch.encode(&mut bytes, &mut body));
    }
    bytes
}

/// Adds the encoded sets of pages to those of `sets`; `key` says to which one, or that a page is not wanted.
pub(crate) fn absorb_pages(
    mut bytes: &[u8],
    sets: &mut HashMap<u32, Set>,
    key: impl Fn(u32) -> Option<u32>,
) -> Option<()> {
    while !bytes.is_empty() {
        let page = u32::try_from(take(&mut bytes)?).ok()?;
        match key(page) {
            Some(key) => absorb_from(sets.entry(key).or_default(), &mut bytes, |_| true)?,
            None => {
                for _ in 0..SERIES {
                    body(&mut bytes)?;
                }
            }
        }
    }
    Some(())
}

fn body<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (body, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(body)
}

/// Appends a number, LEB128.
pub(crate) fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes a number from the front.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_within_one_percent_of_its_rank(
            values in proptest::collection::vec(prop_oneof![0u32..20, 0u32..70_000, any::<u32>()], 1..300),
            cut in 0usize..300,
        ) {
            let cut = cut.min(values.len());
            let mut halves: [Set; 2] = Default::default();
            values[..cut].iter().for_each(|v| halves[0][3].add(*v));
            values[cut..].iter().for_each(|v| halves[1][3].add(*v));
            let mut merged = Set::default();
            for half in &halves {
                absorb_set(&mut merged, &encode_set(half), |n| n == 3).unwrap();
            }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            prop_assert_eq!(merged[3].count(), sorted.len() as u64);
            for q in [0.5, 0.75, 0.95] {
                let exact = f64::from(sorted[((q * sorted.len() as f64).ceil() as usize).max(1) - 1]);
                let found = merged[3].quantile(q).unwrap();
                prop_assert!((found - exact).abs() <= exact * 0.01 + 1e-9, "{found} for {exact}");
            }
        }

        #[test]
        fn hostile_bytes_are_no_sketch(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut set = Set::default();
            let _ = absorb_set(&mut set, &bytes, |_| true);
            let _ = absorb_pages(&bytes, &mut HashMap::new(), |page| (page % 2 == 0).then_some(page));
        }
    }

    #[test]
    fn pages_are_found_and_skipped() {
        let mut sets: [Set; 2] = Default::default();
        sets[0][0].add(100);
        sets[1][7].add(9);
        let bytes = encode_pages([(5, &sets[0]), (700, &sets[1])].into_iter());
        let mut found = HashMap::new();
        absorb_pages(&bytes, &mut found, |page| (page == 700).then_some(1)).unwrap();
        assert_eq!(found, HashMap::from([(1, sets[1].clone())]));
    }
}
