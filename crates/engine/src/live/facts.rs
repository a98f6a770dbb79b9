//! Facts: what happened, small and of one size, as the logs of the last half hour and the tables of the store keep it.
//!
//! Everything shown about a window is computed by looking through the visitors in memory and these logs; everything
//! shown about longer times from the rollups, which are sums of facts per minute.

use super::Second;
use super::names::NameId;
use super::pages::PageId;
use super::profiles::ProfileId;
use super::visitor::VisitorKey;

/// What an entry of the feed tells. The numbers are those of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    /// E4: a visit began.
    Start = 1,
    /// E5: a visit left; `value` = seconds from its beginning to its last event, `sub` = 1 for a bounce.
    Left = 2,
    /// The visit of an earlier `Left` goes on; that entry counts no more.
    Returned = 3,
    /// E3: a view that is not the visit's first; `sub` = the kind of view.
    View = 4,
    /// E1: `sub` = `Clicked`, `name` = target and label.
    Click = 5,
    /// E2: `value` = the threshold reached, in %.
    Scroll = 6,
    /// N4: `sub` = `Formed`, `name` = the form.
    Form = 7,
    /// E6: `name` = the goal.
    Goal = 8,
    /// E6: `name` = the event, from the page or from PHP.
    Custom = 9,
    /// E7: a JavaScript error; `sub` = 1 for the site's own files, `name` = message, source, line.
    Error = 10,
    /// E9: `name` = the term, `value` = results found.
    Search = 11,
    /// E8: `name` = what changed.
    Change = 12,
    /// A login that failed.
    Login = 13,
    /// A request answered 404; `name` = the page that links there.
    NotFound = 14,
    /// A request that failed (status ≥ 500 or a fatal), `value` = status.
    Failed = 15,
    /// What PHP or the database reported; `sub` = `Reported`, `name` = message, file, line; `value` = µs of a slow query.
    Report = 16,
}

impl EntryKind {
    pub const ALL: [EntryKind; 16] = [
        Self::Start,
        Self::Left,
        Self::Returned,
        Self::View,
        Self::Click,
        Self::Scroll,
        Self::Form,
        Self::Goal,
        Self::Custom,
        Self::Error,
        Self::Search,
        Self::Change,
        Self::Login,
        Self::NotFound,
        Self::Failed,
        Self::Report,
    ];

    pub fn from_u8(number: u8) -> Option<EntryKind> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// What is counted over the last half hour; the others are only told.
    pub fn is_deed(self) -> bool {
        !matches!(self, Self::Start | Self::Returned | Self::View | Self::Change | Self::Login)
    }

    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Left => "left",
            Self::Returned => "returned",
            Self::View => "view",
            Self::Click => "click",
            Self::Scroll => "scroll",
            Self::Form => "form",
            Self::Goal => "goal",
            Self::Custom => "custom",
            Self::Error => "error",
            Self::Search => "search",
            Self::Change => "change",
            Self::Login => "login",
            Self::NotFound => "404",
            Self::Failed => "server",
            Self::Report => "report",
        }
    }
}

/// `sub` of `EntryKind::Click`: what was clicked.
pub const CLICKED: [&str; 5] = ["link", "button", "outbound", "download", "marked"];
/// `sub` of `EntryKind::Form`: what became of it.
pub const FORMED: [&str; 4] = ["start", "active", "abandon", "submit"];
/// `sub` of `EntryKind::Report`: what was reported.
pub const REPORTED: [&str; 4] = ["fatal", "warning", "database", "slow-query"];

/// One entry of a site's feed. 56 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Gap-free within the site, from 1.
    pub id: u64,
    /// Engine second; Unix time = this + the offset of then.
    pub at: Second,
    pub kind: EntryKind,
    /// A finer kind, see `EntryKind`.
    pub sub: u8,
    /// `Left` that was undone by `Returned`.
    pub undone: bool,
    pub page: PageId,
    pub profile: ProfileId,
    pub name: NameId,
    pub value: u32,
    /// 0 = none (a private view, a request of nobody known).
    pub key: VisitorKey,
    /// When the key's visit began; 0 = none.
    pub visit: Second,
    /// 0 = none.
    pub view: u64,
}

impl Entry {
    /// Stored in GDPR mode: only a visitor with a key makes such an entry, and it has none.
    pub fn is_nameless(&self) -> bool {
        let of_somebody = matches!(self.kind, EntryKind::Left | EntryKind::Click | EntryKind::Scroll);
        of_somebody && self.key.0 == 0
    }
}

/// One timing event of a view (M1). `None` = not told. ms; shift × 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub at: Second,
    pub page: PageId,
    pub profile: ProfileId,
    /// The view came from a page of the site (M3).
    pub internal: bool,
    /// In the order of `TIMINGS`; `u16::MAX` = not told, longer ones are cut to 65,534.
    pub values: [u16; 6],
}

/// The names of `Timing::values`.
pub const TIMINGS: [&str; 6] = ["load", "ttfb", "fcp", "lcp", "inp", "cls"];
/// A value that was not told.
pub const UNTOLD: u16 = u16::MAX;

/// One request for a page that WordPress answered (M1, M2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub at: Second,
    pub page: PageId,
    pub profile: ProfileId,
    pub status: u16,
    pub fatal: bool,
    /// Of a known bot: enters no number about visitors' experience.
    pub bot: bool,
    /// µs in PHP, `u32::MAX` = not told.
    pub generation: u32,
    /// `u32::MAX` = not told.
    pub queries: u32,
}

impl Request {
    /// M2: answered ≥ 500, or ended by a fatal error.
    pub fn failed(&self) -> bool {
        self.fatal || self.status >= 500
    }
}

/// What a rollup speaks of. The numbers are those of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dim {
    /// The whole site; key 0.
    Site = 0,
    Page = 1,
    /// Country, source, device … of the visit.
    Profile = 2,
    /// A form, goal, element, error, term …
    Name = 3,
}

/// What is summed per minute. The order is that of the store's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Metric {
    Views = 0,
    /// Visits begun; of a page: begun on it.
    Visits = 1,
    /// Visits that left; of a page: whose last view it was. Undone by a return, in the minute in which they left.
    Left = 2,
    Bounces = 3,
    /// Seconds engaged.
    Engaged = 4,
    Clicks = 5,
    /// Sum of the growth of the highest depth of views on tall pages, in %, and such views.
    Scroll = 6,
    Scrolled = 7,
    /// Views with an own JavaScript error.
    FailedViews = 8,
    /// Requests of no known bot; of them failed; answered 404.
    Requests = 9,
    FailedRequests = 10,
    NotFound = 11,
    Conversions = 12,
    FormsStarted = 13,
    FormsAbandoned = 14,
    FormsSubmitted = 15,
    Searches = 16,
    /// How often an entry with this name came.
    Count = 17,
    /// Of a page: visits that saw it; of them, those that left. Undone like `Left`.
    Saw = 18,
    SawLeft = 19,
    /// Seconds on the page, as far as they were heard of.
    Time = 20,
}

pub const METRICS: usize = 21;

/// Sums of one rollup cell.
pub type Metrics = [i64; METRICS];

/// One rollup cell: minute in minutes since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    pub minute: i64,
    pub dim: Dim,
    pub key: u32,
}
