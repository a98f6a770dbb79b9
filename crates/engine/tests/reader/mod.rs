//! A client of streams: takes messages as they come over the wire, and knows nothing else.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

use qahm_engine::channel::patch::{Op, apply};
use serde_json::Value;

/// What one stream has told.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    pub epoch: String,
    pub seq: u64,
    pub state: Value,
    pub puts: usize,
    pub patches: usize,
    /// Numbers of the feed's rows as they came, those of a put oldest first.
    pub heard: Vec<u64>,
}

impl Reader {
    /// Takes a message in. A patch must fit: the channel never sends another.
    pub fn take(&mut self, message: &Value) {
        let seq = message["s"].as_u64().unwrap();
        if message.get("data").is_some() {
            self.puts += 1;
            self.state = message["data"].clone();
            self.epoch = message["e"].as_str().unwrap().into();
            let rows = self.state.get("events").and_then(Value::as_array);
            let known = self.heard.last().copied().unwrap_or(0);
            let new = rows.into_iter().flatten().rev().map(id).filter(|id| *id > known);
            self.heard.extend(new.collect::<Vec<_>>());
        } else {
            self.patches += 1;
            assert_eq!((message["e"].as_str(), message["b"].as_u64()), (Some(&*self.epoch), Some(self.seq)));
            assert!(seq > self.seq, "a number never goes back");
            for op in message["ops"].as_array().unwrap() {
                let op = Op { path: op[0].as_str().unwrap().into(), value: op.get(1).cloned() };
                if op.path == "events+" {
                    self.heard.extend(op.value.as_ref().unwrap().as_array().unwrap().iter().map(id));
                }
                apply(&[op], &mut self.state).unwrap();
            }
        }
        self.seq = seq;
    }
}

fn id(row: &Value) -> u64 {
    row["id"].as_u64().unwrap()
}
