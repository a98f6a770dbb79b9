//! What is too long or too much is refused, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod stage;

use browser::{Browser, token};
use serde_json::{Value, json};
use stage::{SITE, Stage, await_some};

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let path = stage.own("run").join("live.sock");
    await_some("the live channel", || path.exists().then_some(()));
    stage
}

fn metric(stage: &Stage, sample: &str) -> f64 {
    let page = Browser::to(stage).get("/metrics", &[]).text();
    let line = page.lines().find(|line| line.strip_prefix(sample).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[test]
fn too_long() {
    let stage = stage();
    let auth = format!("Bearer {}", token(&stage));
    let long = format!("/qahm-live/probe?nonce={}", "a".repeat(4100));
    assert_eq!(Browser::to(&stage).get(&long, &[]).status, 414);
    let header = "x".repeat(17 << 10);
    assert_eq!(Browser::to(&stage).open("GET", "/health", &[("X-Long", &header)], b"").status, 431);
    let many: Vec<(&str, &str)> = vec![("X-Many", "1"); 100];
    assert_eq!(Browser::to(&stage).open("GET", "/health", &many, b"").status, 431);
    let body = |length: usize| {
        let mut body = br#"{"connection":"0","do":"pause"}"#.to_vec();
        body.resize(length, b' ');
        Browser::to(&stage).open("POST", "/qahm-live/command", &[("Authorization", &auth)], &body).status
    };
    assert_eq!((body(16 << 10), body((16 << 10) + 1)), (404, 413));
    // One that does not say how long it is, and never ends.
    let mut endless = Browser::to(&stage);
    let head = format!(
        "POST /qahm-live/command HTTP/1.1\r\nHost: a.test\r\nAuthorization: {auth}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    endless.send(head.as_bytes());
    for _ in 0..9 {
        endless.send(format!("800\r\n{}\r\n", "x".repeat(0x800)).as_bytes());
    }
    assert_eq!(endless.head().status, 413);
    assert_eq!(metric(&stage, r#"qahm_realtime_refused_total{reason="body"}"#), 2.0);
    assert_eq!(metric(&stage, r#"qahm_realtime_refused_total{reason="url"}"#), 1.0);
    let notes = await_some("a note", || {
        let notes = stage.ask(&json!({ "op": "status" }))["engine"]["notes"].to_string();
        notes.contains("16 KiB").then_some(notes)
    });
    assert_eq!(notes.matches("16 KiB").count(), 1, "once per kind: {notes}");
}

#[test]
fn strangers_at_an_address_keep_no_user_out() {
    let stage = stage();
    let auth = format!("Bearer {}", token(&stage));
    let come = |path: &str, auth: &str| {
        let headers = [("X-Real-IP", "192.0.2.1"), ("Authorization", auth)];
        Browser::to(&stage).open("GET", path, &headers, b"").status
    };
    let mut strangers = (0..300).map(|_| come("/qahm-live/live", "Bearer nonsense"));
    assert!(strangers.all(|status| [401, 429].contains(&status)));
    let dry =
        || await_some("a refusal", || (come("/qahm-live/live", "Bearer nonsense") == 429).then_some(()));
    for path in ["/qahm-live/live", "/qahm-live/events"] {
        dry();
        assert_eq!(come(path, &auth), 200, "{path}");
    }
    // Users have limits of their own.
    await_some("a refusal", || (come("/qahm-live/live", &auth) == 429).then_some(()));
}

#[test]
fn too_many_filters() {
    let stage = stage();
    let auth = format!("Bearer {}", token(&stage));
    let follow = |path: &str, source: usize| {
        let mut browser = Browser::to(&stage);
        let path = format!("/qahm-live/{path}?filter=source%3D{source}");
        let answer = browser.open("GET", &path, &[("Authorization", &auth)], b"");
        (browser, answer)
    };
    let held: Vec<Browser> = (0..8)
        .map(|source| {
            let (browser, answer) = follow("events", source);
            assert_eq!(answer.status, 200);
            browser
        })
        .collect();
    for path in ["events", "live"] {
        let (_, refused) = follow(path, 8);
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")), "{path}");
    }
    assert_eq!(follow("live", 7).1.status, 200, "one of theirs");
    drop(held);
    await_some("a place", || (follow("live", 8).1.status == 200).then_some(()));
}

#[test]
fn who_asks_php_is_counted_as_over_http() {
    let stage = stage();
    let auth = format!("Bearer {}", token(&stage));
    let over_http = |address: &str| {
        let headers = [("X-Real-IP", address), ("Authorization", auth.as_str())];
        Browser::to(&stage).open("GET", "/qahm-live/live", &headers, b"").status
    };
    let ask = |mut q: Value, who: Value| {
        q.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": q }))["code"]
            .as_str()
            .unwrap_or("ok")
            .to_owned()
    };
    let questions = [json!({ "what": "live" }), json!({ "what": "poll", "topics": ["live"] })];
    let here = json!({ "user": 1, "chain": 1, "address": "192.0.2.1" });
    for question in &questions {
        let dry =
            || await_some("a refusal", || (ask(question.clone(), here.clone()) == "rate").then_some(()));
        let others = [
            json!({ "user": 1, "chain": 1, "address": "192.0.2.2" }),
            json!({ "user": 2, "chain": 1, "address": "192.0.2.1" }),
            json!({ "user": 1, "chain": 1 }),
            // Whom WordPress let in by itself.
            json!({}),
        ];
        for other in others {
            dry();
            assert_eq!(ask(question.clone(), other.clone()), "ok", "{question} {other}");
        }
        dry();
        assert_eq!(over_http("192.0.2.2"), 200);
        // The bucket fills meanwhile, but another one would be full.
        let served = (0..200).take_while(|_| over_http("192.0.2.1") == 200).count();
        assert!(served < 150, "{served} after {question}");
    }
    assert!(metric(&stage, r#"qahm_realtime_refused_total{reason="rate"}"#) >= 4.0);
}

#[test]
fn too_often() {
    let stage = stage();
    let from = |address: &str| {
        let mut browser = Browser::to(&stage);
        let answer = browser.get("/qahm-live/live", &[("X-Real-IP", address)]);
        (answer.status, answer.header("retry-after").map(str::to_owned))
    };
    // Two hundred at once, and fifty more with every second that passes meanwhile.
    let refused = await_some("a refusal", || Some(from("192.0.2.1")).filter(|answer| answer.0 == 429));
    assert_eq!(refused.1.as_deref(), Some("2"));
    assert_eq!(from("192.0.2.2").0, 401, "others are not put off");
    assert!(metric(&stage, r#"qahm_realtime_refused_total{reason="rate"}"#) >= 1.0);
    let served = metric(&stage, r#"qahm_realtime_refused_total{reason="malformed"}"#);
    assert!(served >= 200.0, "{served}");
}
