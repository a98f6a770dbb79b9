//! Socket.IO: what is too long, too much or nothing of ours is refused, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod salon;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use qahm_engine::channel::Topic;
use qahm_runtime::Claims;
use salon::{Client, ORIGIN, Salon, await_some};
use serde_json::json;

#[test]
fn commands_that_come_too_fast_are_refused_and_then_the_client() {
    let salon = Salon::new();
    let mut client = salon.follow(&[]);
    let pause = json!({ "do": "pause" });
    let refused = (0..40).filter(|_| client.command(&pause)["code"] == "too-fast").count();
    assert!((1..=20).contains(&refused), "{refused}");
    let mut pest = salon.follow(&[]);
    for _ in 0..1000 {
        let _cut = pest.socket.send(tungstenite::Message::text("420[\"do\",{\"do\":\"pause\"}]"));
    }
    while pest.text().is_some() {}
    assert!(client.command(&json!({ "do": "resume" }))["ok"].is_boolean(), "nothing to the others");
}

#[test]
fn a_filter_too_many_is_refused() {
    let salon = Salon::new();
    let follow =
        |n: usize| json!({ "do": "follow", "topics": ["live"], "filter": { "source": n.to_string() } });
    let mut clients: Vec<Client> = Vec::new();
    for n in 0..32 {
        let token = salon.sign(&Claims { user: 100 + n as u64 / 8, ..salon.claims() });
        let mut client = salon.greet(&json!({ "token": token, "topics": [] }));
        client.enter();
        assert_eq!(client.command(&follow(n)), json!({ "ok": true }));
        if n % 8 == 7 {
            let one_more = json!({ "token": token, "topics": ["live"], "filter": { "source": "x" } });
            assert_eq!(salon.greet(&one_more).refusal().as_deref(), Some("too-many-filters"), "of one user");
        }
        clients.push(client);
    }
    let mut one_more = salon.follow(&[]);
    assert_eq!(one_more.command(&follow(32))["code"], "too-many-filters");
    assert_eq!(one_more.command(&follow(3))["ok"], true, "one that others use, too");
    let auth = json!({ "token": salon.token(), "topics": ["live"], "filter": { "source": "99" } });
    assert_eq!(salon.greet(&auth).refusal().as_deref(), Some("too-many-filters"));
    // Who leaves one for another may have it, whatever else is in use.
    assert_eq!(clients[9].command(&follow(32))["ok"], true);
    assert_eq!(clients[9].command(&follow(9))["ok"], true);
    drop(clients.remove(5));
    await_some("the stream to end", || (one_more.command(&follow(32))["ok"] == true).then_some(()));
}

