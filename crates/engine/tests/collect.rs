//! The engine's collector: the same requests get the same answers and leave the same records as those that came through
//! PHP (tests/phpt/collect.phpt, beacon.phpt, full.phpt, explain.phpt).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, Response};
use crossbeam_channel::{Receiver, bounded};
use http_body_util::BodyExt;
use qahm_engine::channel::Channel;
use qahm_engine::http::Shared;
use qahm_engine::http::collect::{Collector, PATH};
use qahm_engine::http::times::Times;
use qahm_engine::hub::Hub;
use qahm_engine::serve::control::Errand;
use qahm_engine::serve::request::Order;
use qahm_event::{Record, SiteId, Tag, host_hash};
use qahm_ring::{PAYLOAD_MAX, Ring, Step, boottime_us, file_name};
use qahm_runtime::{Claims, Place, Purpose, mint, runtime_dir, token_key};
use serde_json::{Value, json};
use tokio::sync::watch;

const SITE: SiteId = SiteId(0xab);
const OTHER: &str = "00000000000000ff";
type Headers<'a> = &'a [(&'static str, &'a str)];
const KNOWN: Headers<'static> = &[("host", "Known.TEST")];

/// A collector on a ring of its own.
struct Desk {
    _dir: tempfile::TempDir,
    place: Arc<Place>,
    ring: Ring,
    collector: Collector,
    orders: Receiver<Errand>,
    channel: Arc<Channel>,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let place = Arc::new(runtime_dir(Some(dir.path()), true).unwrap());
        let ring = Ring::open_or_create(place.fd.as_fd(), 256).unwrap();
        let (send, orders) = bounded(1);
        let hub = Arc::new(Hub::default());
        let (channel, _worker) = Channel::new(hub.clone());
        let shared =
            Shared::new(hub, channel.clone(), send, place.clone(), Times::default(), watch::channel(false).1);
        let collector = Collector::new(Arc::new(shared));
        Desk { _dir: dir, place, ring, collector, orders, channel }
    }

    /// As the engine publishes its sites.
    fn publish(self) -> Desk {
        self.ring.site_or_insert(SITE.0).unwrap().set_hosts(&[host_hash(b"known.test")]);
        self.ring.header().set_sites_loaded(true);
        self
    }

    async fn respond(&self, method: &str, body: impl Into<Body>, headers: Headers<'_>) -> Response<Body> {
        self.respond_to(None, method, body, headers).await
    }

    async fn respond_to(
        &self,
        address: Option<IpAddr>,
        method: &str,
        body: impl Into<Body>,
        headers: Headers<'_>,
    ) -> Response<Body> {
        let request = Request::builder().method(method).uri(PATH);
        let mut request = request.body(body.into()).unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        self.collector.answer(request, address).await
    }

    /// Status and reason, as PHP gets them from the extension.
    async fn collect(&self, body: impl Into<Body>, headers: Headers<'_>) -> String {
        let response = self.respond("POST", body, headers).await;
        let (status, reason) = (response.status().as_u16(), response.headers()["x-qahm-realtime"].clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let reason = reason.to_str().unwrap();
        match status {
            204 => assert!(body.is_empty()),
            200 => return format!("200 {}", String::from_utf8_lossy(&body)),
            _ => assert_eq!(body, reason),
        }
        format!("{status} {reason}")
    }

    /// What is in the ring.
    fn drained(&self) -> Vec<String> {
        lines(&self.ring)
    }
}

fn lines(ring: &Ring) -> Vec<String> {
    let (mut drain, mut buffer, mut lines) = (ring.drain(), [0; PAYLOAD_MAX], Vec::new());
    while let Step::Record(length) = drain.next(boottime_us(), &mut buffer) {
        lines.push(line(&buffer[..length]));
    }
    let position = drain.position();
    drain.free_to(position);
    lines
}

/// A record as `kind flags sequence peer tag=text …`.
fn line(payload: &[u8]) -> String {
    let record = Record::decode(payload).unwrap();
    let head = &record.head;
    let peer = head.peer.to_ip().map_or("-".to_owned(), |ip| ip.to_string());
    let mut line = format!("{} {} {} {peer}", head.kind.as_str(), head.flags.0, head.sequence);
    for tag in (1..=u8::MAX).filter_map(Tag::from_u8) {
        if tag == Tag::Meta {
            record.bytes(tag).iter().for_each(|_| line += &format!(" Meta={}", record.meta().join("|")));
        } else if tag.is_number() {
            record.number(tag).into_iter().for_each(|n| line += &format!(" {tag:?}={n}"));
        } else {
            record.text(tag).into_iter().for_each(|t| line += &format!(" {tag:?}={t}"));
        }
    }
    line
}

fn beacon(change: Value) -> String {
    let mut beacon =
        json!({ "v": 1, "s": SITE.to_string(), "i": "00000000000000cd", "n": 5, "u": "/a?b", "e": [["b"]] });
    beacon.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    beacon.to_string()
}

fn plain() -> String {
    beacon(json!({}))
}

