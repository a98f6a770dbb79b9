//! The transaction: everything since the last one, with the cursors of the rings; then the slots are freed.

use qahm_event::Micros;
use qahm_ring::Message;

use super::{COMMIT_US, Pipeline};
use crate::store::Error;

/// After a commit that failed, the next try comes this much later (µs).
const RETRY_US: u64 = 500_000;

impl Pipeline {
    /// Commits when the oldest record has waited long enough or a quarter of the ring is taken.
    pub(super) fn commit_if_due(&mut self, now_us: u64) {
        if now_us < self.retry_at {
            return;
        }
        let quarter = self.sources.current().map_or(2048, |s| s.ring.slots() as usize / 4);
        let due =
            self.uncommitted > 0 && (self.uncommitted >= quarter || now_us >= self.waiting_since + COMMIT_US);
        if due || self.outbox.is_changed() {
            self.try_commit(now_us);
        }
    }

    /// Commits; an error is told and the same batch tried again later. Answers whether it is durable.
    pub(super) fn try_commit(&mut self, now_us: u64) -> bool {
        match self.commit() {
            Ok(()) => {
                self.trouble = None;
                true
            }
            Err(error) => {
                self.trouble =
                    Some(format!("events are not stored: {}; they wait in the ring", error.explain()));
                self.retry_at = now_us + RETRY_US;
                false
            }
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.gather();
        let begun = Micros::now().0;
        if !self.batch.is_empty() || self.store.bucket_due(self.live.now()) {
            let mark = self.clock.mark(self.live.now(), self.live.unix());
            self.store.commit(&self.batch, &self.live, &mark)?;
            self.batch.clear();
        }
        self.uncommitted = 0;
        self.sources.free();
        self.commit_us = Micros::now().0 - begun;
        self.committed = self.live.unix();
        Ok(())
    }

    /// Adds to the batch what is not made of records: state of sites, alerts, cursors.
    fn gather(&mut self) {
        for (id, site) in self.live.sites_mut() {
            if !std::mem::take(&mut site.dirty) {
                continue;
            }
            if let Ok(json) = serde_json::to_string(&site.kept) {
                self.batch.kept.insert(id, json);
            }
            self.batch.pages.extend(site.pages.take_changed().into_iter().map(|page| (id, page)));
            for minute in site.minutes.take_unstored() {
                self.batch.minutes.insert((id, minute.number), minute);
            }
        }
        for (number, entry) in self.outbox.take_changed() {
            let row = entry.and_then(|e| {
                let site = qahm_event::SiteId::parse(e.site.as_bytes())?;
                serde_json::to_string(&e).ok().map(|json| (site, json))
            });
            self.batch.outbox.insert(number, row);
        }
        if self.uncommitted > 0 {
            for source in self.sources.iter_mut() {
                self.batch.cursors.insert(source.ring.epoch(), source.drain.position());
            }
        }
    }

    /// Tells a person, through the status that every worker can read without the engine's help.
    pub(super) fn say(&mut self, text: &str) {
        if text != self.said {
            text.clone_into(&mut self.said);
            // Seen with --foreground; a daemon's standard error leads nowhere.
            if !text.is_empty() {
                eprintln!("qahm-realtimed: {text}");
            }
            if let Some(source) = self.sources.current() {
                source.ring.set_message(Message::Engine, text);
            }
        }
    }
}
