//! Socket.IO as a client sees it: let in or not, shown what changes, ended.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod salon;

use std::time::{Duration, Instant};

use qahm_engine::channel::{Topic, patch};
use qahm_engine::config::SiteConfig;
use qahm_event::SiteId;
use qahm_runtime::Claims;
use salon::{ORIGIN, SITE, Salon, USER, unix_now};
use serde_json::{Value, json};

fn state(n: u64) -> Value {
    json!({ "n": n, "much": "that does not change, so that a patch is shorter than a put of it all" })
}

/// The state after an event, and its place.
fn apply(state: &mut Value, event: &str, message: &Value) -> u64 {
    match event.split_once(':').unwrap().1 {
        "put" => *state = message["data"].clone(),
        "patch" => {
            let ops: Vec<patch::Op> = message["ops"].as_array().unwrap().iter().map(op).collect();
            patch::apply(&ops, state).unwrap();
        }
        other => panic!("{other}"),
    }
    message["s"].as_u64().unwrap()
}

fn op(op: &Value) -> patch::Op {
    patch::Op { path: op[0].as_str().unwrap().to_owned(), value: op.get(1).cloned() }
}

#[test]
fn a_client_is_told_the_state_and_then_what_changes() {
    let salon = Salon::new();
    let mut client = salon.greet(&json!({ "token": salon.token(), "topics": ["visitors"] }));
    let hello = client.enter();
    assert_eq!(hello["e"], salon.channel.epoch());
    assert!(hello["expires"].as_u64().unwrap() > unix_now() && hello["time"].as_u64().unwrap() <= unix_now());
    salon.tell(Topic::Visitors, state(1));
    let (event, put) = client.event();
    assert_eq!((event.as_str(), &put["path"], &put["data"]), ("visitors:put", &json!("/"), &state(1)));
    salon.tell(Topic::Visitors, state(2));
    let (event, patch) = client.event();
    assert_eq!((event.as_str(), &patch["ops"]), ("visitors:patch", &json!([["n", 2]])));
    assert_eq!((&patch["b"], &patch["e"]), (&put["s"], &hello["e"]));

    // Who comes back says where he was, and gets what he missed.
    let resume = format!("{}.visitors:{}", salon.channel.epoch(), put["s"]);
    let auth = json!({ "token": salon.token(), "topics": ["visitors"], "resume": resume });
    let mut again = salon.greet(&auth);
    again.enter();
    assert_eq!(again.event(), ("visitors:patch".to_owned(), patch));
    // And who was somewhere else gets it all.
    let other =
        json!({ "token": salon.token(), "topics": ["visitors"], "resume": "00000000000000ff.visitors:1" });
    let mut stranger = salon.greet(&other);
    stranger.enter();
    assert_eq!(stranger.event().0, "visitors:put");
}

