//! Questions to a real engine: every answer, its sums, and the same after the engine was killed.

// Helpers of tests may panic as tests may.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod stage;

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId};
use qahm_ring::Ring;
use rustix::process::Signal;
use serde_json::{Value, json};
use stage::{SITE, Stage, await_some};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const DESK: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

enum Field<'a> {
    T(Tag, &'a str),
    N(Tag, u64),
}
use Field::{N, T};

fn send(ring: &Ring, kind: Kind, visitor: u8, agent: &str, view: u64, sequence: u32, fields: &[Field]) {
    let head = Head {
        kind,
        flags: Flags::HOST_OK | Flags::VISIBLE,
        site: SITE,
        time: Micros::now(),
        view: ViewId(view),
        sequence,
        peer: Peer::parse(format!("203.0.113.{visitor}").as_bytes()).unwrap(),
    };
    let mut buffer = [0; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head);
    encoder.text(Tag::UserAgent, agent.as_bytes());
    for field in fields {
        match field {
            T(tag, text) => encoder.text(*tag, text.as_bytes()),
            N(tag, number) => encoder.number(*tag, *number),
        }
    }
    ring.push(encoder.finish()).unwrap();
}

fn ask(stage: &Stage, question: Value) -> Value {
    let answer = stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": question }));
    assert_eq!(answer["ok"], true, "{question}: {answer}");
    answer[question["what"].as_str().unwrap()].clone()
}

/// The answers of one moment, but for what changes with time alone.
fn everything(stage: &Stage) -> Vec<Value> {
    let whats =
        ["visitors", "pages", "events", "sources", "devices", "geo", "performance", "errors", "engagement"];
    let mut answers: Vec<Value> = whats.iter().map(|what| ask(stage, json!({ "what": what }))).collect();
    // Unix times may be a second off: the engine's seconds are whole, and so is their distance to the wall clock's.
    fn calm(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for passing in ["time", "duration"] {
                    map.remove(passing);
                }
                map.values_mut().for_each(calm);
            }
            Value::Array(list) => list.iter_mut().for_each(calm),
            Value::Number(number) if number.as_u64().is_some_and(|n| n > 1_500_000_000) => {
                *value = Value::Null
            }
            _ => {}
        }
    }
    answers.iter_mut().for_each(calm);
    answers
}

fn visit(ring: &Ring) {
    let fields = |url: &'static str| [T(Tag::Url, url)];
    send(
        ring,
        Kind::View,
        1,
        PHONE,
        1,
        0,
        &[
            T(Tag::Url, "/shop?utm_source=letter&utm_medium=email&utm_campaign=june"),
            T(Tag::Title, "Shop"),
            T(Tag::Meta, "product\u{1f}Ann\u{1f}Shoes"),
        ],
    );
    send(
        ring,
        Kind::Engage,
        1,
        PHONE,
        1,
        1,
        &[T(Tag::Url, "/shop"), N(Tag::Engaged, 1), N(Tag::Scroll, 60), N(Tag::Tall, 1)],
    );
    send(
        ring,
        Kind::Click,
        1,
        PHONE,
        1,
        2,
        &[T(Tag::Url, "/shop"), T(Tag::What, "link"), T(Tag::Target, "/cart"), T(Tag::Name, "Cart")],
    );
    send(
        ring,
        Kind::Timing,
        1,
        PHONE,
        1,
        3,
        &[T(Tag::Url, "/shop"), N(Tag::Load, 1234), N(Tag::FirstByte, 200)],
    );
    send(
        ring,
        Kind::Error,
        1,
        PHONE,
        1,
        4,
        &[
            T(Tag::Url, "/shop"),
            T(Tag::Title, "x is not a function"),
            T(Tag::Target, "/app.js"),
            N(Tag::Line, 7),
            N(Tag::Own, 1),
        ],
    );
    send(
        ring,
        Kind::Form,
        1,
        PHONE,
        1,
        5,
        &[T(Tag::Url, "/shop"), T(Tag::What, "start"), T(Tag::Name, "order")],
    );
    send(
        ring,
        Kind::Custom,
        1,
        PHONE,
        1,
        6,
        &[T(Tag::Url, "/shop"), T(Tag::Name, "like"), T(Tag::Properties, "{\"n\":1}")],
    );
    send(ring, Kind::View, 2, DESK, 2, 0, &[T(Tag::Url, "/"), T(Tag::Referrer, "https://www.google.com/")]);
    send(ring, Kind::View, 3, "curl/8.5.0", 3, 0, &fields("/"));
    send(
        ring,
        Kind::Request,
        2,
        DESK,
        0,
        0,
        &[T(Tag::Url, "/gone"), N(Tag::Status, 404), N(Tag::Generation, 5000), N(Tag::Queries, 9)],
    );
    send(
        ring,
        Kind::Request,
        2,
        DESK,
        0,
        0,
        &[T(Tag::Url, "/"), N(Tag::Status, 200), N(Tag::Generation, 7000), N(Tag::Queries, 11)],
    );
    send(
        ring,
        Kind::Signal,
        2,
        DESK,
        0,
        0,
        &[
            T(Tag::Url, "/?s=Red+Shoes"),
            T(Tag::Name, "search"),
            T(Tag::Title, "Red Shoes"),
            N(Tag::Results, 0),
        ],
    );
    send(
        ring,
        Kind::Signal,
        9,
        DESK,
        0,
        0,
        &[
            T(Tag::Name, "database-error"),
            T(Tag::Title, "Unknown column"),
            T(Tag::Target, "SELECT x FROM wp_posts WHERE id = ?"),
        ],
    );
    send(
        ring,
        Kind::Signal,
        9,
        DESK,
        0,
        0,
        &[T(Tag::Name, "change"), T(Tag::What, "plugin-activated"), T(Tag::Title, "Hello")],
    );
}

