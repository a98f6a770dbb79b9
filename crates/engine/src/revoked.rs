//! Users whose tokens are no longer good, until the last of those tokens would have ended anyway.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use qahm_event::SiteId;
use qahm_runtime::CHAIN_S;
use tokio::sync::watch;

/// Who was revoked, and when. Read with every check of a token, changed by the pipeline alone.
#[derive(Debug)]
pub struct Revoked {
    /// Unix seconds: chains that began then or before are not good.
    before: RwLock<HashMap<(SiteId, u64), u64>>,
    changed: watch::Sender<()>,
}

impl Default for Revoked {
    fn default() -> Revoked {
        Revoked { before: RwLock::default(), changed: watch::Sender::new(()) }
    }
}

impl Revoked {
    /// From now on every chain of tokens of this user that began at `at` (Unix seconds) or before is refused, and who
    /// waits for [`Revoked::changes`] hears of it.
    pub fn revoke(&self, site: SiteId, user: u64, at: u64) {
        let mut before = self.before.write();
        before.retain(|_, at| *at + CHAIN_S >= unix_now());
        let entry = before.entry((site, user)).or_default();
        *entry = at.max(*entry);
        drop(before);
        self.changed.send_replace(());
    }

    /// Whether the chain of this user's tokens that began at `chain` (Unix seconds) was revoked since.
    pub fn is_revoked(&self, site: SiteId, user: u64, chain: u64) -> bool {
        self.before.read().get(&(site, user)).is_some_and(|at| chain <= *at)
    }

    /// All that still matters, to be stored: site, user, and when (Unix seconds).
    pub fn all(&self) -> Vec<(SiteId, u64, u64)> {
        self.before.read().iter().map(|((site, user), at)| (*site, *user, *at)).collect()
    }

    /// Tells whenever somebody is revoked.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// Unix time in seconds, as tokens have it.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_begins_after_the_revocation_is_good() {
        let (revoked, now) = (Revoked::default(), unix_now());
        let mut changes = revoked.changes();
        revoked.revoke(SiteId(1), 7, now);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert!(revoked.is_revoked(SiteId(1), 7, now - 5) && revoked.is_revoked(SiteId(1), 7, now));
        for (site, user, chain) in [(1, 7, now + 1), (1, 8, now), (2, 7, now)] {
            assert!(!revoked.is_revoked(SiteId(site), user, chain));
        }
        revoked.revoke(SiteId(1), 7, now - 100);
        assert!(revoked.is_revoked(SiteId(1), 7, now), "an older one takes nothing back");
        // What no token can outlive is forgotten.
        revoked.revoke(SiteId(3), 9, now - CHAIN_S - 10);
        revoked.revoke(SiteId(1), 8, now);
        assert_eq!(revoked.all().len(), 2);
    }
}
