//! The rows of the sites: what a worker knows of a site without asking the engine.
//!
//! A hash table with linear search. The engine alone writes it; any worker reads. A worker may hold a row while the
//! engine gives it to another site: so everything it reads is believed only if the id is still the same afterwards.

use crate::Ring;
use crate::layout::{COUNTERS, Copy, HOSTS_MAX, SITES_MAX, SiteCell};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, fence};

const EMPTY: u64 = 0;
const REMOVED: u64 = u64::MAX;
/// A reader that was overtaken this often has no luck today; the next request will.
const READ_TRIES: u32 = 3;

impl Ring {
    /// The row of a site, if the engine knows it. No system call.
    pub fn site(&self, site: u64) -> Option<SiteRow<'_>> {
        if matches!(site, EMPTY | REMOVED) {
            return None;
        }
        for cell in self.path(site) {
            match cell.id.load(Acquire) {
                EMPTY => return None,
                id if id == site => return Some(SiteRow { cell, id }),
                _ => {}
            }
        }
        None
    }

    /// Engine only: the row of a site, made if need be; `None` when [`SITES_MAX`] are taken, or for the ids 0 and
    /// 2^64 - 1, which mean something else here.
    pub fn site_or_insert(&self, site: u64) -> Option<SiteRow<'_>> {
        if matches!(site, EMPTY | REMOVED) {
            return None;
        }
        if let Some(row) = self.site(site) {
            return Some(row);
        }
        let cell = self.path(site).find(|cell| matches!(cell.id.load(Relaxed), EMPTY | REMOVED))?;
        wipe(cell);
        cell.id.store(site, Release);
        Some(SiteRow { cell, id: site })
    }

    /// Engine only: forgets a site. True if it had a row.
    pub fn remove_site(&self, site: u64) -> bool {
        let Some(row) = self.site(site) else { return false };
        row.cell.id.store(REMOVED, Relaxed);
        // A reader that sees anything of the wiping sees the id gone, too.
        fence(Release);
        wipe(row.cell);
        self.tidy(row.cell);
        true
    }

    /// All rows in use, in no order.
    pub fn sites(&self) -> impl Iterator<Item = SiteRow<'_>> {
        self.map.sites().iter().filter_map(|cell| match cell.id.load(Acquire) {
            EMPTY | REMOVED => None,
            id => Some(SiteRow { cell, id }),
        })
    }

    /// Every row once, beginning at the one where the site would like to be.
    fn path(&self, site: u64) -> impl Iterator<Item = &SiteCell> {
        let cells = self.map.sites();
        let first = (site % SITES_MAX as u64) as usize;
        let (before, from) = cells.split_at_checked(first).unwrap_or((&[], cells));
        from.iter().chain(before)
    }

    /// Turns removed rows before an empty one into empty ones, else searches for unknown sites grow longer for ever.
    /// (In a table that was full once, nothing is empty, and they stay long: 512 rows, some microseconds.)
    fn tidy(&self, removed: &SiteCell) {
        let cells = self.map.sites();
        let Some(at) = cells.iter().position(|cell| std::ptr::eq(cell, removed)) else { return };
        let next = cells.iter().cycle().nth(at + 1);
        if next.is_none_or(|cell| cell.id.load(Relaxed) != EMPTY) {
            return;
        }
        for cell in cells.iter().rev().cycle().skip(SITES_MAX - 1 - at).take(SITES_MAX) {
            if cell.id.load(Relaxed) != REMOVED {
                return;
            }
            cell.id.store(EMPTY, Relaxed);
        }
    }
}

/// The row of one site.
#[derive(Clone, Copy)]
pub struct SiteRow<'a> {
    cell: &'a SiteCell,
    id: u64,
}