#[test]
fn every_question_is_answered_and_a_kill_changes_no_answer() {
    let mut stage = Stage::new();
    stage.start();
    let goals = json!([{ "name": "Cart", "type": "event", "value": "like" }, { "name": "Home", "type": "page", "value": "/" }]);
    stage.configure(&json!({ "goals": goals, "cache_ttl": 0 }));
    visit(&stage.ring().unwrap());
    await_some("the last signal", || {
        let events = ask(&stage, json!({ "what": "events" }));
        events["events"].as_array()?.iter().any(|e| e["kind"] == "change").then_some(())
    });

    let visitors = ask(&stage, json!({ "what": "visitors" }));
    assert_eq!((&visitors["active"], &visitors["total"]), (&json!(2), &json!(2)));
    let phone = visitors["visitors"].as_array().unwrap().iter().find(|v| v["device"] == "mobile").unwrap();
    assert_eq!(phone["channel"], "mail");
    assert_eq!(
        (&phone["campaign"], &phone["os"], &phone["entry"]),
        (&json!("june"), &json!("iOS"), &json!("/shop"))
    );
    let pages = ask(&stage, json!({ "what": "pages" }));
    assert_eq!((&pages["sum"], &pages["active"]), (&json!(2), &json!(2)));
    assert_eq!(pages["groups"]["author"], json!([{ "name": "Ann", "active": 1, "views": 1 }]));
    assert_eq!(pages["window"], "today", "two visits are few");
    let home = await_some("the commit", || {
        let pages = ask(&stage, json!({ "what": "pages" }));
        pages["pages"].as_array()?.iter().find(|p| p["path"] == "/" && p["began"] == 1).cloned()
    });
    assert_eq!((&home["entry_rate"], &home["saw"], &home["views"]), (&json!([1, 1]), &json!(1), &json!(1)));
    let search = ask(&stage, json!({ "what": "pages", "filter": { "channel": "search" } }));
    assert_eq!((&search["active"], &search["pages"][0]["path"]), (&json!(1), &json!("/")));
    let here = ask(&stage, json!({ "what": "live", "filter": { "page": "/shop" } }));
    assert_eq!((&here["active"], &here["pages"][0]["active"]), (&json!(1), &json!(1)));
    filtered_frames_have_the_shape_of_the_open_one(&stage);
    // A frame is at most 25 ms behind what is counted.
    await_some("the frame", || {
        let live = stage.live();
        (live["active"] == 2 && live["excluded"]["bot"] == 1).then_some(())
    });
    let live = stage.live();
    assert_eq!(live["devices"], json!({ "desktop": 1, "mobile": 1 }));
    assert_eq!(live["excluded"], json!({ "bot": 1 }));

    let events = ask(&stage, json!({ "what": "events" }));
    let ids: Vec<u64> =
        events["events"].as_array().unwrap().iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=events["last"].as_u64().unwrap()).rev().collect::<Vec<_>>(), "no gap");
    let since = ask(&stage, json!({ "what": "events", "since": ids[3], "kinds": ["change", "search"] }));
    assert_eq!(since["events"].as_array().unwrap().len(), 2);
    let engagement = ask(&stage, json!({ "what": "engagement" }));
    assert_eq!(engagement["reached"], json!({ "25": 1, "50": 1, "75": 0, "90": 0 }));
    assert_eq!(engagement["forms"][0]["filling"], 1);
    assert_eq!(engagement["searches"], json!([{ "term": "red shoes", "count": 1, "without": 1 }]));
    assert_eq!(engagement["goals"][0]["rate"], json!([1, 2]));
    assert_eq!(engagement["goals"][1]["conversions"], 1);
    let performance = ask(&stage, json!({ "what": "performance" }));
    assert_eq!(performance["5m"]["load"], json!({ "n": 1, "p50": 1234.0, "p75": 1234.0, "p95": 1234.0 }));
    assert_eq!(performance["30m"]["generation"]["n"], 2);
    let errors = ask(&stage, json!({ "what": "errors" }));
    assert_eq!(errors["rate"], json!({ "failed": 1, "all": 2, "rate": null, "window": "5m" }));
    let kinds: Vec<&str> =
        errors["groups"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"js") && kinds.contains(&"404"), "{kinds:?}");
    let query = errors["groups"].as_array().unwrap().iter().find(|g| g["kind"] == "database").unwrap();
    assert_eq!(
        (&query["message"], &query["source"]),
        (&json!("Unknown column"), &json!("SELECT x FROM wp_posts WHERE id = ?"))
    );
    let history = ask(&stage, json!({ "what": "history", "range": "60m", "dimension": "page" }));
    assert_eq!(history["today"], json!({ "visitors": 2, "views": 2 }));

    // What was answered may not be stored yet; what is stored is at most 50 ms behind.
    await_some("the commit", || {
        (ask(&stage, json!({ "what": "history", "range": "60m" }))["totals"]["views"] == 2).then_some(())
    });
    let history = |filter: Value, dimension: &str| {
        ask(&stage, json!({ "what": "history", "range": "60m", "filter": filter, "dimension": dimension }))
    };
    let phones = history(json!({ "device": "mobile" }), "os");
    assert_eq!((&phones["totals"]["views"], &phones["rows"][0]["name"]), (&json!(1), &json!("iOS")));
    assert_eq!(
        history(json!({ "page": "/shop/#top" }), "page")["totals"]["views"],
        1,
        "a page as views name it"
    );
    let before = everything(&stage);
    stage.kill(Signal::KILL);
    stage.start();
    for (after, before) in everything(&stage).iter().zip(&before) {
        assert_eq!(after, before);
    }
}

