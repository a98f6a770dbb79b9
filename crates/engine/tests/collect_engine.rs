//! Beacons over HTTP, all the way through a real engine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod stage;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};
use stage::{SITE, Stage, await_some};

fn request(body: &Value, host: &str, address: &str) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /qahm-live/collect HTTP/1.1\r\nHost: {host}\r\nX-Real-IP: {address}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// One answer without a body, as text; the connection stays open.
fn answer(stream: &mut UnixStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

#[test]
fn beacons_are_counted_once_and_the_connection_stays() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let path = stage.own("run").join("live.sock");
    let mut stream = await_some("the socket", || UnixStream::connect(&path).ok());
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let view = |view: u64| json!({ "v": 1, "s": SITE.to_string(), "i": format!("{view:016x}"), "n": 0, "u": "/a", "e": [["v", 1, "", "A"]] });
    for n in 1..=20 {
        stream.write_all(&request(&view(n), "a.test", &format!("203.0.113.{n}"))).unwrap();
        let answer = answer(&mut stream);
        assert!(
            answer.starts_with("http/1.1 204") && answer.contains("x-qahm-realtime: accepted"),
            "{answer}"
        );
        assert!(!answer.contains("content-length") && !answer.contains("connection: close"), "{answer}");
    }
    stage.await_live("active", 20);
    // The browser that sends a beacon again because the answer was lost is not counted again.
    stream.write_all(&request(&view(1), "a.test", "203.0.113.1")).unwrap();
    assert!(answer(&mut stream).starts_with("http/1.1 204"));
    stream.write_all(&request(&view(21), "a.test", "203.0.113.21")).unwrap();
    answer(&mut stream);
    stage.await_live("active", 21);
    assert_eq!(stage.live()["views_today"], 21);
    stream.write_all(&request(&view(22), "b.test", "203.0.113.22")).unwrap();
    assert!(answer(&mut stream).contains("x-qahm-realtime: host"));
}
