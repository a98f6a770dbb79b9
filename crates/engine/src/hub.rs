//! What is shown: one frame per site, made by the pipeline, read by everybody who asks.
//!
//! All numbers of a frame are of the same instant, on every surface (FEATURES P). A frame is replaced whole; readers
//! hold the lock only to take a reference.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use qahm_event::SiteId;
use serde::Serialize;
use serde_json::Value;

use crate::alert::Episode;
use crate::burden::Burden;
use crate::config::SiteConfig;

pub use crate::report::PAGES_MAX;

/// One site's numbers at one instant.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Frame {
    /// Changes with every start of the engine, 16 hex digits; `seq` counts frames within it.
    pub epoch: String,
    pub seq: u64,
    /// Unix seconds.
    pub time: i64,
    /// V1.
    pub active: u32,
    pub visitors_5m: u64,
    pub visitors_30m: u64,
    pub visitors_today: u64,
    pub views_today: u64,
    pub visits_today: u64,
    /// Some number is not exact: show "≈".
    pub approximate: bool,
    /// V1's window in seconds.
    pub window: u32,
    pub peak: Peak,
    /// Most visited first.
    pub pages: Vec<PageRow>,
    /// Highest V1 of each of the last 30 minutes, oldest first.
    pub minutes: Vec<u32>,
    /// Private views (GPC or DNT) today.
    pub private: u64,
    /// Set aside, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Newest first.
    pub alerts: Vec<Episode>,
    /// V2's arrow.
    pub trend: Option<Trend>,
    /// V4: `low`, `median`, `high`, `state`, `percent`, or `days` until it is known.
    pub usual: Value,
    /// V3: the highest peak of an earlier day, `value` and `date`, or null.
    pub record: Value,
    /// `visitors` and `views` of yesterday to the same time.
    pub yesterday: Value,
    /// G of V1: name → visitors. Each sums to `active`.
    pub channels: BTreeMap<String, u64>,
    pub devices: BTreeMap<String, u64>,
    pub countries: BTreeMap<String, u64>,
    /// These are older numbers: the pipeline has not told of itself of late, or the engine did not answer in time.
    pub stale: bool,
}

/// V2: means of V1's highest by minute, of the last 5 minutes and of the 5 before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trend {
    pub now: f64,
    pub before: f64,
    /// `up`, `down`, or `same`: under 2 visitors or 10 % of difference.
    pub direction: &'static str,
    /// Only when both are 20 at least.
    pub percent: Option<i64>,
}

impl Trend {
    pub fn of((now, before): (f64, f64)) -> Trend {
        let difference = now - before;
        let same = difference.abs() < 2.0 || difference.abs() < before * 0.1;
        let direction = match difference {
            _ if same => "same",
            d if d > 0.0 => "up",
            _ => "down",
        };
        let percent = (now >= 20.0 && before >= 20.0).then(|| (difference / before * 100.0).round() as i64);
        Trend { now, before, direction, percent }
    }
}

/// V3: the highest V1 of today and when (Unix seconds).
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Peak {
    pub value: u32,
    pub time: i64,
}

/// P2: a page and the active visitors on it.
#[derive(Debug, Clone, Serialize)]
pub struct PageRow {
    pub path: Box<str>,
    pub title: Box<str>,
    pub active: u32,
}

/// The engine's own state, for `status`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Health {
    pub version: &'static str,
    pub pid: u32,
    /// Unix seconds.
    pub started: i64,
    pub sites: usize,
    pub visitors: usize,
    /// Bytes of live state, estimated, and what it may take.
    pub bytes: usize,
    pub budget: usize,
    /// Bytes of the live channel's streams, estimated.
    pub channel_bytes: usize,
    /// What the engine takes of the machine.
    #[serde(flatten)]
    pub burden: Burden,
    /// Records taken in since the start.
    pub events: u64,
    /// Visitors put out of memory since the sites are known.
    pub evicted: u64,
    /// Records that named no known site, or could not be read.
    pub strangers: u64,
    pub unreadable: u64,
    /// Unix seconds of the last commit; µs it took.
    pub committed: i64,
    pub commit_us: u64,
    pub data_dir: String,
    /// Where the live channel answers: `127.0.0.1:9100` or `unix:/path`; `off`; empty: it could not listen.
    pub listen: String,
    /// What a person should know, in words.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub meters: Meters,
}

