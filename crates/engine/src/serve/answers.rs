//! Answers that may be given again: a heavy one is computed once for all who ask within its life.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use qahm_event::SiteId;
use serde_json::Value;

use crate::report::{Question, json_bytes};

/// Bytes the answers kept may take in all, beside the memory of the live state.
const BYTES: usize = 4 << 20;
/// An answer takes about so many times the bytes that it has as JSON …
const SPREAD: usize = 4;
/// … and with its question so many besides.
const PLACE: usize = 1 << 10;
/// Questions whose answer is about half an hour or more: only those may be a little old (FEATURES P), and tell their time.
const HEAVY: [&str; 5] = ["pages", "performance", "errors", "engagement", "history"];

/// The answers given lately.
#[derive(Debug, Default)]
pub(super) struct Answers {
    given: Mutex<HashMap<(SiteId, Question), Given>>,
}

#[derive(Debug)]
struct Given {
    at: Instant,
    /// How long it may be given again: each site has its own.
    life: Duration,
    /// Estimated.
    bytes: usize,
    answer: Value,
}

impl Answers {
    /// An answer given in the last `ttl` seconds, or a new one.
    pub(super) fn reuse(
        &self,
        site: SiteId,
        question: &Question,
        ttl: u32,
        answer: impl FnOnce() -> Value,
    ) -> Value {
        if ttl == 0 || !HEAVY.contains(&question.what.as_str()) {
            return answer();
        }
        let name = (site, question.clone());
        let life = Duration::from_secs(ttl.into());
        if let Some(given) = self.given.lock().get(&name)
            && given.at.elapsed() < life
        {
            return given.answer.clone();
        }
        let answer = answer();
        // What went wrong is not worth keeping.
        if answer.get("ok") == Some(&Value::Bool(true)) {
            let bytes =
                json_bytes(&answer).saturating_mul(SPREAD).saturating_add(json_bytes(&name.1) + PLACE);
            self.keep(name, Given { at: Instant::now(), life, bytes, answer: answer.clone() });
        }
        answer
    }

    /// Keeps an answer; those whose time is over go, of whichever site, and the oldest while there are too many.
    fn keep(&self, name: (SiteId, Question), new: Given) {
        if new.bytes > BYTES {
            return;
        }
        let mut given = self.given.lock();
        given.retain(|known, given| given.at.elapsed() < given.life && *known != name);
        let mut held: usize = given.values().map(|given| given.bytes).sum();
        while held + new.bytes > BYTES {
            let oldest = given.iter().min_by_key(|(_, given)| given.at).map(|(name, _)| name.clone());
            let Some(gone) = oldest.and_then(|name| given.remove(&name)) else { break };
            held -= gone.bytes;
        }
        given.insert(name, new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn heavy_answers_are_given_again_and_others_are_not() {
        let answers = Answers::default();
        let question = |json: Value| serde_json::from_value::<Question>(json).unwrap();
        let ask = |q: &Question, ttl, n: u64| {
            answers.reuse(SiteId(1), q, ttl, || json!({ "ok": true, "n": n }))["n"].as_u64().unwrap()
        };
        let pages = question(json!({ "what": "pages" }));
        assert_eq!([ask(&pages, 60, 1), ask(&pages, 60, 2), ask(&pages, 0, 3)], [1, 1, 3]);
        let filtered = question(json!({ "what": "pages", "filter": { "country": "FR" } }));
        assert_eq!(ask(&filtered, 60, 4), 4);
        let events = question(json!({ "what": "events" }));
        assert_eq!([ask(&events, 60, 5), ask(&events, 60, 6)], [5, 6]);
        let failed = question(json!({ "what": "errors" }));
        answers.reuse(SiteId(1), &failed, 60, || json!({ "ok": false }));
        assert_eq!(ask(&failed, 60, 7), 7);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_over_goes() {
        let answers = Answers::default();
        let question = |limit: usize| Question { limit, ..Question::about("pages") };
        let long = "x".repeat(100_000);
        for n in 0..100 {
            answers.reuse(SiteId(1), &question(n), 60, || json!({ "ok": true, "rows": long }));
        }
        let held = |answers: &Answers| answers.given.lock().values().map(|g| g.bytes).sum::<usize>();
        assert!((BYTES / 2..=BYTES).contains(&held(&answers)), "{}", held(&answers));
        assert!(answers.given.lock().contains_key(&(SiteId(1), question(99))), "the newest is kept");
        assert!(!answers.given.lock().contains_key(&(SiteId(1), question(0))), "the oldest is not");
        answers.given.lock().values_mut().for_each(|given| given.life = Duration::ZERO);
        answers.reuse(SiteId(2), &question(1), 60, || json!({ "ok": true }));
        assert_eq!(answers.given.lock().len(), 1, "those of another site go, too");
        let huge = "x".repeat(BYTES);
        answers.reuse(SiteId(2), &question(2), 60, || json!({ "ok": true, "rows": huge }));
        assert_eq!(answers.given.lock().len(), 1, "one that is larger than all may be is not kept");
    }
}
