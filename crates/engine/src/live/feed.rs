//! What the state tells of what happens: entries of the feed, sums of the minute, visits that leave and come back.

use qahm_event::SiteId;

use super::facts::{Cell, Dim, Entry, EntryKind, FORMED, Metric, Request, Timing};
use super::forms::Place;
use super::log::Dated;
use super::names::{NameId, NameKind};
use super::pages::PageId;
use super::profiles::ProfileId;
use super::visitor::VisitorKey;
use super::{Live, Second};

/// A visit has left so many seconds after it was last in V1 (FEATURES V, Visit).
pub const DEPARTED: Second = 120;
/// A form plugin tells of what a page told before by so many seconds at most.
const SUBMITTED: Second = 30;

impl Dated for Entry {
    fn at(&self) -> Second {
        self.at
    }
}

impl Dated for Timing {
    fn at(&self) -> Second {
        self.at
    }
}

impl Dated for Request {
    fn at(&self) -> Second {
        self.at
    }
}

/// Who and where of an entry that no view tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin {
    pub key: VisitorKey,
    pub visit: Second,
    pub view: u64,
    pub page: PageId,
    pub profile: ProfileId,
}

impl Live {
    /// While the journal is read, nothing is entered or summed up: the store has it.
    pub fn set_replaying(&mut self, replaying: bool) {
        self.replaying = replaying;
    }

    /// The origin of what is done in a view; `None` if the view is not known.
    pub fn origin_of_view(&self, site: SiteId, view: u64) -> Option<Origin> {
        let number = *self.by_id.get(&site)?;
        let found = self.views.get(self.find_view(number, view)?)?;
        let visitor = self.visitors.get(found.visitor)?;
        let (key, visit) =
            if visitor.private { (VisitorKey::default(), 0) } else { (visitor.key, visitor.visit) };
        let view = if visitor.private { 0 } else { view };
        Some(Origin { key, visit, view, page: found.page, profile: visitor.profile })
    }

    /// Whether a view of the key that begins now would go on with its visit.
    pub fn visit_goes_on(&self, site: SiteId, key: VisitorKey) -> bool {
        let visitor = self.by_id.get(&site).and_then(|n| self.find_visitor(*n, key));
        let visitor = visitor.and_then(|v| self.visitors.get(v));
        visitor.is_some_and(|v| v.visit != 0 && v.heard + super::VISIT_GAP > self.now)
    }

    /// Whether a key's page told of a submitted form in the last half minute.
    pub fn submitted_of_late(&self, site: SiteId, key: VisitorKey) -> bool {
        let Some(site) = self.site(site).filter(|_| key.0 != 0) else { return false };
        let late = site.deeds.newest().take_while(|entry| entry.at + SUBMITTED > self.now);
        late.filter(|entry| entry.kind == EntryKind::Form && entry.key == key && entry.view != 0)
            .any(|entry| FORMED.get(usize::from(entry.sub)) == Some(&"submit"))
    }

    /// Whether a visit goes on that began by a second: its key may be made with the salt of then.
    pub fn visit_goes_on_since(&self, site: SiteId, second: Second) -> bool {
        let mut goes_on = false;
        self.each_visitor(site, |visitor, _| {
            let heard = visitor.heard + super::VISIT_GAP > self.now;
            goes_on |= heard && visitor.visit != 0 && visitor.visit <= second;
        });
        goes_on
    }

    /// The origin of what a key does outside of its views; nothing is known of a key that is not in memory.
    pub fn origin_of_key(&self, site: SiteId, key: VisitorKey, page: PageId) -> Origin {
        let visitor = self.by_id.get(&site).and_then(|n| self.find_visitor(*n, key));
        match visitor.and_then(|v| self.visitors.get(v)) {
            Some(v) => Origin { key, visit: v.visit, view: 0, page, profile: v.profile },
            None => Origin { page, ..Origin::default() },
        }
    }