#[tokio::test]
async fn method_site_and_host_are_checked() {
    let desk = Desk::new();
    assert_eq!(desk.collect(beacon(json!({ "s": OTHER })), &[("host", "any.test")]).await, "204 accepted");
    assert_eq!(desk.drained(), ["beat 0 5 - Url=/a?b"]);
    let desk = desk.publish();
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        let response = desk.respond(method, plain(), KNOWN).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"POST".parse().unwrap())
        );
    }
    assert_eq!(desk.collect(beacon(json!({ "s": OTHER })), KNOWN).await, "404 site");
    assert_eq!(desk.collect(plain(), &[("host", "other.test")]).await, "403 host");
    assert_eq!(desk.collect(plain(), &[]).await, "403 host");
    assert_eq!(desk.collect(plain(), KNOWN).await, "204 accepted");
    assert_eq!(desk.drained(), ["beat 8 5 - Url=/a?b"], "one record, once");
}

#[tokio::test]
async fn records_hold_what_the_browser_and_its_request_said() {
    let desk = Desk::new().publish();
    let events = json!({ "e": [["v", 1, "https://from.test/", "Title"], ["h"], ["l", 1]] });
    let full = [
        KNOWN[0],
        ("x-real-ip", "2001:db8::1"),
        ("user-agent", "Agent"),
        ("x-forwarded-for", "198.51.100.1"),
        ("sec-ch-ua", "\"B\";v=\"1\""),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Linux\""),
    ];
    assert_eq!(desk.collect(beacon(events), &full).await, "204 accepted");
    let rest = "UserAgent=Agent ClientHints=\"B\";v=\"1\"; ?0; \"Linux\" ForwardedFor=198.51.100.1";
    assert_eq!(
        desk.drained(),
        [
            "view 24 5 2001:db8::1 Url=/a?b Referrer=https://from.test/ UserAgent=Agent Title=Title ClientHints=\"B\";v=\"1\"; ?0; \"Linux\" ForwardedFor=198.51.100.1".to_owned(),
            format!("hidden 8 6 2001:db8::1 Url=/a?b {rest}"),
            format!("leave 40 7 2001:db8::1 Url=/a?b {rest}"),
        ]
    );
    // The web server before us tells the peer; what the browser sends under that name it replaces. Lines of a list are one.
    let lists = [KNOWN[0], ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")];
    desk.collect(plain(), &lists).await;
    desk.collect(plain(), &[KNOWN[0], ("x-real-ip", "nonsense")]).await;
    assert_eq!(
        desk.drained(),
        ["beat 8 5 - Url=/a?b ForwardedFor=192.0.2.1, 192.0.2.2", "beat 8 5 - Url=/a?b"]
    );
    let told = json!({ "w": 1, "c": 1, "e": [["g", "goal:Order", "{\"n\":1}"]] });
    desk.collect(beacon(told), KNOWN).await;
    assert_eq!(desk.drained(), ["custom 392 5 - Url=/a?b Name=goal:Order Properties={\"n\":1}"]);
}

#[tokio::test]
async fn the_peer_of_the_socket_is_taken_when_no_web_server_tells_another() {
    let desk = Desk::new().publish();
    let address = Some("127.0.0.1".parse().unwrap());
    let response = desk.respond_to(address, "POST", plain(), KNOWN).await;
    assert_eq!(response.status(), 204);
    assert_eq!(desk.drained(), ["beat 8 5 127.0.0.1 Url=/a?b"]);
}

#[tokio::test]
async fn those_who_ask_not_to_be_tracked_or_counted() {
    let desk = Desk::new().publish();
    for private in [("sec-gpc", "1"), ("dnt", "1"), ("dnt", "0"), ("sec-gpc", "0")] {
        assert_eq!(desk.collect(plain(), &[KNOWN[0], private]).await, "204 accepted");
    }
    let beat = |flags| format!("beat {flags} 5 - Url=/a?b");
    assert_eq!(desk.drained(), [beat(12), beat(12), beat(8), beat(8)]);
    let two = beacon(json!({ "e": [["b"], ["b"]] }));
    for (cookie, answer) in [
        ("qahm_realtime_exclude=1", "204 excluded:role"),
        ("a=b; qahm_realtime_exclude=1; c=d", "204 excluded:role"),
        ("a=b; qahm_realtime_exclude=visitor", "204 excluded:opt-out"),
        ("xqahm_realtime_exclude=1", "204 accepted"),
    ] {
        assert_eq!(desk.collect(two.clone(), &[KNOWN[0], ("cookie", cookie)]).await, answer);
    }
    let excluded = |reason| format!("excluded 8 5 - Reason={reason}");
    let beats = [beat(8), "beat 8 6 - Url=/a?b".to_owned()];
    let expected = [[excluded("role"), excluded("role")], [excluded("opt-out"), beats[0].clone()]].concat();
    assert_eq!(desk.drained(), [expected, vec![beats[1].clone()]].concat());
}

