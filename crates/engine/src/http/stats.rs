//! What happened on the live channel since the start, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::channel::Refused;

/// How long a person is told of an abuse after it was last seen.
const TOLD: Duration = Duration::from_secs(600);

/// Counters; all may be read and raised by anybody.
#[derive(Debug, Default)]
pub struct Stats {
    /// Sockets that are open now, whatever they do.
    pub sockets: AtomicUsize,
    /// Requests answered by `live`.
    pub polls: AtomicU64,
    /// Puts and patches written, and bytes of them as they went out.
    pub messages: AtomicU64,
    pub bytes: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    closed: Mutex<BTreeMap<&'static str, u64>>,
    seen: Mutex<BTreeMap<&'static str, Instant>>,
}

impl Stats {
    /// A handshake or request was refused, for a reason of one word.
    pub fn refused(&self, reason: &'static str) {
        *self.refused.lock().entry(reason).or_default() += 1;
    }

    /// A connection ended, for a reason of one word.
    pub fn closed(&self, reason: &'static str) {
        *self.closed.lock().entry(reason).or_default() += 1;
    }

    /// A connection that had been let in ended, for what it followed is there no more.
    pub fn lost(&self, why: Refused) {
        self.closed(match why {
            Refused::UnknownSite => "forgotten",
            Refused::Failed => "failed",
            _ => "memory",
        });
    }

    /// Refused, and of a kind that a person should hear of: on standard error once per kind, among the notes of
    /// `status` while it goes on. Never who it was: addresses are not written down.
    pub fn abused(&self, reason: &'static str) {
        self.refused(reason);
        if self.seen.lock().insert(reason, Instant::now()).is_none() {
            eprintln!(
                "qahm-realtimed: live channel: {}; further ones are only counted (/metrics)",
                words(reason)
            );
        }
    }

    /// What a person should know of the last minutes.
    pub fn notes(&self) -> Vec<String> {
        let seen = self.seen.lock();
        let lately = seen.iter().filter(|(_, at)| at.elapsed() < TOLD);
        lately.map(|(reason, _)| format!("live channel: {}", words(reason))).collect()
    }

    pub fn all_refused(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().clone()
    }

    pub fn all_closed(&self) -> BTreeMap<&'static str, u64> {
        self.closed.lock().clone()
    }

    /// A message went out, in so many bytes.
    pub fn sent(&self, bytes: usize) {
        self.messages.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}

fn words(reason: &str) -> String {
    match reason {
        "rate" => "requests came too often from one address or user and were put off (429)".into(),
        "full" => "there were more connections than the engine takes, some were put off (503)".into(),
        "guests" => {
            "more sockets waited for their token than the engine keeps waiting, some were put off (503)"
                .into()
        }
        "beacon" => "a beacon was longer than 4 KiB (413)".into(),
        "url" => "a request had a longer address than 4 KiB (414)".into(),
        "body" => "a request was longer than 16 KiB (413)".into(),
        "message" => {
            "a message was longer than 16 KiB, or no WebSocket message at all, and its sender was cut".into()
        }
        "unfinished" => "a client did not finish its request, or say its token, in time and was cut".into(),
        "commands" => "a client sent commands too often".into(),
        other => format!("requests were refused: {other}"),
    }
}