/// Numbers that only `/metrics` tells.
#[derive(Debug, Clone, Default)]
pub struct Meters {
    /// Slots of the ring, and how many are taken.
    pub slots: u32,
    pub used: u32,
    /// Records that found the ring full; whose writer did not finish; whose bytes were changed.
    pub full: u64,
    pub skipped: u64,
    pub torn: u64,
    /// µs: how old the oldest record of the last second was when it was taken in.
    pub lag_us: u64,
    /// Alerts on their way to WordPress.
    pub outbox: usize,
    /// Since the start; µs.
    pub commits: u64,
    pub commit_us: u64,
    /// Of all sites today, by reason.
    pub dropped: BTreeMap<String, u64>,
    pub excluded: BTreeMap<String, u64>,
}

/// Where the live channel listens, and what a person should know of it.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// As [`Health::listen`].
    pub listen: String,
    pub notes: Vec<String>,
}

/// The last frames and the last health.
#[derive(Debug, Default)]
pub struct Hub {
    frames: RwLock<HashMap<SiteId, Arc<Frame>>>,
    configs: RwLock<HashMap<SiteId, Arc<SiteConfig>>>,
    health: RwLock<Arc<Health>>,
    /// When it was last told.
    told: RwLock<Option<Instant>>,
    door: RwLock<Door>,
}

/// The pipeline tells of itself every second; after this long without a word it is not well.
const SILENT: Duration = Duration::from_secs(5);

impl Hub {
    pub fn put(&self, site: SiteId, frame: Arc<Frame>) {
        self.frames.write().insert(site, frame);
    }

    pub fn remove(&self, site: SiteId) {
        self.frames.write().remove(&site);
        self.configs.write().remove(&site);
    }

    pub fn set_config(&self, site: SiteId, config: SiteConfig) {
        self.configs.write().insert(site, Arc::new(config));
    }

    /// Bytes that the engine may take: the most that a site asks for.
    pub fn memory_limit(&self) -> u64 {
        let limit = self.configs.read().values().map(|config| config.memory_limit).max();
        limit.unwrap_or_else(|| SiteConfig::default().memory_limit)
    }

    pub fn config(&self, site: SiteId) -> Option<Arc<SiteConfig>> {
        self.configs.read().get(&site).cloned()
    }

    pub fn frame(&self, site: SiteId) -> Option<Arc<Frame>> {
        self.frames.read().get(&site).cloned()
    }

    pub fn set_health(&self, health: Health) {
        *self.health.write() = Arc::new(health);
        *self.told.write() = Some(Instant::now());
    }

    /// Whether the pipeline has not told of itself for too long.
    pub fn health_is_old(&self) -> bool {
        self.told.read().is_none_or(|at| at.elapsed() > SILENT)
    }

    pub fn set_door(&self, door: Door) {
        *self.door.write() = door;
    }

    pub fn door(&self) -> Door {
        self.door.read().clone()
    }

    pub fn health(&self) -> Arc<Health> {
        self.health.read().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrow_is_quiet_about_little() {
        let arrow = |now, before| {
            let trend = Trend::of((now, before));
            (trend.direction, trend.percent)
        };
        assert_eq!(arrow(3.0, 1.5), ("same", None));
        assert_eq!(arrow(4.0, 1.0), ("up", None));
        assert_eq!(arrow(104.0, 100.0), ("same", Some(4)));
        assert_eq!(arrow(60.0, 100.0), ("down", Some(-40)));
        assert_eq!(arrow(0.0, 0.0), ("same", None));
    }
}
