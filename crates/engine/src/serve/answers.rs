//! Answers that may be given again: a heavy one is computed once for all who ask within its life.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use qahm_event::SiteId;
use serde_json::Value;

use crate::report::Question;

/// Answers kept.
const KEPT: usize = 256;
/// Questions whose answer is about half an hour or more: only those may be a little old (FEATURES P), and tell their time.
const HEAVY: [&str; 5] = ["pages", "performance", "errors", "engagement", "history"];

/// The answers given lately.
#[derive(Debug, Default)]
pub(super) struct Answers {
    given: Mutex<HashMap<(SiteId, Question), (Instant, Value)>>,
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
        if let Some((given, answer)) = self.given.lock().get(&name)
            && given.elapsed() < life
        {
            return answer.clone();
        }
        let answer = answer();
        // What went wrong is not worth keeping.
        if answer.get("ok") == Some(&Value::Bool(true)) {
            let mut given = self.given.lock();
            given.retain(|(site, _), (at, _)| at.elapsed() < life || *site != name.0);
            if given.len() >= KEPT {
                given.clear();
            }
            given.insert(name, (Instant::now(), answer.clone()));
        }
        answer
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
}
