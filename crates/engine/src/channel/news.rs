//! What the pipeline hands over for a stream, before anybody compares or encodes it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::patch::{Op, ROWS_IN_FRONT};
use crate::hub::Frame;
pub use crate::report::{ROWS, Rows};

/// A stream's newest state, or what leads to it.
#[derive(Debug, Clone)]
pub enum News {
    /// The site's frame: the state of `live` without a filter, and of `alerts`.
    Frame(Arc<Frame>),
    /// The state itself.
    State(Value),
    /// What came into the feed.
    Rows(Rows),
}

impl News {
    /// What both together say, `later` being the newer.
    pub(super) fn then(self, later: News) -> News {
        match (self, later) {
            (News::Rows(earlier), News::Rows(later)) => News::Rows(earlier.then(later)),
            (_, later) => later,
        }
    }
}

impl Rows {
    fn then(mut self, later: Rows) -> Rows {
        if later.whole {
            return later;
        }
        for row in &mut self.rows {
            if later.undone.contains(&number(row)) {
                undo(row);
            }
        }
        self.rows.extend(later.rows);
        let superfluous = self.rows.len().saturating_sub(ROWS);
        self.rows.drain(..superfluous);
        self.undone.extend(later.undone);
        Rows { first: later.first, last: later.last, ..self }
    }

    /// The state of a stream that begins with these rows.
    pub(super) fn state(self) -> Value {
        let mut events = self.rows;
        events.reverse();
        events.truncate(ROWS);
        json!({ "first": self.first, "last": self.last, "missed": false, "events": events })
    }
}

/// What rows change in a feed.
pub(super) fn rows_ops(state: &Value, rows: Rows) -> Vec<Op> {
    let mut ops = Vec::new();
    let shown = state.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, row) in shown.iter().enumerate() {
        if row.get("undone").is_none() && rows.undone.contains(&number(row)) {
            ops.push(Op::set(format!("events/{index}/undone"), Value::Bool(true)));
        }
    }
    // Nothing that fits: no reason to wake anybody because others came.
    if rows.rows.is_empty() && ops.is_empty() {
        return ops;
    }
    if !rows.rows.is_empty() {
        ops.push(Op::set(ROWS_IN_FRONT, Value::Array(rows.rows)));
    }
    for (name, number) in [("first", rows.first), ("last", rows.last)] {
        if state.get(name).and_then(Value::as_u64) != Some(number) {
            ops.push(Op::set(name, number.into()));
        }
    }
    ops
}

/// The number of a row of the feed.
pub(super) fn number(row: &Value) -> u64 {
    row.get("id").and_then(Value::as_u64).unwrap_or(0)
}

fn undo(row: &mut Value) {
    if let Some(row) = row.as_object_mut() {
        row.insert("undone".into(), Value::Bool(true));
    }
}
