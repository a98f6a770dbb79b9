//! What others ask the pipeline to do, over the control socket.

use qahm_event::{Micros, SiteId, config_hash, host_hash};
use serde_json::{Value, json};

use super::Pipeline;
use crate::alert::Transition;
use crate::alert::outbox::Delivered;
use crate::channel::KEPT_S;
use crate::config::SiteConfig;
use crate::serve::request::{Change, Order, error, ok};

/// Orders taken between two drains.
const ORDERS: usize = 16;

impl Pipeline {
    pub(super) fn take_orders(&mut self) {
        for _ in 0..ORDERS {
            let Ok((order, reply)) = self.orders.try_recv() else { return };
            let answer = self.carry_out(order);
            let claim = answer.get("claim").and_then(Value::as_u64);
            // Who asked may have stopped waiting: then nobody will act on the claim.
            if reply.send(answer).is_err()
                && let Some(claim) = claim
            {
                self.unclaim(claim);
            }
        }
    }

    fn carry_out(&mut self, order: Order) -> Value {
        match order {
            Order::Configure { site, config } => self.configure(site, &config),
            Order::Change { site, change } => self.change(site, change),
            Order::Claim { site, claimer } => {
                let alive = |pid, started| qahm_runtime::started(pid) == Some(started);
                match self.outbox.claim(site, claimer, self.clock.now().into(), alive) {
                    None => ok(json!({ "claim": null, "alerts": [] })),
                    // The claim must outlive us before anybody acts on it.
                    Some((number, _)) if !self.try_commit(Micros::now().0) => {
                        self.outbox.cancel(number);
                        error("busy", self.trouble.as_deref().unwrap_or("the claim could not be stored"))
                    }
                    Some((number, e)) => {
                        self.show_pending();
                        let alert = json!({ "transition": e.transition, "type": e.kind, "attempt": e.attempt, "data": e.data });
                        ok(json!({ "claim": number, "alerts": [alert] }))
                    }
                }
            }
            Order::Acknowledge { site, claim, results } => self.acknowledge(site, claim, &results),
            Order::Answer { site, question } => self.intake.answer(site, &question).unwrap_or_else(|| {
                error("bad-request", format!("{:?} is no question about a known site", question.what))
            }),
            Order::Explain { site, record } => match self.intake.configs.contains_key(&site) {
                true => ok(json!({ "explain": self.intake.explain(&record) })),
                false => error("unknown-site", "the engine does not know this site"),
            },
            Order::Unclaim { claim } => self.unclaim(claim),
        }
    }

    fn acknowledge(&mut self, site: SiteId, claim: u64, results: &[Delivered]) -> Value {
        let known = self.outbox.acknowledge(site, claim, results);
        // If this cannot be stored and we die, the alert is delivered again: after a death that is allowed.
        self.try_commit(Micros::now().0);
        self.show_pending();
        if known { ok(json!({})) } else { error("unknown-claim", "this claim is over") }
    }

    fn unclaim(&mut self, claim: u64) -> Value {
        self.outbox.cancel(claim);
        self.show_pending();
        ok(json!({}))
    }

    fn configure(&mut self, site: SiteId, json: &str) -> Value {
        let config = match SiteConfig::parse(json) {
            Ok(config) => config,
            Err(wrong) => return error("bad-request", wrong),
        };
        if let Err(failed) = self.store.set_config(site, json) {
            return error("store", failed.explain());
        }
        self.hub.set_config(site, config.clone());
        self.intake.configure(site, config);
        self.feeds.again(Some(site));
        // What was gathered before must be there when GDPR mode begins to scrub what is stored.
        self.try_commit(Micros::now().0);
        self.follow_geo();
        self.look_back();
        self.intake.live.set_budget(self.budget());
        if !self.show_site(site, config_hash(json.as_bytes())) {
            return error("full", format!("more than {} sites of one user", qahm_ring::SITES_MAX));
        }
        if let Some(source) = self.sources.current() {
            source.ring.header().set_sites_loaded(true);
        }
        self.publish_now();
        ok(json!({}))
    }

