//! What the outside sees: counters in shared memory, frames in the hub.

use qahm_event::SiteId;
use qahm_ring::COUNTERS;

use super::Pipeline;
use crate::hub::{Frame, Health, PAGES_MAX, PageRow, Peak};

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
            if let Some(frame) = self.frame(id) {
                self.hub.put(id, frame);
            }
        }
    }

    fn frame(&mut self, id: SiteId) -> Option<Frame> {
        let (now, time) = (self.intake.live.now(), self.intake.live.unix());
        let site = self.intake.live.site(id)?;
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
            cache_ttl: self.intake.configs.get(&id).map_or(0, |c| c.cache_ttl),
            stale: false,
        })
    }

    /// The engine's own state.
    pub(super) fn publish_health(&mut self) {
        let evicted = self.intake.live.sites_mut().map(|(_, site)| site.kept.evicted).sum();
        self.hub.set_health(Health {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            started: self.started,
            sites: self.intake.configs.len(),
            visitors: self.intake.live.visitors(),
            bytes: self.intake.live.bytes() + self.intake.live.log_bytes(),
            budget: self.budget() / 4 * 5,
            events: self.intake.events,
            evicted,
            strangers: self.intake.strangers,
            unreadable: self.intake.unreadable,
            committed: self.committed,
            commit_us: self.commit_us,
            data_dir: self.data.path.display().to_string(),
            notes: [self.notes(), self.hints()].concat(),
        });
    }
}
