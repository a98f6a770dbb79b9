//! Bots by their behaviour: a browser driven by a program opens page after page and nobody looks at any of them.
//!
//! What is counted is *glances*: views that ended, or passed half of the active window, without a sign of a person: no
//! engaged time (which takes a pointer, a key, a scroll), no beat, no click, no form. A key with more than `GLANCES` of
//! them at a time is a bot's, and its further views are set aside, until it goes slower.
//!
//! An office, a school or a mobile network shares an address and a browser, so a key alone may be hundreds of people
//! who open a page in the same moment. They are safe in three ways: a view that stands open is no glance until it had
//! time to beat; each person who is engaged on any page allows for more; and a view that was set aside and turns out to be
//! a person's is heard from then on.
//!
//! Memory is bounded: a table of fixed size finds the keys that are quick, and only those are looked at.

use std::collections::{HashMap, VecDeque};

use qahm_event::SiteId;

use crate::live::Second;
use crate::live::visitor::VisitorKey;

/// Views that a key begins within `QUICK` seconds before it is looked at.
const SUSPECT: u16 = 20;
const QUICK: Second = 60;
/// Glances of one key in the time looked back on that may be a person's.
const GLANCES: usize = 40;
/// Further ones for each person of the key: tabs opened in the background, pages clicked through.
const PER_PERSON: usize = 5;
/// Glances count for so many seconds after they could be told from others.
const MEMORY: Second = 60;
/// Views remembered of one key; a key with more is judged at once.
const VIEWS: usize = 512;
/// … and of all keys together: 1 MiB.
const VIEWS_ALL: usize = 64 << 10;
/// Places of the table that finds quick keys: 128 KiB.
const PLACES: usize = 8192;

/// What an event says of who is behind its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    None,
    /// The view ended.
    Ended,
    /// It still stood open later.
    Alive,
    /// Somebody did something.
    Person,
}

/// How quick the keys of one place are.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    key: u64,
    /// When the count began.
    since: Second,
    views: u16,
}

/// One view of a quick key.
#[derive(Debug, Clone, Copy)]
struct Look {
    view: u64,
    at: Second,
    sign: Sign,
    aside: bool,
}

/// The keys that are quick, and what became of their views.
#[derive(Debug, Default)]
pub(super) struct Pace {
    places: Vec<Place>,
    suspects: HashMap<(SiteId, VisitorKey), VecDeque<Look>>,
    views: usize,
}

impl Pace {
    /// A view of a key begins; `window` is the site's active window. Answers whether it is to be set aside.
    pub(super) fn begin(
        &mut self,
        site: SiteId,
        key: VisitorKey,
        view: u64,
        now: Second,
        window: Second,
    ) -> bool {
        if !self.suspects.contains_key(&(site, key)) {
            if !self.quick(site, key, now) {
                return false;
            }
            self.suspect(site, key, now, window);
        }
        let aside = self.judge(site, key, now, window);
        let room = self.views < VIEWS_ALL;
        let Some(looks) = self.suspects.get_mut(&(site, key)) else { return false };
        if let Some(known) = looks.iter().rev().find(|look| look.view == view) {
            return known.aside;
        }
        while looks.len() >= VIEWS || looks.front().is_some_and(|look| old(look.at, now, window)) {
            looks.pop_front();
            self.views -= 1;
        }
        if room {
            looks.push_back(Look { view, at: now, sign: Sign::None, aside });
            self.views += 1;
        }
        aside
    }

    /// Whether a view of this key that begins now would be set aside.
    pub(super) fn judge(&self, site: SiteId, key: VisitorKey, now: Second, window: Second) -> bool {
        let Some(looks) = self.suspects.get(&(site, key)) else { return false };
        // Too many to wait until they had time to beat.
        let patience = if looks.len() >= VIEWS { 0 } else { window / 2 };
        let (mut glances, mut people) = (0, 0);
        for look in looks.iter().filter(|look| !old(look.at, now, window)) {
            match look.sign {
                Sign::Person => people += 1,
                Sign::Ended => glances += 1,
                Sign::None if look.at + patience <= now => glances += 1,
                Sign::None | Sign::Alive => {}
            }
        }
        glances > GLANCES + PER_PERSON * people
    }

