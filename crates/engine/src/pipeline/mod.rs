//! The one drain loop: the story of an event, from the ring to the store and to what is shown.
//!
//! ```text
//! loop { orders → drain: record → enrich → live state → batch → counters, frames, streams → commit → free the slots }
//! ```
//! This thread alone changes live state, store and alerts. Live state advances at drain, so what is shown is as fresh
//! as the drain; slots are freed only after COMMIT, so what a crash takes back is drained again.
//!
//! - `source` the rings · `commit` the transaction · `publish` what is seen · `feeds` what is followed
//! - `order` what others ask for
//! - `tick` what every second brings · `delivery` alerts. What one record does is the story of `intake`.

mod commit;
mod delivery;
pub mod feeds;
mod order;
mod publish;
pub mod source;
mod tick;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use qahm_enrich::geo::Geo;
use qahm_event::{Head, Micros, SiteId};
use qahm_ring::PAYLOAD_MAX;
use qahm_runtime::Place;

use crate::alert::outbox::Outbox;
use crate::alert::site::SiteAlerts;
use crate::burden::Meter;
use crate::channel::{Channel, FilterName};
use crate::clock::Clock;
use crate::config::SiteConfig;
use crate::history::{Background, History};
use crate::hub::{Hub, Meters};
use crate::intake::Intake;
use crate::intake::salts::SaltFiles;
use crate::live::Second;
use crate::notify::loopback::{Knock, Knocked};
use crate::serve::control::Errand;
use crate::store::{Error, Store};
use feeds::Feeds;
use source::Sources;

/// Records taken in between two looks at everything else.
const CHUNK: usize = 1024;
/// A commit comes at the latest this long after the first record it holds (µs).
const COMMIT_US: u64 = 50_000;
/// Busy is who had a record in the last 20 ms; then the ring is looked at every ms.
const BUSY_US: u64 = 20_000;
/// The first change is shown at once, further ones at most this often (µs).
const SHOW_US: u64 = 25_000;
/// Idle, records and orders are looked at this often (µs).
const IDLE_US: u64 = 25_000;

/// A record from further ahead than this (µs) did not come from our clock.
const AHEAD_US: u64 = 2_000_000;
/// Nor did one from longer ago than this (s): no ring holds events that long.
const BEHIND: Second = 86_400;

/// What the pipeline is made of.
pub struct Parts {
    pub runtime: Place,
    pub data: Place,
    pub sources: Sources,
    pub store: Store,
    pub hub: Arc<Hub>,
    pub channel: Arc<Channel>,
    pub orders: Receiver<Errand>,
    pub knocks: Sender<Knock>,
    pub knocked: Receiver<Knocked>,
}

/// The pipeline: everything that one thread alone may change.
pub struct Pipeline {
    runtime: Place,
    data: Place,
    sources: Sources,
    store: Store,
    hub: Arc<Hub>,
    channel: Arc<Channel>,
    feeds: Feeds,
    orders: Receiver<Errand>,
    knocks: Sender<Knock>,
    knocked: Receiver<Knocked>,
    clock: Clock,
    /// Unix time minus engine second.
    offset: i64,
    intake: Intake,
    /// Reads what was; `None` if it cannot.
    history: Option<History>,
    backgrounds: HashMap<SiteId, Background>,
    /// The database of countries that is named.
    geo_path: Option<PathBuf>,
    alerts: HashMap<SiteId, SiteAlerts>,
    outbox: Outbox,
    delivery: delivery::Deliveries,
    /// Records drained since the last commit, and when the first of them came (boot µs).
    uncommitted: usize,
    waiting_since: u64,
    /// A failed commit is tried again from here on (boot µs); why it failed.
    retry_at: u64,
    trouble: Option<String>,
    /// Why the ring that was deleted could not be made again.
    ringless: Option<String>,
    /// What the ring's message says now.
    said: String,
    /// When frames were last made (boot µs).
    published: u64,
    /// The last site was forgotten: the data goes, and the engine with it.
    emptied: bool,
    /// Directory or socket were deleted under us: nobody can reach us any more, the next engine makes them anew.
    cut_off: bool,
    /// The wall clock was set back: by how many seconds, and until when to say so (engine second).
    set_back: Option<(i64, Second)>,
    epoch: String,
    frames: u64,
    episodes: u64,
    /// Unix seconds.
    started: i64,
    committed: i64,
    commit_us: u64,
    meters: Meters,
    burden: Meter,
    ticked: Second,
    expire_at: Second,
}

