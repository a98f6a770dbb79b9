//! What the next commit will write. Gathered by the pipeline, kept until a commit succeeds.

use std::collections::HashMap;

use qahm_event::SiteId;

use crate::live::Second;
use crate::live::facts::{self, Cell, Metrics};
use crate::live::minutes::Minute;
use crate::live::names::{NameId, NameKind};
use crate::live::pages::Page;
use crate::live::profiles::Profile;
use crate::live::touch::{Entry, Touch};
use crate::live::visitor::VisitorKey;

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
}

/// An entry of a site's feed.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub entry: facts::Entry,
}

impl EventRow {
    /// Without the visitor, as GDPR mode stores it.
    pub fn anonymous(mut self) -> EventRow {
        self.entry.key = VisitorKey(0);
        self.entry.visit = 0;
        self.entry.view = 0;
        self
    }
}

/// A timing event of a view.
#[derive(Debug, Clone)]
pub struct TimingRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub timing: facts::Timing,
}

/// A request for a page, answered by WordPress.
#[derive(Debug, Clone)]
pub struct RequestRow {
    pub site: SiteId,
    /// Unix time in ms.
    pub at: i64,
    pub request: facts::Request,
    /// Of one that was not found or failed: such paths have no page.
    pub path: Option<String>,
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
    pub events: Vec<EventRow>,
    /// Entries `left` that a return undid: site, id, and the Unix time in ms of that entry.
    pub undone: Vec<(SiteId, u64, i64)>,
    pub times: Vec<TimingRow>,
    /// Added to what is stored.
    pub rollups: HashMap<(SiteId, Cell), Metrics>,
    /// New, or used on a new day: number, kind, text, day.
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
            && self.events.is_empty()
            && self.undone.is_empty()
            && self.times.is_empty()
            && self.rollups.is_empty()
            && self.names.is_empty()
            && self.profiles.is_empty()
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
        self.events.clear();
        self.undone.clear();
        self.times.clear();
        self.rollups.clear();
        self.names.clear();
        self.profiles.clear();
        self.pages.clear();
        self.minutes.clear();
        self.kept.clear();
        self.alerts.clear();
        self.outbox.clear();
        self.cursors.clear();
    }
}
