//! What happens when time passes: who says or takes nothing is cut, silence is filled. With shorter times than usual.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;
mod stream;

use std::io::Write;
use std::time::Duration;

use browser::Browser;
use qahm_engine::channel::Topic;
use qahm_engine::http::server::Asked;
use qahm_engine::http::times::Times;
use salon::{Salon, await_some, unix_now};
use serde_json::json;
use stream::Stream;

const SOON: Duration = Duration::from_millis(200);

fn stream(salon: &Salon, topics: &str) -> Stream {
    Stream::over(Browser::at(&salon.socket()), &format!("topics={topics}"), &[], &salon.token())
}

#[test]
fn silence_is_filled_and_everybody_is_told_where_he_should_be() {
    let salon =
        Salon::in_times(Times { beat: 3 * SOON, first_beat: SOON, comment: SOON, ..Times::default() });
    salon.tell(Topic::Alerts, json!({}));
    let mut stream = stream(&salon, "alerts");
    assert_eq!(stream.event("hello")["beat"], 200);
    salon.tell(Topic::Alerts, json!({ "alerts": [] }));
    stream.until("the state", |s| s.puts == 1);
    stream.event("beat"); // The first comes soon: it tells that nothing keeps the stream back.
    let beat = stream.event("beat");
    assert!(stream.comments > 1, "proxies cut what is silent");
    let place = format!("{}.alerts:{}", beat["e"].as_str().unwrap(), beat["at"]["alerts"]);
    assert_eq!(place, stream.id);
    assert!(beat["time"].as_u64().unwrap().abs_diff(unix_now()) < 30);

    let mut client = salon.follow(&["alerts"]);
    salon.tell(Topic::Alerts, json!({ "alerts": [1] }));
    let beat = loop {
        let (event, beat) = client.event();
        if event == "beat" {
            break beat;
        }
    };
    assert_eq!(beat["e"], salon.channel.epoch());
}

#[test]
fn who_takes_nothing_is_cut_and_who_reads_is_not() {
    let salon = Salon::in_times(Times { slow: SOON, comment: SOON / 4, ..Times::default() });
    let stuck: Vec<Stream> = (0..5).map(|_| stream(&salon, "visitors")).collect();
    let mut reads = stream(&salon, "visitors");
    // Much more than sockets hold.
    for n in 0..40 {
        salon.tell(Topic::Visitors, json!({ "n": n, "text": format!("{n:08}").repeat(10_000) }));
        reads.until("all of them", |s| *s.at("visitors/n") == n);
    }
    let cut = || {
        salon.metric("closed_total{reason=\"slow\"}") == 5.0
            && salon.metric("connections{codec=\"sse\"}") == 1.0
    };
    // Comments come meanwhile, so this waits for the stream and not for a clock.
    while !cut() {
        assert!(reads.line().is_some(), "who reads is not cut");
    }
    drop(stuck);
}

#[test]
fn a_request_that_does_not_end_is_cut_and_counted() {
    let salon = Salon::in_times(Times { head: 5 * SOON, ..Times::default() });
    // One byte now and then.
    let mut slow = Browser::at(&salon.socket());
    slow.send(b"GET /health HTTP/1.1\r\nHost: a");
    let mut idle = Browser::at(&salon.socket());
    assert_eq!(idle.get("/qahm-live/probe?nonce=a", &[]).status, 200);
    while slow.stream.get_mut().write_all(b"a").is_ok() {
        std::thread::sleep(SOON / 10);
    }
    assert!(idle.is_over(), "who has nothing to ask is cut too, but not counted");
    await_some("the count", || (salon.metric("refused_total{reason=\"unfinished\"}") == 1.0).then_some(()));
}

#[test]
fn who_says_no_token_is_cut() {
    let salon = Salon::in_times(Times { greeting: SOON, ..Times::default() });
    let mut silent = salon.open(&[]);
    while silent.text().is_some() {}
    await_some("the count", || (salon.metric("refused_total{reason=\"unfinished\"}") == 1.0).then_some(()));
    assert_eq!(salon.metric("refused_total{reason=\"message\"}"), 0.0);
    // Who was let in is none of them, however late he goes.
    let greeting = 10 * SOON;
    let salon = Salon::in_times(Times { greeting, ..Times::default() });
    let mut user = salon.follow(&[]);
    std::thread::sleep(greeting + SOON);
    assert_eq!(user.command(&json!({ "do": "pause" }))["ok"], true);
    drop(user);
    await_some("the end", || (salon.metric("sockets") == 1.0).then_some(()));
    assert_eq!(salon.metric("refused_total{reason=\"unfinished\"}"), 0.0);
}

#[test]
fn an_address_that_is_taken_is_tried_again() {
    let at = |address: &str| {
        let times = Times { again: SOON, ..Times::default() };
        Salon::at(Asked { listen: Some(address.into()), times, ..Asked::default() })
    };
    let listens = |salon: &Salon| Some(salon.hub.door().listen).filter(|listen| !listen.is_empty());
    let mut first = at("127.0.0.1:0");
    let address = await_some("the port", || listens(&first));
    let second = at(&address);
    let notes = await_some("a note", || Some(second.hub.door().notes).filter(|notes| !notes.is_empty()));
    assert!(notes[0].contains("in use"), "{notes:?}");
    assert_eq!(listens(&second), None);
    first.server.take().unwrap().close();
    assert_eq!(await_some("the address", || listens(&second)), address);
    assert_eq!(Browser::over_tcp(&address).get("/qahm-live/probe?nonce=a", &[]).json()["nonce"], "a");
}

#[test]
fn beacons_that_do_not_end_or_are_too_long_are_counted() {
    let salon = Salon::in_times(Times { beacon: SOON, ..Times::default() });
    let post = |length: usize, body: &[u8]| {
        let mut browser = Browser::at(&salon.socket());
        let head =
            format!("POST /qahm-live/collect HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\r\n");
        browser.send(head.as_bytes());
        browser.send(body);
        browser.head().status
    };
    assert_eq!(post(100, b"{"), 408);
    assert_eq!(post(5000, b" "), 413);
    for reason in ["unfinished", "beacon"] {
        assert_eq!(salon.metric(&format!("refused_total{{reason=\"{reason}\"}}")), 1.0, "{reason}");
    }
    let notes = await_some("the notes", || Some(salon.refusals()).filter(|notes| notes.len() == 2));
    assert!(notes.iter().any(|note| note.contains("4 KiB")), "{notes:?}");
}
