//! Server-sent events, asking with a wait, and commands, from the real engine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod stage;
mod stream;

use std::io::Read;
use std::time::{Duration, Instant};

use browser::{Browser, ORIGIN, claims, token, token_of, unix_now};
use qahm_event::Kind;
use qahm_runtime::Claims;
use rustix::process::Signal;
use serde_json::{Value, json};
use stage::{SITE, Stage, await_some, push};
use stream::Stream;

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let path = stage.own("run").join("live.sock");
    await_some("the live channel", || path.exists().then_some(()));
    stage
}

fn view(stage: &Stage, visitor: u8) {
    push(&stage.ring().unwrap(), Kind::View, visitor, visitor.into(), 0, "/");
}

#[test]
fn a_state_comes_whole_and_then_what_changes() {
    let stage = stage();
    let mut stream = Stream::open(&stage, "topics=live,events", &[]);
    for (header, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "private, no-cache, no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.answer.header(header), Some(value));
    }
    let hello = stream.event("hello");
    assert!(stream.padding >= 2048, "old proxies pass it on at once");
    assert!((1000..3000).contains(&stream.retry), "{}", stream.retry);
    assert_eq!(hello["connection"].as_str().unwrap().len(), 32);
    assert!(hello["expires"].as_u64().unwrap() > unix_now() + 30);
    assert!(hello["time"].as_u64().unwrap().abs_diff(unix_now()) < 30);

    stream.until("both states", |s| s.states.contains_key("live") && s.states.contains_key("events"));
    assert_eq!(hello["e"], stream.epoch);
    for visitor in 1..=3 {
        view(&stage, visitor);
        stream
            .until("the visitor", |s| *s.at("live/active") == visitor && s.events() == usize::from(visitor));
    }
    assert!(stream.patches > 0, "not whole again every time");
    // The state of a stream is the answer to the question of that name.
    let mut asked = stage.live();
    let mut shown = stream.states["live"].clone();
    for state in [&mut asked, &mut shown] {
        state.as_object_mut().unwrap().retain(|name, _| !["seq", "time"].contains(&name.as_str()));
    }
    assert_eq!(shown, asked);
}

#[test]
fn who_comes_back_gets_what_was_missed() {
    let stage = stage();
    (1..=10).for_each(|visitor| view(&stage, visitor));
    let mut first = Stream::open(&stage, "topics=events", &[]);
    first.until("the state", |s| s.events() == 10);
    let id = first.id.clone();
    let state = first.states["events"].clone();
    let mut other = Stream::open(&stage, "topics=events", &[]);
    drop(first);
    (11..=13).for_each(|visitor| view(&stage, visitor));
    let all = |s: &Stream| s.events() == 13;
    other.until("the others", all);

    // As a browser says it, and as a program does; the header counts, for it is the later of the two.
    let old = format!("topics=events&since={id}");
    for (query, headers) in [("topics=events", vec![("Last-Event-ID", id.as_str())]), (&old, vec![])] {
        let mut again = Stream::open(&stage, query, &headers);
        again.start_from(&id, &[("events", state.clone())]);
        again.until("the others", all);
        assert_eq!((again.puts, again.states["events"].clone()), (0, other.states["events"].clone()));
    }
    let newest = format!("topics=events&since={}", other.id);
    let mut behind = Stream::open(&stage, &newest, &[("Last-Event-ID", id.as_str())]);
    behind.start_from(&id, &[("events", state)]);
    behind.until("the others", all);
    // Nor does a place among other visitors, wherever these are.
    let mut french = Stream::open(&stage, "topics=events&filter=country%3DFR", &[]);
    french.until("their state", |s| s.puts == 1);
    assert_ne!(french.epoch, other.epoch);
    let others = [("Last-Event-ID", other.id.as_str())];
    let mut anew = Stream::open(&stage, "topics=events&filter=country%3DFR", &others);
    anew.until("the state", |s| s.puts == 1);
    assert_eq!(anew.events(), 0);
    // Places of another life of the engine say nothing.
    for wrong in [id.replace(&other.epoch, "00000000000000ff"), "nonsense".into()] {
        let mut anew = Stream::open(&stage, "topics=events", &[("Last-Event-ID", &wrong)]);
        anew.until("the state", |s| s.puts == 1);
    }
}

