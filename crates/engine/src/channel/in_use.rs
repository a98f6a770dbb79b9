//! The streams in use, and who holds them: what somebody may follow besides is decided here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use qahm_event::SiteId;

use super::stream::Stream;
use super::{FILTERS, FILTERS_OF_USER, FilterName, Refused, StreamKey, Topic};

/// Bytes that a stream is thought to take before it has a state.
const GUESS: usize = 64 << 10;

/// What somebody wishes to follow.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub site: SiteId,
    pub filter: &'a FilterName,
    /// Each once.
    pub topics: &'a [Topic],
    /// Users have some of the site's filters at most.
    pub user: Option<u64>,
}

impl Wish<'_> {
    pub(super) fn keys(&self) -> impl Iterator<Item = StreamKey> {
        self.topics.iter().map(|topic| StreamKey::new(self.site, self.filter.clone(), *topic))
    }
}

/// All of them, by name.
#[derive(Default)]
pub(super) struct InUse {
    streams: HashMap<StreamKey, Used>,
}

struct Used {
    /// Tells it from one of the same name that was let go; a later one has a greater number.
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

impl InUse {
    pub(super) fn get(&self, key: &StreamKey) -> Option<&Arc<Stream>> {
        self.streams.get(key).map(|used| &used.stream)
    }

    /// Each with its number.
    pub(super) fn all(&self) -> impl Iterator<Item = (&StreamKey, u64)> {
        self.streams.iter().map(|(key, used)| (key, used.number))
    }

    /// How many read them, each counted once per stream.
    pub(super) fn followers(&self) -> usize {
        let holders = self.streams.values().flat_map(|used| used.holders.values());
        holders.map(|holding| holding.followers).sum()
    }

    /// Bytes of all, estimated.
    pub(super) fn bytes(&self) -> usize {
        self.streams.values().map(|used| used.stream.bytes()).sum()
    }

    /// Sees to it that this may be followed by who leaves `before` for it: what they hold alone counts no more, though it
    /// stays until they really leave. Filters that the user only polled go for new ones. `share`: bytes of all streams
    /// of filters. Answers whether a stream went.
    ///
    /// # Errors
    /// A filter that would be one too many, or too much; then nothing has changed.
    pub(super) fn make_room(
        &mut self,
        wish: &Wish,
        before: &[&Arc<Stream>],
        share: usize,
    ) -> Result<bool, Refused> {
        if wish.filter.is_everybody() {
            return Ok(false);
        }
        let now = Instant::now();
        self.each_of(before, wish.user, |holding| holding.followers -= 1);
        let polled = self.look(wish, share, now);
        self.each_of(before, wish.user, |holding| holding.followers += 1);
        let Some(polled) = polled? else { return Ok(false) };
        let count = self.streams.len();
        self.streams.retain(|key, used| {
            if key.site == wish.site
                && key.filter == polled
                && let Some(holding) = used.holders.get_mut(&wish.user)
            {
                // Who leaves it for this has not left yet.
                holding.until = None;
                if holding.followers == 0 {
                    used.holders.remove(&wish.user);
                }
            }
            !used.holders.is_empty()
        });
        Ok(self.streams.len() != count)
    }

    fn each_of(&mut self, streams: &[&Arc<Stream>], user: Option<u64>, change: impl Fn(&mut Holding)) {
        for stream in streams {
            // A stream of a site that was forgotten has no holders.
            let used = self.streams.get_mut(&stream.key).filter(|used| Arc::ptr_eq(&used.stream, stream));
            if let Some(holding) = used.and_then(|used| used.holders.get_mut(&user)) {
                change(holding);
            }
        }
    }

    /// Whether there is room, and which filter of the user has to go for it.
    fn look(&self, wish: &Wish, share: usize, now: Instant) -> Result<Option<FilterName>, Refused> {
        let goes = if wish.user.is_some() { self.one_for_another(wish, now)? } else { None };
        let stays = |key: &StreamKey, used: &Used| {
            let leaves = key.site == wish.site && goes.as_ref() == Some(&key.filter);
            let holders = used.holders.iter().filter(|(user, _)| !(leaves && **user == wish.user));
            holders.into_iter().any(|(_, holding)| holding.counts(now))
        };
        let stay: HashMap<&StreamKey, usize> = self
            .streams
            .iter()
            .filter(|(key, used)| !key.filter.is_everybody() && stays(key, used))
            .map(|(key, used)| (key, used.stream.bytes()))
            .collect();
        let of_site = stay.keys().filter(|key| key.site == wish.site);
        let filters: HashSet<&FilterName> = of_site.map(|key| &key.filter).collect();
        if filters.len() >= FILTERS && !filters.contains(wish.filter) {
            return Err(Refused::TooManyFilters);
        }
        let comes = wish.keys().filter(|key| !stay.contains_key(key));
        let more: usize = comes.map(|key| self.get(&key).map_or(GUESS, |stream| stream.bytes())).sum();
        if more > 0 && stay.values().sum::<usize>() + more > share {
            return Err(Refused::Memory);
        }
        Ok(goes)
    }

