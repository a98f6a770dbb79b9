//! Streams, revocations and acknowledgements of a real engine, over its control socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

#[path = "reference/random.rs"]
#[allow(dead_code, unreachable_pub)]
mod random;
mod reader;
mod stage;

use std::collections::BTreeMap;

use qahm_event::Kind;
use random::Random;
use reader::Reader;
use rustix::process::Signal;
use serde_json::{Value, json};
use stage::{SITE, Stage, await_some, push};

/// A client that polls.
#[derive(Default)]
struct Client {
    position: Option<String>,
    readers: BTreeMap<String, Reader>,
}

impl Client {
    fn poll(&mut self, stage: &Stage, filter: &Value) {
        let topics = ["live", "events", "visitors", "performance", "alerts"];
        let request = json!({
            "op": "poll", "site": SITE.to_string(), "topics": topics, "filter": filter, "since": self.position,
        });
        let answer = stage.ask(&request);
        assert_eq!(answer["ok"], true, "{answer}");
        for message in answer["poll"]["messages"].as_array().unwrap() {
            assert_eq!(message["e"], answer["poll"]["e"]);
            self.readers.entry(message["t"].as_str().unwrap().into()).or_default().take(message);
        }
        let position = answer["poll"]["position"].as_str().unwrap();
        let epoch = answer["poll"]["e"].as_str().unwrap();
        for (topic, reader) in &self.readers {
            assert!(position.contains(&format!("{topic}:{}", reader.seq)), "{position}");
        }
        assert!(position.starts_with(epoch));
        self.position = Some(position.into());
    }

    fn state(&self, topic: &str) -> &Value {
        &self.readers[topic].state
    }
}

fn started(config: &Value) -> Stage {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(config);
    stage
}

fn command(stage: &Stage, change: Value) -> Value {
    stage.ask(&json!({ "op": "command", "site": SITE.to_string(), "c": change }))
}

#[test]
fn who_polls_sees_what_everybody_sees() {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut stage = started(&json!({ "alert_high_traffic": 5 }));
    let ring = stage.ring().unwrap();
    let (mut steady, mut lazy, mut filtered) = (Client::default(), Client::default(), Client::default());
    let filter = json!({ "page": "/page-1" });
    for view in 1..=60 {
        let page = format!("/page-{}", random.between(1, 4));
        push(&ring, Kind::View, view as u8, view, 0, &page);
        steady.poll(&stage, &json!({}));
        if random.chance(20) {
            lazy.poll(&stage, &json!({}));
        }
        if random.chance(50) {
            filtered.poll(&stage, &filter);
        }
    }
    await_some("the last view", || {
        [&mut steady, &mut lazy].into_iter().for_each(|client| client.poll(&stage, &json!({})));
        filtered.poll(&stage, &filter);
        let seen =
            |client: &Client| client.state("live")["active"] == 60 && client.state("events")["last"] == 60;
        (seen(&steady) && seen(&lazy)).then_some(())
    });
    let live = stage.live();
    await_some("the same frame", || {
        let live = stage.live();
        steady.poll(&stage, &json!({}));
        let same = steady.state("live")["seq"] == live["seq"];
        if same {
            assert_eq!(steady.state("live"), &live);
        }
        same.then_some(())
    });
    assert_eq!(steady.state("live")["epoch"], live["epoch"]);
    let heard: Vec<u64> = (1..=60).collect();
    assert_eq!(steady.readers["events"].heard, heard, "none missed, none twice");
    assert_eq!(lazy.readers["events"].heard, heard);
    assert_eq!(steady.state("alerts")["alerts"][0]["type"], "high_traffic");
    let on_page = live["pages"].as_array().unwrap().iter().find(|page| page["path"] == "/page-1").unwrap();
    await_some("the page's visitors", || {
        filtered.poll(&stage, &filter);
        (filtered.state("visitors")["active"] == on_page["active"]).then_some(())
    });
    assert_eq!(filtered.state("live")["pages"][0]["active"], on_page["active"]);
    assert_eq!(filtered.readers["events"].heard.len() as u64, on_page["active"].as_u64().unwrap());
    assert_eq!(steady.readers["live"].puts, 1, "after the first everything is a patch");
    assert!(steady.readers["live"].patches > 0);
    // Another engine is another epoch: everybody begins anew.
    let before = steady.readers["live"].puts;
    stage.kill(Signal::KILL);
    stage.start();
    steady.poll(&stage, &json!({}));
    assert_eq!(steady.readers["live"].puts, before + 1);
    assert_ne!(steady.state("live")["epoch"], live["epoch"]);
}