    /// Publishes the site's row: its hosts first, its hash last.
    fn show_site(&self, site: SiteId, hash: u64) -> bool {
        let Some(config) = self.intake.configs.get(&site) else { return false };
        let Some(row) = self.sources.current().and_then(|s| s.ring.site_or_insert(site.0)) else {
            return false;
        };
        let hosts: Vec<u64> = config.hosts.iter().map(|h| host_hash(h.as_bytes())).collect();
        row.set_hosts(&hosts);
        row.set_config_hash(hash);
        true
    }

    /// Publishes everything a new ring must say: who we are, and every site.
    pub(super) fn announce(&mut self) {
        let Some(source) = self.sources.current() else { return };
        // A new ring has said nothing yet; an old one may still say what an engine before us did.
        source.ring.set_message(qahm_ring::Message::Engine, "");
        let header = source.ring.header();
        header.set_engine(std::process::id(), qahm_ring::pack_version(env!("CARGO_PKG_VERSION")));
        header.set_beat(Micros::now().0);
        for (id, json) in self.store.sites().unwrap_or_default() {
            self.show_site(id, config_hash(json.as_bytes()));
        }
        // An engine that knows no site yet turns none away: the first visitor may be quicker than WordPress.
        header.set_sites_loaded(!self.intake.configs.is_empty());
        for (_, site) in self.intake.live.sites_mut() {
            site.changed = true;
        }
        self.said.clear();
        self.show_pending();
    }

    fn change(&mut self, site: SiteId, change: Change) -> Value {
        if !self.intake.configs.contains_key(&site) {
            return error("unknown-site", "the engine does not know this site");
        }
        match change {
            Change::Forget => self.forget(site),
            Change::TestAlert => {
                let data = self.alert_data(site, "test", "info", None);
                self.outbox.add(site, Transition::Raised, "test", data, self.clock.now().into());
                self.deliver();
                ok(json!({}))
            }
            Change::Revoke { user } => self.revoke(site, user),
            Change::Acknowledge { alert, user } => self.acknowledge_alert(site, &alert, user),
        }
    }

    /// Revokes a user's tokens: at once, and stored for the engine after us.
    fn revoke(&mut self, site: SiteId, user: u64) -> Value {
        // The wall clock itself: the state's may be behind it while records wait.
        let unix = i64::from(self.clock.now()) + self.clock.offset();
        self.channel.revocations().revoke(site, user, unix);
        match self.store.revoke(site, user, unix) {
            Ok(()) => ok(json!({})),
            Err(failed) => error("store", failed.explain()),
        }
    }

    pub(super) fn expire_revocations(&mut self) {
        let unix = i64::from(self.clock.now()) + self.clock.offset();
        if self.channel.revocations().expire(unix) {
            // What cannot be deleted now is as expired when it is read again.
            let _expired = self.store.expire_revocations(unix, KEPT_S);
        }
    }

    /// Notes that a person has seen an alert.
    fn acknowledge_alert(&mut self, site: SiteId, alert: &str, user: u64) -> Value {
        let time = self.intake.live.unix();
        let unknown = || error("unknown-alert", "there is no such alert of late");
        let Some(state) = self.alerts.get_mut(&site) else { return unknown() };
        if !state.acknowledge(alert, user, time) {
            return unknown();
        }
        if std::mem::take(&mut state.dirty) {
            if let Ok(json) = serde_json::to_string(state) {
                self.intake.batch.alerts.insert(site, json);
            }
            if let Some(site) = self.intake.live.site_mut(site) {
                site.changed = true;
            }
            self.publish_now();
        }
        match self.try_commit(Micros::now().0) {
            true => ok(json!({})),
            false => error("store", self.trouble.as_deref().unwrap_or("the database cannot be written to")),
        }
    }

    fn forget(&mut self, site: SiteId) -> Value {
        // What is on its way is written first: the store then rewrites everything that names the site.
        self.outbox.forget(site);
        if !self.try_commit(Micros::now().0) {
            return error("store", self.trouble.as_deref().unwrap_or("the database cannot be written to"));
        }
        self.intake.live.forget(site);
        if let Err(failed) = self.store.forget(site, &self.intake.live) {
            return error("store", failed.explain());
        }
        self.intake.configs.remove(&site);
        self.alerts.remove(&site);
        self.intake.salts.forget(site);
        self.hub.remove(site);
        self.channel.forget(site);
        if let Some(source) = self.sources.current() {
            source.ring.remove_site(site.0);
        }
        self.emptied = self.intake.configs.is_empty();
        ok(json!({}))
    }
}
