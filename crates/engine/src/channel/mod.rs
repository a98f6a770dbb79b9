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
//! - `patch` operations · `news` from the pipeline · `worker` the thread · `stream` one, and what it shows (`shown`)
//! - `follower` a reader · `in_use` who holds which · `poll` reading once · `revocations` who may not read any more

mod filter;
mod follower;
mod in_use;
mod key;
mod message;
mod news;
pub mod patch;
mod poll;
mod position;
mod revocations;
mod shown;
mod stream;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::Sender;
use parking_lot::Mutex;
use qahm_event::{Micros, SiteId};

use crate::hub::Hub;
pub use filter::{BadFilter, FILTER_MAX, FilterName};
pub use follower::{Follower, LINGER};
use in_use::InUse;
pub use in_use::Wish;
pub use key::{StreamKey, Topic};
pub use message::{Kind, LAST_BLOCK, Message, pack};
pub use news::{News, ROWS, Rows};
pub use poll::Polled;
pub use position::{At, Position, epoch_text};
pub use revocations::{KEPT_S, Revocations};
pub use stream::After;
use stream::Stream;
pub use worker::Worker;

/// Filters in use of a site at most, beside everybody.
pub const FILTERS: usize = 32;
/// Of them so many of one user: the others are for others.
pub const FILTERS_OF_USER: usize = 8;
/// Their streams take this part of the memory limit at most.
const SHARE: usize = 8;

/// Why a stream cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the engine does not know this site")]
    UnknownSite,
    #[error("more than {FILTERS} filters of this site are in use")]
    TooManyFilters,
    #[error("you use more than {FILTERS_OF_USER} filters")]
    TooManyOfUser,
    #[error("the filters in use take all the memory that they may")]
    Memory,
    #[error("the stream has failed: this is a mistake in the engine")]
    Failed,
}

impl Refused {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Refused::UnknownSite => "unknown-site",
            Refused::TooManyFilters | Refused::TooManyOfUser | Refused::Memory => "too-many-filters",
            Refused::Failed => "failed",
        }
    }
}

/// All streams in use. Shared by the pipeline, which feeds them, and those who follow.
pub struct Channel {
    hub: Arc<Hub>,
    number: u64,
    epoch: String,
    counter: Arc<AtomicU64>,
    streams: Mutex<InUse>,
    /// Changes when a stream comes or goes.
    version: AtomicU64,
    told: Sender<Arc<Stream>>,
    /// Streams that could not be made.
    failed: AtomicU64,
    revocations: Revocations,
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
            epoch: epoch_text(number),
            counter: Arc::default(),
            streams: Mutex::default(),
            version: AtomicU64::new(0),
            told,
            failed: AtomicU64::new(0),
            revocations: Revocations::default(),
        };
        let channel = Arc::new(channel);
        let worker = Worker { told: work, channel: Arc::downgrade(&channel) };
        (channel, worker)
    }

    /// Changes with every start of the engine; 16 hex digits. Never 0.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The same as a number, for the streams of a filter: each filter has an epoch of its own, so that a place in a stream
    /// of one filter is none in another's. Everybody's is the channel's.
    pub fn epoch_of(&self, filter: &FilterName) -> u64 {
        (self.number ^ filter.number()).max(1)
    }

    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Follows a stream, which is made if nobody does yet; its first state then comes within some 25 ms.
    ///
    /// # Errors
    /// As [`Channel::follow_all`].
    pub fn follow(self: &Arc<Self>, key: StreamKey) -> Result<Follower, Refused> {
        self.follow_as(key, None)
    }

    /// The same for a user, who has some of the site's filters at most. Those that were only polled go for new ones.
    ///
    /// # Errors
    /// As [`Channel::follow_all`].
    pub fn follow_as(self: &Arc<Self>, key: StreamKey, user: Option<u64>) -> Result<Follower, Refused> {
        let wish = Wish { site: key.site, filter: &key.filter, topics: &[key.topic], user };
        self.follow_all(&wish, &[])?.pop().ok_or(Refused::UnknownSite)
    }

    /// Follows all of several streams or none, in the order of their topics. Whoever leaves `before` for them may have what
    /// they hold there; until they drop it, it stays.
    ///
    /// # Errors
    /// A site that is not known; a filter that would be one too many, or take too much memory.
    pub fn follow_all(self: &Arc<Self>, wish: &Wish, before: &[&Follower]) -> Result<Vec<Follower>, Refused> {
        if self.hub.config(wish.site).is_none() {
            return Err(Refused::UnknownSite);
        }
        let before: Vec<&Arc<Stream>> = before.iter().map(|follower| &follower.stream).collect();
        let share = self.share();
        let mut streams = self.streams.lock();
        self.changed(streams.make_room(wish, &before, share)?);
        let followers = wish.keys().map(|key| {
            let stream = streams.hold(key, wish.user, |key| {
                let epoch = self.epoch_of(&key.filter);
                let stream = Stream::new(key.clone(), epoch, self.counter.clone());
                (self.version.fetch_add(1, Ordering::Release), Arc::new(stream))
            });
            let wake = stream.subscribe();
            Follower { channel: self.clone(), stream, wake, user: wish.user, linger: false }
        });
        Ok(followers.collect())
    }

    /// What all streams of filters together may take: those of everybody are few, and always there.
    fn share(&self) -> usize {
        usize::try_from(self.hub.memory_limit()).unwrap_or(usize::MAX) / SHARE
    }

    fn leave(&self, stream: &Arc<Stream>, user: Option<u64>, until: Option<Instant>) {
        let gone = self.streams.lock().leave(stream, user, until);
        self.changed(gone);
    }

    /// Lets the streams go that were only kept for a poll that did not come, and those for which there is no room.
    pub fn sweep(&self, now: Instant) {
        let share = self.share();
        let mut streams = self.streams.lock();
        let gone = streams.sweep(now) | streams.relieve(share);
        drop(streams);
        self.changed(gone);
    }

    /// Ends the streams of a site that was forgotten.
    pub fn forget(&self, site: SiteId) {
        self.streams.lock().forget(site);
        self.changed(true);
        self.revocations.forget(site);
    }

    /// Ends a stream that failed: the next who follows it gets another.
    fn give_up(&self, stream: &Arc<Stream>) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.streams.lock().give_up(stream);
        self.changed(true);
    }

    /// How many streams failed since the start, by mistakes of ours.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Streams whose news the worker has not yet taken in.
    pub fn waiting(&self) -> usize {
        self.told.len()
    }

    fn changed(&self, gone: bool) {
        if gone {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// The pipeline has not told of itself for too long: what streams show may be older than it seems.
    pub fn is_stale(&self) -> bool {
        self.hub.health_is_old()
    }

    /// Bytes of all streams in memory, estimated.
    pub fn bytes(&self) -> usize {
        self.streams.lock().bytes()
    }

    /// Changes when the set of streams does: the pipeline looks at it in every round.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The streams in use, each with a number that no other stream ever has, were it of the same name.
    pub fn in_use(&self) -> Vec<(StreamKey, u64)> {
        self.streams.lock().all().map(|(key, number)| (key.clone(), number)).collect()
    }

    /// How many read them, each counted once per stream.
    pub fn followers(&self) -> usize {
        self.streams.lock().followers()
    }

    /// Hands news over to a stream, if it is in use. Never blocks for long: the worker does the rest.
    pub fn tell(&self, key: &StreamKey, news: News) {
        let stream = self.streams.lock().get(key).cloned();
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
mod tests;