#[test]
fn what_cannot_be_polled_is_refused() {
    let stage = started(&json!({}));
    let refused = |change: Value| {
        let mut request = json!({ "op": "poll", "site": SITE.to_string(), "topics": ["live"] });
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        stage.ask(&request)["code"].as_str().unwrap_or("ok").to_owned()
    };
    assert_eq!(refused(json!({})), "ok");
    assert_eq!(refused(json!({ "since": "nonsense" })), "ok");
    assert_eq!(refused(json!({ "site": "0123456789abcdee" })), "unknown-site");
    assert_eq!(refused(json!({ "site": "x" })), "bad-request");
    assert_eq!(refused(json!({ "topics": [] })), "bad-request");
    assert_eq!(refused(json!({ "topics": ["live", "nothing"] })), "bad-request");
    assert_eq!(refused(json!({ "filter": { "city": "Lyon" } })), "bad-request");
    assert_eq!(refused(json!({ "filter": { "page": "x".repeat(401) } })), "bad-request");
    for n in 0..32 {
        assert_eq!(refused(json!({ "filter": { "source": n.to_string() } })), "ok");
    }
    assert_eq!(refused(json!({ "filter": { "source": "one too many" } })), "too-many-filters");
}

#[test]
fn a_revoked_user_reads_nothing_also_after_a_restart() {
    let mut stage = started(&json!({}));
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = |stage: &Stage, user: u64, chain: u64| {
        let who = json!({ "site": SITE.to_string(), "user": user, "chain": chain });
        let codes =
            [json!({ "op": "ask", "q": { "what": "live" } }), json!({ "op": "poll", "topics": ["live"] })]
                .map(|mut request| {
                    request.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
                    stage.ask(&request)["code"].as_str().unwrap_or("ok").to_owned()
                });
        assert_eq!(codes[0], codes[1]);
        codes[0].clone()
    };
    let chain = now();
    assert_eq!(code(&stage, 7, chain), "ok");
    assert_eq!(command(&stage, json!({ "do": "revoke", "user": 7 }))["ok"], true);
    for _ in 0..2 {
        assert_eq!(code(&stage, 7, chain), "revoked");
        assert_eq!(code(&stage, 8, chain), "ok");
        assert_eq!(code(&stage, 7, chain + 3600), "ok", "what WordPress checks afterwards is good");
        stage.kill(Signal::KILL);
        stage.start();
    }
    let stranger = json!({ "op": "command", "site": "0123456789abcdee", "c": { "do": "revoke", "user": 7 } });
    assert_eq!(stage.ask(&stranger)["code"], "unknown-site");
}

#[test]
fn an_acknowledged_alert_stays_so_after_a_restart() {
    let mut stage = started(&json!({ "alert_high_traffic": 2 }));
    let ring = stage.ring().unwrap();
    (1..=3).for_each(|view| push(&ring, Kind::View, view as u8, view, 0, "/"));
    let alert = await_some("the alert", || stage.live()["alerts"].get(0).cloned());
    assert_eq!(alert.get("acknowledged"), None);
    let mut client = Client::default();
    client.poll(&stage, &json!({}));
    let acknowledge = |stage: &Stage, alert: &Value, user: u64| {
        command(stage, json!({ "do": "acknowledge", "alert": alert, "user": user }))
    };
    assert_eq!(acknowledge(&stage, &json!("nothing"), 7)["code"], "unknown-alert");
    assert_eq!(acknowledge(&stage, &alert["id"], 7)["ok"], true);
    assert_eq!(acknowledge(&stage, &alert["id"], 8)["ok"], true, "again is no error");
    for _ in 0..2 {
        let seen = stage.live()["alerts"][0].clone();
        assert_eq!((&seen["id"], &seen["acknowledged"]["user"]), (&alert["id"], &json!(7)));
        assert!(seen["acknowledged"]["time"].as_i64() >= alert["since"].as_i64());
        await_some("the stream", || {
            client.poll(&stage, &json!({}));
            (client.state("alerts")["alerts"][0]["acknowledged"]["user"] == 7).then_some(())
        });
        stage.kill(Signal::KILL);
        stage.start();
    }
}