#[tokio::test]
async fn what_is_wrong_with_a_beacon_is_answered() {
    let desk = Desk::new().publish();
    let many: Vec<Value> = vec![json!(["b"]); 65];
    for (body, answer) in [
        (" ".repeat(4097), "413 body-too-large"),
        (String::new(), "400 not-json"),
        ("no json".into(), "400 not-json"),
        ("{\"u\":\"/\u{7}\"}".into(), "400 control-bytes"),
        (beacon(json!({ "v": 2 })), "400 version"),
        (beacon(json!({ "s": "x" })), "400 site"),
        (beacon(json!({ "i": 7 })), "400 view"),
        (beacon(json!({ "n": -1 })), "400 sequence"),
        (beacon(json!({ "u": "https://evil.test/" })), "400 url"),
        (beacon(json!({ "e": [] })), "400 events"),
        (beacon(json!({ "e": many })), "400 events"),
        (beacon(json!({ "e": [["x"]] })), "400 event"),
        (beacon(json!({ "n": u32::MAX, "e": [["b"], ["b"]] })), "400 sequence"),
    ] {
        assert_eq!(desk.collect(body, KNOWN).await, answer);
    }
    assert_eq!(desk.collect(vec![0xff], KNOWN).await, "400 not-utf8");
    // What is announced as too long is not read.
    let unread = Body::from_stream(Endless);
    let length = [KNOWN[0], ("content-length", "99999999999")];
    assert_eq!(desk.collect(unread, &length).await, "413 body-too-large");
    // And one that is not announced is read no further than a beacon goes.
    assert_eq!(desk.collect(Body::from_stream(Endless), KNOWN).await, "413 body-too-large");
    assert_eq!(desk.drained(), Vec::<String>::new());
    let exactly = plain() + &" ".repeat(4096 - plain().len());
    assert_eq!(desk.collect(exactly, KNOWN).await, "204 accepted");
}

/// A body without an end.
struct Endless;

impl futures_core::Stream for Endless {
    type Item = Result<Vec<u8>, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Ok(vec![b' '; 1000])))
    }
}

#[tokio::test]
async fn a_full_ring_refuses_counts_and_takes_the_beginning() {
    let desk = Desk::new().publish();
    (0..254).for_each(|_| desk.ring.push(b"filler").unwrap());
    let five = beacon(json!({ "e": [["b"], ["b"], ["b"], ["b"], ["b"]] }));
    assert_eq!(desk.collect(five, KNOWN).await, "503 full");
    let cookie = [KNOWN[0], ("cookie", "qahm_realtime_exclude=1")];
    assert_eq!(desk.collect(plain(), &cookie).await, "503 full");
    assert_eq!((desk.ring.used(), desk.ring.header().dropped()), (256, 4));
}

#[tokio::test]
async fn a_ring_that_was_replaced_is_followed() {
    let desk = Desk::new().publish();
    assert_eq!(desk.collect(plain(), KNOWN).await, "204 accepted");
    std::fs::remove_file(desk.place.path.join(file_name())).unwrap();
    let new = Ring::open_or_create(desk.place.fd.as_fd(), 256).unwrap();
    assert_ne!(new.epoch(), desk.ring.epoch());
    let (mut sent, mut kept) = (1, 0);
    while new.used() == 0 {
        assert_eq!(desk.collect(plain(), KNOWN).await, "204 accepted");
        sent += 1;
        kept += desk.drained().len();
    }
    assert_eq!(kept + lines(&new).len(), sent, "each in one of the two");
}

#[tokio::test]
async fn a_beacon_with_a_token_is_explained_and_never_counted() {
    let desk = Desk::new().publish();
    let ask = |token: &str| beacon(json!({ "d": token }));
    let key = token_key(&desk.place).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let origin = "https://elsewhere.test".to_owned();
    let claims =
        Claims { site: SITE.0, user: 1, origin, expires: now + 60, chain: now, purpose: Purpose::Live };
    let token = mint(&key, &claims);
    for bad in ["", "v1.bad.bad", &mint(&key, &Claims { site: 0xff, ..claims.clone() })] {
        assert_eq!(desk.collect(ask(bad), KNOWN).await, "403 token");
    }
    assert_eq!(desk.collect(ask(&token), &[("host", "other.test")]).await, "403 host");
    assert_eq!(desk.collect(ask(&token), KNOWN).await, "503 absent", "nobody answers");
    let (order, _) = desk.orders.recv().unwrap();
    assert!(matches!(order, Order::Explain { site: SITE, .. }));

    let orders = desk.orders.clone();
    let pipeline = std::thread::spawn(move || {
        let (Order::Explain { record, .. }, reply) = orders.recv().unwrap() else { panic!("another order") };
        reply.send(json!({ "ok": true, "explain": { "record": line(&record) } })).unwrap();
    });
    let cookie = [KNOWN[0], ("cookie", "qahm_realtime_exclude=1")];
    let answer = desk.collect(ask(&token), &cookie).await;
    assert_eq!(answer, r#"200 {"record":"beat 8 5 - Url=/a?b Reason=role"}"#);
    pipeline.join().unwrap();
    assert_eq!(desk.drained(), Vec::<String>::new());
    // Who may no longer read may not ask this either.
    desk.channel.revocations().revoke(SITE, claims.user, now as i64);
    assert_eq!(desk.collect(ask(&token), KNOWN).await, "403 token");
}
