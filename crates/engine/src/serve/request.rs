//! What may be asked over the control socket, and how an answer is put.

use qahm_event::SiteId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alert::outbox::{Claimer, Delivered};
use crate::report::Question;

/// A request as it comes over the socket.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Request {
    Ask {
        site: String,
        q: Question,
        #[serde(flatten)]
        who: Who,
    },
    Poll(Poll),
    /// Why would this record count, or not? In hex digits.
    Explain {
        site: String,
        record: String,
    },
    Command {
        site: String,
        c: Change,
    },
    Configure {
        site: String,
        config: String,
    },
    Claim {
        site: String,
        /// Seconds.
        lease: i64,
    },
    Acknowledge {
        site: String,
        claim: u64,
        results: Vec<Delivered>,
    },
    Status,
}

/// What is after a place in streams of one filter?
#[derive(Debug, Deserialize)]
pub struct Poll {
    pub site: String,
    pub topics: Vec<String>,
    /// An object of texts; absent or null = everybody.
    #[serde(default)]
    pub filter: Value,
    /// A position as an answer before gave it.
    #[serde(default)]
    pub since: Option<String>,
    #[serde(flatten)]
    pub who: Who,
}

/// Who wants to know, if somebody with a token does: the user, and when the token's chain began (Unix seconds).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Who {
    pub user: Option<u64>,
    pub chain: Option<u64>,
}

/// A change to a site.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Change {
    /// Delete everything of the site.
    Forget,
    /// Send an alert of type `test` on its way.
    TestAlert,
    /// Refuse every token of a user whose chain began by now.
    Revoke { user: u64 },
    /// A user has seen an alert (not the claim of its delivery, see [`Request::Acknowledge`]).
    Acknowledge { alert: String, user: u64 },
}

/// What the pipeline is asked to do.
#[derive(Debug)]
pub enum Order {
    Configure {
        site: SiteId,
        config: String,
    },
    Change {
        site: SiteId,
        change: Change,
    },
    Claim {
        site: SiteId,
        claimer: Claimer,
    },
    Acknowledge {
        site: SiteId,
        claim: u64,
        results: Vec<Delivered>,
    },
    /// What is so now and was in the last half hour.
    Answer {
        site: SiteId,
        question: Question,
    },
    /// What would become of a record.
    Explain {
        site: SiteId,
        record: Vec<u8>,
    },
    /// The claimer never got the answer.
    Unclaim {
        claim: u64,
    },
}

/// An answer that is no error.
pub fn ok(mut answer: Value) -> Value {
    if let Some(map) = answer.as_object_mut() {
        map.insert("ok".into(), Value::Bool(true));
    }
    answer
}

/// An answer that is an error: a word for programs, a sentence for people.
pub fn error(code: &str, text: impl std::fmt::Display) -> Value {
    json!({ "ok": false, "code": code, "error": text.to_string() })
}
