//! A result, as a line of JSON.

use serde_json::json;

/// Prints one figure. `note` says under which circumstances it holds.
pub(crate) fn print(name: &str, value: f64, unit: &str, note: &str) {
    println!("{}", json!({ "name": name, "value": value, "unit": unit, "note": note }));
}

/// The middle one; of an even number the lower of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// "1.5, 2.5": every round, for the note.
pub(crate) fn list(values: &[f64], digits: usize) -> String {
    values.iter().map(|v| format!("{v:.digits$}")).collect::<Vec<_>>().join(", ")
}