impl SiteRow<'_> {
    /// The site.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Hash of the configuration the engine has; 0 = none, or the row is another site's by now.
    pub fn config_hash(&self) -> u64 {
        let hash = self.cell.config_hash.load(Relaxed);
        if self.is_current() { hash } else { 0 }
    }

    /// Engine only.
    pub fn set_config_hash(&self, hash: u64) {
        self.cell.config_hash.store(hash, Release);
    }

    /// Whether the hash of a host is among the site's; never for 0.
    pub fn has_host(&self, hash: u64) -> bool {
        hash != 0 && self.cell.hosts.iter().any(|host| host.load(Relaxed) == hash) && self.is_current()
    }

    /// Engine only: the hashes of the site's hosts, of which the first [`HOSTS_MAX`] are kept. A host that stays is not
    /// touched: at no instant would its visitors be sent away.
    pub fn set_hosts(&self, hashes: &[u64]) {
        let mut wanted: Vec<u64> = Vec::with_capacity(HOSTS_MAX);
        for hash in hashes.iter().filter(|hash| **hash != 0) {
            if wanted.len() < HOSTS_MAX && !wanted.contains(hash) {
                wanted.push(*hash);
            }
        }
        let mut replaceable: Vec<&AtomicU64> = Vec::with_capacity(HOSTS_MAX);
        for place in &self.cell.hosts {
            match wanted.iter().position(|hash| *hash == place.load(Relaxed)) {
                Some(found) => drop(wanted.swap_remove(found)),
                None => replaceable.push(place),
            }
        }
        for place in replaceable {
            place.store(wanted.pop().unwrap_or(0), Relaxed);
        }
    }

    /// Whether transitions of alerts wait to be claimed.
    pub fn alert_pending(&self) -> bool {
        self.cell.alert_pending.load(Relaxed) != 0 && self.is_current()
    }

    /// Engine only.
    pub fn set_alert_pending(&self, pending: bool) {
        self.cell.alert_pending.store(pending.into(), Relaxed);
    }

    /// Engine only: publishes the counters. Written to the copy nobody is sent to, which then becomes the valid one: a
    /// writer killed half-way leaves the valid copy whole.
    pub fn publish(&self, counters: &[u64; COUNTERS]) {
        let [first, second] = &self.cell.copies;
        let (copy, number) = if self.cell.active.load(Relaxed) == 1 { (second, 2) } else { (first, 1) };
        write(copy, counters);
        self.cell.active.store(number, Release);
    }

    /// The counters last published; `None` when there are none, when the row is another site's by now, or when the
    /// engine overtook us three times.
    ///
    /// A copy that is whole is not enough: a reader that was held up between choosing the copy and reading it may find
    /// it rewritten but not yet the valid one, and its next call would then answer the older figures. So the choice is
    /// looked at again after the words.
    pub fn read(&self) -> Option<[u64; COUNTERS]> {
        for _ in 0..READ_TRIES {
            let [first, second] = &self.cell.copies;
            let active = self.cell.active.load(Acquire);
            let copy = match active {
                1 => first,
                2 => second,
                _ => return None,
            };
            let sequence = copy.sequence.load(Acquire);
            let counters =
                std::array::from_fn(|index| copy.words.get(index).map_or(0, |word| word.load(Relaxed)));
            fence(Acquire);
            let whole = sequence & 1 == 0 && copy.sequence.load(Relaxed) == sequence;
            if whole && self.cell.active.load(Relaxed) == active {
                return self.is_current().then_some(counters);
            }
        }
        None
    }

    /// Whether the row is still this site's.
    pub fn is_current(&self) -> bool {
        fence(Acquire);
        self.cell.id.load(Relaxed) == self.id
    }
}

/// The writer's half of a seqlock. A writer that was killed left the sequence odd; adding one to that would make it even
/// *while* writing. So the odd number is not added to, but rounded to.
fn write(copy: &Copy, counters: &[u64; COUNTERS]) {
    let odd = copy.sequence.load(Relaxed) | 1;
    copy.sequence.store(odd, Relaxed);
    fence(Release);
    for (word, value) in copy.words.iter().zip(counters) {
        word.store(*value, Relaxed);
    }
    copy.sequence.store(odd.wrapping_add(1), Release);
}

/// Empties a row but for its id. Sequences go on: a reader in the middle must notice.
fn wipe(cell: &SiteCell) {
    cell.active.store(0, Relaxed);
    cell.config_hash.store(0, Relaxed);
    cell.alert_pending.store(0, Relaxed);
    cell.hosts.iter().for_each(|host| host.store(0, Relaxed));
    cell.copies.iter().for_each(|copy| write(copy, &[0; COUNTERS]));
}
