//! An intake without a ring, a store or a clock: records and questions of a test's own making.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

pub mod flood;

use std::net::{IpAddr, Ipv4Addr};

use qahm_engine::config::SiteConfig;
use qahm_engine::intake::Intake;
use qahm_engine::intake::salts::SaltFiles;
use qahm_engine::live::{Live, Second};
use qahm_engine::report::Question;
use qahm_engine::store::batch::Batch;
use qahm_enrich::geo::Geo;
use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, SiteId, Tag, ViewId};
use serde_json::{Value, json};

pub const SITE: SiteId = SiteId(7);
pub const START: Second = 1_000_000;
/// What the questions are about.
pub const QUESTIONS: [&str; 10] = [
    "live",
    "visitors",
    "pages",
    "events",
    "sources",
    "devices",
    "geo",
    "performance",
    "errors",
    "engagement",
];
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

/// One intake and its second.
pub struct Hall {
    pub intake: Intake,
    pub now: Second,
    taken: usize,
}

impl Hall {
    pub fn new(budget: usize, change: &Value) -> Hall {
        let live = Live::new(START, 1_780_000_000 - i64::from(START), budget);
        let mut hall =
            Hall { intake: Intake::new(live, SaltFiles::default(), Geo::open(None)), now: START, taken: 0 };
        hall.configure(SITE, change);
        hall
    }

    pub fn configure(&mut self, site: SiteId, change: &Value) {
        let mut config = json!({ "hosts": ["a.test"], "max_visitors": 100_000 });
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.intake.configure(site, SiteConfig::parse(&config.to_string()).unwrap());
    }

    /// Takes a record in; now and then makes room, as the loop of the engine does.
    pub fn take(&mut self, sent: &Sent) {
        self.take_bytes(&sent.bytes());
    }

    pub fn take_bytes(&mut self, bytes: &[u8]) {
        let now = self.now;
        self.intake.take_bytes(bytes, |_| Some(now));
        self.taken += 1;
        if self.taken.is_multiple_of(1024) {
            self.make_room();
        }
    }

    pub fn make_room(&mut self) {
        for touch in self.intake.live.evict() {
            self.intake.batch.touch(&touch, self.now);
        }
    }

    pub fn pass(&mut self, seconds: Second) {
        self.now += seconds;
        self.intake.live.advance(self.now);
    }

    /// What a commit would write.
    pub fn commit(&mut self) -> Batch {
        self.intake.gather();
        std::mem::take(&mut self.intake.batch)
    }

    pub fn ask(&self, question: &Value) -> Value {
        let what = question["what"].as_str().unwrap().to_owned();
        let question: Question = serde_json::from_value(question.clone()).unwrap();
        let answer = self.intake.answer(SITE, &question).unwrap();
        assert_eq!(answer["ok"], true);
        answer[what].clone()
    }

    pub fn active(&self) -> u64 {
        self.intake.live.site(SITE).unwrap().active.into()
    }

    pub fn dropped(&self, reason: &str) -> u64 {
        self.intake.live.site(SITE).unwrap().kept.dropped.get(reason).copied().unwrap_or(0)
    }

    pub fn excluded(&self, reason: &str) -> u64 {
        self.intake.live.site(SITE).unwrap().kept.excluded.get(reason).copied().unwrap_or(0)
    }

    /// Every number of now that must be V1 is V1, whoever is asked about.
    pub fn sums_are_equal(&self, filter: &Value) {
        let ask = |what| self.ask(&json!({ "what": what, "filter": filter, "limit": 1000 }));
        let sum = |rows: &Value| {
            rows.as_array().unwrap().iter().map(|r| r["active"].as_u64().unwrap()).sum::<u64>()
        };
        let pages = ask("pages");
        let active = pages["active"].as_u64().unwrap();
        assert_eq!(pages["sum"], active, "P2 {filter}");
        if filter == &json!({}) {
            assert_eq!(active, self.active());
            assert_eq!(self.intake.live.site(SITE).unwrap().pages.active_sum(), active);
        }
        let visitors = ask("visitors");
        let listed = visitors["visitors"].as_array().unwrap();
        if visitors["total"] == listed.len() {
            let counted: u64 = listed.iter().map(|row| row["count"].as_u64().unwrap()).sum();
            // A key whose first event was lost has no visit.
            assert!(counted + visitors["private"].as_u64().unwrap() <= active, "S1 {filter}");
        }
        for (what, lists) in [
            ("sources", &["channels", "hosts"][..]),
            ("devices", &["devices", "browsers", "systems"]),
            ("geo", &["countries"]),
        ] {
            let answer = ask(what);
            assert_eq!(answer["active"], active, "{what} {filter}");
            for list in lists {
                if answer[list].as_array().unwrap().len() < 1000 {
                    assert_eq!(sum(&answer[list]), active, "{what}.{list} {filter}");
                }
            }
        }
    }
}

/// A record on its way.
#[derive(Debug, Clone)]
pub struct Sent {
    pub head: Head,
    pub texts: Vec<(Tag, String)>,
    pub numbers: Vec<(Tag, u64)>,
}

impl Sent {
    /// An event of a visitor who is told by a number.
    pub fn new(kind: Kind, visitor: u32, view: u64, sequence: u32) -> Sent {
        let peer = IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + visitor));
        let flags = Flags::HOST_OK | Flags::VISIBLE;
        let head = Head {
            kind,
            flags,
            site: SITE,
            time: Micros(1),
            view: ViewId(view),
            sequence,
            peer: peer.into(),
        };
        Sent { head, texts: vec![(Tag::UserAgent, FIREFOX.into())], numbers: Vec::new() }
    }

    pub fn view(visitor: u32, view: u64, url: &str) -> Sent {
        Sent::new(Kind::View, visitor, view, 0).text(Tag::Url, url)
    }

    pub fn text(mut self, tag: Tag, text: &str) -> Sent {
        self.texts.retain(|(known, _)| *known != tag);
        self.texts.push((tag, text.into()));
        self
    }

    pub fn number(mut self, tag: Tag, number: u64) -> Sent {
        self.numbers.push((tag, number));
        self
    }

    pub fn flags(mut self, flags: Flags) -> Sent {
        self.head.flags = flags | Flags::HOST_OK;
        self
    }

    pub fn peer(mut self, peer: Peer) -> Sent {
        self.head.peer = peer;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut buffer = [0; RECORD_MAX];
        let mut encoder = Encoder::new(&mut buffer, &self.head);
        self.texts.iter().for_each(|(tag, text)| encoder.text(*tag, text.as_bytes()));
        self.numbers.iter().for_each(|(tag, number)| encoder.number(*tag, *number));
        encoder.finish().to_vec()
    }
}