#[test]
fn a_message_that_is_too_long_is_refused_at_its_head() {
    let salon = Salon::new();
    let mut sane = salon.follow(&["visitors"]);
    // Who goes without a word has done no wrong.
    drop(salon.follow(&[]));
    for announced in [64u64 << 20, u64::MAX, 16 * 1024 + 1] {
        let mut client = salon.follow(&[]);
        // A masked text frame, of which nothing but the head comes.
        let mut head = vec![0x81, 0xff];
        head.extend_from_slice(&announced.to_be_bytes());
        head.extend_from_slice(&[0; 4]);
        client.socket.get_mut().write_all(&head).unwrap();
        assert_eq!(client.text(), None, "{announced}");
    }
    let notes = await_some("a note", || {
        let notes = salon.refusals();
        notes.iter().any(|note| note.contains("16 KiB")).then_some(notes)
    });
    assert_eq!(notes.len(), 1, "once, and of nothing else: {notes:?}");
    let count = || salon.metric("refused_total{reason=\"message\"}");
    assert_eq!(count(), 3.0);
    // Nor are they counted who go before they have said who they are; who sends too much before that is, once.
    for _ in 0..3 {
        let mut stranger = salon.open(&[]);
        stranger.socket.close(None).unwrap();
        while stranger.text().is_some() {}
    }
    drop(salon.open(&[]));
    let mut stranger = salon.open(&[]);
    let mut head = vec![0x81, 0xff];
    head.extend_from_slice(&(1u64 << 40).to_be_bytes());
    head.extend_from_slice(&[0; 4]);
    stranger.socket.get_mut().write_all(&head).unwrap();
    assert_eq!(stranger.text(), None);
    assert_eq!(count(), 4.0);
    // In many frames, none of them too long.
    let mut client = salon.follow(&[]);
    let mut part = vec![0x01, 0xfe, 0x10, 0, 0, 0, 0, 0];
    part.extend_from_slice(&[b' '; 0x1000]);
    let sent = (0..64).try_for_each(|n| {
        part[0] = u8::from(n == 0);
        client.socket.get_mut().write_all(&part)
    });
    assert!(sent.is_err() || client.text().is_none());
    for nonsense in [
        "",
        "9",
        "4",
        "42",
        "42{",
        "451-[\"do\",{\"_placeholder\":true,\"num\":0}]",
        "4\u{1F600}",
        "5999999999999-[]",
    ] {
        let mut client = salon.follow(&[]);
        for text in [nonsense, "42[\"nothing\"]"] {
            // Some of it ends the connection, and that is as good.
            let _cut = client.socket.send(tungstenite::Message::text(text));
        }
    }
    salon.tell(Topic::Visitors, json!({ "n": 1 }));
    assert_eq!(sane.event().0, "visitors:put");
}

#[test]
fn who_says_nonsense_is_cut() {
    let salon = Salon::new();
    let mut pest = salon.follow(&[]);
    for _ in 0..1000 {
        let _cut = pest.socket.send(tungstenite::Message::text("42[\"nonsense\"]"));
    }
    while pest.text().is_some() {}
    let long = format!("420[\"do\",{{\"do\":\"{}\"}}]", "x".repeat(10_000));
    let mut client = salon.follow(&[]);
    client.send(&long);
    let answer = client.text().unwrap();
    assert!(answer.contains("bad-request") && answer.len() < 500, "{answer}");
}

#[test]
fn a_whole_office_may_come_from_one_address() {
    let salon = Salon::new();
    for user in 1..=300 {
        let mut client = salon.open(&[("origin", ORIGIN), ("x-real-ip", "192.0.2.1")]);
        let token = salon.sign(&Claims { user, ..salon.claims() });
        client.send(&format!("40{}", json!({ "token": token, "topics": [] })));
        client.enter();
    }
}

#[test]
fn nothing_but_a_websocket_is_opened() {
    let salon = Salon::new();
    let ask = |request: &str| {
        let mut stream = UnixStream::connect(salon.socket()).unwrap();
        stream
            .write_all(format!("{request}\r\nHost: a.test\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for request in [
        "GET /qahm-live/socket.io/?EIO=4&transport=polling HTTP/1.1",
        "POST /qahm-live/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nContent-Length: 0",
        "GET /qahm-live/socket.io/?EIO=4&transport=websocket HTTP/1.1",
    ] {
        let answer = ask(request);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("websocket-only"), "{answer}");
    }
}

#[test]
fn a_greeting_is_tried_three_times_and_given_once() {
    let salon = Salon::new();
    let mut client = salon.open(&[("origin", ORIGIN)]);
    for _ in 0..3 {
        client.send("40{\"token\":\"v1.bad.bad\"}");
        assert_eq!(client.refusal().as_deref(), Some("malformed"));
    }
    client.send(&format!("40{}", json!({ "token": salon.token() })));
    assert_eq!(client.text(), None);

    let mut twice = salon.follow(&["visitors"]);
    twice.send(&format!("40{}", json!({ "token": salon.token() })));
    assert_eq!(twice.command(&json!({ "do": "pause" })), json!({ "ok": true }), "as if it had not been said");

    // And to leave the namespace is to leave.
    let mut leaving = salon.follow(&["visitors"]);
    leaving.send("41");
    assert_eq!(leaving.text(), None);
}
