//! What a client may ask of its connection: the same for every codec.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

/// Commands of one connection that wait at most.
pub const INBOX: usize = 8;

/// A command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// Follow these topics with this filter, instead of what was followed; no topic: nothing.
    Follow {
        topics: Vec<String>,
        #[serde(default, deserialize_with = "or_none")]
        filter: Map<String, Value>,
        /// Positions to go on from.
        #[serde(default)]
        resume: Option<String>,
    },
    /// Send nothing until `resume`.
    Pause,
    Resume {
        #[serde(default)]
        position: Option<String>,
    },
    /// A newer token: the connection lives on.
    Token { token: String },
    /// Somebody has seen to an alert.
    Acknowledge { alert: Value },
}

/// What is null is not there.
pub(super) fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Why a command was not followed: a word for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: &'static str,
    pub message: String,
}

impl Problem {
    pub fn new(code: &'static str, message: impl std::fmt::Display) -> Problem {
        Problem { code, message: message.to_string() }
    }
}

/// The answer to a command.
pub fn answer(done: &Result<(), Problem>) -> Value {
    match done {
        Ok(()) => json!({ "ok": true }),
        Err(problem) => json!({ "ok": false, "code": problem.code, "message": problem.message }),
    }
}

/// A command on its way to a connection that is written to by another task, and where its answer goes.
pub type Posted = (Command, oneshot::Sender<Result<(), Problem>>);
/// Where commands of a connection are put.
pub type Inbox = mpsc::Sender<Posted>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_others_refused() {
        let read = |text: &str| serde_json::from_str::<Command>(text);
        assert_eq!(read(r#"{"do":"pause"}"#).unwrap(), Command::Pause);
        assert!(read(r#"{"do":"follow","topics":["live"],"filter":{"country":"FR"}}"#).is_ok());
        let null = read(r#"{"do":"follow","topics":[],"filter":null}"#);
        assert_eq!(null.unwrap(), read(r#"{"do":"follow","topics":[]}"#).unwrap());
        assert_eq!(read(r#"{"do":"resume"}"#).unwrap(), Command::Resume { position: None });
        for wrong in ["{}", r#"{"do":"forget"}"#, r#"{"do":"follow"}"#, r#"{"do":"token"}"#, "[]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