#[test]
fn packed_streams_say_the_same() {
    let stage = stage();
    let mut plain = Stream::open(&stage, "topics=live,events", &[]);
    let mut packed = Stream::open(&stage, "topics=live,events", &[("Accept-Encoding", "gzip, br")]);
    assert_eq!(packed.answer.header("content-encoding"), Some("gzip"));
    assert_eq!(plain.answer.header("content-encoding"), None);
    for visitor in 1..=20 {
        view(&stage, visitor);
    }
    let all = |s: &Stream| *s.at("live/active") == 20 && s.events() == 20;
    plain.until("twenty", all);
    packed.until("twenty", all);
    let events = |stream: &Stream| stream.states["events"]["events"].clone();
    assert_eq!(events(&plain), events(&packed));
    // The engine's end ends the gzip stream too, with its checksum.
    let mut stage = stage;
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    assert_eq!(packed.event("bye"), json!({ "after": 5000 }));
    assert!(packed.rest_is_whole(), "a decoder that checks everything is content");
}

#[test]
fn the_end_of_the_engine_is_said() {
    let mut stage = stage();
    let mut streams: Vec<Stream> = (0..20).map(|_| Stream::open(&stage, "topics=live", &[])).collect();
    streams.iter_mut().for_each(|stream| stream.until("the state", |s| s.puts > 0));
    let mut waiting = Browser::to(&stage);
    let auth = format!("Bearer {}", token(&stage));
    let position = streams[0].id.clone();
    let head = format!(
        "GET /qahm-live/live?topics=alerts&since={position}&wait=25 HTTP/1.1\r\nHost: a.test\r\nAuthorization: {auth}\r\n\r\n"
    );
    waiting.send(head.as_bytes());
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    for stream in &mut streams {
        assert_eq!(stream.event("bye"), json!({ "after": 5000 }));
        assert!(stream.rest_is_whole());
    }
    assert!(!stage.own("run").join("live.sock").exists());
}

#[test]
fn a_connection_lives_as_long_as_its_token() {
    let stage = stage();
    let short = Claims { expires: unix_now() + 3, ..claims() };
    let mut ends = Stream::with_token(&stage, "topics=live", &[], &token_of(&stage, &short));
    let mut stays = Stream::with_token(&stage, "topics=live", &[], &token_of(&stage, &short));
    let connection = stays.event("hello")["connection"].as_str().unwrap().to_owned();
    let renew = |token: &str, connection: &str| {
        let path = format!("/qahm-live/session?connection={connection}");
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Origin", ORIGIN)];
        Browser::to(&stage).ask("POST", &path, &headers, b"").status
    };
    let another = token_of(&stage, &Claims { user: 2, ..claims() });
    assert_eq!(renew(&another, &connection), 404, "it is another's");
    assert_eq!(renew(&token(&stage), &connection), 204);
    let over = ends.event("problem");
    assert_eq!(over["code"], "expired");
    assert!(ends.rest_is_whole());
    view(&stage, 1);
    stays.until("the visitor", |s| *s.at("live/active") == 1);

    // By a command: the answer says until when.
    let newer = token(&stage);
    let answer = stays.command_as(&stage, &newer, &json!({ "do": "token", "token": newer }));
    assert_eq!((answer.status, &answer.json()["ok"]), (200, &json!(true)));
    assert!(answer.json()["expires"].as_u64().unwrap() > unix_now() + 30);
    let refused = stays.command_as(&stage, &newer, &json!({ "do": "token", "token": another }));
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("site")));
}

#[test]
fn who_may_no_longer_read_is_cut() {
    let stage = stage();
    let [one, two] = [1, 2].map(|user| token_of(&stage, &Claims { user, ..claims() }));
    let mut cut = Stream::with_token(&stage, "topics=live", &[], &one);
    let mut stays = Stream::with_token(&stage, "topics=live", &[], &two);
    cut.until("the state", |s| s.puts > 0);
    let revoke = json!({ "op": "command", "site": SITE.to_string(), "c": { "do": "revoke", "user": 1 } });
    let told = Instant::now();
    assert_eq!(stage.ask(&revoke)["ok"], true);
    assert_eq!(cut.event("problem")["code"], "revoked");
    assert!(told.elapsed() <= Duration::from_secs(2), "a second is promised, and machines are busy");
    assert!(cut.rest_is_whole());
    for path in ["/qahm-live/live", "/qahm-live/events", "/metrics"] {
        let headers = [("Authorization", &*format!("Bearer {one}")), ("X-Real-IP", "192.0.2.1")];
        assert_eq!(Browser::to(&stage).get(path, &headers).refusal(), (401, "revoked".into()), "{path}");
    }
    view(&stage, 1);
    stays.until("the visitor", |s| *s.at("live/active") == 1);
}

