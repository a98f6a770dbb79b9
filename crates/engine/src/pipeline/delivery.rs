//! Alerts on their way to WordPress: the engine's own request first, any other request when that fails.

use std::collections::HashMap;

use qahm_event::SiteId;
use serde_json::{Value, json};

use super::Pipeline;
use crate::alert::Episode;
use crate::alert::outbox::PATIENCE;
use crate::live::Second;
use crate::notify::loopback::Knock;
use crate::report;

/// The engine knocks again after this many seconds, doubling up to `SLOWEST`.
const AGAIN: Second = 2;
const SLOWEST: Second = 300;

/// How the engine's own requests fare, per site.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    sites: HashMap<SiteId, Door>,
}

#[derive(Debug, Default)]
struct Door {
    /// A request is on its way.
    knocking: bool,
    failures: u32,
    next: Second,
    error: Option<String>,
}

impl Deliveries {
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.sites.values().filter_map(|door| {
            let error = door.error.as_ref()?;
            Some(format!("alerts are delivered by other requests, the engine's own fails: {error}"))
        })
    }
}

impl Pipeline {
    /// Moves what waits: knocks at sites, hears how it went, shows other requests what they may claim.
    pub(super) fn deliver(&mut self) {
        let now = self.clock.now();
        while let Ok(knocked) = self.knocked.try_recv() {
            let door = self.delivery.sites.entry(knocked.site).or_default();
            door.knocking = false;
            door.failures = if knocked.error.is_some() { door.failures + 1 } else { 0 };
            door.next = now + (AGAIN << door.failures.min(8)).min(SLOWEST);
            door.error = knocked.error;
        }
        if self.outbox.is_empty() {
            return;
        }
        self.outbox.release(now.into(), |pid, started| qahm_runtime::started(pid) == Some(started));
        for name in self.outbox.waiting().into_keys() {
            let Some(site) = SiteId::parse(name.as_bytes()) else { continue };
            let Some(config) = self.intake.configs.get(&site) else { continue };
            let door = self.delivery.sites.entry(site).or_default();
            if door.knocking || door.next > now || config.deliver.is_empty() {
                continue;
            }
            let patience = u64::from(config.max_execution_time);
            let knock = Knock { site, url: config.deliver.clone(), patience };
            door.knocking = self.knocks.try_send(knock).is_ok();
            door.next = now + AGAIN;
        }
        self.show_pending();
    }

    /// Sets each site's pending bit: its other requests may claim when the engine's own failed or took too long.
    pub(super) fn show_pending(&self) {
        let Some(source) = self.sources.current() else { return };
        let now = i64::from(self.clock.now());
        let waiting = self.outbox.waiting();
        for (site, config) in &self.intake.configs {
            let since = waiting.get(&site.to_string());
            let failed = self.delivery.sites.get(site).is_some_and(|d| d.failures > 0);
            let open =
                since.is_some_and(|since| failed || config.deliver.is_empty() || now - since >= PATIENCE);
            if let Some(row) = source.ring.site(site.0)
                && row.alert_pending() != open
            {
                row.set_alert_pending(open);
            }
        }
    }

    /// What the handlers of an alert get (FEATURES A1).
    pub(super) fn alert_data(&self, id: SiteId, kind: &str, level: &str, episode: Option<&Episode>) -> Value {
        let unix = self.intake.live.unix();
        let (active, top) =
            self.intake.live.site(id).map_or((0, None), |site| {
                (site.active, site.pages.top(1).first().map(|p| p.path.to_string()))
            });
        let source = self.intake.live.site(id).and_then(report::top_source);
        let changes = self.intake.changes(id);
        let usual = self.backgrounds.get(&id).map(|b| b.usual.json(Some(active)));
        let config = self.intake.configs.get(&id);
        let name = config.map_or("", |c| c.name.as_str());
        let message = match episode {
            Some(e) if e.until.is_some() => {
                format!("{name}: {active} visitors are active now, the peak is over")
            }
            Some(e) => format!("{name}: {active} visitors are active now (threshold {})", e.threshold),
            None => format!("{name}: this is a test; {active} visitors are active now"),
        };
        json!({
            "id": episode.map_or_else(|| format!("{}-test-{unix}", self.epoch), |e| e.id.clone()),
            "type": kind,
            "level": episode.map_or_else(|| json!(level), |e| json!(e.level)),
            "site": config.map_or("", |c| c.home.as_str()),
            "time": unix,
            "since": episode.map_or(unix, |e| e.since),
            "value": episode.map_or(f64::from(active), |e| e.value),
            "threshold": episode.map(|e| e.threshold),
            "usual": usual,
            "subject": "",
            "top_page": top,
            "top_source": source,
            "changes": changes,
            "message": message,
            "link": config.map_or("", |c| c.link.as_str()),
            "visitors": active,
        })
    }
}
