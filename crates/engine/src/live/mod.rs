//! The live state: who is on which site now. Pure: no I/O, and time comes in as whole seconds.
//!
//! The state is a map visitor → state. A visitor changes only by its own touches and by time (`settle`), so the
//! fold of a visitor's touches gives the same state on any day and on any node, and everything shown is derived
//! from it. Times are whole seconds: "the last N s" at T are the seconds T−N+1 … T.
//!
//! - `touch` one event of a view · `apply` what it does · `settle` what time does · `feed` what is told of it
//! - `forms` what has become of them of late, for the sums
//! - `visitor`, `site` the state · `pages`, `minutes`, `slices`, `profiles`, `names`, `log` parts of a site
//! - `facts` what logs, feed and rollups are made of · `dictionary` numbers for things that repeat
//! - `slab`, `wheel`, `table` where it is kept · `offsets` the wall clock of late · `evict` what goes when memory ends · `snapshot` as bytes

pub mod apply;
pub mod costs;
pub mod dictionary;
pub mod evict;
pub mod facts;
pub mod feed;
pub mod forms;
pub mod log;
pub mod minutes;
pub mod names;
pub mod offsets;
pub mod pages;
pub mod profiles;
pub(crate) mod settle;
pub mod site;
pub mod slab;
pub mod slices;
pub mod snapshot;
pub mod table;
pub mod touch;
pub mod view;
pub mod visitor;
pub mod wheel;

use std::collections::HashMap;

use qahm_event::SiteId;

use crate::calendar::Calendar;
use offsets::Offsets;
use site::Site;
use slab::Slab;
use table::Table;
use visitor::{View, Visitor};
use wheel::{Timer, Timers, Wheel};

pub use crate::clock::Second;
pub use crate::enrich::visitor::VISIT_GAP;

/// The windows of FEATURES V, in seconds.
pub const FIVE: Second = 300;
pub const THIRTY: Second = 1800;
/// A closed view leaves after this many seconds …
pub const LEAVE: Second = 3;
/// … or this many after a click on a link of the site.
pub const LEAVE_BY_LINK: Second = 10;
/// Bytes of page names a site may always have: some 80 pages.
const PAGES_LEAST: usize = 16 << 10;
/// A profile and its place in tables, about.
const PROFILE_BYTES: usize = 500;

/// The live state of every site of this Unix user.
#[derive(Debug, Default)]
pub struct Live {
    sites: Vec<SitePlace>,
    by_id: HashMap<SiteId, u16>,
    visitors: Slab<Visitor>,
    by_key: Table,
    views: Slab<View>,
    by_view: Table,
    wheel: Wheel,
    /// Bytes of what visitors remember beside themselves.
    past_bytes: usize,
    now: Second,
    /// Unix time = `now` + this.
    offset: i64,
    /// … and what it was before.
    offsets: Offsets,
    minute: i64,
    /// Bytes the visitors, views and sites may take.
    budget: usize,
    /// Where the search for the oldest visitor goes on.
    hand: u32,
    /// Room for the visitors whose timer is due in a second.
    due: Vec<u32>,
    /// The journal is being read: what it tells was entered and summed up when it happened.
    replaying: bool,
}

#[derive(Debug)]
struct SitePlace {
    id: SiteId,
    site: Site,
    calendar: Calendar,
    /// When the site's day began, in Unix seconds.
    midnight: i64,
    /// Forgotten sites leave their place empty.
    known: bool,
}

impl Timers for Slab<Visitor> {
    fn timer(&mut self, index: u32) -> Option<&mut Timer> {
        self.get_mut(index).map(|v| &mut v.timer)
    }
}

impl Live {
    /// An empty state at second `now`, which is Unix time `now + offset`; `budget` in bytes.
    pub fn new(now: Second, offset: i64, budget: usize) -> Live {
        let mut live = Live { now, budget, ..Live::default() };
        live.set_offset(offset);
        live.minute = live.unix().div_euclid(60);
        live
    }

    pub fn now(&self) -> Second {
        self.now
    }

    /// The current moment in Unix seconds.
    pub fn unix(&self) -> i64 {
        i64::from(self.now) + self.offset
    }

