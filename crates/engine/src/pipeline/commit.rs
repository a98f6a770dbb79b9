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
        if !self.intake.batch.is_empty() || self.store.bucket_due(self.intake.live.now()) {
            let mark = self.clock.mark(self.intake.live.now(), self.intake.live.unix());
            self.store.commit(&self.intake.batch, &self.intake.live, &mark)?;
            self.intake.batch.clear();
        }
        self.uncommitted = 0;
        self.sources.free();
        self.commit_us = Micros::now().0 - begun;
        self.meters.commits += 1;
        self.meters.commit_us += self.commit_us;
        self.committed = self.intake.live.unix();
        Ok(())
    }

    /// Adds to the batch what is not made of records: state of sites, alerts, cursors.
    fn gather(&mut self) {
        self.intake.gather();
        for (number, entry) in self.outbox.take_changed() {
            let row = entry.and_then(|e| {
                let site = qahm_event::SiteId::parse(e.site.as_bytes())?;
                serde_json::to_string(&e).ok().map(|json| (site, json))
            });
            self.intake.batch.outbox.insert(number, row);
        }
        if self.uncommitted > 0 {
            for source in self.sources.iter_mut() {
                self.intake.batch.cursors.insert(source.ring.epoch(), source.drain.position());
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
