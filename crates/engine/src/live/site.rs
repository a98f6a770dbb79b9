//! One site's totals: what is derived from its visitors, and what must be remembered besides them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::minutes::Minutes;
use super::pages::Pages;
use super::slices::Slices;
use super::{Second, visitor::VisitorKey};

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
    /// Set aside by reason since the site is known, e.g. `role`.
    pub excluded: BTreeMap<String, u64>,
    /// Events that changed nothing, by reason, e.g. `duplicate`.
    pub dropped: BTreeMap<String, u64>,
    /// Visitors put out of memory since the site is known.
    pub evicted: u64,
}

/// One site.
#[derive(Debug, Default)]
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
    pub kept: Kept,
    /// Something shown has changed since the last frame.
    pub changed: bool,
    /// Something kept has changed since the last commit.
    pub dirty: bool,
}

impl Site {
    pub fn new(window: Second) -> Site {
        Site { window, ..Site::default() }
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
        self.kept.approximate || self.evicted.sum(now, super::THIRTY) > 0
    }

    /// Notes V1 after an event or at a new minute.
    pub fn note_active(&mut self, unix: i64) {
        self.minutes.note(self.active);
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
            excluded: std::mem::take(&mut kept.excluded),
            dropped: std::mem::take(&mut kept.dropped),
            evicted: kept.evicted,
            ..Kept::default()
        };
        self.pages.today = day;
        self.changed = true;
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

    /// Bytes of memory beside visitors and views, estimated.
    pub fn bytes(&self) -> usize {
        self.pages.bytes() + self.seen.len() * SEEN_BYTES
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
