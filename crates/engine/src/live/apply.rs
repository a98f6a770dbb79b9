//! What one event does to the live state.

use super::facts::{EntryKind, Metric};
use super::site::Site;
use super::table::Name;
use super::touch::{Touch, TouchKind};
use super::visitor::{Visitor, VisitorKey};
use super::{Live, Second, THIRTY, VISIT_GAP};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A page view was counted; it belongs to the visit that began at this second (0: private, no visit).
    View { visit: Second, new_visit: bool },
    /// Taken; nothing new is counted.
    Taken,
    /// The view had already been heard with this sequence or a later one.
    Duplicate,
    /// The site is not known.
    NoSite,
}

/// Depths that are told when first reached, in % (E2).
const THRESHOLDS: [u8; 4] = [25, 50, 75, 90];

impl Live {
    /// The visitor key of a view that is known, and whether it is private.
    pub fn known_view(&self, site: qahm_event::SiteId, view: u64) -> Option<(VisitorKey, bool)> {
        let number = *self.by_id.get(&site)?;
        let view = self.views.get(self.find_view(number, view)?)?;
        self.visitors.get(view.visitor).map(|v| (v.key, v.private))
    }

    /// Is a visit of this key in progress? Then it keeps its key over midnight.
    pub fn visit_in_progress(&self, site: qahm_event::SiteId, key: VisitorKey) -> bool {
        let visitor = self.by_id.get(&site).and_then(|n| self.find_visitor(*n, key));
        visitor.and_then(|v| self.visitors.get(v)).is_some_and(|v| v.heard + VISIT_GAP > self.now)
    }

    pub(super) fn view_name(&self, index: u32) -> Name {
        self.views.get(index).map_or((0, 0), |view| {
            (self.visitors.get(view.visitor).map_or(0, |visitor| visitor.site), view.id)
        })
    }

    pub(super) fn visitor_name(&self, index: u32) -> Name {
        self.visitors.get(index).map_or((0, 0), |v| (v.site, v.key.0))
    }

    pub(super) fn find_view(&self, site: u16, id: u64) -> Option<u32> {
        self.by_view.find((site, id), |index| self.view_name(index))
    }

    pub(super) fn find_visitor(&self, site: u16, key: VisitorKey) -> Option<u32> {
        self.by_key.find((site, key.0), |index| self.visitor_name(index))
    }

    /// Applies one event. Events come nearly in order of time; `touch.at` must not lie after `now`.
    pub fn apply(&mut self, touch: &Touch) -> Outcome {
        let Some(&number) = self.by_id.get(&touch.site) else { return Outcome::NoSite };
        if touch.kind == TouchKind::Evict {
            if let Some(index) = self.find_visitor(number, touch.key) {
                self.evict_visitor(index);
            }
            return Outcome::Taken;
        }
        let known = self.find_view(number, touch.view);
        if let Some(view) = known.and_then(|v| self.views.get(v)) {
            // A view event overtaken by a later one of its view still begins the view.
            let late_begin = touch.kind == TouchKind::View && !view.begun;
            if touch.sequence <= view.sequence && !late_begin {
                return Outcome::Duplicate;
            }
        }
        let visitor = match known.and_then(|v| self.views.get(v)) {
            Some(view) => view.visitor,
            None => match self.find_visitor(number, touch.key) {
                Some(index) => index,
                None => self.add_visitor(number, touch),
            },
        };
        self.settle(visitor);
        self.renew_profile(visitor, touch);
        // Settling may have forgotten a view that had not been heard from for half an hour.
        let known = known.filter(|v| {
            self.views.get(*v).is_some_and(|view| view.id == touch.view && view.visitor == visitor)
        });
        self.come_back(visitor, touch.at);
        let view = known.unwrap_or_else(|| self.add_view(visitor, touch));
        let known_time = |live: &Live| live.views.get(view).map_or(0, |v| v.known_time());
        let before = known_time(self);
        let outcome = self.change_view(visitor, view, touch);
        // A leave that was overtaken closes its view before it was last heard from: then the time was too long.
        let more = i64::from(known_time(self)) - i64::from(before);
        if more != 0 {
            let page = self.views.get(view).map(|v| v.page);
            self.sum_up(visitor, page, Metric::Time, more);
        }
        match touch.kind {
            TouchKind::Engage => self.engage(visitor, view, touch),
            TouchKind::Fail => self.fail(view),
            _ => {}
        }
        self.hear(visitor, number, touch.at);
        outcome
    }