    /// If a user has as many filters as they may: the one that they only polled and that is the first to be over.
    fn one_for_another(&self, wish: &Wish, now: Instant) -> Result<Option<FilterName>, Refused> {
        let mut held: HashMap<&FilterName, Holding> = HashMap::new();
        for (key, used) in self.streams.iter().filter(|(key, _)| key.site == wish.site) {
            let holding = used.holders.get(&wish.user).filter(|holding| holding.counts(now));
            if let Some(holding) = holding.filter(|_| !key.filter.is_everybody()) {
                let sum = held.entry(&key.filter).or_default();
                sum.followers += holding.followers;
                sum.until = sum.until.max(holding.until);
            }
        }
        if held.len() < FILTERS_OF_USER || held.contains_key(wish.filter) {
            return Ok(None);
        }
        let polled = held.into_iter().filter(|(_, holding)| holding.followers == 0);
        let (oldest, _) = polled.min_by_key(|(_, holding)| holding.until).ok_or(Refused::TooManyOfUser)?;
        Ok(Some(oldest.clone()))
    }

    /// Somebody more holds a stream, which is put there if it is new.
    pub(super) fn hold(
        &mut self,
        key: StreamKey,
        user: Option<u64>,
        new: impl FnOnce(&StreamKey) -> (u64, Arc<Stream>),
    ) -> Arc<Stream> {
        let used = self.streams.entry(key).or_insert_with_key(|key| {
            let (number, stream) = new(key);
            Used { number, stream, holders: HashMap::new() }
        });
        used.holders.entry(user).or_default().followers += 1;
        used.stream.clone()
    }

    /// Somebody holds it no more, or only until then. Answers whether it goes.
    pub(super) fn leave(&mut self, stream: &Arc<Stream>, user: Option<u64>, until: Option<Instant>) -> bool {
        // A site that was forgotten has taken its streams along.
        let used = self.streams.get_mut(&stream.key).filter(|used| Arc::ptr_eq(&used.stream, stream));
        let Some(used) = used else { return false };
        if let Some(holding) = used.holders.get_mut(&user) {
            holding.followers -= 1;
            holding.until = holding.until.max(until);
            if !holding.counts(Instant::now()) {
                used.holders.remove(&user);
            }
        }
        let goes = used.holders.is_empty();
        if goes {
            self.streams.remove(&stream.key);
        }
        goes
    }

    /// Lets go what was only kept for a poll that did not come. Answers whether there was such a stream.
    pub(super) fn sweep(&mut self, now: Instant) -> bool {
        let before = self.streams.len();
        self.streams.retain(|_, used| {
            used.holders.retain(|_, holding| holding.counts(now));
            !used.holders.is_empty()
        });
        self.streams.len() != before
    }

    /// Sees to it that the streams of filters take no more than so many bytes: first what readers who are behind would
    /// get goes, then the filters that came last. Answers whether a stream went.
    pub(super) fn relieve(&mut self, share: usize) -> bool {
        if self.filtered().map(|(_, used)| used.stream.bytes()).sum::<usize>() <= share {
            return false;
        }
        self.filtered().for_each(|(_, used)| used.stream.slim());
        let mut bytes: usize = self.filtered().map(|(_, used)| used.stream.bytes()).sum();
        let before = self.streams.len();
        while bytes > share {
            let last = self.filtered().max_by_key(|(_, used)| used.number);
            let Some((site, filter)) = last.map(|(key, _)| (key.site, key.filter.clone())) else { break };
            for (_, used) in self.streams.extract_if(|key, _| key.site == site && key.filter == filter) {
                bytes = bytes.saturating_sub(used.stream.bytes());
                used.stream.end(Refused::Memory);
            }
        }
        self.streams.len() != before
    }

    fn filtered(&self) -> impl Iterator<Item = (&StreamKey, &Used)> {
        self.streams.iter().filter(|(key, _)| !key.filter.is_everybody())
    }

    /// Ends one stream, whoever holds it.
    pub(super) fn give_up(&mut self, stream: &Arc<Stream>) {
        self.streams.retain(|_, used| !Arc::ptr_eq(&used.stream, stream));
        stream.end(Refused::Failed);
    }

    /// Ends the streams of a site.
    pub(super) fn forget(&mut self, site: SiteId) {
        for (_, used) in self.streams.extract_if(|key, _| key.site == site) {
            used.stream.end(Refused::UnknownSite);
        }
    }
}