#[test]
fn in_gdpr_mode_a_kill_changes_no_answer_that_does_not_say_so() {
    let mut stage = Stage::new();
    stage.start();
    let goals = json!([{ "name": "Cart", "type": "event", "value": "like" }]);
    stage.configure(&json!({ "goals": goals, "cache_ttl": 0, "gdpr_mode": true }));
    visit(&stage.ring().unwrap());
    await_some("the last signal", || {
        let events = ask(&stage, json!({ "what": "events" }));
        events["events"].as_array()?.iter().any(|e| e["kind"] == "change").then_some(())
    });
    let ring = stage.ring().unwrap();
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));
    let before = everything(&stage);
    assert!(before.iter().all(|answer| answer["approximate"] == false), "{before:?}");
    stage.kill(Signal::KILL);
    stage.start();
    let after = everything(&stage);
    let marked = |answer: &&Value| answer["approximate"] == true;
    // Whose clicks, forms and errors they were is not stored.
    assert_eq!(after.iter().filter(marked).count(), 3, "performance, errors and engagement");
    assert!(
        after.iter().zip(&before).any(|(after, before)| marked(&after) && after["goals"] != before["goals"])
    );
    for (after, before) in after.iter().zip(&before).filter(|(after, _)| !marked(after)) {
        assert_eq!(after, before);
    }
}

fn filtered_frames_have_the_shape_of_the_open_one(stage: &Stage) {
    let open = ask(stage, json!({ "what": "live" }));
    let kind = |value: &Value| std::mem::discriminant(value);
    for filter in [
        json!({ "page": "/shop" }),
        json!({ "device": "mobile" }),
        json!({ "country": "FR", "channel": "ai" }),
    ] {
        let frame = ask(stage, json!({ "what": "live", "filter": filter }));
        let (open, frame) = (open.as_object().unwrap(), frame.as_object().unwrap());
        assert_eq!(open.keys().collect::<Vec<_>>(), frame.keys().collect::<Vec<_>>(), "{filter}");
        for (name, value) in frame {
            assert!(value.is_null() || kind(value) == kind(&open[name]), "{name} of {filter}: {value}");
        }
        for sums in ["channels", "devices", "countries"] {
            let sum: u64 = frame[sums].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
            assert_eq!(frame["active"], sum, "{sums} of {filter}");
        }
    }
    let phone = ask(stage, json!({ "what": "live", "filter": { "device": "mobile" } }));
    assert_eq!(
        (&phone["visitors_5m"], &phone["visitors_30m"], &phone["views_today"]),
        (&json!(1), &json!(1), &json!(null))
    );
    assert_eq!((&phone["channels"], &phone["window"]), (&json!({ "mail": 1 }), &json!(60)));
}

