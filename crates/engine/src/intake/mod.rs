//! The intake: the story of one record, from its bytes to the live state and the rows of the store. No I/O but the
//! salts' files; time comes in with the record.
//!
//! ```text
//! record → site, consent → who: address, key, client → set aside? → page, source, place → live state → rows
//! ```
//! - `view` events of a page · `who` the visitor behind one, and whether it is set aside · `act` what is done on it
//! - `request`, `signal` what WordPress tells · `goal` conversions · `explain` why a beacon would count · `salts` keys
//! - `gather` what a commit must write

mod act;
mod explain;
mod gather;
mod goal;
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
use crate::report::{self, Question};
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
            senders: who::Senders::default(),
            events: 0,
            strangers: 0,
            unreadable: 0,
        }
    }

    /// Adds a site, or changes its configuration.
    pub fn configure(&mut self, site: SiteId, config: SiteConfig) {
        self.live.set_site(site, config.active_window, config.calendar.clone());
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
        match head.kind {
            Kind::Request => self.take_request(record, private),
            Kind::Signal => self.take_signal(record, private),
            Kind::Excluded => self.take_excluded(record),
            // A page cached before consent was asked for still has the script that does not ask.
            _ if unasked => self.exclude(head.site, "consent"),
            _ => self.take_view(record, private, at),
        }
    }

    /// The answer to a question about now or the last half hour; `None` for any other, or if the site is not known.
    pub fn answer(&self, site: SiteId, question: &Question) -> Option<Value> {
        report::answer(&self.live, site, self.configs.get(&site)?, question)
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
