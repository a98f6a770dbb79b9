//! One site's totals: what is derived from its visitors, and what must be remembered besides them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::costs::Costs;
use super::facts::{Cell, Dim, Entry, METRICS, Metric, Metrics, Request, Timing};
use super::forms::Forms;
use super::log::Log;
use super::minutes::Minutes;
use super::names::{NameId, NameKind, Names};
use super::pages::{PageId, Pages};
use super::profiles::{self, Profile, ProfileId, Profiles};
use super::slices::Slices;
use super::{Second, visitor::VisitorKey};

/// Entries of the feed that are kept whatever their age: who looks later gets these.
pub const FEED: usize = 200;
/// … and at most so many, however young.
pub const FEED_MOST: usize = 2_000;
/// Cells that wait to be stored; more come only if nothing can be stored.
const CELLS: usize = 100_000;

/// What cannot be derived from the visitors in memory; stored with every commit that changes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The local day all "today" numbers speak of, in days since 1970-01-01.
    pub day: u32,
    pub views_today: u64,
    pub visits_today: u64,
    /// Private views (GPC or DNT) today.
    pub private_today: u64,
    /// Visitors of today that had to leave memory before they could be remembered by key.
    pub evicted_today: u64,
    /// Some number of today is a lower or upper bound: shown with "≈".
    pub approximate: bool,
    /// V3: highest V1 since local midnight, and when (Unix seconds).
    pub peak: u32,
    pub peak_at: i64,
    /// Set aside today by reason, e.g. `role`.
    pub excluded: BTreeMap<String, u64>,
    /// Events that changed nothing, by reason, e.g. `duplicate`.
    pub dropped: BTreeMap<String, u64>,
    /// Visitors put out of memory since the site is known.
    pub evicted: u64,
    /// The number of the feed's last entry.
    #[serde(default)]
    pub feed: u64,
    /// Before this second some number of the last half hour is not exact: what it is counted from had to go.
    #[serde(default)]
    pub inexact_until: Second,
}

/// Visitors of a profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present {
    /// In V1 now.
    pub active: u32,
    /// In the last 30 minutes.
    pub thirty: u32,
}

/// V1 by what is shown at every change: kept up to date, because many profiles are dear to look through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActiveBy {
    /// By number of the channel, of the device, by country.
    pub channels: BTreeMap<Shown<u8>, u32>,
    pub devices: BTreeMap<Shown<u8>, u32>,
    pub countries: BTreeMap<Shown<Option<[u8; 2]>>, u32>,
}

/// What a visitor is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown<T> {
    As(T),
    /// Asked not to be followed.
    Private,
    /// There was no room to know more.
    Other,
}

impl ActiveBy {
    fn add(&mut self, profile: Option<&Profile>, active: i32) {
        add(&mut self.channels, shown(profile, |p| p.channel), active);
        add(&mut self.devices, shown(profile, |p| p.device), active);
        add(&mut self.countries, shown(profile, |p| p.country), active);
    }
}

fn shown<T>(profile: Option<&Profile>, what: impl Fn(&Profile) -> T) -> Shown<T> {
    match profile {
        None => Shown::Other,
        Some(profile) if profile.private => Shown::Private,
        Some(profile) => Shown::As(what(profile)),
    }
}

fn add<T: Ord + Copy>(sums: &mut BTreeMap<Shown<T>, u32>, name: Shown<T>, active: i32) {
    let sum = sums.entry(name).or_default();
    *sum = sum.saturating_add_signed(active);
    if *sum == 0 {
        sums.remove(&name);
    }
}

