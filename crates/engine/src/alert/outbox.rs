//! Transitions on their way to WordPress: claimed under a lease, acknowledged, tried again after a death.
//!
//! - One claim per site at a time, of one transition, the oldest first: handlers see an alert's raising before its end,
//!   and the lease is about one transition's handlers.
//! - A claim ends with its acknowledgement, with its lease, or at once when the claiming process is gone.
//! - Who dies in the middle is followed by another attempt, at most three in all; then the transition is given up,
//!   counted and shown, never silently lost.
//!
//! Pure: time comes in as engine seconds, which a wall clock that is set does not move; whether a process lives comes
//! in as a function.

use std::collections::{BTreeMap, HashMap};

use qahm_event::SiteId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Transition;

/// Attempts at most.
pub const ATTEMPTS: u32 = 3;
/// Transitions that wait for a site at most; beyond it the oldest is given up. A WordPress that cannot be reached for
/// weeks must not fill the disk.
const WAITING_MAX: usize = 100;
/// After this many seconds requests other than the engine's own may claim.
pub const PATIENCE: i64 = 10;

/// A transition on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub number: i64,
    pub site: String,
    pub transition: Transition,
    #[serde(rename = "type")]
    pub kind: String,
    /// Claims so far.
    pub attempt: u32,
    /// Engine second.
    pub created: i64,
    /// What the handlers get.
    pub data: Value,
    /// The claim that holds it.
    pub claim: Option<Claim>,
}

/// Who delivers it, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub number: u64,
    /// Engine second.
    pub until: i64,
    /// Process id and start time (clock ticks after boot).
    pub pid: u32,
    pub started: u64,
}

/// A claimer.
#[derive(Debug, Clone, Copy)]
pub struct Claimer {
    pub pid: u32,
    pub started: u64,
    /// Seconds.
    pub lease: i64,
}

/// The result of one delivery.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivered {
    /// The alert's id, `data.id` of the entry.
    pub id: String,
    pub transition: Transition,
    /// What a handler threw, or empty. A handler that fails has still been told.
    #[serde(default)]
    pub error: String,
}

impl Entry {
    fn is(&self, delivered: &Delivered) -> bool {
        self.transition == delivered.transition
            && self.data.get("id").and_then(Value::as_str) == Some(&delivered.id)
    }
}

#[derive(Debug, Default)]
pub struct Outbox {
    entries: BTreeMap<i64, Entry>,
    next: i64,
    claims: u64,
    /// Entries changed since the store last took them; `None` = gone.
    changed: HashMap<i64, Option<Entry>>,
    /// Given up after the last attempt, since the start.
    pub failed: u64,
    /// The last error of a handler.
    pub error: String,
}

impl Outbox {
    /// Puts back what the store knew; what cannot be read is left out. `seed` starts the numbers of claims, so that a
    /// late acknowledgement to an engine before this one meets no claim of ours.
    pub fn restore(entries: &[String], now: i64, seed: u64) -> Outbox {
        let entries: BTreeMap<i64, Entry> = entries
            .iter()
            .filter_map(|json| serde_json::from_str::<Entry>(json).ok())
            .map(|e| (e.number, e))
            .collect();
        // Numbers only grow, also when the box was empty: milliseconds leave room for what was numbered before.
        let next = entries.keys().next_back().map_or(0, |n| n + 1).max(now * 1000);
        Outbox { entries, next, claims: seed >> 12, ..Outbox::default() }
    }

    /// Adds a transition.
    pub fn add(&mut self, site: SiteId, transition: Transition, kind: &str, data: Value, now: i64) {
        let waiting: Vec<i64> = self.of(site).filter(|e| e.claim.is_none()).map(|e| e.number).collect();
        if waiting.len() >= WAITING_MAX
            && let Some(oldest) = waiting.first()
        {
            self.failed += 1;
            self.remove(*oldest);
        }
        let entry = Entry {
            number: self.next,
            site: site.to_string(),
            transition,
            kind: kind.into(),
            attempt: 0,
            created: now,
            data,
            claim: None,
        };
        self.next += 1;
        self.change(entry);
    }