impl Pipeline {
    /// Rebuilds the live state and publishes the sites: from here on workers know which sites there are.
    ///
    /// # Errors
    /// What the store could not read.
    pub fn start(parts: Parts) -> Result<Pipeline, Error> {
        let Parts { runtime, data, mut sources, store, hub, channel, orders, knocks, knocked } = parts;
        let mark = store.mark()?;
        let clock = Clock::new(mark.as_ref());
        let offset = clock.offset();
        let last = mark.as_ref().map_or(clock.now(), |m| m.second);
        let configs: HashMap<SiteId, SiteConfig> = store
            .sites()?
            .into_iter()
            .filter_map(|(id, json)| SiteConfig::parse(&json).ok().map(|config| (id, config)))
            .collect();
        let budget = budget(&configs, sources.bytes());
        let recovered = store.recover(&configs, last, offset, budget)?;
        for source in sources.iter_mut() {
            match store.cursor(source.ring.epoch())? {
                Some(cursor) => source.drain.resume(cursor),
                None => source.drain.start(),
            }
        }
        let stored = store.alerts()?;
        let alerts = stored
            .states
            .iter()
            .filter_map(|(id, json)| serde_json::from_str(json).ok().map(|state| (*id, state)))
            .collect();
        let data_path = data.path.clone();
        // Without a handle of its own it keeps its salts in memory.
        let salts = SaltFiles::kept_in(&runtime).unwrap_or_default();
        let geo_path = geo_path(&configs);
        let mut intake = Intake::new(recovered.live, salts, Geo::open(geo_path.as_deref()));
        intake.configs = configs;
        let mut pipeline = Pipeline {
            runtime,
            data,
            sources,
            store,
            hub,
            feeds: Feeds::new(channel.clone()),
            orders,
            knocks,
            knocked,
            offset,
            intake,
            history: History::open(&data_path).ok(),
            backgrounds: HashMap::new(),
            geo_path,
            alerts,
            outbox: Outbox::restore(&stored.entries, last.into(), channel.epoch_of(&FilterName::everybody())),
            delivery: delivery::Deliveries::default(),
            uncommitted: 0,
            waiting_since: 0,
            retry_at: 0,
            trouble: None,
            ringless: None,
            said: String::new(),
            published: 0,
            emptied: false,
            cut_off: false,
            set_back: None,
            epoch: channel.epoch().to_owned(),
            channel,
            frames: 0,
            episodes: 0,
            started: i64::from(clock.now()) + offset,
            committed: 0,
            commit_us: 0,
            meters: Meters::default(),
            burden: Meter::default(),
            ticked: 0,
            expire_at: 0,
            clock,
        };
        for (site, user, at) in pipeline.store.revocations()? {
            pipeline.channel.revocations().revoke(site, user, at);
        }
        pipeline.intake.prepare();
        for (id, config) in &pipeline.intake.configs {
            pipeline.hub.set_config(*id, config.clone());
        }
        pipeline.look_back();
        pipeline.announce();
        // Before the first frame: who sees that takes an engine for hung that has not yet told of itself.
        pipeline.publish_health();
        pipeline.publish_now();
        Ok(pipeline)
    }

    /// Runs until `end` is raised; then commits and says goodbye.
    pub fn run(&mut self, end: &AtomicBool) {
        let mut buffer = [0; PAYLOAD_MAX];
        let mut last_record = 0;
        while !end.load(Ordering::Acquire) && !self.emptied && !self.cut_off {
            let now_us = Micros::now().0;
            self.beat(now_us);
            self.take_orders();
            self.feeds.follow(&self.hub);
            let taken = self.drain(now_us, &mut buffer);
            if taken > 0 {
                last_record = now_us;
            } else {
                // Nothing is behind: time itself may pass.
                self.intake.live.advance(self.clock.now());
            }
            self.tick(now_us);
            self.publish(now_us);
            self.feeds.look(&self.intake, now_us);
            self.commit_if_due(now_us);
            if taken == 0 {
                self.rest(now_us, last_record);
            }
        }
        self.drain(Micros::now().0, &mut buffer);
        if let Err(error) = self.commit() {
            self.say(&format!("the last events could not be stored: {}", error.explain()));
        }
        self.beat(0);
    }

    /// Whether the last site was forgotten, so that nothing is left to keep.
    pub fn emptied(&self) -> bool {
        self.emptied
    }

    fn beat(&self, now_us: u64) {
        if let Some(source) = self.sources.current() {
            source.ring.header().set_beat(now_us);
        }
    }

