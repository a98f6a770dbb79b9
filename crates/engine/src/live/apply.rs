//! What one event does to the live state.

use super::facts::{EntryKind, Metric};
use super::pages::OTHER;
use super::site::Site;
use super::slab::NIL;
use super::table::Name;
use super::touch::{Touch, TouchKind};
use super::visitor::{View, Visitor, VisitorKey};
use super::{LEAVE, LEAVE_BY_LINK, Live, Second, THIRTY, VISIT_GAP};

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

/// Views of one visitor kept in memory; beyond it the oldest are forgotten.
const VIEWS_MAX: usize = 64;
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
        let more = known_time(self).saturating_sub(before);
        if more > 0 {
            let page = self.views.get(view).map(|v| v.page);
            self.sum_up(visitor, page, Metric::Time, more.into());
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

    fn add_view(&mut self, visitor: u32, touch: &Touch) -> u32 {
        let Some((site, first)) = self.visitors.get(visitor).map(|v| (v.site, v.views)) else { return NIL };
        let page = self.sites.get_mut(usize::from(site)).map_or(OTHER, |p| p.site.pages.hold(touch.page));
        let view = self.views.insert(View {
            id: touch.view,
            visitor,
            next: first,
            page,
            heard: touch.at,
            seen: 0,
            sequence: touch.sequence,
            closing: 0,
            began: touch.at,
            ended: 0,
            engaged: 0,
            scroll: 0,
            tall: false,
            failed: false,
            internal: touch.kind == TouchKind::View && touch.detail.internal(),
            visible: false,
            begun: false,
            gone: false,
            yielding: false,
            counted: false,
        });
        if let Some(visitor) = self.visitors.get_mut(visitor) {
            visitor.views = view;
        }
        let (views, visitors) = (&self.views, &self.visitors);
        self.by_view.insert((site, touch.view), view, |i| {
            views.get(i).map_or((0, 0), |v| (visitors.get(v.visitor).map_or(0, |o| o.site), v.id))
        });
        self.trim_views(visitor);
        view
    }

    /// Keeps a visitor's list of views short. A view that still counts and has to go makes the numbers of the day
    /// approximate; one that half an hour still holds, those of half an hour.
    fn trim_views(&mut self, visitor: u32) {
        let list = self.view_list(visitor);
        if list.len() <= VIEWS_MAX {
            return;
        }
        // One that counts nowhere goes first.
        let worth = |v: &&u32| self.views.get(**v).map_or((false, 0), |w| (w.counted, w.heard));
        let Some(oldest) = list.iter().skip(1).min_by_key(worth) else { return };
        let (counted, until) = self.views.get(*oldest).map_or((false, 0), |w| (w.counted, w.heard + THIRTY));
        let site = self.visitors.get(visitor).and_then(|v| self.sites.get_mut(usize::from(v.site)));
        if let Some(place) = site {
            let kept = &mut place.site.kept;
            kept.approximate |= counted;
            kept.inexact_until = kept.inexact_until.max(until);
        }
        self.remove_view(visitor, *oldest);
    }

    fn change_view(&mut self, visitor: u32, index: u32, touch: &Touch) -> Outcome {
        let now = self.now;
        let mut outcome = Outcome::Taken;
        let private = self.visitors.get(visitor).is_some_and(|v| v.private);
        let Some(view) = self.views.get_mut(index) else { return outcome };
        if touch.kind == TouchKind::View {
            view.internal = touch.detail.internal();
        }
        let latest = touch.sequence >= view.sequence;
        view.sequence = view.sequence.max(touch.sequence);
        view.heard = view.heard.max(touch.at);
        // What was done on a page may be told when it is hidden or left already: only these say how it is now.
        let shown = match touch.kind {
            TouchKind::Hidden => Some(false),
            TouchKind::View => Some(touch.on),
            TouchKind::Visible | TouchKind::Beat => Some(true),
            _ => None,
        };
        if let Some(shown) = shown.filter(|_| latest) {
            // Heard again, whatever was thought before: the view is there.
            (view.closing, view.ended, view.gone, view.yielding) = (0, 0, false, false);
            let was = std::mem::replace(&mut view.visible, shown);
            if was || view.visible {
                view.seen = view.seen.max(touch.at);
            }
        }
        if touch.kind == TouchKind::Leave {
            view.ended = touch.at.max(view.began);
        }
        match touch.kind {
            // A begun view that begins again is heard, and still one view.
            TouchKind::View if !view.begun => {
                view.begun = true;
                self.succeed(visitor, index, touch);
                outcome = self.begin_view(visitor, index, touch);
            }
            // It has left before; its successor has begun; nobody's key could join it to one; or it was never seen.
            TouchKind::Leave if view.gone || view.yielding || private || view.never_seen() => {
                view.gone = true
            }
            TouchKind::Leave => {
                // From the event's own second, so that a replay of the journal finds the same.
                view.closing = touch.at + if touch.on { LEAVE_BY_LINK } else { LEAVE };
                view.gone = view.closing <= now;
                // A page is hidden in the moment it is left: it counts as it did before.
                view.visible = view.visible || view.seen + 1 >= touch.at;
                self.leave_after_successor(visitor, index);
            }
            _ => {}
        }
        outcome
    }

    /// A view begins: it takes the place of one that is closing; or of the visible one it came from, whose leave has
    /// been overtaken. So clicking through a site never changes V1.
    fn succeed(&mut self, visitor: u32, index: u32, touch: &Touch) {
        let now = self.now;
        let window = self.window_of(visitor);
        let others: Vec<u32> = self.view_list(visitor).into_iter().filter(|v| *v != index).collect();
        let closing = others
            .iter()
            .filter_map(|v| self.views.get(*v).map(|w| (*v, w)))
            .filter(|(_, w)| w.closing > now && w.active(now, window))
            .min_by_key(|(_, w)| w.closing)
            .map(|(v, _)| v);
        if let Some(view) = closing.and_then(|v| self.views.get_mut(v)) {
            view.gone = true;
            return;
        }
        if !touch.on || touch.from == OTHER {
            return;
        }
        let from = others.into_iter().find(|v| {
            self.views.get(*v).is_some_and(|w| {
                w.page == touch.from && w.visible && !w.yielding && w.closing == 0 && w.active(now, window)
            })
        });
        if let Some(view) = from.and_then(|v| self.views.get_mut(v)) {
            view.yielding = true;
        }
    }

    /// A leave whose successor had begun before it, taken for another view's: that one counts again, this one is gone.
    fn leave_after_successor(&mut self, visitor: u32, index: u32) {
        let page = self.views.get(index).map(|v| v.page);
        let other = self.view_list(visitor).into_iter().find(|v| {
            *v != index && self.views.get(*v).is_some_and(|w| w.yielding && !w.gone && Some(w.page) == page)
        });
        if let Some(other) = other.and_then(|v| self.views.get_mut(v)) {
            other.yielding = false;
            if let Some(view) = self.views.get_mut(index) {
                view.gone = true;
            }
        }
    }

    /// Counts the view, and the visit if it begins one.
    fn begin_view(&mut self, index: u32, view: u32, touch: &Touch) -> Outcome {
        let page = self.views.get(view).map_or(OTHER, |v| v.page);
        let Some(visitor) = self.visitors.get_mut(index) else { return Outcome::NoSite };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)) else { return Outcome::NoSite };
        let site = &mut place.site;
        site.kept.views_today += 1;
        site.minutes.note_view();
        if visitor.private {
            site.kept.private_today += 1;
            self.sum_up(index, Some(page), Metric::Views, 1);
            return Outcome::View { visit: 0, new_visit: false };
        }
        let new_visit = visitor.visit == 0 || touch.at >= visitor.heard + VISIT_GAP;
        let first_seen = new_visit || !visitor.pages().any(|seen| seen == page);
        let remembered = visitor.past_bytes();
        if new_visit {
            site.kept.visits_today += 1;
            visitor.begin_visit(touch.at, page);
            // It may begin by a view that is left already: then it has its time from now.
            visitor.absent = self.now;
        } else {
            visitor.walk(page);
        }
        self.past_bytes = self.past_bytes + visitor.past_bytes() - remembered;
        let visit = visitor.visit;
        if new_visit {
            self.set_profile(index, touch.profile);
            self.sum_up(index, Some(page), Metric::Visits, 1);
        }
        self.sum_up(index, Some(page), Metric::Views, 1);
        if first_seen {
            self.sum_up(index, Some(page), Metric::Saw, 1);
        }
        let kind = if new_visit { EntryKind::Start } else { EntryKind::View };
        self.enter(index, view, kind, touch.detail.view_kind(), super::names::NameId(0), 0);
        Outcome::View { visit, new_visit }
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
        let (visitor, page) = (view.visitor, view.page);
        if !std::mem::replace(&mut view.failed, true) {
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

impl View {
    /// Nothing but hidden and leave was ever heard of the view.
    fn never_seen(&self) -> bool {
        !self.begun && self.seen == 0
    }
}
