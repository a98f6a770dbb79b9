//! `/metrics`: numbers for Prometheus, in its text format 0.0.4.
//!
//! They are of the whole engine and name no site, visitor or address. Free to whoever reaches the Unix socket himself; what
//! comes through a web server, or over a port that every user of the machine reaches, needs a token.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Response, StatusCode};

use super::auth::Papers;
use super::shared::Peer;
use super::{Shared, auth, reply};
use crate::channel::Topic;
use crate::hub::{Health, Meters};

/// What web servers add to requests that they pass on.
const PASSED_ON: [&str; 6] =
    ["x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-qahm-prefix"];

/// `GET /metrics`.
pub(super) async fn metrics(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let direct = peer.address.is_none() && !PASSED_ON.iter().any(|name| headers.contains_key(*name));
    if !direct && let Err(refusal) = auth::admit(&shared, Papers::new(&headers, query.as_deref())) {
        return refusal.answer();
    }
    let page = write(&shared, &shared.hub.health());
    reply::text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page)
}

fn write(shared: &Shared, health: &Health) -> String {
    let mut page = Page::default();
    page.one("up", "gauge", "The pipeline has told of itself lately.", u8::from(!shared.hub.health_is_old()));
    page.family("info", "gauge", "The engine's version.");
    page.sample("info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.one("start_time_seconds", "gauge", "Unix time of the start.", health.started);
    of_pipeline(&mut page, health);
    of_ring(&mut page, &health.meters);
    of_queues(&mut page, shared, health);
    of_channel(&mut page, shared);
    page.0
}

fn of_pipeline(page: &mut Page, health: &Health) {
    let Meters { commits, commit_us, lag_us, dropped, excluded, .. } = &health.meters;
    page.one("sites", "gauge", "Sites that are known.", health.sites);
    page.one("visitors", "gauge", "Visitors in memory.", health.visitors);
    page.one("memory_bytes", "gauge", "Live state, estimated.", health.bytes);
    page.one("memory_budget_bytes", "gauge", "What live state may take.", health.budget);
    page.one("evicted_total", "counter", "Visitors put out of memory to make room.", health.evicted);
    page.one("events_total", "counter", "Records taken in.", health.events);
    let lost = [("stranger", health.strangers), ("unreadable", health.unreadable)];
    let lost = lost.map(|(reason, count)| (reason.to_owned(), count));
    // Those of a site begin anew at its midnight, as counters may.
    let dropped: BTreeMap<String, u64> = dropped.clone().into_iter().chain(lost).collect();
    page.all("events_dropped_total", "counter", "Records that count nowhere.", "reason", &dropped);
    page.all("views_excluded_total", "counter", "Views set aside today.", "reason", excluded);
    page.one(
        "lag_seconds",
        "gauge",
        "Age of the oldest record taken in of the last second.",
        seconds(*lag_us),
    );
    page.one("commits_total", "counter", "Transactions of the store.", commits);
    page.one("commit_seconds_total", "counter", "Time they took.", seconds(*commit_us));
    page.one("last_commit_seconds", "gauge", "Time the last one took.", seconds(health.commit_us));
    page.one("last_commit_time_seconds", "gauge", "When it was, Unix time.", health.committed);
}

fn of_ring(page: &mut Page, meters: &Meters) {
    page.one("ring_slots", "gauge", "Slots of the ring.", meters.slots);
    page.one("ring_used_slots", "gauge", "Slots that are taken.", meters.used);
    let lost = [("full", meters.full), ("skipped", meters.skipped), ("torn", meters.torn)];
    let lost = lost.map(|(reason, count)| (reason.to_owned(), count)).into();
    page.all("ring_lost_total", "counter", "Records that did not come through the ring.", "reason", &lost);
}

/// The ring is one too, see there.
fn of_queues(page: &mut Page, shared: &Shared, health: &Health) {
    let outbox = health.meters.outbox;
    page.one(
        "orders_waiting",
        "gauge",
        "Orders that the pipeline has not taken yet.",
        shared.orders_waiting(),
    );
    page.one("alerts_waiting", "gauge", "Alerts that WordPress has not been told of yet.", outbox);
    page.one("looks_waiting", "gauge", "Streams with news not yet taken in.", shared.channel.waiting());
}

fn of_channel(page: &mut Page, shared: &Shared) {
    let stats = &shared.stats;
    page.one("sockets", "gauge", "Open sockets of the live channel.", stats.sockets.load(Relaxed));
    let connections = shared.connections.count();
    let connections = connections.into_iter().map(|(codec, count)| (codec.as_str(), count)).collect();
    page.all("connections", "gauge", "Who follows, by what is spoken.", "codec", &connections);
    let mut streams: BTreeMap<&str, usize> = Topic::ALL.map(|topic| (topic.as_str(), 0)).into();
    for (key, _) in shared.channel.in_use() {
        *streams.entry(key.topic.as_str()).or_default() += 1;
    }
    page.all("streams", "gauge", "Streams in use.", "topic", &streams);
    page.one("followers", "gauge", "Who reads them, each counted per stream.", shared.channel.followers());
    page.one("streams_failed_total", "counter", "Streams ended by a mistake.", shared.channel.failed());
    page.one("channel_bytes", "gauge", "Memory of the streams, estimated.", shared.channel.bytes());
    page.one("messages_total", "counter", "Puts and patches written.", stats.messages.load(Relaxed));
    page.one("bytes_total", "counter", "Bytes of them as they went out.", stats.bytes.load(Relaxed));
    page.one("polls_total", "counter", "Questions to /live.", stats.polls.load(Relaxed));
    page.all(
        "refused_total",
        "counter",
        "Requests and messages refused; rate: too many from one user or address.",
        "reason",
        &stats.all_refused(),
    );
    page.all("closed_total", "counter", "Connections the engine ended.", "reason", &stats.all_closed());
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// The page as it grows. Names get the project's prefix.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _written =
            write!(self.0, "# HELP qahm_realtime_{name} {help}\n# TYPE qahm_realtime_{name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escape(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(self.0, "qahm_realtime_{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn all<T: AsRef<str>>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        label: &str,
        values: &BTreeMap<T, impl Display>,
    ) {
        self.family(name, kind, help);
        for (text, value) in values {
            self.sample(name, &[(label, text.as_ref())], value);
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.all("a_total", "counter", "Help.", "reason", &BTreeMap::from([("x\"\\\n", 1.5)]));
        let text = "# HELP qahm_realtime_a_total Help.\n# TYPE qahm_realtime_a_total counter\n\
                    qahm_realtime_a_total{reason=\"x\\\"\\\\\\n\"} 1.5\n";
        assert_eq!(page.0, text);
    }
}