/// One site.
#[derive(Debug)]
pub struct Site {
    /// V1's window in seconds.
    pub window: Second,
    pub pages: Pages,
    /// V1 now.
    pub active: u32,
    /// Visitors of the last 5 and 30 minutes held in memory.
    pub five: u32,
    pub thirty: u32,
    /// Visitors of today.
    pub today: u64,
    /// Visitors held in memory.
    pub visitors: u32,
    /// Visitors of today whose state is gone: key → what they counted as.
    pub seen: HashMap<VisitorKey, u16>,
    /// Visitors put out of memory while a window still held them.
    pub evicted: Slices,
    pub minutes: Minutes,
    pub names: Names,
    pub profiles: Profiles,
    /// Visitors by profile; those that have none are not in it.
    pub present: HashMap<ProfileId, Present>,
    /// V1 by channel, device and country of the profiles.
    pub active_by: ActiveBy,
    /// The feed: what is told of late.
    pub feed: Log<Entry>,
    /// Those of its entries that are counted over the last half hour.
    pub deeds: Log<Entry>,
    /// What has become of the forms of late.
    pub forms: Forms,
    /// Entries since the store last took them.
    pub fresh: Vec<Entry>,
    pub timings: Log<Timing>,
    pub requests: Log<Request>,
    /// What we cost its pages.
    pub costs: Costs,
    /// How many of both were taken in: who shows them looks again only if there are more.
    pub measured: u64,
    /// Feed entries undone since the store last took them: number, second.
    pub undone: Vec<(u64, Second)>,
    /// Sums per minute since the store last took them.
    pub rollups: HashMap<Cell, Metrics>,
    pub kept: Kept,
    /// Something shown has changed since the last frame.
    pub changed: bool,
    /// Something kept has changed since the last commit.
    pub dirty: bool,
}

impl Default for Site {
    fn default() -> Site {
        Site {
            window: 60,
            pages: Pages::default(),
            active: 0,
            five: 0,
            thirty: 0,
            today: 0,
            visitors: 0,
            seen: HashMap::new(),
            evicted: Slices::default(),
            minutes: Minutes::default(),
            names: Names::default(),
            profiles: Profiles::new(profiles::CAP, profiles::KEEP),
            present: HashMap::new(),
            active_by: ActiveBy::default(),
            feed: Log::new(FEED),
            deeds: Log::new(0),
            forms: Forms::default(),
            fresh: Vec::new(),
            timings: Log::new(0),
            requests: Log::new(0),
            costs: Costs::default(),
            measured: 0,
            undone: Vec::new(),
            rollups: HashMap::new(),
            kept: Kept::default(),
            changed: false,
            dirty: false,
        }
    }
}

impl Site {
    pub fn new(window: Second) -> Site {
        Site { window, ..Site::default() }
    }

    /// The number of a profile, made if it is new; a coarser one if there are too many; 0 if there are too many of those.
    pub fn profile(&mut self, profile: &Profile, now: Second) -> ProfileId {
        let today = self.kept.day;
        match self.profiles.number_sparing(profile, now, today) {
            0 => ProfileId(self.profiles.number(&profile.coarse(), now, today)),
            number => ProfileId(number),
        }
    }

    /// The number of a name, made if it is new.
    pub fn name(&mut self, kind: NameKind, text: &str, now: Second) -> NameId {
        self.names.number(kind, text, now, self.kept.day)
    }

    /// Adds to a sum of the site, the page and the profile, in a minute (since 1970).
    pub(super) fn count(
        &mut self,
        minute: i64,
        page: Option<PageId>,
        profile: ProfileId,
        metric: Metric,
        number: i64,
    ) {
        self.sum(Cell { minute, dim: Dim::Site, key: 0 }, metric, number);
        if let Some(page) = page {
            self.sum(Cell { minute, dim: Dim::Page, key: page.0 }, metric, number);
        }
        self.sum(Cell { minute, dim: Dim::Profile, key: profile.0 }, metric, number);
    }

    /// Adds to one sum.
    pub(super) fn sum(&mut self, cell: Cell, metric: Metric, number: i64) {
        if self.rollups.len() >= CELLS && !self.rollups.contains_key(&cell) {
            self.kept.approximate = true;
            return;
        }
        if let Some(sum) = self.rollups.entry(cell).or_insert([0; METRICS]).get_mut(metric as usize) {
            *sum += number;
        }
    }

