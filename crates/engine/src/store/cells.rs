//! The sums of an hour by one dimension, as the bytes of one row: a screen of a day reads 24 of them.
//!
//! ```text
//! cells   cell*      sorted by key
//! cell    key | which metrics are not 0, as bits | each of them, zigzag     all numbers LEB128
//! key     a number: of a page, a name, 0 for the site
//! ```

use super::sketch::{put, take};
use crate::live::facts::{METRICS, Metrics};

/// Appends one cell whose key is a number.
pub(crate) fn put_number(bytes: &mut Vec<u8>, key: u32, metrics: &Metrics) {
    put(bytes, u64::from(key));
    put_metrics(bytes, metrics);
}

/// Appends sums.
pub(crate) fn put_metrics(bytes: &mut Vec<u8>, metrics: &Metrics) {
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

/// Takes sums from the front.
pub(crate) fn metrics(bytes: &mut &[u8]) -> Option<Metrics> {
    let mut bits = take(bytes)?;
    let mut metrics = [0; METRICS];
    while bits != 0 {
        let value = take(bytes)?;
        *metrics.get_mut(bits.trailing_zeros() as usize)? = (value >> 1) as i64 ^ -((value & 1) as i64);
        bits &= bits - 1;
    }
    Some(metrics)
}

/// Takes sums from the front that nobody asked for.
pub(crate) fn skip_metrics(bytes: &mut &[u8]) -> Option<()> {
    for _ in 0..take(bytes)?.count_ones() {
        take(bytes)?;
    }
    Some(())
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
        fn cells_come_back(cells in proptest::collection::vec((any::<u32>(), any::<[i64; METRICS]>()), 0..20)) {
            let mut bytes = Vec::new();
            for (key, metrics) in &cells {
                let mut metrics = *metrics;
                metrics.iter_mut().step_by(3).for_each(|m| *m = 0);
                put_number(&mut bytes, *key, &metrics);
            }
            let mut found = Vec::new();
            numbers(&bytes, |key, metrics| found.push((key, *metrics))).unwrap();
            prop_assert_eq!(found.len(), cells.len());
            for ((key, metrics), (found_key, found)) in cells.iter().zip(&found) {
                prop_assert_eq!((found_key, found[1], found[0]), (key, metrics[1], 0));
            }
            let mut rest = bytes.as_slice();
            for _ in &cells {
                take(&mut rest).unwrap();
                skip_metrics(&mut rest).unwrap();
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn hostile_bytes_are_no_cells(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = numbers(&bytes, |_, _| ());
            let _ = skip_metrics(&mut bytes.as_slice());
        }
    }
}
