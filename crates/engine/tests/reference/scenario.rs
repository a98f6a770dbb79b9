//! What a test plays: a few sites, and what happens on them.

use qahm_engine::live::Second;
use qahm_engine::live::touch::Touch;
use qahm_event::SiteId;

use super::random::Random;
use super::traffic::{self, Traffic};
use super::zone::{ZONES, Zone};

/// Pages every site knows; touches may name one more, which is "(other)".
pub(crate) const PAGES: u32 = 6;

#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: SiteId,
    pub(crate) zone: &'static Zone,
    pub(crate) window: Second,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Touch(Touch),
    /// The window of the site with this number is changed.
    Window(usize, Second),
    /// The site is removed.
    Forget(usize),
    /// It is there again, and new.
    Add(usize),
}

/// Something drained at a second.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) second: Second,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Changes of the window among them.
    Everything,
    /// Without these: a restart reads its past with the window of the present.
    Exact,
    /// Everything, and sites are removed and added again.
    Forgetting,
}

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) start: Second,
    /// Unix time = second + this.
    pub(crate) offset: i64,
    pub(crate) places: Vec<Place>,
    pub(crate) happenings: Vec<Happening>,
}

impl Scenario {
    /// One to three sites around a midnight or a change of the clock of the first.
    pub(crate) fn random(seed: u64, kind: Kind) -> Scenario {
        let exact = kind == Kind::Exact;
        let mut random = Random::new(seed);
        let first = &ZONES[random.between(0, ZONES.len() as u32 - 1) as usize];
        let length = random.pick(&[900, 3600, 7200, 10_800]);
        let unix = random.pick(&first.interesting()) - i64::from(random.between(0, length));
        let start = (1 << 20) + random.between(0, 5000);
        let offset = unix - i64::from(start);
        let places: Vec<Place> = (0..random.pick(&[1, 1, 2, 3]))
            .map(|n| Place {
                id: SiteId(0x5173_0000 + n),
                zone: if n == 0 { first } else { &ZONES[random.between(0, ZONES.len() as u32 - 1) as usize] },
                window: random.pick(&[60, 60, 60, 61, 90, 120, 300, 600]),
            })
            .collect();
        let end = start + length;
        let mut happenings = Vec::new();
        for (n, place) in places.iter().enumerate() {
            let traffic = Traffic { site: place.id, zone: place.zone, start, end, offset };
            happenings.extend(traffic::random(&mut random, &traffic));
            if !exact && random.chance(15) {
                let (second, window) = (random.between(start, end), random.pick(&[60, 75, 180, 600]));
                happenings.push(Happening { second, what: What::Window(n, window) });
            }
            let mut second = random.between(start, end);
            while kind == Kind::Forgetting && second < end {
                happenings.push(Happening { second, what: What::Forget(n) });
                second += random.between(0, 1200);
                happenings.push(Happening { second, what: What::Add(n) });
                second += random.between(0, 2400);
            }
        }
        happenings.sort_by_key(|h| h.second);
        Scenario { seed, start, offset, places, happenings }
    }

    /// Leaves out what is not needed for `fails` to stay true: what remains is short enough to be read.
    pub(crate) fn shrink(mut self, fails: impl Fn(&Scenario) -> bool) -> Scenario {
        let mut size = self.happenings.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < self.happenings.len() {
                let mut less = self.clone();
                less.happenings.drain(at..(at + size).min(self.happenings.len()));
                if fails(&less) {
                    self = less;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        self
    }

    /// As text, for a failure.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("start {} (unix {})\n", self.start, i64::from(self.start) + self.offset);
        for place in &self.places {
            text += &format!("site {} {} window {}\n", place.id, place.zone.name, place.window);
        }
        for happening in &self.happenings {
            let after = happening.second - self.start;
            text += &match &happening.what {
                What::Window(site, window) => format!("+{after} site {site}: window {window}\n"),
                What::Forget(site) => format!("+{after} site {site}: forgotten\n"),
                What::Add(site) => format!("+{after} site {site}: added\n"),
                What::Touch(t) => format!(
                    "+{after} (-{}) site {} key {:x} view {:x} n={} {:?} on={} private={} page {} from {}\n",
                    happening.second - t.at,
                    t.site,
                    t.key.0,
                    t.view,
                    t.sequence,
                    t.kind,
                    t.on,
                    t.private,
                    t.page.0,
                    t.from.0,
                ),
            };
        }
        text
    }
}
