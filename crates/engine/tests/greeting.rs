//! What the first words of a Socket.IO client may be, and what they mean.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;
mod stream;

use browser::Browser;
use qahm_engine::channel::Topic;
use salon::Salon;
use serde_json::{Value, json};

fn greeting(salon: &Salon, more: &Value) -> Value {
    let mut greeting = json!({ "token": salon.token() });
    greeting.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    greeting
}

#[test]
fn who_names_no_topics_follows_what_everybody_wants_by_every_way() {
    let salon = Salon::new();
    let nothing = json!({});
    for words in [nothing, json!({ "topics": null, "filter": null, "resume": null, "packed": null })] {
        let mut client = salon.greet(&greeting(&salon, &words));
        client.enter();
        salon.tell(Topic::Live, json!({ "n": words.to_string() }));
        assert_eq!(client.event().0, "live:put", "{words}");
    }
    let ask = |query: &str| {
        let auth = format!("Bearer {}", salon.token());
        Browser::at(&salon.socket()).get(&format!("/qahm-live/live{query}"), &[("Authorization", &auth)])
    };
    let mut stream = stream::Stream::over(Browser::at(&salon.socket()), "", &[], &salon.token());
    stream.event("hello");
    salon.tell(Topic::Live, json!({ "n": 3 }));
    stream.until("the state", |s| s.states.keys().eq(["live"]));
    assert_eq!(ask("").json()["messages"][0]["t"], "live");

    // Who names none has nothing to ask for, but may follow something later.
    assert_eq!(ask("?topics=").status, 400);
    let mut none = salon.greet(&greeting(&salon, &json!({ "topics": [] })));
    none.enter();
    let mut quiet = stream::Stream::over(Browser::at(&salon.socket()), "topics=", &[], &salon.token());
    quiet.event("hello");
    assert_eq!(quiet.event("beat")["at"], json!({}));
    assert_eq!(none.command(&json!({ "do": "follow", "topics": ["live"], "filter": null }))["ok"], true);
    assert_eq!(none.event().0, "live:put");
}

#[test]
fn what_is_no_greeting_is_no_bad_token() {
    let salon = Salon::new();
    for words in [
        json!({ "topics": "live" }),
        json!({ "topics": ["nonsense"] }),
        json!({ "filter": [] }),
        json!({ "filter": { "country": 5 } }),
        json!({ "topics": [], "filter": { "city": "Lyon" } }),
        json!({ "packed": "yes" }),
        json!({ "resume": 5 }),
    ] {
        let mut client = salon.greet(&greeting(&salon, &words));
        assert_eq!(client.refusal().as_deref(), Some("bad-request"), "{words}");
    }
    assert_eq!(salon.greet(&json!({})).refusal().as_deref(), Some("malformed"), "that is a bad token");
}

#[test]
fn a_renewal_says_what_time_it_is() {
    let salon = Salon::new();
    let mut client = salon.follow(&[]);
    let renewed = client.command(&json!({ "do": "token", "token": salon.token() }));
    assert!(renewed["time"].as_u64().unwrap().abs_diff(salon::unix_now()) < 30, "{renewed}");
    assert!(renewed["expires"].as_u64() > renewed["time"].as_u64());
}
