//! The life of a view: it begins, takes the place of another one, is left, comes back.

use super::apply::Outcome;
use super::facts::{EntryKind, Metric};
use super::pages::{OTHER, PageId};
use super::slab::NIL;
use super::touch::{Touch, TouchKind};
use super::visitor::View;
use super::{LEAVE, LEAVE_BY_LINK, Live, THIRTY, VISIT_GAP};

/// Views of one visitor kept in memory; beyond it the oldest are forgotten.
const VIEWS_MAX: usize = 64;

impl Live {
    /// Adds the view that this is the first event of, at the head of its visitor's list.
    pub(super) fn add_view(&mut self, visitor: u32, touch: &Touch) -> u32 {
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

    /// What an event changes of its view, and what is counted by it.
    pub(super) fn change_view(&mut self, visitor: u32, index: u32, touch: &Touch) -> Outcome {
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
        let (page, failed) = self.views.get(view).map_or((OTHER, false), |v| (v.page, v.failed));
        let Some(visitor) = self.visitors.get_mut(index) else { return Outcome::NoSite };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)) else { return Outcome::NoSite };
        let site = &mut place.site;
        site.kept.views_today += 1;
        site.minutes.note_view();
        if visitor.private {
            site.kept.private_today += 1;
            self.count_view(index, page, failed);
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
        self.count_view(index, page, failed);
        if first_seen {
            self.sum_up(index, Some(page), Metric::Saw, 1);
        }
        let kind = if new_visit { EntryKind::Start } else { EntryKind::View };
        self.enter(index, view, kind, touch.detail.view_kind(), super::names::NameId(0), 0);
        Outcome::View { visit, new_visit }
    }

    /// Sums up a view that begins. Its error may have overtaken it.
    fn count_view(&mut self, visitor: u32, page: PageId, failed: bool) {
        self.sum_up(visitor, Some(page), Metric::Views, 1);
        if failed {
            self.sum_up(visitor, Some(page), Metric::FailedViews, 1);
        }
    }
}

impl View {
    /// Nothing but hidden and leave was ever heard of the view.
    fn never_seen(&self) -> bool {
        !self.begun && self.seen == 0
    }
}
