//! `POST /qahm-live/collect`: the beacon of a browser, by the same rules as through PHP, and through the same ring.

use std::borrow::Cow;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use parking_lot::Mutex;
use qahm_event::{
    BEACON_MAX, Beacon, Flags, HINTS_MAX, Micros, Peer, RECORD_MAX, Visitor, exclusion, join_hints,
};
use qahm_ring::Ring;
use qahm_runtime::collector::{ABSENT, Answer, Delivery, METHOD, TOKEN};
use qahm_runtime::{Place, Purpose, check};

use super::{Shared, shared};
use crate::options::SLOTS;
use crate::serve::request::Order;

/// How often the ring is compared with the file at its path, µs.
const LOOK_US: u64 = 1_000_000;
/// How long the pipeline may take to explain.
const PATIENCE: Duration = Duration::from_millis(250);

const REASON: HeaderName = HeaderName::from_static("x-qahm-realtime");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const GPC: HeaderName = HeaderName::from_static("sec-gpc");
const DNT: HeaderName = HeaderName::from_static("dnt");
const HINTS: [HeaderName; 3] = [
    HeaderName::from_static("sec-ch-ua"),
    HeaderName::from_static("sec-ch-ua-mobile"),
    HeaderName::from_static("sec-ch-ua-platform"),
];

/// Where beacons are posted.
pub const PATH: &str = "/qahm-live/collect";

/// Takes beacons. Visitors of a whole office come from one address, so they are not limited here.
pub struct Collector {
    shared: Arc<Shared>,
    producer: Mutex<Producer>,
}

impl Collector {
    pub fn new(shared: Arc<Shared>) -> Collector {
        Collector { shared, producer: Mutex::default() }
    }

    /// One request, of whatever method: as collect.php answers it.
    /// `from`: the other end of its connection; none over a Unix socket.
    pub async fn answer<B>(&self, request: Request<B>, from: Option<IpAddr>) -> Response<Body>
    where
        B: hyper::body::Body<Error: Into<BoxError>>,
    {
        let (status, reason) = take(&self.shared, &self.producer, request, from).await;
        respond(status, reason)
    }
}

/// The engine as a producer: what PHP workers are, each of its requests is. Opened on its own, not taken from the
/// pipeline: a slot is claimed and written as by any other process.
struct Producer {
    ring: Option<Ring>,
    look_at: u64,
    /// Where records are written on their way into a slot.
    buffer: Box<[u8; RECORD_MAX]>,
}

impl Default for Producer {
    fn default() -> Producer {
        Producer { ring: None, look_at: 0, buffer: Box::new([0; RECORD_MAX]) }
    }
}

async fn take<B>(
    shared: &Shared,
    producer: &Mutex<Producer>,
    request: Request<B>,
    from: Option<IpAddr>,
) -> Answer
where
    B: hyper::body::Body<Error: Into<BoxError>>,
{
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    if parts.method != Method::POST {
        return METHOD;
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BEACON_MAX as u64) {
        return too_large(shared);
    }
    let body = match tokio::time::timeout(shared.times.beacon, Limited::new(body, BEACON_MAX).collect()).await
    {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(shared),
        Ok(Err(_)) => return (400, "cut".into()),
        Err(_) => {
            shared.stats.abused("unfinished");
            return (408, "too-slow".into());
        }
    };
    let beacon = match Beacon::parse(&body) {
        Ok(beacon) => beacon,
        Err(reject) => return (reject.status, reject.reason.into()),
    };
    let mut hints = [0; HINTS_MAX];
    let forwarded = all(headers, &FORWARDED_FOR, ", ");
    let cookies = all(headers, &COOKIE, "; ");
    let mut delivery = Delivery {
        beacon: &beacon,
        visitor: Visitor {
            time: Micros::now(),
            peer: peer(headers, from),
            flags: Flags::NONE.with(Flags::PRIVATE, is_private(headers)),
            agent: one(headers, &USER_AGENT),
            hints: join_hints(HINTS.each_ref().map(|name| one(headers, name)), &mut hints),
            forwarded: &forwarded,
        },
        host: one(headers, &HOST),
        excluded: exclusion(&cookies),
    };
    let answer = producer.lock().collect(&mut delivery, &shared.runtime);
    match answer {
        Some(answer) => answer,
        // Boxed: rare, and its buffer would be room in every connection.
        None => Box::pin(explain(shared, &delivery)).await,
    }
}