#[test]
fn a_cookie_lets_in_whose_site_is_named() {
    let salon = Salon::new();
    let other = SiteId(8);
    salon.hub.set_config(other, SiteConfig::parse(r#"{"hosts":["a.test"]}"#).unwrap());
    let cookie = |site: SiteId| {
        let token = salon.sign(&Claims { site: site.0, ..salon.claims() });
        format!("qahm_realtime_live_{site}={token}")
    };
    let both = format!("{}; {}", cookie(SITE), cookie(other));
    let refusal = |query: &str, cookie: &str| {
        let mut client = salon.open_with(query, &[("origin", ORIGIN), ("cookie", cookie)]);
        client.send("40");
        client.refusal()
    };
    assert_eq!(refusal("", &cookie(SITE)), None);
    assert_eq!(refusal(&format!("&site={other}"), &both), None);
    assert_eq!(refusal("", &both).as_deref(), Some("bad-request"));
    assert_eq!(refusal(&format!("&site={other}"), &cookie(SITE)).as_deref(), Some("malformed"));
}

#[test]
fn commands_are_followed_and_answered() {
    let salon = Salon::new();
    let mut client = salon.greet(&json!({ "token": salon.token() }));
    client.enter();
    let follow = |topics: &[&str]| json!({ "do": "follow", "topics": topics });
    assert_eq!(client.command(&follow(&["visitors"])), json!({ "ok": true }));
    salon.tell(Topic::Visitors, state(1));
    let (_, put) = client.event();
    assert_eq!(client.command(&json!({ "do": "pause" })), json!({ "ok": true }));
    salon.tell(Topic::Visitors, state(2));
    let position = format!("{}.visitors:{}", salon.channel.epoch(), put["s"]);
    // What changed meanwhile comes with the end of the pause, not before: the answer to it is the next that is heard.
    client.send(&format!("421[\"do\",{}]", json!({ "do": "resume", "position": position })));
    assert_eq!(client.text().unwrap(), "431[{\"ok\":true}]");
    assert_eq!(client.event().0, "visitors:patch");

    for (command, code) in [
        (json!({ "do": "forget" }), "bad-request"),
        (json!([]), "bad-request"),
        (json!(null), "bad-request"),
        (follow(&["nonsense"]), "bad-request"),
        (json!({ "do": "follow", "topics": [], "filter": { "city": "Lyon" } }), "bad-request"),
        (json!({ "do": "token", "token": "v1.bad.bad" }), "malformed"),
    ] {
        assert_eq!(client.command(&command)["code"], code, "{command}");
    }
    let later = qahm_runtime::Claims { expires: unix_now() + 300, ..salon.claims() };
    let renewed = client.command(&json!({ "do": "token", "token": salon.sign(&later) }));
    assert_eq!((&renewed["ok"], &renewed["expires"]), (&json!(true), &json!(later.expires)));
    let others = qahm_runtime::Claims { user: USER + 1, ..later };
    assert_eq!(client.command(&json!({ "do": "token", "token": salon.sign(&others) }))["code"], "site");
}

#[test]
fn an_alert_is_acknowledged_by_the_user_of_the_connection() {
    let salon = Salon::new();
    let mut client = salon.follow(&[]);
    let orders = salon.orders.clone();
    let pipeline = std::thread::spawn(move || {
        let (order, reply) = orders.recv().unwrap();
        reply.send(json!({ "ok": true })).unwrap();
        format!("{order:?}")
    });
    let done = client.command(&json!({ "do": "acknowledge", "alert": "a17" }));
    assert_eq!(done, json!({ "ok": true }));
    let order = pipeline.join().unwrap();
    assert!(order.contains("\"a17\"") && order.contains(&format!("user: {USER}")), "{order}");
    assert_eq!(client.command(&json!({ "do": "acknowledge", "alert": 7 }))["code"], "bad-request");
}

#[test]
fn who_may_not_read_is_told_why() {
    let salon = Salon::new();
    let good = salon.claims();
    let signed = |claims| salon.sign(&claims);
    let expired = qahm_runtime::Claims { expires: good.chain - 1, chain: good.chain - 60, ..good.clone() };
    let elsewhere = qahm_runtime::Claims { origin: "https://b.test".into(), ..good.clone() };
    let unknown = qahm_runtime::Claims { site: 8, ..good.clone() };
    let deliver = qahm_runtime::Claims { purpose: qahm_runtime::Purpose::Deliver, ..good.clone() };
    let revoked = qahm_runtime::Claims { user: USER + 1, ..good.clone() };
    salon.channel.revocations().revoke(SITE, USER + 1, unix_now() as i64);
    let forged = salon.token().replace("v1.A", "v1.B");
    for (token, reason) in [
        (String::new(), "malformed"),
        (forged, "signature"),
        (signed(expired), "expired"),
        (signed(elsewhere), "origin"),
        (signed(unknown), "site"),
        (signed(deliver), "purpose"),
        (signed(revoked), "revoked"),
    ] {
        let refusal = salon.greet(&json!({ "token": token })).refusal();
        assert_eq!(refusal.as_deref(), Some(reason));
    }
    for (odd, reason) in [
        ("40", "malformed"),
        ("40{}", "malformed"),
        ("40[1]", "bad-request"),
        ("40{\"token\":7}", "bad-request"),
        ("40{\"token\":null,\"topics\":\"x\"}", "bad-request"),
    ] {
        let mut client = salon.open(&[("origin", ORIGIN)]);
        client.send(odd);
        assert_eq!(client.refusal().as_deref(), Some(reason), "{odd}");
    }
    let auth = format!("40{}", json!({ "token": salon.token(), "topics": ["nonsense"] }));
    let mut client = salon.open(&[("origin", ORIGIN)]);
    client.send(&auth);
    assert_eq!(client.refusal().as_deref(), Some("bad-request"));
}

#[test]
fn pages_of_others_open_nothing() {
    let salon = Salon::new();
    let refusal = |headers: &[(&'static str, &str)]| {
        let mut client = salon.open(headers);
        client.send(&format!("40{}", json!({ "token": salon.token() })));
        client.refusal()
    };
    assert_eq!(refusal(&[("origin", ORIGIN)]), None);
    assert_eq!(refusal(&[]), None, "no browser, and no cookie that it could have been made to send");
    for foreign in [
        &[("origin", "https://b.test")][..],
        &[("origin", "null")],
        &[("origin", "http://a.test")],
        &[("cookie", "a=b")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(refusal(foreign).as_deref(), Some("origin"), "{foreign:?}");
    }
}

#[test]
fn a_token_that_is_over_or_taken_back_ends_the_connection() {
    let salon = Salon::new();
    let short = qahm_runtime::Claims { expires: unix_now() + 2, ..salon.claims() };
    let mut expiring = salon.greet(&json!({ "token": salon.sign(&short) }));
    expiring.enter();
    let mut revoked = salon.follow(&["visitors"]);
    salon.channel.revocations().revoke(SITE, USER, unix_now() as i64 - 100);
    let mut other = salon.follow(&["visitors"]);
    let told = Instant::now();
    salon.channel.revocations().revoke(SITE, USER, unix_now() as i64);
    for (client, code) in [(&mut revoked, "revoked"), (&mut other, "revoked")] {
        let (event, problem) = client.event();
        assert_eq!((event.as_str(), problem["code"].as_str().unwrap()), ("problem", code));
        assert!(client.is_over());
        assert!(told.elapsed() <= Duration::from_secs(2), "a second is promised, and machines are busy");
    }
    let (event, problem) = expiring.event();
    assert_eq!(event, "problem");
    assert!(["expired", "revoked"].contains(&problem["code"].as_str().unwrap()));

    let salon = Salon::new();
    let short = qahm_runtime::Claims { expires: unix_now() + 2, ..salon.claims() };
    let mut expiring = salon.greet(&json!({ "token": salon.sign(&short) }));
    expiring.enter();
    assert_eq!(expiring.event().1["code"], "expired");
    assert!(expiring.is_over());
}

#[test]
fn the_engine_says_goodbye() {
    let mut salon = Salon::new();
    let mut client = salon.follow(&["visitors"]);
    let server = salon.server.take().unwrap();
    let closing = std::thread::spawn(move || server.close());
    let (event, bye) = client.event();
    assert_eq!(event, "bye");
    assert!(bye["after"].as_u64().unwrap() > 0);
    assert!(client.is_over());
    drop(client);
    closing.join().unwrap();
}

#[test]
fn big_messages_come_packed_to_those_who_can_unpack_them() {
    let salon = Salon::new();
    let auth = json!({ "token": salon.token(), "topics": ["visitors"], "packed": true });
    let mut able = salon.greet(&auth);
    able.enter();
    let mut plain = salon.follow(&["visitors"]);
    let big = json!({ "rows": (0..500).collect::<Vec<_>>() });
    salon.tell(Topic::Visitors, big.clone());
    let (event, put) = able.event();
    assert_eq!((event.as_str(), &put["data"]), ("visitors:packed", &big));
    assert_eq!(plain.event(), ("visitors:put".to_owned(), put.clone()));
    let mut changed = big;
    changed["rows"][7] = json!(-1);
    salon.tell(Topic::Visitors, changed);
    assert_eq!(able.event().0, "visitors:patch", "a small one is not");
}

#[test]
fn who_does_not_read_delays_nobody_and_catches_up() {
    let salon = Salon::new();
    let mut slow = salon.follow(&["visitors"]);
    let mut quick = salon.follow(&["visitors"]);
    let (mut shown, mut last) = (Value::Null, 0);
    // Much more than sockets and buffers hold, and more changes than are kept.
    for n in 0..400 {
        salon.tell(Topic::Visitors, json!({ "n": n, "text": format!("{n:08}").repeat(10_000) }));
        loop {
            let (event, message) = quick.event();
            last = apply(&mut shown, &event, &message);
            if shown["n"] == n {
                break;
            }
        }
    }
    // The other one gets what was on its way, and then the whole state.
    let (mut late, mut messages) = (Value::Null, 0);
    loop {
        let (event, message) = slow.event();
        messages += 1;
        if apply(&mut late, &event, &message) == last {
            break;
        }
    }
    assert_eq!(late, shown);
    assert!(messages < 100, "{messages}");
    salon.tell(Topic::Visitors, state(1));
    assert_eq!(slow.event(), quick.event());
}
