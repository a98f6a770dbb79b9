//! Senseless questions: each has an answer or a clear error.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;

use hall::flood::{BUDGET, flood};
use hall::{Hall, QUESTIONS, SITE};
use qahm_engine::report::Question;
use qahm_event::SiteId;
use serde_json::{Value, json};

#[test]
fn every_question_has_an_answer_or_a_clear_error() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    (0..200).for_each(|n| flood(n, 1 + n as u32 % 20).iter().for_each(|sent| hall.take(sent)));
    for what in QUESTIONS {
        for limit in [0, 1, 50, 1_000_000, u64::MAX] {
            for offset in [0, 7, u64::MAX] {
                for since in [None, Some(0), Some(5), Some(u64::MAX)] {
                    let answer =
                        hall.ask(&json!({ "what": what, "limit": limit, "offset": offset, "since": since, "pages": limit }));
                    assert_eq!(answer["active"], hall.active(), "{what}");
                }
            }
        }
    }
    let late = hall.ask(&json!({ "what": "events", "since": u64::MAX }));
    assert_eq!((&late["missed"], &late["events"]), (&json!(false), &json!([])));
    let ask = |question: Value| serde_json::from_value::<Question>(question);
    assert!(hall.intake.answer(SITE, &ask(json!({ "what": "everything" })).unwrap()).is_none());
    assert!(hall.intake.answer(SiteId(9), &ask(json!({ "what": "pages" })).unwrap()).is_none());
    for wrong in [
        json!({}),
        json!([]),
        json!({ "what": 5 }),
        json!({ "what": null }),
        json!({ "what": "pages", "limit": -1 }),
        json!({ "what": "pages", "limit": 1.5 }),
        json!({ "what": "pages", "limit": "50" }),
        json!({ "what": "pages", "filter": 1 }),
        json!({ "what": "pages", "filter": { "page": {} } }),
        json!({ "what": "events", "since": -1 }),
        json!({ "what": "events", "kinds": "view" }),
    ] {
        assert!(ask(wrong.clone()).unwrap_err().to_string().len() > 5, "{wrong}");
    }
}
