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
//! - `poll` reading once · `revocations` who may not read any more

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

/// Why a stream cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the engine does not know this site")]
    UnknownSite,
    #[error("more than {FILTERS} filters of this site are in use")]
    TooManyFilters,
    #[error("you use more than {FILTERS_OF_USER} filters")]
    TooManyOfUser,
}

impl Refused {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Refused::UnknownSite => "unknown-site",
            Refused::TooManyFilters | Refused::TooManyOfUser => "too-many-filters",
        }
    }
}

/// All streams in use. Shared by the pipeline, which feeds them, and those who follow.
pub struct Channel {
    hub: Arc<Hub>,
    number: u64,
    epoch: String,
    counter: Arc<AtomicU64>,
    streams: Mutex<HashMap<StreamKey, Used>>,
    /// Changes when a stream comes or goes.
    version: AtomicU64,
    told: Sender<Arc<Stream>>,
    revocations: Revocations,
}

struct Used {
    /// Tells it from one of the same name that was let go.
    number: u64,
    stream: Arc<Stream>,
    /// By user; it goes with the last of them.
    holders: HashMap<Option<u64>, Holding>,
}

/// How one user holds a stream.
#[derive(Default)]
struct Holding {
    followers: usize,
    /// The stream stays until then although they do not follow it.
    until: Option<Instant>,
}

impl Holding {
    fn counts(&self, now: Instant) -> bool {
        self.followers > 0 || self.until.is_some_and(|until| until > now)
    }
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
            revocations: Revocations::default(),
        };
        (Arc::new(channel), Worker { told: work })
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
    /// A site that is not known; a filter that would be one too many.
    pub fn follow(self: &Arc<Self>, key: StreamKey) -> Result<Follower, Refused> {
        self.follow_as(key, None)
    }

    /// The same for a user, who has some of the site's filters at most. Those that were only polled go for new ones.
    ///
    /// # Errors
    /// As [`Channel::follow`].
    pub fn follow_as(self: &Arc<Self>, key: StreamKey, user: Option<u64>) -> Result<Follower, Refused> {
        if self.hub.config(key.site).is_none() {
            return Err(Refused::UnknownSite);
        }
        let mut streams = self.streams.lock();
        if user.is_some() && !key.filter.is_everybody() {
            self.make_room(&mut streams, &key, user)?;
        }
        if !streams.contains_key(&key) {
            if !key.filter.is_everybody() {
                let of_site = streams.keys().filter(|used| used.site == key.site);
                let filters: HashSet<_> =
                    of_site.map(|used| &used.filter).filter(|filter| !filter.is_everybody()).collect();
                if filters.len() >= FILTERS && !filters.contains(&key.filter) {
                    return Err(Refused::TooManyFilters);
                }
            }
            let epoch = self.epoch_of(&key.filter);
            let stream = Arc::new(Stream::new(key.clone(), epoch, self.counter.clone()));
            let number = self.version.fetch_add(1, Ordering::Release);
            streams.insert(key.clone(), Used { number, stream, holders: HashMap::new() });
        }
        let Some(used) = streams.get_mut(&key) else { return Err(Refused::UnknownSite) };
        used.holders.entry(user).or_default().followers += 1;
        let (stream, wake) = (used.stream.clone(), used.stream.subscribe());
        Ok(Follower { channel: self.clone(), stream, wake, user, linger: false })
    }

    /// Sees to it that a user may have one filter more.
    fn make_room(
        &self,
        streams: &mut HashMap<StreamKey, Used>,
        key: &StreamKey,
        user: Option<u64>,
    ) -> Result<(), Refused> {
        let now = Instant::now();
        let mut held: HashMap<FilterName, Holding> = HashMap::new();
        for (other, used) in streams.iter().filter(|(other, _)| other.site == key.site) {
            let holding = used.holders.get(&user).filter(|holding| holding.counts(now));
            if let Some(holding) = holding.filter(|_| !other.filter.is_everybody()) {
                let sum = held.entry(other.filter.clone()).or_default();
                sum.followers += holding.followers;
                sum.until = sum.until.max(holding.until);
            }
        }
        if held.len() < FILTERS_OF_USER || held.contains_key(&key.filter) {
            return Ok(());
        }
        let polled = held.into_iter().filter(|(_, holding)| holding.followers == 0);
        let (oldest, _) = polled.min_by_key(|(_, holding)| holding.until).ok_or(Refused::TooManyOfUser)?;
        streams.retain(|other, used| {
            if other.site == key.site && other.filter == oldest {
                used.holders.remove(&user);
            }
            !used.holders.is_empty()
        });
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn leave(&self, stream: &Arc<Stream>, user: Option<u64>, until: Option<Instant>) {
        let mut streams = self.streams.lock();
        // A site that was forgotten has taken its streams along.
        let Some(used) = streams.get_mut(&stream.key).filter(|used| Arc::ptr_eq(&used.stream, stream)) else {
            return;
        };
        if let Some(holding) = used.holders.get_mut(&user) {
            holding.followers -= 1;
            holding.until = holding.until.max(until);
            if !holding.counts(Instant::now()) {
                used.holders.remove(&user);
            }
        }
        if used.holders.is_empty() {
            streams.remove(&stream.key);
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Lets the streams go that were only kept for a poll that did not come.
    pub fn sweep(&self, now: Instant) {
        let mut streams = self.streams.lock();
        let before = streams.len();
        streams.retain(|_, used| {
            used.holders.retain(|_, holding| holding.counts(now));
            !used.holders.is_empty()
        });
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

    /// The streams in use, each with a number that no other stream ever has, were it of the same name.
    pub fn in_use(&self) -> Vec<(StreamKey, u64)> {
        self.streams.lock().iter().map(|(key, used)| (key.clone(), used.number)).collect()
    }

    /// How many read them, each counted once per stream.
    pub fn followers(&self) -> usize {
        let streams = self.streams.lock();
        streams.values().flat_map(|used| used.holders.values()).map(|holding| holding.followers).sum()
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
mod tests;