    fn change(&mut self, entry: Entry) {
        self.changed.insert(entry.number, Some(entry.clone()));
        self.entries.insert(entry.number, entry);
    }

    fn remove(&mut self, number: i64) {
        self.entries.remove(&number);
        self.changed.insert(number, None);
    }

    /// The entries of a site, oldest first.
    fn of(&self, site: SiteId) -> impl Iterator<Item = &Entry> {
        let name = site.to_string();
        self.entries.values().filter(move |e| e.site == name)
    }

    /// Claims the oldest transition that waits for a site. `None`: nothing waits, or another claim holds.
    pub fn claim(
        &mut self,
        site: SiteId,
        claimer: Claimer,
        now: i64,
        alive: impl Fn(u32, u64) -> bool,
    ) -> Option<(u64, Entry)> {
        self.release(now, alive);
        if self.of(site).any(|e| e.claim.is_some()) {
            return None;
        }
        let mut entry = self.of(site).next()?.clone();
        self.claims += 1;
        let number = self.claims;
        entry.attempt += 1;
        entry.claim =
            Some(Claim { number, until: now + claimer.lease, pid: claimer.pid, started: claimer.started });
        self.change(entry.clone());
        Some((number, entry))
    }

    /// Ends a claim: what was delivered is done, the rest waits again. Answers whether the claim was known.
    pub fn acknowledge(&mut self, site: SiteId, number: u64, results: &[Delivered]) -> bool {
        let held = |e: &&Entry| e.claim.as_ref().is_some_and(|c| c.number == number);
        let held: Vec<i64> = self.of(site).filter(held).map(|e| e.number).collect();
        for id in &held {
            let Some(mut entry) = self.entries.get(id).cloned() else { continue };
            match results.iter().find(|r| entry.is(r)) {
                Some(result) => {
                    if !result.error.is_empty() {
                        self.error = format!("a handler of {} failed: {}", entry.kind, result.error);
                    }
                    self.remove(*id);
                }
                None => {
                    entry.claim = None;
                    self.again(entry);
                }
            }
        }
        !held.is_empty()
    }

    /// Takes a claim back that could not be made durable: nobody has been told of it.
    pub fn cancel(&mut self, number: u64) {
        let held: Vec<Entry> = self
            .entries
            .values()
            .filter(|e| e.claim.as_ref().is_some_and(|c| c.number == number))
            .cloned()
            .collect();
        for mut entry in held {
            entry.claim = None;
            entry.attempt -= 1;
            self.change(entry);
        }
    }

    /// Ends the claims whose lease is over or whose claimer is gone.
    pub fn release(&mut self, now: i64, alive: impl Fn(u32, u64) -> bool) {
        let over: Vec<Entry> = self
            .entries
            .values()
            .filter(|e| e.claim.as_ref().is_some_and(|c| c.until <= now || !alive(c.pid, c.started)))
            .cloned()
            .collect();
        for mut entry in over {
            entry.claim = None;
            self.again(entry);
        }
    }

    fn again(&mut self, entry: Entry) {
        if entry.attempt >= ATTEMPTS {
            self.failed += 1;
            self.remove(entry.number);
        } else {
            self.change(entry);
        }
    }

    /// Sites with something that nobody holds, and since when the oldest of it waits.
    pub fn waiting(&self) -> HashMap<String, i64> {
        let mut sites: HashMap<String, i64> = HashMap::new();
        for entry in self.entries.values().filter(|e| e.claim.is_none()) {
            let since = sites.entry(entry.site.clone()).or_insert(entry.created);
            *since = (*since).min(entry.created);
        }
        sites.retain(|site, _| !self.entries.values().any(|e| e.site == *site && e.claim.is_some()));
        sites
    }

    pub fn forget(&mut self, site: SiteId) {
        let name = site.to_string();
        let gone: Vec<i64> = self.entries.values().filter(|e| e.site == name).map(|e| e.number).collect();
        gone.into_iter().for_each(|n| self.remove(n));
    }

    /// Entries to write (`Some`) or delete since the last call.
    pub fn take_changed(&mut self) -> HashMap<i64, Option<Entry>> {
        std::mem::take(&mut self.changed)
    }

