//! One visitor: its views, its visit and what it adds to each window.

use super::Second;
use super::pages::PageId;
use super::profiles::ProfileId;
use super::slab::NIL;
use super::wheel::Timer;
pub use crate::enrich::visitor::VisitorKey;

/// Pages of a visit that are remembered after the one it began on.
pub const JOURNEY: usize = 50;

/// One page view. 64 bytes; a visitor's views form a list through `next`.
#[derive(Debug, Clone)]
pub struct View {
    pub id: u64,
    pub visitor: u32,
    pub next: u32,
    pub page: PageId,
    /// Last heard from.
    pub heard: Second,
    /// Last known visible; orders the views when all are hidden.
    pub seen: Second,
    /// Highest event sequence taken; what is not above it is a duplicate.
    pub sequence: u32,
    /// When a closed view leaves; 0 = open.
    pub closing: Second,
    /// First heard from, and when its leave came; 0 = it did not.
    pub began: Second,
    pub ended: Second,
    /// Seconds engaged.
    pub engaged: u16,
    /// Highest depth in %.
    pub scroll: u8,
    /// Taller than 1.2 screens, and its depth is known.
    pub tall: bool,
    /// An uncaught JavaScript error of the site's own files.
    pub failed: bool,
    /// The visitor came from a page of the site.
    pub internal: bool,
    pub visible: bool,
    /// The view event itself was counted. An event that overtook it makes the view known, not counted.
    pub begun: bool,
    /// Left for good, kept only to recognise duplicates.
    pub gone: bool,
    /// A view that came from this page has begun and this one's leave is on its way: not counted until heard again.
    pub yielding: bool,
    /// Counted in its page's active number.
    pub counted: bool,
}

impl View {
    /// Heard from within the window and not left.
    pub fn active(&self, now: Second, window: Second) -> bool {
        !self.gone && (self.closing == 0 || self.closing > now) && self.heard + window > now
    }

    /// Seconds on the page as far as they were heard of.
    pub fn known_time(&self) -> Second {
        let end = if self.ended == 0 { self.heard } else { self.ended };
        end.saturating_sub(self.began)
    }

    /// Seconds on the page: until it was closed, until now while it counts as active, else until it was last heard from.
    pub fn time(&self, now: Second, window: Second) -> Second {
        let end = match self.ended {
            0 if self.active(now, window) => now,
            0 => self.heard,
            ended => ended,
        };
        end.saturating_sub(self.began)
    }
}

/// One visitor key's live state.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub key: VisitorKey,
    pub timer: Timer,
    pub site: u16,
    /// Visitors this key counts as in V1 now.
    pub active: u16,
    /// … in the last 5 and 30 minutes, and today.
    pub five: u16,
    pub thirty: u16,
    pub today: u16,
    /// Private (GPC or DNT): the key is the view's own; counted in V1 and P2 only.
    pub private: bool,
    /// A page that the visit saw is in its journey no more: what is told of the page (P4) lacks the visit.
    pub forgot: bool,
    /// Low 16 bits of the day `today` speaks of.
    pub day: u16,
    /// First of its views, or `NIL`.
    pub views: u32,
    pub heard: Second,
    /// When the visit in progress began; 0 = none.
    pub visit: Second,
    /// Views of the visit.
    pub visit_views: u16,
    pub entry: PageId,
    /// The page of the view that began last.
    pub exit: PageId,
    pub profile: ProfileId,
    /// Seconds engaged in the visit.
    pub engaged: u32,
    /// The first second in which the key was not in V1 any more; 0 = it is.
    pub absent: Second,
    /// When the visit left; 0 = it did not.
    pub left: Second,
    /// The feed's entry that says so.
    pub left_entry: u64,
    /// The pages of the visit between `entry` and `exit`, the last `JOURNEY` − 1 of them. Most visits have none.
    pub journey: Option<Box<Vec<PageId>>>,
    /// Higher numbers that `active` was: (last second of it, number). A later one is lower, or the earlier one would not
    /// matter: so there are never more of them than the highest number. Most visitors never need it.
    pub past: Option<Box<Vec<(Second, u16)>>>,
}

impl Visitor {
    pub fn new(key: VisitorKey, site: u16, private: bool) -> Visitor {
        Visitor {
            key,
            timer: Timer::OFF,
            site,
            active: 0,
            five: 0,
            thirty: 0,
            today: 0,
            private,
            forgot: false,
            day: 0,
            views: NIL,
            heard: 0,
            visit: 0,
            visit_views: 0,
            entry: PageId(0),
            exit: PageId(0),
            profile: ProfileId(0),
            engaged: 0,
            absent: 0,
            left: 0,
            left_entry: 0,
            journey: None,
            past: None,
        }
    }

