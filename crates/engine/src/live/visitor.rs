//! One visitor: its views, its visit and what it adds to each window.

use super::Second;
use super::pages::PageId;
use super::slab::NIL;
use super::wheel::Timer;

/// A keyed hash that names a visitor for a day (FEATURES V). Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VisitorKey(pub u64);

/// One page view. 48 bytes; a visitor's views form a list through `next`.
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
    /// What `active` was, when it ever was above 1: (since, number), oldest first. Most visitors never need it.
    pub past: Option<Box<Vec<(Second, u16)>>>,
}

/// Changes of `active` remembered at most; beyond it the oldest are merged.
const PAST_MAX: usize = 64;

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
            day: 0,
            views: NIL,
            heard: 0,
            visit: 0,
            visit_views: 0,
            entry: PageId(0),
            past: None,
        }
    }

    /// Notes that `active` is `number` from `now` on. Numbers of 0 and 1 need no memory unless a higher one stands.
    pub fn note(&mut self, now: Second, number: u16) {
        if number <= 1 && self.past.is_none() {
            return;
        }
        let before = self.active.min(1);
        let past = self.past.get_or_insert_with(|| Box::new(vec![(0, before)]));
        match past.last_mut() {
            // Within one second the highest moment counts, and the last one goes on.
            Some(last) if last.0 == now && number >= last.1 => last.1 = number,
            Some(last) if last.1 == number => {}
            _ => past.push((now, number)),
        }
        if past.len() > PAST_MAX {
            let merged = past.iter().take(2).map(|p| p.1).max().unwrap_or(0);
            past.remove(0);
            if let Some(first) = past.first_mut() {
                first.1 = merged;
            }
        }
    }

    /// The highest number of one moment in the seconds `now − window + 1 … now`; 0 when not heard from in them.
    pub fn highest(&self, now: Second, window: Second) -> u16 {
        if self.heard + window <= now {
            return 0;
        }
        let Some(past) = &self.past else { return 1 };
        let from = now.saturating_sub(window - 1);
        let mut highest = self.active.max(1);
        for (n, (_, number)) in past.iter().enumerate() {
            // A number stands until the next one replaces it: within that second it still stood for a moment.
            let until = past.get(n + 1).map_or(Second::MAX, |next| next.0);
            if until >= from {
                highest = highest.max(*number);
            }
        }
        highest
    }

    /// Forgets what no window reaches any more.
    pub fn prune(&mut self, now: Second, longest: Second) {
        let Some(past) = &mut self.past else { return };
        let from = now.saturating_sub(longest - 1);
        let keep = past.iter().skip(1).take_while(|p| p.0 < from).count();
        past.drain(..keep);
        if self.active <= 1 && past.iter().all(|p| p.1 <= 1) {
            self.past = None;
        }
    }

    /// When `highest` over `window` may next fall, or `None`.
    pub fn next_fall(&self, now: Second, window: Second) -> Option<Second> {
        let heard = Some(self.heard + window).filter(|t| *t > now);
        let past =
            self.past.as_ref().and_then(|past| past.iter().skip(1).map(|p| p.0 + window).find(|t| *t > now));
        match (heard, past) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_counts_as_its_highest_moment_of_the_window() {
        let mut v = Visitor::new(VisitorKey(1), 0, false);
        v.heard = 100;
        v.active = 1;
        v.note(100, 1);
        assert!(v.past.is_none());
        v.note(110, 3);
        v.active = 3;
        v.note(120, 1);
        v.active = 1;
        v.heard = 500;
        assert_eq!(v.highest(130, 300), 3);
        // 3 stood until second 120: the window of 300 s holds it until second 419.
        assert_eq!(v.highest(419, 300), 3);
        assert_eq!(v.highest(420, 300), 1);
        assert_eq!(v.next_fall(400, 300), Some(410));
        v.prune(2500, 1800);
        assert!(v.past.is_none());
        assert_eq!(v.highest(800, 300), 0);
    }
}