    /// Takes in what is in the rings, a bounded number of records at a time. While commits fail the slots stay taken,
    /// so this ends by itself when the ring is full.
    ///
    /// An engine that knows no site yet takes nothing: what was accepted before WordPress could tell it of the first one
    /// waits in the ring, and would else be taken for records of strangers.
    fn drain(&mut self, now_us: u64, buffer: &mut [u8; PAYLOAD_MAX]) -> usize {
        if self.intake.configs.is_empty() {
            return 0;
        }
        let mut taken = 0;
        while taken < CHUNK
            && let Some(length) = self.sources.next(now_us, buffer)
        {
            if let Some(bytes) = buffer.get(..length) {
                let (clock, now, lag) = (&self.clock, self.intake.live.now(), &mut self.meters.lag_us);
                self.intake.take_bytes(bytes, |head| {
                    *lag = now_us.saturating_sub(head.time.0).max(*lag);
                    second(clock, head, now, now_us)
                });
            }
            taken += 1;
        }
        if taken > 0 {
            if self.uncommitted == 0 {
                self.waiting_since = now_us;
            }
            self.uncommitted += taken;
            for touch in self.intake.live.evict() {
                self.intake.batch.touch(&touch, self.intake.live.now());
            }
        } else if self.uncommitted == 0 {
            // Slots whose producers died give nothing to commit, and none of them may wait for a record that comes after
            // them: a ring full of them takes no record.
            self.sources.free();
        }
        taken
    }

    /// Nothing to do: a nap while busy, a longer one while idle.
    ///
    /// It ends by the clock, not by a record: waking us costs the producer a system call, and the processor it had if we
    /// take that. A page of a quiet site would pay it with every event (30 to 80 µs measured, against 1 without), where
    /// an event that is seen 25 ms later costs nobody anything.
    fn rest(&self, now_us: u64, last_record: u64) {
        if now_us < last_record + BUSY_US {
            std::thread::sleep(Duration::from_millis(1));
            return;
        }
        let due = if self.uncommitted > 0 {
            (self.waiting_since + COMMIT_US).saturating_sub(now_us)
        } else {
            IDLE_US
        };
        // Whoever follows is shown what waits for its turn in its time.
        let frame = self.feeds.in_use().then_some(self.published + SHOW_US);
        let turns = [frame, self.feeds.next()].into_iter().flatten().filter(|turn| *turn > now_us);
        let due = turns.map(|turn| turn - now_us).min().unwrap_or(due).min(due);
        std::thread::sleep(Duration::from_micros(due.clamp(1000, IDLE_US)));
    }
}

/// The engine second of a record, unless its time did not come from our clock.
fn second(clock: &Clock, head: &Head, now: Second, now_us: u64) -> Option<Second> {
    let at = clock.second(head.time);
    // `now_us` may be seconds old itself, if the disk or the processor kept us waiting since.
    let ahead = |now_us: u64| head.time.0 > now_us + AHEAD_US;
    let odd = (ahead(now_us) && ahead(Micros::now().0)) || at + BEHIND < now;
    (!odd).then_some(at)
}

/// Memory of the engine beside ring and live state: the program, what recognises clients (11 to 21 MiB), the database of
/// countries (8), caches of three connections to SQLite (4 each), a batch on its way.
const OVERHEAD: usize = 40 << 20;

/// What visitors, views and names may take: of the largest limit that a site asks for, less ring and overhead, four
/// fifths, for the logs take up to a quarter of it besides; at least 4 MiB.
fn budget(configs: &HashMap<SiteId, SiteConfig>, ring: usize) -> usize {
    let limit = configs.values().map(|c| c.memory_limit).max().unwrap_or(128 << 20);
    (usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(ring + OVERHEAD) / 5 * 4).max(4 << 20)
}

impl Pipeline {
    fn budget(&self) -> usize {
        budget(&self.intake.configs, self.sources.bytes())
    }
}

/// The database of countries: the first that a site names, or the one that was installed.
fn geo_path(configs: &HashMap<SiteId, SiteConfig>) -> Option<PathBuf> {
    configs.values().map(|c| c.geoip_db.as_str()).filter(|path| !path.is_empty()).min().map(PathBuf::from)
}

impl Pipeline {
    /// A site may have named another database.
    fn follow_geo(&mut self) {
        let path = geo_path(&self.intake.configs);
        if path != self.geo_path {
            self.intake.geo = Geo::open(path.as_deref());
            self.geo_path = path;
        }
    }
}