/// What the pipeline would make of the first event. The token in the beacon is the proof that its sender may know; the
/// origin is not compared: the page asks its own site's collector.
async fn explain(shared: &Shared, delivery: &Delivery<'_>) -> Answer {
    let beacon = delivery.beacon;
    let Some(key) = shared.key() else { return ABSENT };
    let token = beacon.explain.as_deref().unwrap_or_default();
    let now = shared::unix_now();
    let Ok(claims) = check(&key, token.as_bytes(), now, beacon.site.0, None, Purpose::Live) else {
        return TOKEN;
    };
    if shared.channel.revocations().is_revoked(beacon.site, claims.user, claims.chain) {
        return TOKEN;
    }
    let mut buffer = [0; RECORD_MAX];
    let Some(record) = delivery.explained(&mut buffer) else { return ABSENT };
    let order = shared.order(Order::Explain { site: beacon.site, record: record.to_vec() });
    let Ok(answer) = tokio::time::timeout(PATIENCE, order).await else { return ABSENT };
    answer.get("explain").map_or(ABSENT, |explained| (200, explained.to_string().into()))
}

impl Producer {
    fn collect(&mut self, delivery: &mut Delivery<'_>, runtime: &Place) -> Option<Answer> {
        let now = delivery.visitor.time.0;
        if now >= self.look_at {
            self.look_at = now.saturating_add(LOOK_US);
            // What is pushed to an unlinked ring is drained for two seconds more, and lost after that.
            if !self.ring.as_ref().is_some_and(|ring| ring.is_current(runtime.fd.as_fd())) {
                // Who is first makes the new one, and makes it as large as the old.
                let slots = self.ring.as_ref().map_or(SLOTS, Ring::slots);
                self.ring = Ring::open_or_create(runtime.fd.as_fd(), slots).ok();
            }
        }
        match &self.ring {
            Some(ring) => delivery.collect(ring, &mut self.buffer),
            None => Some(ABSENT),
        }
    }
}

/// The peer of the web server before us, which replaces the header; without one whoever is connected.
fn peer(headers: &HeaderMap, socket: Option<IpAddr>) -> Peer {
    match headers.get(REAL_IP) {
        Some(address) => Peer::parse(address.as_bytes()).unwrap_or_default(),
        None => socket.map(Peer::from).unwrap_or_default(),
    }
}

fn is_private(headers: &HeaderMap) -> bool {
    one(headers, &GPC) == b"1" || one(headers, &DNT) == b"1"
}

/// A header; empty if there is none.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default()
}

/// All lines of a header that is a list, as a web server hands them to PHP: as one.
fn all<'a>(headers: &'a HeaderMap, name: &HeaderName, between: &str) -> Cow<'a, [u8]> {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let mut joined = Cow::Borrowed(lines.next().unwrap_or_default());
    for line in lines {
        let joined = joined.to_mut();
        joined.extend_from_slice(between.as_bytes());
        joined.extend_from_slice(line);
    }
    joined
}

fn too_large(shared: &Shared) -> Answer {
    shared.stats.abused("beacon");
    (413, "body-too-large".into())
}

/// As collect.php answers.
fn respond(status: u16, reason: Cow<'static, str>) -> Response<Body> {
    let explained = status == 200;
    let told = match (&reason, explained) {
        (_, true) => HeaderValue::from_static("explained"),
        (Cow::Borrowed(reason), _) => HeaderValue::from_static(reason),
        (Cow::Owned(reason), _) => HeaderValue::from_str(reason).unwrap_or(HeaderValue::from_static("error")),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(REASON, told);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if status != 204 {
        let kind = if explained { "application/json; charset=utf-8" } else { "text/plain; charset=utf-8" };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        *response.body_mut() = Body::from(reason);
    }
    response
}
