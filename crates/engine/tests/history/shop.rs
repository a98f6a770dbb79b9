//! A site with random traffic, and everything that was committed of it as plain lists.

use std::collections::BTreeMap;
use std::time::Duration;

use qahm_engine::calendar::Calendar;
use qahm_engine::clock::Mark;
use qahm_engine::history::{Asked, Error, History, HistoryQuestion};
use qahm_engine::live::Live;
use qahm_engine::live::facts::{Cell, Dim, METRICS, Metric, Metrics, Request, Timing, UNTOLD};
use qahm_engine::live::minutes::Minute;
use qahm_engine::live::names::{NameId, NameKind};
use qahm_engine::live::pages::{Meta, Page, PageId};
use qahm_engine::live::profiles::{Profile, ProfileId};
use qahm_engine::store::Store;
use qahm_engine::store::batch::{Batch, RequestRow, TimingRow};
use qahm_event::SiteId;
use serde_json::Value;

pub(crate) const SITE: SiteId = SiteId(0xfeed_0000_0000_0001);
const PAGES: u32 = 12;
const PROFILES: u32 = 9;

/// xorshift: the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(0x9e37_79b9_7f4a_7c15 ^ (seed + 1))
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

pub(crate) struct Shop {
    directory: tempfile::TempDir,
    pub(crate) store: Store,
    history: History,
    pub(crate) calendar: Calendar,
    pub(crate) random: Random,
    pub(crate) unix: i64,
    batch: Batch,
    pub(crate) cells: BTreeMap<(i64, Dim, u32), Metrics>,
    /// Unix ms, page, load.
    pub(crate) times: Vec<(i64, u32, Option<u32>)>,
    /// Unix ms, page, queries; of no bot.
    pub(crate) requests: Vec<(i64, u32, u32)>,
    /// Highest V1.
    pub(crate) minutes: BTreeMap<i64, u32>,
}

/// Two numbers have the same path: the page was forgotten, and came back.
pub(crate) fn path(page: u32) -> String {
    if page == 0 { "(other)".into() } else { format!("/p{}", page % 10) }
}

pub(crate) fn profile(id: u32) -> Option<Profile> {
    (1..=PROFILES).contains(&id).then(|| Profile {
        private: id == 9,
        country: [None, Some(*b"FR"), Some(*b"DE")][id as usize % 3],
        city: ["", "Lyon"][id as usize % 2].into(),
        channel: (id % 4) as u8,
        source: ["", "a.example", "b.example"][id as usize % 3].into(),
        utm_source: ["", "news"][usize::from(id == 5)].into(),
        utm_medium: ["", "m"][usize::from(id == 5)].into(),
        utm_campaign: "".into(),
        device: (id % 4) as u8,
        browser: ["Firefox", "Safari"][id as usize % 2].into(),
        os: "Linux".into(),
    })
}

/// The value of rank ⌈q·n⌉.
pub(crate) fn quantile(sorted: &[u32], q: f64) -> f64 {
    f64::from(sorted[((q * sorted.len() as f64).ceil() as usize).max(1) - 1])
}