    /// Enters something in the feed, and sums it up: for site, page and profile what its kind is counted as, and the count
    /// of its name.
    pub fn tell(&mut self, site: SiteId, origin: Origin, kind: EntryKind, sub: u8, name: NameId, value: u32) {
        let Some(&number) = self.by_id.get(&site) else { return };
        self.push_entry(number, origin, kind, sub, name, value);
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        let Some(minute) = place.site.minutes.current() else { return };
        if kind == EntryKind::Form {
            let here = Place { minute, page: origin.page, profile: origin.profile };
            for (metric, there, number) in place.site.forms.hear(origin.view, name, sub, self.now, here) {
                place.site.count(there.minute, Some(there.page), there.profile, metric, number);
                if name.0 != 0 {
                    let cell = Cell { minute: there.minute, dim: Dim::Name, key: name.0 };
                    place.site.sum(cell, metric, number);
                }
            }
        }
        if let Some(metric) = counted_as(kind) {
            place.site.count(minute, Some(origin.page), origin.profile, metric, 1);
        }
        if name.0 != 0 {
            place.site.sum(Cell { minute, dim: Dim::Name, key: name.0 }, Metric::Count, 1);
        }
    }

    /// Takes a timing event of a view in; `None` if the view is not known.
    pub fn time(&mut self, site: SiteId, view: u64, values: [u16; 6]) -> Option<Timing> {
        let &number = self.by_id.get(&site)?;
        let found = self.views.get(self.find_view(number, view)?)?;
        let profile = self.visitors.get(found.visitor).map_or(ProfileId(0), |v| v.profile);
        let timing = Timing { at: self.now, page: found.page, profile, internal: found.internal, values };
        let place = self.sites.get_mut(usize::from(number))?;
        place.site.timings.push(timing);
        place.site.measured += 1;
        place.site.dirty = true;
        Some(timing)
    }

    /// Takes a request in. Requests of bots are kept, and enter no sum.
    pub fn request(&mut self, site: SiteId, request: Request) {
        let Some(&number) = self.by_id.get(&site) else { return };
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        place.site.requests.push(Request { at: self.now, ..request });
        place.site.measured += 1;
        place.site.dirty = true;
        let Some(minute) = place.site.minutes.current().filter(|_| !request.bot) else { return };
        let mut count = |metric| place.site.count(minute, Some(request.page), request.profile, metric, 1);
        count(Metric::Requests);
        if request.failed() {
            count(Metric::FailedRequests);
        }
        if request.status == 404 {
            count(Metric::NotFound);
        }
    }

    /// An entry about what a visitor does in a view. Private views make none.
    pub(super) fn enter(
        &mut self,
        visitor: u32,
        view: u32,
        kind: EntryKind,
        sub: u8,
        name: NameId,
        value: u32,
    ) {
        let Some(owner) = self.visitors.get(visitor).filter(|v| !v.private) else { return };
        let Some(view) = self.views.get(view) else { return };
        let origin = Origin {
            key: owner.key,
            visit: owner.visit,
            view: view.id,
            page: view.page,
            profile: owner.profile,
        };
        self.push_entry(owner.site, origin, kind, sub, name, value);
    }

    /// Answers the entry's number.
    fn push_entry(
        &mut self,
        number: u16,
        origin: Origin,
        kind: EntryKind,
        sub: u8,
        name: NameId,
        value: u32,
    ) -> u64 {
        let at = self.now;
        let Some(place) = self.sites.get_mut(usize::from(number)).filter(|_| !self.replaying) else {
            return 0;
        };
        let site = &mut place.site;
        site.kept.feed += 1;
        site.dirty = true;
        site.changed = true;
        let Origin { key, visit, view, page, profile } = origin;
        let id = site.kept.feed;
        let entry = Entry { id, at, kind, sub, undone: false, page, profile, name, value, key, visit, view };
        site.feed.push(entry);
        site.fresh.push(entry);
        if kind.is_deed() {
            site.deeds.push(entry);
        }
        id
    }

    /// Adds to a sum of the current minute: of the site, a page, and a visitor's profile.
    pub(super) fn sum_up(&mut self, visitor: u32, page: Option<PageId>, metric: Metric, number: i64) {
        let Some((site, profile)) = self.visitors.get(visitor).map(|v| (v.site, v.profile)) else { return };
        let Some(place) = self.sites.get_mut(usize::from(site)).filter(|_| !self.replaying) else { return };
        if let Some(minute) = place.site.minutes.current() {
            place.site.count(minute, page, profile, metric, number);
        }
    }