    /// Something waits to be written.
    pub fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Transitions on their way.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: SiteId = SiteId(7);
    const ME: Claimer = Claimer { pid: 10, started: 1, lease: 40 };

    fn filled() -> Outbox {
        let mut outbox = Outbox::restore(&[], 1000, 0);
        let data = serde_json::json!({ "id": "a1" });
        outbox.add(SITE, Transition::Raised, "high_traffic", data.clone(), 1000);
        outbox.add(SITE, Transition::Resolved, "high_traffic", data, 1001);
        outbox
    }

    fn done(entry: &Entry) -> Vec<Delivered> {
        vec![Delivered { id: "a1".into(), transition: entry.transition, error: String::new() }]
    }

    #[test]
    fn claimed_in_order_once_and_never_by_two() {
        let mut outbox = filled();
        assert_eq!(outbox.claim(SiteId(8), ME, 1002, |_, _| true), None);
        for transition in [Transition::Raised, Transition::Resolved] {
            let (claim, entry) = outbox.claim(SITE, ME, 1002, |_, _| true).unwrap();
            assert_eq!((entry.transition, entry.attempt), (transition, 1));
            assert!(outbox.claim(SITE, ME, 1003, |_, _| true).is_none(), "never two at once");
            assert!(outbox.waiting().is_empty());
            assert!(!outbox.acknowledge(SITE, claim + 1, &done(&entry)));
            assert!(outbox.acknowledge(SITE, claim, &done(&entry)));
            assert!(!outbox.acknowledge(SITE, claim, &done(&entry)), "a second one finds nothing");
        }
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_dead_claimer_is_followed_by_two_more_attempts() {
        let mut outbox = filled();
        for attempt in 1..=ATTEMPTS {
            let (_, entry) = outbox.claim(SITE, ME, 1002, |_, _| false).unwrap();
            assert_eq!((entry.transition, entry.attempt), (Transition::Raised, attempt));
        }
        let (_, next) = outbox.claim(SITE, ME, 1002, |_, _| false).unwrap();
        assert_eq!(
            (next.transition, next.attempt),
            (Transition::Resolved, 1),
            "only what was tried is given up"
        );
        assert_eq!(outbox.failed, 1);
    }

    #[test]
    fn a_lease_ends_and_what_was_not_acknowledged_waits_again() {
        let mut outbox = filled();
        let (claim, entry) = outbox.claim(SITE, ME, 1002, |_, _| true).unwrap();
        assert!(outbox.claim(SITE, ME, 1041, |_, _| true).is_none());
        let (second, _) = outbox.claim(SITE, ME, 1042, |_, _| true).unwrap();
        assert!(!outbox.acknowledge(SITE, claim, &done(&entry)), "the first claim is over");
        assert!(outbox.acknowledge(SITE, second, &[]));
        assert_eq!(outbox.waiting().len(), 1);
    }

    #[test]
    fn a_claim_that_nobody_heard_of_costs_no_attempt() {
        let mut outbox = filled();
        for _ in 0..10 {
            let (claim, entry) = outbox.claim(SITE, ME, 1002, |_, _| true).unwrap();
            assert_eq!(entry.attempt, 1);
            outbox.cancel(claim);
        }
    }

    #[test]
    fn survives_the_store() {
        let mut outbox = filled();
        outbox.claim(SITE, ME, 1002, |_, _| true);
        let stored: Vec<String> =
            outbox.take_changed().values().flatten().map(|e| serde_json::to_string(e).unwrap()).collect();
        let mut again = Outbox::restore(&stored, 1003, 1 << 40);
        assert!(again.claim(SITE, ME, 1003, |_, _| true).is_none(), "the lease holds over a restart");
        assert_eq!(again.claim(SITE, ME, 1003, |_, _| false).unwrap().1.attempt, 2);
    }

    #[test]
    fn a_site_that_cannot_be_reached_does_not_fill_the_disk() {
        let mut outbox = filled();
        for n in 0..500 {
            outbox.add(SITE, Transition::Raised, "high_traffic", Value::Null, 1002 + n);
        }
        assert_eq!(outbox.of(SITE).count(), WAITING_MAX);
        assert_eq!(outbox.failed, 402);
    }
}