    /// Visitors of a profile have become more or fewer.
    pub(super) fn present(&mut self, profile: ProfileId, active: i32, thirty: i32) {
        let present = self.present.entry(profile).or_default();
        present.active = present.active.saturating_add_signed(active);
        present.thirty = present.thirty.saturating_add_signed(thirty);
        if active != 0 {
            self.active_by.add(self.profiles.get(profile.0), active);
        }
        if *present == Present::default() {
            self.present.remove(&profile);
        }
    }

    /// Visitors of the last 5 minutes, with those no longer in memory.
    pub fn visitors_five(&self, now: Second) -> u64 {
        u64::from(self.five) + self.evicted.sum(now, super::FIVE)
    }

    pub fn visitors_thirty(&self, now: Second) -> u64 {
        u64::from(self.thirty) + self.evicted.sum(now, super::THIRTY)
    }

    /// Some number shown is not exact.
    pub fn approximate(&self, now: Second) -> bool {
        self.kept.approximate || self.kept.inexact_until > now || self.evicted.sum(now, super::THIRTY) > 0
    }

    /// Some number about what was done in the last half hour is not exact.
    pub fn logs_approximate(&self, now: Second) -> bool {
        self.deeds.approximate(now) || self.timings.approximate(now) || self.requests.approximate(now)
    }

    /// Notes V1 after an event or at a new minute.
    pub fn note_active(&mut self, unix: i64) {
        self.minutes.note(self.active);
        self.minutes.note_totals(self.today, self.kept.views_today);
        if self.active > self.kept.peak {
            self.kept.peak = self.active;
            self.kept.peak_at = unix;
        }
    }

    /// A new local day begins: everything of "today" starts again.
    pub fn begin_day(&mut self, day: u32, unix: i64) {
        self.today = 0;
        self.seen = HashMap::new();
        let kept = &mut self.kept;
        *kept = Kept {
            day,
            peak: self.active,
            peak_at: unix,
            dropped: std::mem::take(&mut kept.dropped),
            evicted: kept.evicted,
            feed: kept.feed,
            inexact_until: kept.inexact_until,
            ..Kept::default()
        };
        self.pages.today = day;
        self.changed = true;
        self.dirty = true;
    }

    /// GDPR mode: nothing is remembered of it any more that would not have been kept in it.
    pub fn scrub(&mut self) {
        self.profiles.rewrite(|_, profile| profile.without_city_and_campaign());
        self.names.scrub();
        self.pages.scrub();
        self.dirty = true;
    }

    pub fn exclude(&mut self, reason: &str) {
        self.changed = true;
        self.dirty = true;
        count(&mut self.kept.excluded, reason);
    }

    pub fn drop_event(&mut self, reason: &str) {
        self.dirty = true;
        count(&mut self.kept.dropped, reason);
    }

    /// Bytes of memory beside visitors, views and logs, estimated.
    pub fn bytes(&self) -> usize {
        self.pages.bytes()
            + self.seen.len() * SEEN_BYTES
            + self.names.bytes()
            + self.profiles.bytes()
            + self.present.len() * 24
            + self.forms.bytes()
    }

    /// Bytes of the logs, which have a share of their own.
    pub fn log_bytes(&self) -> usize {
        self.feed.bytes() + self.deeds.bytes() + self.timings.bytes() + self.requests.bytes()
    }
}

/// A visitor remembered by key only: 16 bytes, twice that while the table grows.
pub const SEEN_BYTES: usize = 36;

fn count(map: &mut BTreeMap<String, u64>, reason: &str) {
    match map.get_mut(reason) {
        Some(number) => *number += 1,
        None => {
            map.insert(reason.to_owned(), 1);
        }
    }
}