#[test]
fn what_cannot_be_asked_is_told() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    for question in [
        json!({ "what": "nonsense" }),
        json!({ "what": "history", "range": "for ever" }),
        json!({ "what": "history", "dimension": "shoe size" }),
        json!({ "what": "history", "filter": { "page": "/a", "country": "FR" } }),
        json!({ "what": 7 }),
        json!({ "what": "pages", "limit": -1 }),
    ] {
        let answer = stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": question }));
        assert_eq!(answer["code"], "bad-request", "{question}: {answer}");
    }
}

#[test]
fn a_beacon_is_explained_and_not_counted() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "exclude_paths": ["/private"] }));
    let explain = |agent: &str, url: &str| {
        let head = Head {
            kind: Kind::View,
            flags: Flags::HOST_OK,
            site: SITE,
            time: Micros::now(),
            view: ViewId(5),
            sequence: 0,
            peer: Peer::parse(b"203.0.113.5").unwrap(),
        };
        let mut buffer = [0; RECORD_MAX];
        let mut encoder = Encoder::new(&mut buffer, &head);
        encoder.text(Tag::Url, url.as_bytes());
        encoder.text(Tag::UserAgent, agent.as_bytes());
        let record: String = encoder.finish().iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = stage.ask(&json!({ "op": "explain", "site": SITE.to_string(), "record": record }));
        answer["explain"].clone()
    };
    let counted = explain(PHONE, "/a/?x=1");
    assert_eq!(
        (&counted["counted"], &counted["page"], &counted["device"]),
        (&json!(true), &json!("/a"), &json!("mobile"))
    );
    assert_eq!(explain("curl/8.5.0", "/a")["reason"], "a bot: library");
    assert_eq!(explain(DESK, "/private/x")["counted"], false);
    for (reason, said) in [("role", "the visitor's role is excluded"), ("opt-out", "the visitor opted out")] {
        let mut buffer = [0; RECORD_MAX];
        let head = Head {
            kind: Kind::View,
            flags: Flags::HOST_OK,
            site: SITE,
            time: Micros::now(),
            view: ViewId(9),
            sequence: 0,
            peer: Peer::parse(b"192.0.2.1").unwrap(),
        };
        let mut encoder = Encoder::new(&mut buffer, &head);
        encoder.text(Tag::Reason, reason.as_bytes());
        let record: String = encoder.finish().iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = stage.ask(&json!({ "op": "explain", "site": SITE.to_string(), "record": record }));
        assert_eq!(answer["explain"], json!({ "counted": false, "reason": said }));
    }
    let answer = stage.ask(&json!({ "op": "explain", "site": SITE.to_string(), "record": "zz" }));
    assert_eq!(answer["explain"]["counted"], false);
    assert_eq!(stage.live()["views_today"], 0);
}

#[test]
fn what_we_cost_ourselves_is_told() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "exclude_ips": ["203.0.113.9"] }));
    let status = ask(&stage, json!({ "what": "status" }));
    assert_eq!(status["added_ms"], json!({ "n": 0, "p50": null, "p95": null }));
    let ring = stage.ring().unwrap();
    // Whoever asked for the page: a bot, one who is not counted, and 18 others.
    for (visitor, agent, micros) in [(1, "curl/8.5.0", 290), (9, DESK, 290)] {
        send(&ring, Kind::Request, visitor, agent, 0, 0, &[T(Tag::Url, "/"), N(Tag::Added, micros)]);
    }
    for n in 0..18 {
        let micros = if n == 0 { 4000 } else { 300 };
        send(&ring, Kind::Request, 2, DESK, 0, 0, &[T(Tag::Url, "/"), N(Tag::Added, micros)]);
    }
    send(&ring, Kind::Request, 2, DESK, 0, 0, &[T(Tag::Url, "/"), N(Tag::Status, 200)]);
    let told = await_some("all pages", || {
        let status = ask(&stage, json!({ "what": "status" }));
        (status["added_ms"]["n"] == 20).then_some(status)
    });
    assert_eq!(told["window"], "5m");
    let [p50, p95] = ["p50", "p95"].map(|q| told["added_ms"][q].as_f64().unwrap());
    assert!((0.29..=0.31).contains(&p50) && (0.29..=0.31).contains(&p95), "19 of 20 took no more: {told}");
    let engine = await_some("a rate", || {
        let engine = stage.ask(&json!({ "op": "status" }))["engine"].clone();
        (engine["events_per_minute"].as_u64() > Some(0)).then_some(engine)
    });
    assert!(engine["rss_bytes"].as_u64().unwrap() > 1 << 20, "{engine}");
    assert!(engine["ring_bytes"].as_u64().unwrap() > 1 << 10 && engine["processor_permille"].is_u64());
}