    /// Lets a visit leave that was long enough out of V1 (E5).
    pub(super) fn depart(&mut self, index: u32) {
        let now = self.now;
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        if !visitor.departing() || visitor.absent + DEPARTED > now {
            return;
        }
        visitor.left = now;
        let (bounced, site) = (visitor.bounced(), visitor.site);
        let seconds = visitor.heard.saturating_sub(visitor.visit);
        let origin = Origin {
            key: visitor.key,
            visit: visitor.visit,
            view: 0,
            page: visitor.exit,
            profile: visitor.profile,
        };
        let id = self.push_entry(site, origin, EntryKind::Left, bounced.into(), NameId(0), seconds);
        if let Some(visitor) = self.visitors.get_mut(index).filter(|_| id != 0) {
            visitor.left_entry = id;
        }
        self.sum_up(index, Some(origin.page), Metric::Left, 1);
        if bounced {
            self.sum_up(index, Some(origin.page), Metric::Bounces, 1);
        }
        let minute = self.sites.get(usize::from(site)).and_then(|p| p.site.minutes.current());
        if let Some(minute) = minute {
            self.sum_seen(index, minute, 1);
        }
    }

    /// Adds to the pages a visit saw that it has left, or takes it back.
    fn sum_seen(&mut self, index: u32, minute: i64, number: i64) {
        let Some(visitor) = self.visitors.get(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)).filter(|_| !self.replaying) else {
            return;
        };
        let mut pages: Vec<PageId> = visitor.pages().collect();
        pages.sort_unstable();
        pages.dedup();
        for page in pages {
            place.site.sum(Cell { minute, dim: Dim::Page, key: page.0 }, Metric::SawLeft, number);
        }
    }

    /// A visit that had left is heard from again in time: it goes on, and its leaving counts nowhere any more.
    pub(super) fn come_back(&mut self, index: u32, at: Second) {
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        if visitor.left == 0 || visitor.visit == 0 || at >= visitor.heard + super::VISIT_GAP {
            return;
        }
        let (left, entry) = (std::mem::take(&mut visitor.left), std::mem::take(&mut visitor.left_entry));
        // It may come back without being in V1: then it has its time from now.
        visitor.absent = self.now;
        let (bounced, number, profile) = (visitor.bounced(), visitor.site, visitor.profile);
        let origin = Origin { key: visitor.key, visit: visitor.visit, view: 0, page: visitor.exit, profile };
        self.push_entry(number, origin, EntryKind::Returned, 0, NameId(0), 0);
        let before = self.offsets.unix(left).div_euclid(60);
        let Some(place) = self.sites.get_mut(usize::from(number)).filter(|_| !self.replaying) else { return };
        let site = &mut place.site;
        let minute = site.minutes.of(left).unwrap_or(before);
        for log in [&mut site.feed, &mut site.deeds] {
            if let Some(entry) = log.find_mut(|e| e.id == entry) {
                entry.undone = true;
            }
        }
        for fresh in site.fresh.iter_mut().filter(|e| e.id == entry) {
            fresh.undone = true;
        }
        site.undone.push((entry, left));
        site.count(minute, Some(origin.page), profile, Metric::Left, -1);
        if bounced {
            site.count(minute, Some(origin.page), profile, Metric::Bounces, -1);
        }
        self.sum_seen(index, minute, -1);
    }

    /// The number of a name of a site, made if it is new.
    pub fn name(&mut self, site: SiteId, kind: NameKind, text: &str) -> NameId {
        let now = self.now;
        self.site_mut(site).map_or(NameId(0), |site| site.name(kind, text, now))
    }
}

/// The sum that every entry of a kind adds to; for those of forms see `forms`.
fn counted_as(kind: EntryKind) -> Option<Metric> {
    match kind {
        EntryKind::Click => Some(Metric::Clicks),
        EntryKind::Goal => Some(Metric::Conversions),
        EntryKind::Search => Some(Metric::Searches),
        _ => None,
    }
}
