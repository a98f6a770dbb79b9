//! What the outside sees: counters in shared memory, frames in the hub.

use qahm_event::{Micros, SiteId};
use qahm_ring::COUNTERS;
use serde_json::Value;

use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use crate::history::Asked;
use crate::hub::{Frame, Health, Meters, PAGES_MAX, PageRow, Peak, Trend};
use crate::live::profiles::{channel, device};
use crate::report;

/// The flag of an approximate number among the counters.
const APPROXIMATE: u64 = 1;

impl Pipeline {
    /// Publishes every site whose numbers have changed.
    pub(super) fn publish(&mut self, now_us: u64) {
        if now_us < self.published + super::SHOW_US {
            return;
        }
        for id in self.intake.live.ids() {
            let now = self.intake.live.now();
            let Some(site) = self.intake.live.site_mut(id) else { continue };
            if !std::mem::take(&mut site.changed) {
                continue;
            }
            self.published = now_us;
            let mut counters = [0u64; COUNTERS];
            let values = [
                now_us,
                u64::from(site.active),
                site.visitors_five(now),
                site.visitors_thirty(now),
                site.today,
                site.kept.views_today,
                u64::from(site.kept.peak),
                site.kept.peak_at.max(0) as u64,
                0, // spare
                if site.approximate(now) { APPROXIMATE } else { 0 },
            ];
            counters.iter_mut().zip(values).for_each(|(counter, value)| *counter = value);
            if let Some(row) = self.sources.current().and_then(|s| s.ring.site(id.0)) {
                row.publish(&counters);
            }
            if let Some(frame) = self.frame(id).map(Arc::new) {
                self.feeds.frame(id, &frame);
                self.hub.put(id, frame);
            }
        }
    }

    /// The same at once: who asks next must find a frame.
    pub(super) fn publish_now(&mut self) {
        self.published = 0;
        self.publish(Micros::now().0);
    }

    fn frame(&mut self, id: SiteId) -> Option<Frame> {
        let (now, time) = (self.intake.live.now(), self.intake.live.unix());
        let site = self.intake.live.site(id)?;
        let background = self.backgrounds.get(&id);
        self.frames += 1;
        Some(Frame {
            epoch: self.epoch.clone(),
            seq: self.frames,
            time,
            active: site.active,
            visitors_5m: site.visitors_five(now),
            visitors_30m: site.visitors_thirty(now),
            visitors_today: site.today,
            views_today: site.kept.views_today,
            visits_today: site.kept.visits_today,
            approximate: site.approximate(now),
            window: site.window,
            peak: Peak { value: site.kept.peak, time: site.kept.peak_at },
            pages: site
                .pages
                .top(PAGES_MAX)
                .into_iter()
                .map(|p| PageRow { path: p.path.clone(), title: p.title.clone(), active: p.active })
                .collect(),
            minutes: site.minutes.series(),
            private: site.kept.private_today,
            excluded: site.kept.excluded.clone(),
            alerts: self.alerts.get(&id).map(|a| a.episodes.clone()).unwrap_or_default(),
            trend: site.minutes.trend().map(Trend::of),
            usual: background.map_or(Value::Null, |b| b.usual.json(Some(site.active))),
            record: background.map_or(Value::Null, |b| b.record.clone()),
            yesterday: background.map_or(Value::Null, |b| b.yesterday.clone()),
            channels: report::active_by(&site.active_by.channels, |n| channel(n).into()),
            devices: report::active_by(&site.active_by.devices, |n| device(n).into()),
            countries: report::active_by(&site.active_by.countries, |code| {
                code.map_or_else(String::new, |code| String::from_utf8_lossy(&code).into_owned())
            }),
            stale: false,
        })
    }

    /// Once a minute: what the numbers of now are compared with.
    pub(super) fn look_back(&mut self) {
        let unix = self.intake.live.unix();
        for (site, config) in &self.intake.configs {
            let asked = Asked {
                site: *site,
                unix,
                calendar: &config.calendar,
                retention: config.retention,
                now: None,
                limit: Duration::from_secs(1),
            };
            // What cannot be read is not shown; why it cannot, the commits tell.
            match self.history.as_mut().and_then(|history| history.background(&asked).ok()) {
                Some(background) => self.backgrounds.insert(*site, background),
                None => self.backgrounds.remove(site),
            };
        }
        self.backgrounds.retain(|site, _| self.intake.configs.contains_key(site));
    }

    /// The engine's own state.
    pub(super) fn publish_health(&mut self) {
        let evicted = self.intake.live.sites_mut().map(|(_, site)| site.kept.evicted).sum();
        let meters = self.read_meters();
        self.hub.set_health(Health {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            started: self.started,
            sites: self.intake.configs.len(),
            visitors: self.intake.live.visitors(),
            bytes: self.intake.live.bytes() + self.intake.live.log_bytes(),
            budget: self.budget() / 4 * 5,
            channel_bytes: self.channel.bytes(),
            burden: self.burden.look(Micros::now().0, self.intake.events, self.sources.bytes()),
            events: self.intake.events,
            evicted,
            strangers: self.intake.strangers,
            unreadable: self.intake.unreadable,
            committed: self.committed,
            commit_us: self.commit_us,
            data_dir: self.data.path.display().to_string(),
            listen: self.hub.door().listen,
            notes: [self.notes(), self.hub.door().notes, self.hints()].concat(),
            meters,
        });
    }

    /// The meters, of which those of the last second begin anew.
    fn read_meters(&mut self) -> Meters {
        let lag_us = std::mem::take(&mut self.meters.lag_us);
        let mut meters = Meters { lag_us, outbox: self.outbox.len(), ..self.meters.clone() };
        if let Some(source) = self.sources.current() {
            let (ring, header) = (&source.ring, source.ring.header());
            (meters.slots, meters.used) = (ring.slots(), ring.used());
            (meters.full, meters.skipped, meters.torn) = (header.dropped(), header.skipped(), header.torn());
        }
        for (_, site) in self.intake.live.sites_mut() {
            for (all, of_site) in
                [(&mut meters.dropped, &site.kept.dropped), (&mut meters.excluded, &site.kept.excluded)]
            {
                of_site.iter().for_each(|(reason, n)| *all.entry(reason.clone()).or_default() += n);
            }
        }
        meters
    }
}
