//! Quantiles of values that are all there.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Value, json};

/// The value of rank ⌈q·n⌉, whatever the order the values stand in; null of none.
pub(super) fn quantile<T: PartialOrd + Serialize>(values: &mut [T], q: f64) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let rank = (q * values.len() as f64).ceil().max(1.0) as usize;
    let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(Ordering::Equal);
    let (_, value, _) = values.select_nth_unstable_by(rank - 1, order);
    json!(value)
}
