//! The numbers of one site at any moment, each from the whole lists.

use std::collections::BTreeMap;

use qahm_engine::live::Second;
use qahm_engine::live::apply::Outcome;
use qahm_engine::live::touch::Touch;

use super::key::Key;
use super::zone::Zone;
use super::{FIVE, THIRTY};

/// What is shown of a site. `PartialEq` is the comparison with the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) active: u32,
    pub(crate) five: u64,
    pub(crate) thirty: u64,
    pub(crate) today: u64,
    pub(crate) views_today: u64,
    pub(crate) visits_today: u64,
    pub(crate) private_today: u64,
    pub(crate) peak: u32,
    pub(crate) peak_at: i64,
    pub(crate) day: i64,
    /// Pages with active visitors.
    pub(crate) pages: BTreeMap<u32, u32>,
    pub(crate) minutes: Vec<u32>,
    pub(crate) minute_views: Vec<u32>,
    pub(crate) approximate: bool,
}

/// What a key was from one of its events, or a change of the window, to the next.
#[derive(Debug)]
struct Standing {
    since: Second,
    window: Second,
    heard_now: bool,
    key: Key,
}

#[derive(Debug)]
pub(crate) struct Reference {
    /// The site is known since.
    began: Second,
    /// Unix time = second + this.
    offset: i64,
    zone: &'static Zone,
    window: Second,
    pages: u32,
    keys: BTreeMap<u64, Vec<Standing>>,
    /// V1 after each event and each change of the window.
    curve: Vec<(Second, u32)>,
    /// When each view was counted, and whether it was private and began a visit.
    views: Vec<(Second, bool, bool)>,
}

impl Reference {
    /// A site with pages 1 … `pages`.
    pub(crate) fn new(began: Second, offset: i64, zone: &'static Zone, window: Second, pages: u32) -> Self {
        let (keys, curve, views) = Default::default();
        Reference { began, offset, zone, window, pages, keys, curve, views }
    }

    /// The key an event belongs to: that of its view, if the view is remembered.
    pub(crate) fn owner(&self, now: Second, touch: &Touch) -> u64 {
        let remembers = |standings: &Vec<Standing>| {
            let views = standings.last().map(|s| s.key.views.iter());
            views.into_iter().flatten().any(|v| v.id == touch.view && !v.forgotten(now))
        };
        self.keys.iter().find(|(_, s)| remembers(s)).map_or(touch.key.0, |(key, _)| *key)
    }

    /// An event is drained at second `now`.
    pub(crate) fn hear(&mut self, now: Second, touch: &Touch) -> Outcome {
        let owner = self.owner(now, touch);
        let standings = self.keys.entry(owner).or_default();
        let new = Key { private: touch.private, ..Key::default() };
        let mut key = standings.last().map_or(new, |s| s.key.clone());
        let page = if touch.page.0 <= self.pages { touch.page.0 } else { 0 };
        let Some(outcome) = key.hear(now, self.window, touch, page) else { return Outcome::Duplicate };
        if let Outcome::View { new_visit, .. } = outcome {
            self.views.push((now, key.private, new_visit));
        }
        standings.push(Standing { since: now, window: self.window, heard_now: true, key });
        self.curve.push((now, self.active(now)));
        outcome
    }

    pub(crate) fn set_window(&mut self, now: Second, window: Second) {
        self.window = window;
        for standings in self.keys.values_mut() {
            if let Some(last) = standings.last() {
                let key = last.key.clone();
                standings.push(Standing { since: now, window, heard_now: false, key });
            }
        }
        self.curve.push((now, self.active(now)));
    }

    /// V1 at the end of second `now`.
    fn active(&self, now: Second) -> u32 {
        self.keys.values().filter_map(|s| s.last()).map(|s| s.key.number(now, s.window)).sum()
    }

    /// V1 at the beginning of second `now`.
    fn active_at_beginning(&self, now: Second) -> u32 {
        let before =
            |s: &Vec<Standing>| s.iter().rfind(|s| s.since < now).map_or(0, |s| s.key.number(now, s.window));
        self.keys.values().map(before).sum()
    }