impl Shop {
    pub(crate) fn new(seed: u64, unix: i64, zone: &str) -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        store.set_config(SITE, "{}").unwrap();
        let history = History::open(directory.path()).unwrap();
        let mut shop = Shop {
            store,
            history,
            directory,
            calendar: Calendar::new(zone).unwrap(),
            random: Random::new(seed),
            unix,
            batch: Batch::default(),
            cells: BTreeMap::new(),
            times: Vec::new(),
            requests: Vec::new(),
            minutes: BTreeMap::new(),
        };
        shop.words();
        shop
    }

    fn words(&mut self) {
        let day = (self.unix / 86_400) as u32;
        for page in 1..=PAGES {
            let meta = Meta { category: format!("c{}", page % 3).into(), ..Meta::default() };
            let path = path(page).into();
            let page = Page { id: PageId(page), path, title: "t".into(), meta, held: 0, active: 0, day };
            self.batch.pages.push((SITE, page));
        }
        for id in 1..=PROFILES {
            self.batch.profiles.push((SITE, id, profile(id).unwrap(), day));
        }
        for n in 1..=4u32 {
            let id = n * 16 + 1;
            let text = format!("link\u{1f}/target{id}\u{1f}label").into();
            self.batch.names.push((SITE, NameId(id), NameKind::Element, text, day));
        }
    }

    /// Some seconds of traffic, committed as it comes.
    pub(crate) fn trade(&mut self, seconds: i64) {
        let end = self.unix + seconds;
        while self.unix < end {
            self.unix += 1 + self.random.below(40) as i64;
            let asleep = self.unix.div_euclid(1800) % 7 == 3;
            if asleep {
                continue;
            }
            for _ in 0..self.random.below(6) {
                self.event();
            }
            let minute = self.unix.div_euclid(60);
            let active = self.random.below(30) as u32;
            let highest = self.minutes.entry(minute).or_default();
            *highest = active.max(*highest);
            let minute = Minute { number: minute, active: *highest, views: 0, today: 0, views_total: 0 };
            self.batch.minutes.insert((SITE, minute.number), minute);
            if self.random.below(3) == 0 {
                self.commit();
            }
        }
        self.commit();
    }

    fn event(&mut self) {
        // Few come late, some of them by hours: a return undoes what was counted before.
        let late = [0, 0, 0, 0, 50, 1800, 9000][self.random.below(7) as usize];
        let late = if late > 50 && self.random.below(10) > 0 { 0 } else { late };
        let unix = self.unix - self.random.below(late + 1) as i64;
        let minute = unix.div_euclid(60);
        let at = unix * 1000 + self.random.below(1000) as i64;
        let page = self.random.below(u64::from(PAGES) + 1) as u32;
        let profile = self.random.below(u64::from(PROFILES) + 2) as u32;
        let name = (1 + self.random.below(4) as u32) * 16 + 1;
        let (page_id, profile_id) = (PageId(page), ProfileId(profile));
        match self.random.below(5) {
            0 => {
                let load = (self.random.below(5) > 0).then(|| self.random.below(9000) as u16);
                let mut values = [UNTOLD; 6];
                values[0] = load.unwrap_or(UNTOLD);
                self.times.push((at, page, load.map(u32::from)));
                let timing = Timing { at: 5, page: page_id, profile: profile_id, internal: false, values };
                self.batch.times.push(TimingRow { site: SITE, at, timing });
            }
            1 => {
                let (bot, queries) = (self.random.below(4) == 0, self.random.below(200) as u32);
                if !bot {
                    self.requests.push((at, page, queries));
                }
                let request = Request {
                    at: 5,
                    page: page_id,
                    profile: profile_id,
                    status: 200,
                    fatal: false,
                    bot,
                    generation: u32::MAX,
                    queries,
                };
                self.batch.requests.push(RequestRow { site: SITE, at, request, path: None });
            }
            n => {
                let number = if self.random.below(8) == 0 { -1 } else { 1 + self.random.below(3) as i64 };
                let metric = [Metric::Views, Metric::Visits, Metric::Count][n as usize - 2];
                if metric == Metric::Count {
                    self.sum(minute, Dim::Name, name, metric, number.abs());
                } else {
                    self.sum(minute, Dim::Site, 0, metric, number);
                    self.sum(minute, Dim::Page, page, metric, number);
                    self.sum(minute, Dim::Profile, profile, metric, number);
                }
            }
        }
    }

    fn sum(&mut self, minute: i64, dim: Dim, key: u32, metric: Metric, number: i64) {
        let cell = Cell { minute, dim, key };
        self.batch.rollups.entry((SITE, cell)).or_insert([0; METRICS])[metric as usize] += number;
        self.cells.entry((minute, dim, key)).or_insert([0; METRICS])[metric as usize] += number;
    }

    pub(crate) fn commit(&mut self) {
        let live = Live::new(10, self.unix - 10, 1 << 22);
        let mark = Mark { boot: "boot".into(), shift: 0, second: live.now(), unix: live.unix() };
        self.store.commit(&self.batch, &live, &mark).unwrap();
        self.batch.clear();
    }

    /// One step of summaries, or as many as it takes; an engine may die between any two.
    pub(crate) fn summarise(&mut self) {
        let calendar = self.calendar.clone();
        while self.store.summarise(self.unix, [(SITE, &calendar)]).unwrap() {
            if self.random.below(3) == 0 {
                self.crash();
            }
        }
    }

    pub(crate) fn crash(&mut self) {
        self.store = Store::open(self.directory.path()).unwrap();
    }

    pub(crate) fn stale(&self) -> i64 {
        self.db().query_row("SELECT count(*) FROM stale", [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn db(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("realtime.db")).unwrap()
    }

    pub(crate) fn answer(&mut self, question: &HistoryQuestion) -> Result<Value, Error> {
        self.answer_within(question, Duration::from_secs(30))
    }

    pub(crate) fn answer_within(
        &mut self,
        question: &HistoryQuestion,
        limit: Duration,
    ) -> Result<Value, Error> {
        let asked =
            Asked { site: SITE, unix: self.unix, calendar: &self.calendar, retention: 720, now: None, limit };
        self.history.answer(&asked, question)
    }
}