    fn add_visitor(&mut self, site: u16, touch: &Touch) -> u32 {
        let index = self.visitors.insert(Visitor::new(touch.key, site, touch.private));
        let (visitors, sites) = (&self.visitors, &mut self.sites);
        self.by_key
            .insert((site, touch.key.0), index, |i| visitors.get(i).map_or((0, 0), |v| (v.site, v.key.0)));
        if let Some(place) = sites.get_mut(usize::from(site)) {
            place.site.visitors += 1;
            if let Some(counted) = place.site.seen.remove(&touch.key)
                && let Some(visitor) = self.visitors.get_mut(index)
            {
                visitor.today = counted;
                visitor.day = place.site.kept.day as u16;
            }
        }
        self.set_profile(index, touch.profile);
        index
    }

    /// Whoever comes back after the gap of a visit is described anew, whether its key was still in memory or not.
    fn renew_profile(&mut self, index: u32, touch: &Touch) {
        let Some(visitor) = self.visitors.get(index) else { return };
        let gap = visitor.heard != 0 && touch.at >= visitor.heard + VISIT_GAP;
        if gap && visitor.visit == 0 && touch.profile.0 != 0 {
            self.set_profile(index, touch.profile);
        }
    }

    /// Gives a visitor another profile, and moves what it is counted as there.
    pub(super) fn set_profile(&mut self, index: u32, profile: super::profiles::ProfileId) {
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)) else { return };
        let site = &mut place.site;
        let number = super::profiles::ProfileId(site.profiles.hold(profile.0));
        let old = std::mem::replace(&mut visitor.profile, number);
        site.profiles.let_go(old.0);
        let (active, thirty) = (i32::from(visitor.active), i32::from(visitor.thirty));
        if old != number && (active, thirty) != (0, 0) {
            site.present(old, -active, -thirty);
            site.present(number, active, thirty);
        }
    }

    /// Engaged time and depth so far: absolute values, so the highest holds whatever order they come in.
    fn engage(&mut self, index: u32, at: u32, touch: &Touch) {
        let Some(view) = self.views.get_mut(at) else { return };
        let page = view.page;
        // Nobody is engaged for longer than the page is known.
        let longest = touch.at.saturating_sub(view.began) + 1;
        let engaged = u32::from(touch.detail.engaged()).min(longest) as u16;
        let more = engaged.saturating_sub(view.engaged);
        view.engaged = view.engaged.max(engaged);
        let (depth, first) = (view.scroll, !view.tall);
        if touch.detail.tall() {
            view.tall = true;
            view.scroll = view.scroll.max(touch.detail.scroll());
        }
        let (reached, tall) = (view.scroll, view.tall);
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        if visitor.visit != 0 {
            visitor.engaged = visitor.engaged.saturating_add(u32::from(more));
        }
        if more > 0 {
            self.sum_up(index, Some(page), Metric::Engaged, more.into());
        }
        if tall && first {
            self.sum_up(index, Some(page), Metric::Scrolled, 1);
        }
        if reached > depth {
            self.sum_up(index, Some(page), Metric::Scroll, i64::from(reached - depth));
            for threshold in THRESHOLDS.into_iter().filter(|t| (depth + 1..=reached).contains(t)) {
                let none = super::names::NameId(0);
                self.enter(index, at, EntryKind::Scroll, 0, none, threshold.into());
            }
        }
    }

    fn fail(&mut self, at: u32) {
        let Some(view) = self.views.get_mut(at) else { return };
        let (visitor, page, begun) = (view.visitor, view.page, view.begun);
        // M2 is a share of the views: one that is none, because its beginning was lost, is no failed one either.
        if !std::mem::replace(&mut view.failed, true) && begun {
            self.sum_up(visitor, Some(page), Metric::FailedViews, 1);
        }
    }

    /// The visitor was heard from: counts it anew in every window.
    fn hear(&mut self, index: u32, number: u16, at: Second) {
        if let Some(visitor) = self.visitors.get_mut(index) {
            visitor.heard = visitor.heard.max(at);
        }
        self.recount(index, self.now);
        let (now, unix) = (self.now, self.unix());
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        let since_midnight = unix - place.midnight + 1;
        let site = &mut place.site;
        if visitor.forgot && visitor.visit != 0 {
            site.kept.inexact_until = site.kept.inexact_until.max(visitor.heard + THIRTY);
        }
        if !visitor.private {
            count_today(visitor, site, now, since_midnight);
        }
        site.note_active(unix);
        site.changed = true;
        site.dirty = true;
    }
}

/// Counts a visitor that was heard from today as its highest number in the `since_midnight` seconds of the day.
pub(super) fn count_today(visitor: &mut Visitor, site: &mut Site, now: Second, since_midnight: i64) {
    let day = site.kept.day as u16;
    let mut highest = visitor.active.max(1);
    if visitor.day != day {
        visitor.day = day;
        visitor.today = 0;
        // At midnight it may have been more visitors than it is at its first event of the day.
        let window = since_midnight.clamp(1, i64::from(THIRTY)) as Second;
        highest = highest.max(visitor.highest(now, window));
    }
    if highest > visitor.today {
        site.today += u64::from(highest - visitor.today);
        visitor.today = highest;
    }
}
