//! The sums of an hour by one dimension, as the bytes of one row: a screen of a day reads 24 of them.
//!
//! ```text
//! cells   cell*      sorted by key
//! cell    key | which metrics are not 0, as bits | each of them, zigzag     all numbers LEB128
//! key     a number (pages, names, the site), or length and text
//! ```

use super::sketch::{put, take};
use crate::live::facts::{METRICS, Metrics};

/// Appends one cell whose key is a number.
pub(crate) fn put_number(bytes: &mut Vec<u8>, key: u32, metrics: &Metrics) {
    put(bytes, u64::from(key));
    put_metrics(bytes, metrics);
}

/// Appends one cell whose key is a text.
pub(crate) fn put_text(bytes: &mut Vec<u8>, key: &str, metrics: &Metrics) {
    put(bytes, key.len() as u64);
    bytes.extend_from_slice(key.as_bytes());
    put_metrics(bytes, metrics);
}

fn put_metrics(bytes: &mut Vec<u8>, metrics: &Metrics) {
    let bits = metrics.iter().enumerate().filter(|(_, m)| **m != 0).fold(0, |bits, (n, _)| bits | 1 << n);
    put(bytes, bits);
    for metric in metrics.iter().filter(|m| **m != 0) {
        put(bytes, ((metric << 1) ^ (metric >> 63)) as u64);
    }
}

/// Reads cells whose keys are numbers; ends at bytes that are none.
pub(crate) fn numbers(mut bytes: &[u8], mut each: impl FnMut(u32, &Metrics)) -> Option<()> {
    while !bytes.is_empty() {
        let key = u32::try_from(take(&mut bytes)?).ok()?;
        each(key, &metrics(&mut bytes)?);
    }
    Some(())
}

/// Reads cells whose keys are texts.
pub(crate) fn texts(mut bytes: &[u8], mut each: impl FnMut(&str, &Metrics)) -> Option<()> {
    while !bytes.is_empty() {
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let (text, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        each(std::str::from_utf8(text).ok()?, &metrics(&mut bytes)?);
    }
    Some(())
}

fn metrics(bytes: &mut &[u8]) -> Option<Metrics> {
    let mut bits = take(bytes)?;
    let mut metrics = [0; METRICS];
    while bits != 0 {
        let value = take(bytes)?;
        *metrics.get_mut(bits.trailing_zeros() as usize)? = (value >> 1) as i64 ^ -((value & 1) as i64);
        bits &= bits - 1;
    }
    Some(metrics)
}

/// Adds one cell to another.
pub(crate) fn add(to: &mut Metrics, from: &Metrics) {
    for (sum, value) in to.iter_mut().zip(from) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_come_back(cells in proptest::collection::vec((any::<u32>(), any::<[i64; METRICS]>(), ".{0,9}"), 0..20)) {
            let (mut by_number, mut by_text) = (Vec::new(), Vec::new());
            for (key, metrics, text) in &cells {
                let mut metrics = *metrics;
                metrics.iter_mut().step_by(3).for_each(|m| *m = 0);
                put_number(&mut by_number, *key, &metrics);
                put_text(&mut by_text, text, &metrics);
            }
            let mut found = Vec::new();
            numbers(&by_number, |key, metrics| found.push((key, *metrics))).unwrap();
            let mut words = Vec::new();
            texts(&by_text, |key, metrics| words.push((key.to_owned(), *metrics))).unwrap();
            for (n, (key, metrics, text)) in cells.iter().enumerate() {
                prop_assert_eq!((found[n].0, &words[n].0), (*key, text));
                prop_assert_eq!(found[n].1, words[n].1);
                prop_assert_eq!((found[n].1[1], found[n].1[0]), (metrics[1], 0));
            }
        }

        #[test]
        fn hostile_bytes_are_no_cells(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = numbers(&bytes, |_, _| ());
            let _ = texts(&bytes, |_, _| ());
        }
    }
}
