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
fn a_beat_says_that_the_pipeline_hangs() {
    let salon = Salon::hung(Times { beat: SOON, first_beat: SOON, ..Times::default() });
    assert!(salon.hub.health_is_old(), "nobody has told of the pipeline");
    let mut stream = Stream::over(Browser::at(&salon.socket()), "topics=alerts", &[], &salon.token());
    let mut client = salon.follow(&["alerts"]);
    for _ in 0..2 {
        assert_eq!(stream.event("beat")["stale"], true);
        let (name, beat) = client.event();
        assert_eq!((name.as_str(), &beat["stale"]), ("beat", &json!(true)));
    }
    salon.hub.set_health(Health::default());
    let well = |beat: &Value| beat.get("stale").is_none();
    while !well(&stream.event("beat")) {}
    while !well(&client.event().1) {}
}

#[test]
fn who_comes_while_the_pipeline_hangs_hears_it_first_of_all() {
    let salon = Salon::hung(Times::default());
    let mut client = salon.follow(&["alerts"]);
    let (name, beat) = client.event();
    assert_eq!((name.as_str(), &beat["stale"]), ("beat", &json!(true)), "not after half a minute");
}

#[test]
fn who_polls_is_told_that_the_pipeline_hangs() {
    let salon = Salon::hung(Times::default());
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
