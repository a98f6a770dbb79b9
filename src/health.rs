//! What the engine says of itself, asked over its socket: for pages of diagnosis, never for a visitor's.

use std::{collections::BTreeMap, time::Duration};

use qahm_event::clean;
use qahm_runtime::{Place, call};
use serde::Deserialize;
use serde_json::Value;

/// How long a page of diagnosis waits for the engine. It answers from memory, in well under a millisecond.
const PATIENCE: Duration = Duration::from_millis(250);

/// The answer of an engine that runs.
#[derive(Default)]
pub(crate) struct Health {
    /// Where it really keeps its data, whatever our own settings say; empty when it does not tell.
    pub(crate) data_dir: String,
    /// Where it listens for HTTP, `unix:/path` or `host:port`; empty when it does not, or does not tell.
    pub(crate) listen: String,
    /// What a person should know, worst first.
    pub(crate) notes: Vec<String>,
    /// All its whole numbers, by name: an engine of a later version may have more.
    pub(crate) numbers: Vec<(String, i64)>,
}

#[derive(Deserialize)]
struct Answer {
    engine: BTreeMap<String, Value>,
}

impl Health {
    /// Asks the engine of this runtime directory. `None`: there is none, or it does not answer in time.
    pub(crate) fn ask(place: &Place) -> Option<Self> {
        let answer = call(place, br#"{"op":"status"}"#, PATIENCE).ok()?;
        let Answer { engine } = serde_json::from_slice(&answer).ok()?;
        let mut health = Self::default();
        for (name, value) in engine {
            match (name.as_str(), value) {
                ("data_dir", Value::String(path)) => health.data_dir = path,
                ("listen", Value::String(address)) => health.listen = clean(address.as_bytes()).into_owned(),
                ("notes", Value::Array(notes)) => {
                    // They may quote what a site or a library said.
                    let texts = notes.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
                    health.notes = texts.map(|text| clean(text.as_bytes()).into_owned()).collect();
                }
                (_, Value::Number(number)) => {
                    health.numbers.extend(number.as_i64().map(|number| (name, number)));
                }
                _ => {}
            }
        }
        Some(health)
    }
}