    /// A visit begins on a page.
    pub fn begin_visit(&mut self, at: Second, page: PageId) {
        self.visit = at.max(1);
        self.visit_views = 1;
        (self.entry, self.exit) = (page, page);
        (self.engaged, self.left, self.left_entry) = (0, 0, 0);
        self.journey = None;
        self.forgot = false;
    }

    /// The visit goes on to a page.
    pub fn walk(&mut self, page: PageId) {
        let last = std::mem::replace(&mut self.exit, page);
        if self.visit_views > 1 {
            let journey = self.journey.get_or_insert_default();
            journey.push(last);
            if journey.len() >= JOURNEY {
                let oldest = journey.remove(0);
                let known = self.pages().any(|seen| seen == oldest);
                self.forgot |= !known;
            }
        }
        self.visit_views = self.visit_views.saturating_add(1);
    }

    /// The pages of the visit in order, the first one and the last `JOURNEY`.
    pub fn pages(&self) -> impl Iterator<Item = PageId> {
        let between = self.journey.iter().flat_map(|pages| pages.iter().copied());
        let last = (self.visit_views > 1).then_some(self.exit);
        std::iter::once(self.entry).chain(between).chain(last)
    }

    /// The visit is out of V1 and has not left yet.
    pub fn departing(&self) -> bool {
        self.visit != 0 && self.left == 0 && self.absent != 0 && !self.private
    }

    /// M4: one view, and engaged for less than 10 s.
    pub fn bounced(&self) -> bool {
        self.visit_views <= 1 && self.engaged < 10
    }

    /// Sets what the visitor counts as; what it was stood until second `last`, that one included.
    pub fn count_as(&mut self, number: u16, last: Second) {
        let was = std::mem::replace(&mut self.active, number);
        // Everybody counts as 1 at least: only higher numbers need memory, and only when they fall.
        if was > 1 && number < was {
            let past = self.past.get_or_insert_default();
            while past.pop_if(|p| p.1 <= was).is_some() {}
            past.push((last, was));
        }
    }

    /// The highest number of one moment in the seconds `now − window + 1 … now`; 0 when not heard from in them.
    pub fn highest(&self, now: Second, window: Second) -> u16 {
        if self.heard + window <= now {
            return 0;
        }
        let past = self.past.iter().flat_map(|p| p.iter()).find(|p| p.0 + window > now).map_or(0, |p| p.1);
        past.max(self.active).max(1)
    }

    /// Bytes that `past` and `journey` take beside the visitor, estimated.
    pub fn past_bytes(&self) -> usize {
        const ALLOCATIONS: usize = 56;
        let past = self.past.as_ref().map_or(0, |p| ALLOCATIONS + p.len() * size_of::<(Second, u16)>());
        past + self.journey.as_ref().map_or(0, |j| ALLOCATIONS + j.len() * size_of::<PageId>())
    }

    /// Forgets what no window reaches any more.
    pub fn prune(&mut self, now: Second, longest: Second) {
        let Some(past) = &mut self.past else { return };
        let passed = past.iter().take_while(|p| p.0 + longest <= now).count();
        past.drain(..passed);
        if past.is_empty() {
            self.past = None;
        }
    }

    /// When `highest` over `window` may next fall, or `None`.
    pub fn next_fall(&self, now: Second, window: Second) -> Option<Second> {
        let past = self.past.iter().flat_map(|p| p.iter()).map(|p| p.0 + window);
        past.chain([self.heard + window]).filter(|t| *t > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_counts_as_its_highest_moment_of_the_window() {
        let mut v = Visitor::new(VisitorKey(1), 0, false);
        v.heard = 100;
        v.count_as(1, 100);
        assert!(v.past.is_none());
        v.count_as(3, 110);
        v.count_as(1, 120);
        v.heard = 500;
        assert_eq!(v.highest(130, 300), 3);
        // 3 stood until second 120: the window of 300 s holds it until second 419.
        assert_eq!(v.next_fall(400, 300), Some(420));
        assert_eq!(v.highest(419, 300), 3);
        assert_eq!(v.highest(420, 300), 1);
        v.prune(2500, 1800);
        assert!(v.past.is_none());
        assert_eq!(v.highest(800, 300), 0);
    }

    #[test]
    fn a_busy_office_is_remembered_exactly_and_briefly() {
        let mut v = Visitor::new(VisitorKey(1), 0, false);
        v.heard = 10_000;
        v.count_as(50, 1000);
        for n in 0..2000 {
            v.count_as(if n % 2 == 0 { 20 } else { 21 }, 1000 + n);
        }
        assert_eq!(v.past.as_deref(), Some(&vec![(1000, 50), (2998, 21)]));
        assert_eq!(v.highest(1299, 300), 50);
        assert_eq!(v.highest(1300, 300), 21);
    }
}
