//! The engine's life as the pipeline leads it: batches of events, each committed with its touches, the state of the
//! sites and now and then a bucket of visitors; and a restart that has nothing but what was committed.

use std::collections::BTreeMap;

use qahm_engine::calendar::Calendar;
use qahm_engine::live::apply::Outcome;
use qahm_engine::live::facts::Entry;
use qahm_engine::live::minutes::{KEPT, Minute};
use qahm_engine::live::pages::PageId;
use qahm_engine::live::site::Kept;
use qahm_engine::live::snapshot::BUCKETS;
use qahm_engine::live::touch::Touch;
use qahm_engine::live::{Live, Second};
use qahm_event::SiteId;

use super::play::{Stored, add_site};
use super::random::Random;
use super::scenario::{PAGES, Scenario};

/// Touches, each with the second in which it was drained.
type Batch = Vec<(Second, Vec<u8>)>;

struct Bucket {
    batch: u64,
    second: Second,
    bytes: Vec<u8>,
}

/// What would be in the store.
#[derive(Default)]
struct Store {
    batch: u64,
    journal: Vec<(u64, Batch)>,
    buckets: BTreeMap<u64, Bucket>,
    /// Per site: what is kept, as text, and the minutes.
    kept: BTreeMap<u64, String>,
    minutes: BTreeMap<u64, Stored>,
    /// Per site: the feed, oldest first.
    feeds: BTreeMap<u64, Vec<Entry>>,
    second: Second,
}

pub(crate) struct Engine {
    pub(crate) live: Live,
    places: Vec<super::scenario::Place>,
    start: Second,
    offset: i64,
    budget: usize,
    /// Touches of the batch that is not committed yet.
    touches: Batch,
    store: Store,
    next_bucket: u64,
}

impl Engine {
    pub(crate) fn new(scenario: &Scenario, budget: usize) -> Engine {
        let mut live = Live::new(scenario.start, scenario.offset, budget);
        scenario.places.iter().for_each(|place| add_site(&mut live, place));
        let mut engine = Engine {
            live,
            places: scenario.places.clone(),
            start: scenario.start,
            offset: scenario.offset,
            budget,
            touches: Vec::new(),
            store: Store::default(),
            next_bucket: 0,
        };
        engine.commit(0);
        engine
    }

    /// Drains an event: it is journaled under the key that its view has.
    pub(crate) fn take(&mut self, second: Second, touch: &Touch) -> Outcome {
        self.live.advance(second);
        let mut touch = *touch;
        if let Some((key, private)) = self.live.known_view(touch.site, touch.view) {
            (touch.key, touch.private) = (key, private);
        }
        let outcome = self.live.apply(&touch);
        if outcome != Outcome::Duplicate {
            self.journal(&touch);
        }
        outcome
    }

    fn journal(&mut self, touch: &Touch) {
        let mut bytes = Vec::new();
        touch.encode(&mut bytes);
        self.touches.push((self.live.now(), bytes));
    }

    /// Evicts what does not fit; the number of visitors that went.
    pub(crate) fn evict(&mut self) -> usize {
        let gone = self.live.evict();
        gone.iter().for_each(|touch| self.journal(touch));
        gone.len()
    }

