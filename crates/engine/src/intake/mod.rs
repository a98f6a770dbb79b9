//! The intake: the story of one record, from its bytes to the live state and the rows of the store. No I/O but the
//! salts' files; time comes in with the record.
//!
//! ```text
//! record → site, consent → who: address, key, client → set aside? → page, source, place → live state → rows
//! ```
//! - `view` events of a page · `who` the visitor behind one, and whether it is set aside · `act` what is done on it
//! - `honest` what a tracker of ours could have told · `pace` bots by their behaviour
//! - `request`, `signal` what WordPress tells · `goal` conversions · `explain` why a beacon would count · `salts` keys
//! - `gather` what a commit must write

mod act;
mod aside;
mod explain;
mod gather;
mod goal;
mod honest;
mod pace;
mod request;
pub mod salts;
mod signal;
mod view;
mod who;

use std::collections::HashMap;

use qahm_enrich::client::Clients;
use qahm_enrich::geo::Geo;
use qahm_event::{Flags, Head, Kind, OPT_OUT, ROLE, Record, SiteId, Tag};

use serde_json::Value;

use crate::config::SiteConfig;
use crate::live::{Live, Second};
use crate::report::{self, Question, Rows, Words};
use crate::store::batch::Batch;
use salts::SaltFiles;

/// Everything a record changes.
pub struct Intake {
    pub live: Live,
    pub configs: HashMap<SiteId, SiteConfig>,
    pub batch: Batch,
    pub salts: SaltFiles,
    pub geo: Geo,
    clients: Clients,
    /// Keys that begin views quicker than people do.
    pace: pace::Pace,
    /// Views set aside of late.
    aside: aside::Aside,
    /// Forwarded addresses of late, to see whether a proxy is not known.
    pub senders: who::Senders,
    /// Records taken, of no known site, unreadable.
    pub events: u64,
    pub strangers: u64,
    pub unreadable: u64,
}

impl Intake {
    pub fn new(live: Live, salts: SaltFiles, geo: Geo) -> Intake {
        Intake {
            live,
            configs: HashMap::new(),
            batch: Batch::default(),
            salts,
            geo,
            clients: Clients::new(),
            pace: pace::Pace::default(),
            aside: aside::Aside::default(),
            senders: who::Senders::default(),
            events: 0,
            strangers: 0,
            unreadable: 0,
        }
    }

    /// Adds a site, or changes its configuration.
    pub fn configure(&mut self, site: SiteId, config: SiteConfig) {
        self.live.set_site(site, config.active_window, config.calendar.clone());
        if config.gdpr_mode
            && let Some(site) = self.live.site_mut(site)
        {
            site.scrub();
        }
        self.configs.insert(site, config);
    }

    /// Compiles what recognises clients now rather than with the first visitor.
    pub fn prepare(&mut self) {
        self.clients.prepare();
    }

    /// Takes a record's bytes in that came at second `at`. Whatever they hold, the worst they can do is to be counted
    /// as dropped.
    pub fn take_bytes(&mut self, bytes: &[u8], at: impl FnOnce(&Head) -> Option<Second>) {
        self.events += 1;
        let Ok(record) = Record::decode(bytes) else {
            self.unreadable += 1;
            return;
        };
        if !self.configs.contains_key(&record.head.site) {
            self.strangers += 1;
            return;
        }
        match at(&record.head) {
            Some(at) => self.take(&record, at),
            None => self.drop_event(record.head.site, "time"),
        }
    }

    /// Takes in a record of a known site.
    pub fn take(&mut self, record: &Record, at: Second) {
        let head = record.head;
        let Some(config) = self.configs.get(&head.site) else { return };
        let private = (config.respect_dnt && head.flags.contains(Flags::PRIVATE))
            || (config.consent == "limited" && !head.flags.contains(Flags::CONSENT));
        let unasked = config.consent == "wait" && !head.flags.contains(Flags::CONSENT);
        self.live.advance(at);
        let Some(detail) = honest::detail(record) else { return self.drop_event(head.site, "value") };
        match head.kind {
            // Without consent WordPress's own events count, but nobody is looked for behind them.
            Kind::Request => self.take_request(record, private || unasked),
            Kind::Signal => self.take_signal(record, private || unasked),
            Kind::Excluded => self.take_excluded(record),
            // A page cached before consent was asked for still has the script that does not ask.
            _ if unasked => self.set_aside(record, "consent"),
            _ => self.take_view(record, private, at, detail),
        }
    }

    /// The answer to a question about now or the last half hour; `None` for any other, or if the site is not known.
    pub fn answer(&self, site: SiteId, question: &Question) -> Option<Value> {
        report::answer(&self.live, site, self.configs.get(&site)?, question)
    }

    /// The same in so many bytes at most.
    pub fn answer_within(&self, bytes: usize, site: SiteId, question: &Question) -> Option<Value> {
        report::answer_within(bytes, &self.live, site, self.configs.get(&site)?, question)
    }

    /// What came into a site's feed after entry `after`, or the newest there are; `None` if the site is not known.
    pub fn feed(&self, site: SiteId, filter: &Words, after: Option<u64>) -> Option<Rows> {
        report::feed(&self.live, site, self.configs.get(&site)?, filter, after)
    }

    /// What changed on a site in the last half hour (E8), newest first: rows of `events`.
    pub fn changes(&self, site: SiteId) -> Value {
        let question = Question { kinds: vec!["change".into()], ..Question::about("events") };
        let answer = self.answer(site, &question);
        let now = self.live.unix();
        let rows =
            answer.as_ref().and_then(|a| a.get("events")?.get("events")?.as_array()).into_iter().flatten();
        let recent =
            rows.filter(|row| row.get("time").and_then(Value::as_i64).is_some_and(|at| at + 1800 > now));
        recent.cloned().collect()
    }

    fn take_excluded(&mut self, record: &Record) {
        // Reasons are words of ours; anything else is no reason.
        let reason = match record.bytes(Tag::Reason) {
            Some(b"role") => ROLE,
            Some(b"opt-out") => OPT_OUT,
            _ => return self.drop_event(record.head.site, "reason"),
        };
        self.exclude(record.head.site, reason);
    }

    /// An event of a view is set aside. The view is counted by its reason, once whatever is repeated of it.
    fn set_aside(&mut self, record: &Record, reason: &str) {
        let head = record.head;
        if head.kind == Kind::View && self.aside.is_new(head.site, head.view.0) {
            self.exclude(head.site, reason);
        }
    }

    fn exclude(&mut self, site: SiteId, reason: &str) {
        if let Some(state) = self.live.site_mut(site) {
            state.exclude(reason);
        }
    }

    fn drop_event(&mut self, site: SiteId, reason: &str) {
        if let Some(state) = self.live.site_mut(site) {
            state.drop_event(reason);
        }
    }

    /// The record's time on the wall clock of now, in ms; `at` is its second.
    fn unix_ms(&self, head: &Head, at: Second) -> i64 {
        let now = self.live.unix() - i64::from(self.live.now());
        (i64::from(at) + now) * 1000 + (head.time.0 % 1_000_000 / 1000) as i64
    }
}
