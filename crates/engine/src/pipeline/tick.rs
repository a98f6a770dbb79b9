//! What every second brings: the wall clock, a ring that was unlinked, alerts, old rows.

use std::time::Instant;

use qahm_event::SiteId;

use super::Pipeline;
use crate::alert::rule::high_traffic;
use crate::alert::site::Measured;

/// The wall clock may differ from ours by rounding; more than this many seconds is a clock that was set.
const ROUNDING: i64 = 1;
/// How long the status says that the clock was set back (s).
const TELL: u32 = 600;

impl Pipeline {
    pub(super) fn tick(&mut self, now_us: u64) {
        self.judge();
        let now = self.clock.now();
        if now == self.ticked {
            return;
        }
        self.ticked = now;
        self.follow_wall_clock();
        self.follow_directory();
        self.follow_ring(now_us);
        self.turn_salts();
        if now.is_multiple_of(60) {
            self.intake.geo.refresh();
            self.look_back();
            self.expire_revocations();
            self.intake.senders.age(now);
        }
        self.channel.sweep(Instant::now());
        self.deliver();
        // What changed without a record, a minute or a day that turned, must not wait for the next one.
        if self.uncommitted == 0
            && now_us >= self.retry_at
            && (self.store.bucket_due(self.intake.live.now())
                || self.intake.live.sites_mut().any(|(_, site)| site.dirty))
        {
            self.try_commit(now_us);
        }
        if now >= self.expire_at && self.trouble.is_none() {
            let retention: Vec<(SiteId, u32)> =
                self.intake.configs.iter().map(|(id, c)| (*id, c.retention)).collect();
            let more = self.store.expire(self.intake.live.unix(), &retention).unwrap_or(false);
            self.expire_at = now + if more { 1 } else { 60 };
        }
        if self.trouble.is_none() {
            // What fails is tried again in a second.
            let _more = self.store.scrub(crate::store::scrub::STEP);
            let zones = self.intake.configs.iter().map(|(id, config)| (*id, &config.calendar));
            // What cannot be summed up now is tried again in a second; a disk that fails is told of by the commits.
            let _more = self.store.summarise(self.intake.live.unix(), zones);
        }
        self.publish_health();
        let notes = self.notes().join("; ");
        self.say(&notes);
    }

    fn turn_salts(&mut self) {
        let now = self.intake.live.now();
        for id in self.intake.live.ids() {
            if let Some(day) = self.intake.live.site(id).map(|site| site.kept.day) {
                let live = &self.intake.live;
                self.intake.salts.turn(id, day, now, |second| live.visit_goes_on_since(id, second));
            }
        }
    }

    fn follow_wall_clock(&mut self) {
        let offset = self.clock.offset();
        if (offset - self.offset).abs() > ROUNDING {
            if offset < self.offset {
                self.set_back = Some((self.offset - offset, self.ticked + TELL));
            }
            self.offset = offset;
            self.intake.live.set_offset(offset);
            self.feeds.again(None);
        }
        if self.set_back.is_some_and(|(_, until)| until <= self.ticked) {
            self.set_back = None;
        }
    }

    /// logind deletes what a user has in /dev/shm when that user logs out; a person may delete the socket.
    fn follow_directory(&mut self) {
        let same = |a: rustix::fs::Stat, b: rustix::fs::Stat| (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino);
        let held = rustix::fs::fstat(&self.runtime.fd);
        let found = rustix::fs::lstat(&self.runtime.path);
        let here = held.and_then(|held| found.map(|found| same(held, found))).unwrap_or(false);
        let socket = rustix::fs::lstat(qahm_runtime::control_path(&self.runtime)).is_ok();
        if !here || !socket {
            self.say("the runtime directory or its socket was deleted: the engine starts again");
            self.cut_off = true;
        }
    }

    fn follow_ring(&mut self, now_us: u64) {
        match self.sources.refresh(&self.runtime.fd, now_us) {
            Ok(None) => self.ringless = None,
            Ok(Some(_)) => {
                self.ringless = None;
                self.intake.live.set_budget(self.budget());
                self.announce();
            }
            Err(error) => {
                self.ringless = Some(format!("the ring was deleted and cannot be made again: {error}"))
            }
        }
    }

    /// Judges every site whose numbers have changed: called before they are published.
    fn judge(&mut self) {
        let unix = self.intake.live.unix();
        for id in self.intake.live.ids() {
            let (Some(site), Some(config)) = (self.intake.live.site(id), self.intake.configs.get(&id)) else {
                continue;
            };
            if !site.changed {
                continue;
            }
            let measured = Measured {
                kind: "high_traffic",
                value: f64::from(site.active),
                threshold: f64::from(config.alert_high_traffic),
                verdict: high_traffic(site.active, config.alert_high_traffic),
            };
            let number = self.episodes + 1;
            let epoch = &self.epoch;
            let state = self.alerts.entry(id).or_default();
            let judged = state.judge(measured, unix, || format!("{epoch}-{number}"));
            if std::mem::take(&mut state.dirty)
                && let Ok(json) = serde_json::to_string(state)
            {
                self.intake.batch.alerts.insert(id, json);
            }
            let Some((transition, episode)) = judged else { continue };
            self.episodes = number;
            let data = self.alert_data(id, "high_traffic", "", Some(&episode));
            self.outbox.add(id, transition, "high_traffic", data, self.clock.now().into());
            self.deliver();
        }
    }

    /// What a person should know, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.trouble.iter().chain(&self.ringless).cloned().collect();
        if let Some((seconds, _)) = self.set_back {
            notes.push(format!(
                "the wall clock was set back by {seconds} s; today goes on until it has caught up"
            ));
        }
        notes.extend(self.delivery.notes());
        if self.channel.failed() > 0 {
            notes.push(format!(
                "{} times a stream of the live channel failed: this is a mistake in the engine",
                self.channel.failed()
            ));
        }
        if self.outbox.failed > 0 {
            notes.push(format!("{} alerts could not be delivered to WordPress", self.outbox.failed));
        }
        if !self.outbox.error.is_empty() {
            notes.push(self.outbox.error.clone());
        }
        if self.data.volatile {
            notes.push(format!(
                "data is kept in {} and lost at a reboot; as root: mkdir -p {base} && chmod 1733 {base}",
                self.data.path.display(),
                base = qahm_runtime::DATA_BASE
            ));
        }
        notes
    }

    /// What a person may want to know, although nothing is wrong with the engine.
    pub(super) fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let geo = self.intake.geo.state();
        if let Some(error) = &geo.error {
            hints.push(format!("countries: {error}"));
        } else if geo.kind.is_none() {
            hints.push(
                "countries are unknown: there is no database of places (QAHM_REALTIME_GEOIP_DB)".into(),
            );
        }
        let proxies = self.intake.senders.likely_proxies();
        if !proxies.is_empty() {
            let list: Vec<String> = proxies.iter().map(ToString::to_string).collect();
            hints.push(format!(
                "most visitors come through {}, which is no trusted proxy: if it is yours, define( 'QAHM_REALTIME_TRUSTED_PROXIES', '{}' )",
                list.join(" and "),
                list.join(", ")
            ));
        }
        hints
    }
}
