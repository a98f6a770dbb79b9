//! Lists, sorted and a page at a time.

use serde_json::Value;

/// Rows of a list at most.
pub(super) const MOST: usize = 1000;

/// Which rows of a list are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    pub(super) fn new(limit: usize, offset: usize) -> Page {
        Page { limit: limit.clamp(1, MOST), offset }
    }

    /// At most so many rows in all, however many pages are asked for.
    pub(super) fn cut<T>(self, mut rows: Vec<T>, most: usize) -> Vec<T> {
        rows.truncate(most);
        rows.into_iter().skip(self.offset).take(self.limit).collect()
    }

    /// The rows asked for of a list sorted by `order`, each as JSON.
    pub(super) fn of<T, K: Ord>(
        self,
        mut rows: Vec<T>,
        order: impl Fn(&T) -> K,
        json: impl Fn(&T) -> Value,
    ) -> Vec<Value> {
        rows.sort_by_cached_key(|row| order(row));
        rows.iter().skip(self.offset).take(self.limit).map(json).collect()
    }
}