    /// The wall clock moved against the engine's.
    pub fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
        self.offsets.set(self.now, offset);
    }

    /// What the wall clock said before a restart: from which second on which offset, oldest first.
    pub fn recall_offsets(&mut self, earlier: impl IntoIterator<Item = (Second, i64)>) {
        self.offsets = Offsets::default();
        for (second, offset) in earlier {
            self.offsets.set(second, offset);
        }
    }

    /// What the wall clock has said of late.
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    pub fn set_budget(&mut self, bytes: usize) {
        self.budget = bytes;
        self.share_pages();
    }

    /// Adds a site or changes its window (seconds) and time zone; a change of zone may begin a new day.
    pub fn set_site(&mut self, id: SiteId, window: Second, calendar: Calendar) {
        let unix = self.unix();
        let day = calendar.day(unix);
        let minute = self.minute;
        match self.by_id.get(&id).and_then(|n| self.sites.get_mut(usize::from(*n))) {
            Some(place) => {
                place.site.window = window;
                place.site.changed = true;
                place.calendar = calendar;
                place.midnight = day.began;
            }
            None => {
                let mut site = Site::new(window);
                site.begin_day(day.number, unix);
                site.minutes.turn(minute, 0, self.now);
                let place = SitePlace { id, site, calendar, midnight: day.began, known: true };
                let free = self.sites.iter().position(|s| !s.known && s.site.visitors == 0);
                match free.and_then(|n| self.sites.get_mut(n).map(|old| (n, old))) {
                    Some((n, old)) => {
                        *old = place;
                        self.by_id.insert(id, n as u16);
                    }
                    None => {
                        self.by_id.insert(id, self.sites.len() as u16);
                        self.sites.push(place);
                    }
                }
            }
        }
        self.share_pages();
        self.resettle_all(id);
    }

    /// Removes a site and everything about it.
    pub fn forget(&mut self, id: SiteId) {
        let Some(number) = self.by_id.remove(&id) else { return };
        for index in 0..self.visitors.high() {
            if self.visitors.get(index).is_some_and(|v| v.key.0 != 0 && v.site == number) {
                self.remove_visitor(index);
            }
        }
        if let Some(place) = self.sites.get_mut(usize::from(number)) {
            place.known = false;
            place.site = Site::default();
        }
        self.share_pages();
    }

    /// Pages of all sites take a quarter of the memory at most, each site's an equal share of it; names and profiles
    /// half as much each.
    fn share_pages(&mut self) {
        let share = (self.budget / 4 / self.by_id.len().max(1)).max(PAGES_LEAST);
        for place in &mut self.sites {
            place.site.pages.set_limit(share);
            // The logs have as much, besides the budget.
            place.site.deeds.set_limit(share / 2);
            place.site.feed.set_limit((share / 4).min(site::FEED_MOST * size_of::<facts::Entry>()));
            place.site.timings.set_limit(share / 4);
            place.site.requests.set_limit(share / 4);
            place.site.names.set_limit(share / 2);
            place.site.profiles.set_cap((share / 2 / PROFILE_BYTES).clamp(64, profiles::CAP));
        }
    }

    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.by_id.get(&id).and_then(|n| self.sites.get(usize::from(*n))).map(|p| &p.site)
    }

    pub fn site_mut(&mut self, id: SiteId) -> Option<&mut Site> {
        self.by_id.get(&id).and_then(|n| self.sites.get_mut(usize::from(*n))).map(|p| &mut p.site)
    }

    /// Every known site.
    pub fn sites_mut(&mut self) -> impl Iterator<Item = (SiteId, &mut Site)> {
        self.sites.iter_mut().filter(|p| p.known).map(|p| (p.id, &mut p.site))
    }

    pub fn ids(&self) -> Vec<SiteId> {
        self.sites.iter().filter(|p| p.known).map(|p| p.id).collect()
    }

    /// Calls for every visitor of a site, with its views.
    pub fn each_visitor(&self, id: SiteId, mut then: impl FnMut(&Visitor, &[&View])) {
        let Some(&number) = self.by_id.get(&id) else { return };
        let mut views: Vec<&View> = Vec::new();
        for index in 0..self.visitors.high() {
            let Some(visitor) = self.visitors.get(index) else { continue };
            if visitor.key.0 == 0 || visitor.site != number {
                continue;
            }
            views.clear();
            let mut at = visitor.views;
            while let Some(view) = self.views.get(at) {
                views.push(view);
                at = view.next;
            }
            then(visitor, &views);
        }
    }

    /// Visitors in memory.
    pub fn visitors(&self) -> usize {
        self.visitors.len()
    }

    /// Bytes of the logs of all sites: a fifth of the memory at most, besides the budget.
    pub fn log_bytes(&self) -> usize {
        self.sites.iter().map(|p| p.site.log_bytes()).sum()
    }

    /// Bytes of memory but for the logs, estimated from the sizes of what is held.
    pub fn bytes(&self) -> usize {
        self.visitors.len() * (size_of::<Visitor>() + table::ENTRY_BYTES)
            + self.views.len() * (size_of::<View>() + table::ENTRY_BYTES)
            + self.past_bytes
            + self.sites.iter().map(|p| p.site.bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory is bounded by what these take: 200,000 visitors of one or two views must fit 60 MB.
    #[test]
    fn a_visitor_and_a_view_are_small() {
        assert!(size_of::<Visitor>() <= 112, "{}", size_of::<Visitor>());
        assert!(size_of::<View>() <= 72, "{}", size_of::<View>());
        assert!(size_of::<facts::Entry>() <= 56);
    }
}