#[test]
fn commands_change_what_is_followed() {
    let stage = stage();
    let mut stream = Stream::open(&stage, "topics=live", &[]);
    stream.until("the state", |s| s.puts == 1);
    let done = |stream: &Stream, command: Value| {
        let answer = stream.command(&stage, &command);
        assert_eq!((answer.status, answer.json()), (200, json!({ "ok": true })), "{command}");
    };
    done(&stream, json!({ "do": "follow", "topics": ["visitors"], "filter": { "device": "mobile" } }));
    stream.until("the other state", |s| s.states.contains_key("visitors"));
    assert_eq!(stream.filter, "device=mobile");
    done(&stream, json!({ "do": "follow", "topics": ["live", "alerts"] }));
    stream.until("alerts", |s| s.states.contains_key("alerts"));

    done(&stream, json!({ "do": "pause" }));
    view(&stage, 1);
    stage.await_live("active", 1);
    done(&stream, json!({ "do": "resume", "position": stream.id }));
    stream.until("what was missed", |s| *s.at("live/active") == 1);

    for (command, status, code) in [
        (json!({ "do": "nonsense" }), 400, "bad-request"),
        (json!({ "do": "follow", "topics": ["nothing"] }), 400, "bad-request"),
        (json!({ "do": "resume", "position": "nonsense" }), 400, "bad-request"),
        (json!({ "do": "acknowledge", "alert": "a1" }), 404, "unknown-alert"),
        (json!({ "do": "token", "token": "nonsense" }), 400, "malformed"),
    ] {
        let answer = stream.command(&stage, &command);
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), (status, code), "{command}");
    }
    // Nobody else's, and not too many.
    let other = token_of(&stage, &Claims { user: 2, ..claims() });
    let foreign = stream.command_as(&stage, &other, &json!({ "do": "pause" }));
    assert_eq!((foreign.status, &foreign.json()["code"]), (404, &json!("unknown-connection")));
    let fast = await_some("a refusal", || {
        let answer = stream.command(&stage, &json!({ "do": "resume", "position": stream.id }));
        (answer.status == 429).then_some(answer)
    });
    assert_eq!(fast.json()["code"], "too-fast");
}

#[test]
fn asking_waits_for_something_new() {
    let stage = stage();
    let ask = |query: &str, headers: &[(&str, &str)]| {
        let auth = format!("Bearer {}", token(&stage));
        let headers = [&[("Authorization", &*auth)], headers].concat();
        Browser::to(&stage).get(&format!("/qahm-live/live?{query}"), &headers)
    };
    let first = ask("topics=events,alerts", &[]).json();
    let topics: Vec<&str> =
        first["messages"].as_array().unwrap().iter().map(|message| message["t"].as_str().unwrap()).collect();
    assert_eq!(topics, ["events", "alerts"], "whole at the first time");
    let position = first["position"].as_str().unwrap();
    let nothing = ask(&format!("topics=events,alerts&since={position}"), &[]).json();
    assert_eq!((&nothing["messages"], &nothing["position"]), (&json!([]), &json!(position)));

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(&format!("topics=events&since={position}&wait=25"), &[]).json());
        let page = || Browser::to(&stage).get("/metrics", &[]).text();
        await_some("somebody to wait", || {
            page().contains("qahm_realtime_connections{codec=\"poll\"} 1").then_some(())
        });
        view(&stage, 1);
        let answer = waiting.join().unwrap();
        assert_eq!(answer["messages"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(answer["messages"][0]["b"], first["messages"][0]["s"]);
    });
    let packed = ask("topics=events", &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*packed.body).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["messages"][0]["t"], "events");
    for wrong in ["topics=nothing", "filter=city%3DLyon", "wait=x"] {
        let answer = ask(wrong, &[]);
        assert_eq!(answer.refusal(), (400, "bad-request".into()), "{wrong}");
    }
}

#[test]
fn who_does_not_read_holds_nobody_up() {
    let stage = stage();
    // It takes the head of the answer, and then nothing more.
    let _stuck: Vec<Stream> =
        (0..5).map(|_| Stream::open(&stage, "topics=live,events,visitors", &[])).collect();
    let mut reads = Stream::open(&stage, "topics=live,events,visitors", &[]);
    reads.until("the states", |s| s.states.len() == 3);
    let ring = stage.ring().unwrap();
    for round in 0..20u64 {
        for visitor in 1..=200u8 {
            let page = format!("/{round}/{visitor}/{}", "long-name-of-a-page/".repeat(10));
            push(&ring, Kind::View, visitor, round * 1000 + u64::from(visitor), 0, &page);
        }
        let events = (round + 1) * 200;
        reads.until("all of them", |s| s.at("events/last").as_u64() >= Some(events));
    }
    // What they hold is bounded by what is being written, not by what they missed.
}