    /// Commits, and writes so many buckets.
    pub(crate) fn commit(&mut self, buckets: u32) {
        let store = &mut self.store;
        store.batch += 1;
        store.second = self.live.now();
        store.journal.push((store.batch, std::mem::take(&mut self.touches)));
        for (id, site) in self.live.sites_mut() {
            // The pipeline looks at nothing else.
            if !std::mem::take(&mut site.dirty) {
                continue;
            }
            store.kept.insert(id.0, serde_json::to_string(&site.kept).unwrap());
            let minutes = site.minutes.take_unstored().into_iter().map(|m| (m.number, (m.active, m.views)));
            store.minutes.entry(id.0).or_default().extend(minutes);
            let mut feed: Vec<Entry> = site.feed.newest().copied().collect();
            feed.reverse();
            store.feeds.insert(id.0, feed);
        }
        for _ in 0..buckets {
            let bytes = self.live.encode_bucket(self.next_bucket);
            let bucket = Bucket { batch: store.batch, second: self.live.now(), bytes };
            store.buckets.insert(self.next_bucket, bucket);
            self.next_bucket = (self.next_bucket + 1) % BUCKETS;
        }
        if store.buckets.len() as u64 == BUCKETS {
            let oldest = store.buckets.values().map(|b| b.batch).min().unwrap();
            store.journal.retain(|entry| entry.0 > oldest);
        }
    }

    /// The minutes in the store.
    pub(crate) fn minutes(&self) -> &BTreeMap<u64, Stored> {
        &self.store.minutes
    }

    /// Killed, and started again: what was not committed is gone.
    pub(crate) fn restart(&mut self) {
        self.touches.clear();
        let mut waiting: Vec<(&u64, &Bucket)> = self.store.buckets.iter().collect();
        waiting.sort_by_key(|b| b.1.batch);
        let whole = self.store.buckets.len() as u64 == BUCKETS;
        let first = if whole { waiting[0].1.second } else { self.start };
        let mut live = Live::new(first, self.offset, self.budget);
        for place in &self.places {
            live.set_site(place.id, place.window, Calendar::new(place.zone.name).unwrap());
            let site = live.site_mut(place.id).unwrap();
            (1..=PAGES)
                .for_each(|n| site.pages.restore(PageId(n), &format!("/{n}"), "", Default::default(), 0));
        }
        live.set_replaying(true);
        let mut waiting = waiting.into_iter().map(|b| b.1).peekable();
        let restore = |live: &mut Live, bucket: &Bucket| {
            live.advance(bucket.second);
            live.decode_bucket(&bucket.bytes);
        };
        for (batch, touches) in &self.store.journal {
            while let Some(bucket) = waiting.next_if(|b| b.batch < *batch) {
                restore(&mut live, bucket);
            }
            for (second, bytes) in touches {
                let touch = Touch::decode(&mut bytes.as_slice()).unwrap();
                let bucket = self.store.buckets.get(&(touch.key.0 % BUCKETS));
                if bucket.is_none_or(|b| b.batch < *batch) {
                    live.advance(*second);
                    live.apply(&touch);
                }
            }
        }
        waiting.for_each(|bucket| restore(&mut live, bucket));
        live.advance(self.store.second);
        live.set_replaying(false);
        for (id, kept) in &self.store.kept {
            let minutes = self.store.minutes.get(id).into_iter().flatten();
            let minutes: Vec<Minute> = minutes
                .map(|(number, (active, views))| Minute {
                    number: *number,
                    active: *active,
                    views: *views,
                    today: 0,
                    views_total: 0,
                })
                .collect();
            let last = minutes.len().saturating_sub(KEPT);
            let kept: Kept = serde_json::from_str(kept).unwrap();
            live.restore_site(SiteId(*id), kept, minutes[last..].iter().copied());
            let feed = self.store.feeds.get(id).cloned().unwrap_or_default();
            live.restore_logs(SiteId(*id), feed, Vec::new(), Vec::new());
        }
        self.live = live;
    }
}

/// The visitors in memory whatever their order: the sorted bytes of every bucket.
pub(crate) fn visitors(live: &Live) -> Vec<Vec<u8>> {
    let sorted = |bucket| {
        let mut bytes = live.encode_bucket(bucket);
        bytes.sort_unstable();
        bytes
    };
    (0..BUCKETS).map(sorted).collect()
}

/// A random number of buckets to write with a commit.
pub(crate) fn some_buckets(random: &mut Random) -> u32 {
    random.pick(&[0, 0, 1, 2, 9, 40, 64])
}
