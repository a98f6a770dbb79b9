//! A pipeline that hangs is not shown as if it were alive.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;
mod stream;

use std::time::Duration;

use browser::Browser;
use qahm_engine::channel::Topic;
use qahm_engine::http::times::Times;
use qahm_engine::hub::Health;
use salon::Salon;
use serde_json::{Value, json};
use stream::Stream;

const SOON: Duration = Duration::from_millis(100);

#[test]
fn who_hears_no_beat_knows_that_the_pipeline_hangs() {
    let salon =
        Salon::in_times(Times { beat: SOON, first_beat: SOON, comment: 5 * SOON, ..Times::default() });
    assert!(salon.hub.health_is_old(), "nobody has told of the pipeline");
    let mut stream = Stream::over(Browser::at(&salon.socket()), "topics=alerts", &[], &salon.token());
    let mut client = salon.follow(&["alerts"]);
    stream.event("hello");
    stream.event("beat"); // The first is about the way.
    let comments = stream.comments;
    while stream.comments < comments + 2 {
        assert_eq!(stream.line().unwrap(), None, "proxies are kept awake, and nothing else comes");
    }
    salon.tell(Topic::Alerts, json!({ "alerts": [] }));
    assert_eq!(client.event().0, "alerts:put", "and no beat before it, in all that time");

    salon.hub.set_health(Health::default());
    assert_eq!(client.event().0, "beat");
    stream.event("beat");
}

#[test]
fn who_polls_is_told_that_the_pipeline_hangs() {
    let salon = Salon::new();
    let auth = format!("Bearer {}", salon.token());
    let poll = || -> Value {
        Browser::at(&salon.socket()).get("/qahm-live/live?topics=alerts", &[("Authorization", &auth)]).json()
    };
    assert_eq!(poll()["stale"], true);
    salon.tell(Topic::Alerts, json!({ "alerts": [] }));
    let old = poll();
    assert_eq!((&old["stale"], &old["messages"][0]["t"]), (&json!(true), &json!("alerts")));
    salon.hub.set_health(Health::default());
    assert_eq!(poll().get("stale"), None);
}
