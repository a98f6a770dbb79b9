//! What is shown, for those who follow it: streams of states and of what changed in them.
//!
//! A stream is of a site, a filter and a topic ([`StreamKey`]). Its state is a JSON value, the one that the question of
//! that name answers; every state has a number that never goes back within an *epoch*, the life of an engine. A message
//! says a whole state (*put*) or what leads from one to a later one (*patch*): a reader who is somewhere gets what is
//! after it, from a ring of late patches, or a put, never a part.
//!
//! ```text
//! pipeline ── news of streams in use ──► worker: compare, number, encode ──► stream ◄── follower: what is after here?
//! ```
//! Codecs (Socket.IO, server-sent events, polling) only carry messages; nothing here knows of them.
//!
//! - `key` which stream · `filter` its filter's name · `position` how far somebody has read · `message` put and patch
//! - `patch` operations · `news` from the pipeline · `worker` the thread · `stream` state and ring · `follower` a reader
//! - `revocations` who may not read any more

mod filter;
mod follower;
mod key;
mod message;
mod news;
pub mod patch;
mod poll;
mod position;
mod revocations;
mod stream;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::Sender;
use parking_lot::Mutex;
use qahm_event::{Micros, SiteId};

use crate::hub::Hub;
pub use filter::{BadFilter, FILTER_MAX, FilterName};
pub use follower::{Follower, LINGER};
pub use key::{StreamKey, Topic};
pub use message::{Kind, LAST_BLOCK, Message, pack};
pub use news::{News, Rows};
pub use poll::Polled;
pub use position::{At, Position};
pub use revocations::{KEPT_S, Revocations};
pub use stream::After;
use stream::Stream;
pub use worker::Worker;

/// Rows of the feed that a stream has at most.
pub const ROWS: usize = 200;
/// Filters in use of a site at most, beside everybody.
pub const FILTERS: usize = 32;

/// Why a stream cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the engine does not know this site")]
    UnknownSite,
    #[error("more than {FILTERS} filters of this site are in use")]
    TooManyFilters,
}

impl Refused {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Refused::UnknownSite => "unknown-site",
            Refused::TooManyFilters => "too-many-filters",
        }
    }
}

/// All streams in use. Shared by the pipeline, which feeds them, and those who follow.
pub struct Channel {
    hub: Arc<Hub>,
    number: u64,
    epoch: Arc<str>,
    counter: Arc<AtomicU64>,
    streams: Mutex<HashMap<StreamKey, Used>>,
    /// Changes when a stream comes or goes.
    version: AtomicU64,
    told: Sender<Arc<Stream>>,
    revocations: Revocations,
}

struct Used {
    stream: Arc<Stream>,
    followers: usize,
    /// The stream stays until then although nobody follows.
    until: Option<Instant>,
}

impl Channel {
    /// A channel of the sites that the hub knows, and the worker that must run for it, on a thread of its own.
    pub fn new(hub: Arc<Hub>) -> (Arc<Channel>, Worker) {
        let number = random();
        // At most one message per stream is on its way.
        let (told, work) = crossbeam_channel::unbounded();
        let channel = Channel {
            hub,
            number,
            epoch: format!("{number:016x}").into(),
            counter: Arc::default(),
            streams: Mutex::default(),
            version: AtomicU64::new(0),
            told,
            revocations: Revocations::default(),
        };
        (Arc::new(channel), Worker { told: work })
    }

    /// Changes with every start of the engine; 16 hex digits. Never 0.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The same as a number.
    pub fn epoch_number(&self) -> u64 {
        self.number
    }

    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Follows a stream, which is made if nobody does yet; its first state then comes within some 25 ms.
    ///
    /// # Errors
    /// A site that is not known; a filter that would be one too many.
    pub fn follow(self: &Arc<Self>, key: StreamKey) -> Result<Follower, Refused> {
        if self.hub.config(key.site).is_none() {
            return Err(Refused::UnknownSite);
        }
        let mut streams = self.streams.lock();
        if !streams.contains_key(&key) {
            if !key.filter.is_everybody() {
                let of_site = streams.keys().filter(|used| used.site == key.site);
                let filters: HashSet<_> =
                    of_site.map(|used| &used.filter).filter(|filter| !filter.is_everybody()).collect();
                if filters.len() >= FILTERS && !filters.contains(&key.filter) {
                    return Err(Refused::TooManyFilters);
                }
            }
            let epoch = (self.number, self.epoch.clone());
            let stream = Arc::new(Stream::new(key.clone(), epoch, self.counter.clone()));
            streams.insert(key.clone(), Used { stream, followers: 0, until: None });
            self.version.fetch_add(1, Ordering::Release);
        }
        let Some(used) = streams.get_mut(&key) else { return Err(Refused::UnknownSite) };
        used.followers += 1;
        let (stream, wake) = (used.stream.clone(), used.stream.subscribe());
        Ok(Follower { channel: self.clone(), stream, wake, linger: false })
    }

