//! What the next commit will write. Gathered by the pipeline, kept until a commit succeeds.

use std::collections::HashMap;

use qahm_event::SiteId;

use crate::live::Second;
use crate::live::facts::{self, Cell, Metrics, Request, Timing};
use crate::live::minutes::Minute;
use crate::live::names::{NameId, NameKind};
use crate::live::pages::Page;
use crate::live::profiles::Profile;
use crate::live::touch::{Entry, Touch};

/// A page view that was counted.
#[derive(Debug, Clone)]
pub struct ViewRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub view: u64,
    /// Key and beginning of the visit (Unix seconds); `None` for a private view.
    pub visit: Option<(u64, i64)>,
    pub page: u32,
    pub profile: u32,
    pub referrer: String,
}

/// A request answered by WordPress.
#[derive(Debug, Clone)]
pub struct RequestRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub request: Request,
    /// The path, when the request failed or found nothing.
    pub path: Option<String>,
}

/// A timing event of a view.
#[derive(Debug, Clone)]
pub struct TimingRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub timing: Timing,
}

/// An entry of the feed.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub entry: facts::Entry,
}

#[derive(Debug, Default)]
pub struct Batch {
    /// Touches in the journal's form, and how many.
    pub touches: Vec<u8>,
    pub count: usize,
    /// The last second in which the journal says that a touch came late.
    late: Second,
    pub views: Vec<ViewRow>,
    pub requests: Vec<RequestRow>,
    pub times: Vec<TimingRow>,
    pub events: Vec<EventRow>,
    /// Entries of the feed that were undone: site, number, Unix time of the entry in ms.
    pub undone: Vec<(SiteId, u64, i64)>,
    pub rollups: HashMap<(SiteId, Cell), Metrics>,
    pub names: Vec<(SiteId, NameId, NameKind, Box<str>, u32)>,
    pub profiles: Vec<(SiteId, u32, Profile, u32)>,
    pub pages: Vec<(SiteId, Page)>,
    pub minutes: HashMap<(SiteId, i64), Minute>,
    /// Per site: what cannot be derived, as JSON.
    pub kept: HashMap<SiteId, String>,
    /// Per site: the state of its alerts, as JSON.
    pub alerts: HashMap<SiteId, String>,
    /// Outbox entries by id: the site and JSON, or `None` to delete.
    pub outbox: HashMap<i64, Option<(SiteId, String)>>,
    /// Positions reached, by epoch of the ring.
    pub cursors: HashMap<u64, u64>,
}

impl Batch {
    /// Adds a touch that was taken in in second `now`.
    pub fn touch(&mut self, touch: &Touch, now: Second) {
        // Said once a second and in each batch anew: a replay may skip every other touch of it.
        if touch.at < now && self.late != now {
            self.late = now;
            Entry::encode_late(now, &mut self.touches);
        }
        touch.encode(&mut self.touches);
        self.count += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
            && self.views.is_empty()
            && self.requests.is_empty()
            && self.pages.is_empty()
            && self.minutes.is_empty()
            && self.kept.is_empty()
            && self.alerts.is_empty()
            && self.outbox.is_empty()
            && self.cursors.is_empty()
    }

    /// Empties the batch, keeping its memory; memory that a flood made large is given back.
    pub fn clear(&mut self) {
        if self.touches.capacity() > 1 << 20 {
            *self = Batch::default();
            return;
        }
        self.touches.clear();
        self.count = 0;
        self.late = 0;
        self.views.clear();
        self.requests.clear();
        self.pages.clear();
        self.minutes.clear();
        self.kept.clear();
        self.alerts.clear();
        self.outbox.clear();
        self.cursors.clear();
    }
}
