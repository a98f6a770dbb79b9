//! Who looks after an alert says so on one dashboard, and all others show it: by every way, from a whole engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;
mod stream;

use browser::{Browser, ORIGIN, claims, token_of};
use qahm_event::Kind;
use qahm_runtime::Claims;
use salon::Client;
use serde_json::json;
use stage::{SITE, Stage, await_some, push};
use stream::Stream;

#[test]
fn acknowledged_on_one_dashboard_is_so_on_all() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "alert_high_traffic": 2 }));
    let socket = stage.own("run").join("live.sock");
    await_some("the live channel", || socket.exists().then_some(()));
    let token = |user| token_of(&stage, &Claims { user, ..claims() });
    let mut stream = Stream::with_token(&stage, "topics=alerts", &[], &token(2));
    let ring = stage.ring().unwrap();
    (1..=3).for_each(|view| push(&ring, Kind::View, view as u8, view, 0, "/"));
    stream.until("the alert", |s| s.at("alerts/alerts/0/id").is_string());
    let alert = stream.at("alerts/alerts/0/id").clone();
    await_some("its way to WordPress, which is not there", || {
        let page = Browser::to(&stage).get("/metrics", &[]).text();
        page.contains("\nqahm_realtime_alerts_waiting 1\n").then_some(())
    });

    let mut client = Client::at(&socket, "", &[("origin", ORIGIN)]);
    client.send(&format!("40{}", json!({ "token": token(1), "topics": ["alerts"] })));
    client.enter();
    assert_eq!(client.command(&json!({ "do": "acknowledge", "alert": alert })), json!({ "ok": true }));
    stream.until("the user", |s| *s.at("alerts/alerts/0/acknowledged/user") == 1);
    let bearer = format!("Bearer {}", token(3));
    let polled =
        Browser::to(&stage).get("/qahm-live/live?topics=alerts", &[("Authorization", &bearer)]).json();
    let question = json!({ "what": "poll", "topics": ["alerts"], "user": 5, "chain": claims().chain });
    let by_php = stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": question }));
    for polled in [&polled, &by_php["poll"]] {
        let seen = &polled["messages"][0]["data"]["alerts"][0];
        assert_eq!((&seen["id"], &seen["acknowledged"]["user"]), (&alert, &json!(1)), "{polled}");
    }
}
