//! What may be asked over the control socket, and how an answer is put.

use std::net::IpAddr;

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
        q: Value,
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

/// Who wants to know, if somebody with a token does: the user, when the token's chain began (Unix seconds), and from where.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Who {
    pub user: Option<u64>,
    pub chain: Option<u64>,
    /// The other end of the connection to the web server, as PHP knows it.
    pub address: Option<IpAddr>,
}

/// A question as PHP asks it: the extension passes on what it is given, so that who asks, and a poll, come within it.
#[derive(Debug)]
pub enum PhpQuestion {
    Question(Question),
    Poll(Poll),
}

impl PhpQuestion {
    /// Takes it apart: who asks is no part of the question, for the same answer is given to everybody.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(site: &str, mut q: Value, outside: Who) -> serde_json::Result<(PhpQuestion, Who)> {
        let mut taken = |name| q.as_object_mut()?.remove(name);
        let who = Who {
            user: taken("user").and_then(|user| user.as_u64()).or(outside.user),
            chain: taken("chain").and_then(|chain| chain.as_u64()).or(outside.chain),
            // One that cannot be read is none: whoever asks is counted all the same.
            address: taken("address").and_then(|address| address.as_str()?.parse().ok()).or(outside.address),
        };
        if q.get("what").and_then(Value::as_str) != Some("poll") {
            return Ok((PhpQuestion::Question(serde_json::from_value(q)?), who));
        }
        if let Some(members) = q.as_object_mut() {
            members.insert("site".into(), site.into());
        }
        let poll = Poll { who, ..serde_json::from_value(q)? };
        Ok((PhpQuestion::Poll(poll), who))
    }
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

/// An order without its site.
pub(super) enum OrderOf {
    Change(Change),
    Configure(String),
    Explain(Vec<u8>),
    Claim(Claimer),
    Acknowledge(u64, Vec<Delivered>),
}

impl OrderOf {
    pub(super) fn of(self, site: SiteId) -> Order {
        match self {
            OrderOf::Change(change) => Order::Change { site, change },
            OrderOf::Configure(config) => Order::Configure { site, config },
            OrderOf::Explain(record) => Order::Explain { site, record },
            OrderOf::Claim(claimer) => Order::Claim { site, claimer },
            OrderOf::Acknowledge(claim, results) => Order::Acknowledge { site, claim, results },
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(q: Value) -> (PhpQuestion, Who) {
        PhpQuestion::of("00000000000000aa", q, Who::default()).unwrap()
    }

    #[test]
    fn who_asks_is_no_part_of_the_question() {
        let q = json!({"what": "pages", "limit": 5, "user": 7, "chain": 1000, "address": "2001:db8::1"});
        let (asked, who) = of(q);
        assert_eq!((who.user, who.chain), (Some(7), Some(1000)));
        assert_eq!(who.address, Some("2001:db8::1".parse().unwrap()));
        let PhpQuestion::Question(question) = asked else { panic!("a question") };
        assert_eq!((question.limit, question.more.len()), (5, 0), "everybody is given the same answer");
        let (PhpQuestion::Question(unasked), nobody) = of(json!({"what": "pages", "limit": 5})) else {
            panic!("a question")
        };
        assert_eq!((unasked, nobody.user), (question, None));
    }

    #[test]
    fn a_poll_comes_as_a_question() {
        let q = json!({"what": "poll", "topics": ["live"], "since": "0011223344556677.live:5", "user": 7, "chain": 1,
            "address": "unix:"});
        let (PhpQuestion::Poll(poll), _) = of(q) else { panic!("a poll") };
        assert_eq!((poll.site.as_str(), poll.who.user), ("00000000000000aa", Some(7)));
        assert_eq!(poll.who.address, None, "no address, and no reason to refuse");
        assert_eq!(poll.since.as_deref(), Some("0011223344556677.live:5"));
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for q in
            [json!(5), json!([]), json!({}), json!({"what": "poll"}), json!({"what": "pages", "since": "x"})]
        {
            assert!(PhpQuestion::of("x", q.clone(), Who::default()).is_err(), "{q}");
        }
    }
}