    /// An event of a view of a key. Answers whether the view was set aside, and the event with it.
    pub(super) fn hear(&mut self, site: SiteId, key: VisitorKey, view: u64, now: Second, sign: Sign) -> bool {
        if self.suspects.is_empty() {
            return false;
        }
        let room = self.views < VIEWS_ALL;
        let Some(looks) = self.suspects.get_mut(&(site, key)) else { return false };
        if let Some(look) = looks.iter_mut().rev().find(|look| look.view == view) {
            match (look.sign, sign) {
                (_, Sign::Person) => (look.sign, look.at, look.aside) = (sign, now, false),
                (Sign::None, Sign::Alive | Sign::Ended) => look.sign = sign,
                _ => {}
            }
            return look.aside;
        }
        // Somebody on a page that was there before the key became quick.
        if sign == Sign::Person && room && looks.len() < VIEWS {
            looks.push_back(Look { view, at: now, sign, aside: false });
            self.views += 1;
        }
        false
    }

    /// Counts a view of a key; quick ones keep their place in the table, others are crowded out.
    fn quick(&mut self, site: SiteId, key: VisitorKey, now: Second) -> bool {
        if self.places.is_empty() {
            self.places = vec![Place::default(); PLACES];
        }
        let key = key.0 ^ site.0.rotate_left(32);
        let Some(place) = self.places.get_mut(key as usize % PLACES) else { return false };
        if place.since + QUICK <= now {
            *place = Place { key, since: now, views: 0 };
        }
        if place.key == key {
            place.views = place.views.saturating_add(1);
        } else if place.views > 1 {
            place.views -= 1;
        } else {
            *place = Place { key, since: now, views: 1 };
        }
        place.key == key && place.views >= SUSPECT
    }

    /// Looks at a key from now on, and no more at those that have become slow.
    fn suspect(&mut self, site: SiteId, key: VisitorKey, now: Second, window: Second) {
        self.suspects.retain(|_, looks| looks.back().is_some_and(|look| !old(look.at, now, window)));
        self.views = self.suspects.values().map(VecDeque::len).sum();
        if self.views < VIEWS_ALL && self.suspects.len() < PLACES {
            self.suspects.insert((site, key), VecDeque::new());
        }
    }
}

fn old(at: Second, now: Second, window: Second) -> bool {
    at + window / 2 + MEMORY <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: SiteId = SiteId(7);
    const KEY: VisitorKey = VisitorKey(9);

    #[test]
    fn glances_are_a_bot_and_people_are_not() {
        let mut pace = Pace::default();
        // Two pages a second, each left at once.
        let aside = |pace: &mut Pace, from: Second, sign: Sign| {
            (0..240u32)
                .filter(|n| {
                    let (view, now) = (u64::from(from + n), from + n / 2);
                    let aside = pace.begin(SITE, KEY, view, now, 60);
                    pace.hear(SITE, KEY, view, now, sign);
                    aside
                })
                .count()
        };
        assert_eq!(aside(&mut pace, 1000, Sign::Ended), 240 - (usize::from(SUSPECT) - 1) - GLANCES - 1);
        assert!(pace.judge(SITE, KEY, 1120, 60));
        assert!(!pace.judge(SITE, KEY, 1120 + 90, 60), "it has stopped");
        assert_eq!(aside(&mut pace, 3000, Sign::Person), 0);
        assert_eq!(aside(&mut pace, 5000, Sign::Alive), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut pace = Pace::default();
        for n in 0..400_000u64 {
            pace.begin(SITE, VisitorKey(1 + n % 9000), n, 1000 + (n / 20_000) as u32, 60);
        }
        let held: usize = pace.suspects.values().map(VecDeque::len).sum();
        assert_eq!(held, pace.views);
        assert!(held <= VIEWS_ALL && pace.suspects.len() <= PLACES, "{held}, {}", pace.suspects.len());
        assert!(pace.suspects.values().all(|looks| looks.len() <= VIEWS));
    }
}