    /// The highest V1 of the seconds `from` … `to`, and the first second that had it.
    fn highest(&self, from: Second, to: Second) -> (u32, Second) {
        let mut highest = (self.active_at_beginning(from), from);
        for (second, active) in self.curve.iter().filter(|c| (from..=to).contains(&c.0)) {
            if *active > highest.0 {
                highest = (*active, *second);
            }
        }
        highest
    }

    /// The highest number of one key at one moment of the seconds `from` … `to`.
    fn highest_of(standings: &[Standing], from: Second, to: Second) -> u32 {
        let mut highest = 0;
        for (n, standing) in standings.iter().enumerate() {
            // In the second in which the next one follows it still stood for a moment.
            let last = standings.get(n + 1).map_or(to, |next| next.since.min(to));
            let first = standing.since.max(from);
            if first <= last {
                // Time alone only takes views away, so the first second is the highest.
                highest = highest.max(standing.key.number(first, standing.window));
            }
        }
        highest
    }

    /// Visitors of the last `window` seconds.
    fn visitors(&self, now: Second, window: Second) -> u64 {
        let known = self.keys.values().filter(|s| s.last().is_some_and(|s| !s.key.private));
        let heard = known.filter(|s| s.last().is_some_and(|s| s.key.heard + window > now));
        heard.map(|s| u64::from(Self::highest_of(s, now + 1 - window, now).max(1))).sum()
    }

    /// Keys heard from in the last `window` seconds, however many visitors each counts as.
    pub(crate) fn keys(&self, now: Second, window: Second) -> u64 {
        let known = self.keys.values().filter_map(|s| s.last()).filter(|s| !s.key.private);
        known.filter(|s| s.key.heard + window > now).count() as u64
    }

    /// The first second of the local day in which the site was known.
    pub(crate) fn midnight(&self, now: Second) -> Second {
        let midnight = self.zone.day_began(i64::from(now) + self.offset) - self.offset;
        midnight.max(i64::from(self.began)) as Second
    }

    /// Every number at the end of second `now`, which must not lie before the last event.
    pub(crate) fn numbers(&self, now: Second) -> Numbers {
        let unix = i64::from(now) + self.offset;
        let midnight = self.midnight(now);
        let today =
            |s: &&Vec<Standing>| s.iter().any(|s| s.heard_now && !s.key.private && s.since >= midnight);
        let views: Vec<_> = self.views.iter().filter(|v| v.0 >= midnight).collect();
        let (peak, peak_at) = self.highest(midnight, now);
        let mut pages = BTreeMap::new();
        for page in self.keys.values().filter_map(|s| s.last()).flat_map(|s| s.key.visitors(now, s.window)) {
            *pages.entry(page).or_default() += 1;
        }
        let minutes = (0..30).rev().map(|ago| self.minute(unix.div_euclid(60) - ago, now));
        let (minutes, minute_views) = minutes.unzip();
        Numbers {
            active: self.active(now),
            five: self.visitors(now, FIVE),
            thirty: self.visitors(now, THIRTY),
            today: self
                .keys
                .values()
                .filter(today)
                .map(|s| u64::from(Self::highest_of(s, midnight, now).max(1)))
                .sum(),
            views_today: views.len() as u64,
            visits_today: views.iter().filter(|v| v.2).count() as u64,
            private_today: views.iter().filter(|v| v.1).count() as u64,
            peak,
            peak_at: i64::from(peak_at) + self.offset,
            day: self.zone.day(unix),
            pages,
            minutes,
            minute_views,
            approximate: false,
        }
    }

    /// Highest V1 and views of a minute of wall time.
    fn minute(&self, number: i64, now: Second) -> (u32, u32) {
        let (first, last) = (number * 60 - self.offset, number * 60 + 59 - self.offset);
        if last < i64::from(self.began) {
            return (0, 0);
        }
        let first = first.max(i64::from(self.began)) as Second;
        let last = (last as Second).min(now);
        let views = self.views.iter().filter(|v| (first..=last).contains(&v.0)).count();
        (self.highest(first, last).0, views as u32)
    }
}