    fn leave(&self, stream: &Arc<Stream>, until: Option<Instant>) {
        let mut streams = self.streams.lock();
        // A site that was forgotten has taken its streams along.
        let Some(used) = streams.get_mut(&stream.key).filter(|used| Arc::ptr_eq(&used.stream, stream)) else {
            return;
        };
        used.followers -= 1;
        used.until = used.until.max(until);
        if used.followers == 0 && used.until.is_none_or(|until| until <= Instant::now()) {
            streams.remove(&stream.key);
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Lets the streams go that were only kept for a poll that did not come.
    pub fn sweep(&self, now: Instant) {
        let mut streams = self.streams.lock();
        let before = streams.len();
        streams.retain(|_, used| used.followers > 0 || used.until.is_some_and(|until| until > now));
        if streams.len() != before {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Ends the streams of a site that was forgotten.
    pub fn forget(&self, site: SiteId) {
        let mut streams = self.streams.lock();
        for (_, used) in streams.extract_if(|key, _| key.site == site) {
            used.stream.end();
        }
        self.version.fetch_add(1, Ordering::Release);
        self.revocations.forget(site);
    }

    /// Changes when the set of streams does: the pipeline looks at it in every round.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The streams in use.
    pub fn in_use(&self) -> Vec<StreamKey> {
        self.streams.lock().keys().cloned().collect()
    }

    /// How many read them, each counted once per stream.
    pub fn followers(&self) -> usize {
        self.streams.lock().values().map(|used| used.followers).sum()
    }

    /// Hands news over to a stream, if it is in use. Never blocks for long: the worker does the rest.
    pub fn tell(&self, key: &StreamKey, news: News) {
        let stream = self.streams.lock().get(key).map(|used| used.stream.clone());
        if let Some(stream) = stream
            && stream.give(news)
        {
            // Only a channel that is being dropped has no worker.
            let _told = self.told.send(stream);
        }
    }
}

/// A random number that is not 0.
fn random() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes).max(1),
        Err(_) => Micros::now().0.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SiteConfig;
    use serde_json::json;
    use std::time::Duration;

    const SITE: SiteId = SiteId(7);

    fn channel() -> (Arc<Channel>, Worker) {
        let hub = Arc::new(Hub::default());
        hub.set_config(SITE, SiteConfig::default());
        Channel::new(hub)
    }

    fn key(country: usize, topic: Topic) -> StreamKey {
        let filter = match country {
            0 => FilterName::everybody(),
            n => FilterName::from_json(&json!({ "country": n.to_string() })).unwrap(),
        };
        StreamKey::new(SITE, filter, topic)
    }

    #[test]
    fn a_stream_lives_while_it_is_followed_or_polled() {
        let (channel, worker) = channel();
        let (live, events) = (key(0, Topic::Live), key(0, Topic::Events));
        let follower = channel.follow(live.clone()).unwrap();
        let second = channel.follow(live.clone()).unwrap();
        drop(second);
        let version = channel.version();
        channel.tell(&live, News::State(json!({ "n": 1 })));
        channel.tell(&events, News::State(json!({ "n": 1 })));
        worker.settle();
        assert!(matches!(follower.after(None), After::Messages(_)));
        assert_eq!(channel.in_use(), std::slice::from_ref(&live));
        drop(follower);
        assert!(channel.in_use().is_empty() && channel.version() > version);

        let mut poll = channel.follow(events.clone()).unwrap();
        poll.linger();
        drop(poll);
        channel.sweep(Instant::now() + LINGER - Duration::from_secs(1));
        assert_eq!(channel.in_use(), [events]);
        channel.sweep(Instant::now() + LINGER);
        assert!(channel.in_use().is_empty());
    }

    #[test]
    fn numbers_are_not_used_twice() {
        let (channel, worker) = channel();
        let visitors = key(0, Topic::Visitors);
        let seq = |state| {
            let follower = channel.follow(visitors.clone()).unwrap();
            channel.tell(&visitors, News::State(state));
            worker.settle();
            follower.position().unwrap().seq
        };
        assert!(seq(json!(1)) < seq(json!(2)));
    }

    #[test]
    fn filters_are_limited_and_streams_of_a_filter_are_not() {
        let (channel, _worker) = channel();
        let mut all: Vec<Follower> =
            (1..=FILTERS).map(|n| channel.follow(key(n, Topic::Live)).unwrap()).collect();
        assert_eq!(channel.follow(key(FILTERS + 1, Topic::Live)).err(), Some(Refused::TooManyFilters));
        all.push(channel.follow(key(1, Topic::Visitors)).unwrap());
        all.push(channel.follow(key(0, Topic::Live)).unwrap());
        all.remove(4);
        channel.follow(key(FILTERS + 1, Topic::Live)).unwrap();
        let stranger = StreamKey { site: SiteId(8), ..key(0, Topic::Live) };
        assert_eq!(channel.follow(stranger).err(), Some(Refused::UnknownSite));
    }

    #[test]
    fn a_forgotten_site_ends_its_streams() {
        let (channel, _worker) = channel();
        let follower = channel.follow(key(0, Topic::Live)).unwrap();
        channel.forget(SITE);
        assert!(matches!(follower.after(None), After::Gone));
        let again = channel.follow(key(0, Topic::Live)).unwrap();
        drop(follower);
        assert_eq!(channel.in_use().len(), 1, "the leaving of the old one is nothing to the new one");
        drop(again);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_waits_is_woken() {
        let (channel, worker) = channel();
        let working = std::thread::spawn(|| worker.run());
        let live = key(0, Topic::Live);
        let mut follower = channel.follow(live.clone()).unwrap();
        let mut at = None;
        for n in 0..100u64 {
            channel.tell(&live, News::State(json!({ "n": n })));
            let messages = loop {
                match follower.after(at) {
                    After::Messages(messages) => break messages,
                    _ => follower.changed().await,
                }
            };
            at = messages.last().map(|m| At { epoch: channel.epoch_number(), seq: m.seq });
            assert!(messages.last().unwrap().json().contains(&n.to_string()));
        }
        drop((follower, channel));
        working.join().unwrap();
    }
}
