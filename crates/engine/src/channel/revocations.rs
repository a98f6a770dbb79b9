//! Whose tokens are good no longer, although their time is not over.

use std::collections::HashMap;

use parking_lot::RwLock;
use qahm_event::SiteId;
use tokio::sync::watch;

/// A revocation is kept so many seconds: a chain of tokens, and a minute.
pub const KEPT_S: i64 = qahm_runtime::CHAIN_S as i64 + 60;

/// Who is revoked as this user is: everybody of the site. WordPress gives no tokens to nobody in particular.
const EVERYBODY: u64 = 0;

/// The users whose tokens were revoked, and when. Changed by the pipeline, read by everybody.
#[derive(Debug)]
pub struct Revocations {
    /// Unix seconds.
    users: RwLock<HashMap<(SiteId, u64), i64>>,
    changed: watch::Sender<()>,
}

impl Default for Revocations {
    fn default() -> Self {
        Revocations { users: RwLock::default(), changed: watch::Sender::new(()) }
    }
}

impl Revocations {
    /// Whether a token of this user whose chain began at `chain` (Unix seconds) was revoked. Times are whole seconds: a
    /// chain that began in the very second of the revocation is refused also if it began after it, for it cannot be told
    /// from one that began before; the next second's is good.
    pub fn is_revoked(&self, site: SiteId, user: u64, chain: u64) -> bool {
        let users = self.users.read();
        [user, EVERYBODY].iter().any(|user| {
            let at = users.get(&(site, *user));
            at.is_some_and(|at| i64::try_from(chain).is_ok_and(|chain| chain <= *at))
        })
    }

    /// A receiver that changes with every revocation: whoever holds connections then looks which have to end.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Revokes the tokens of a user at a Unix second.
    pub fn revoke(&self, site: SiteId, user: u64, at: i64) {
        let mut users = self.users.write();
        let known = users.entry((site, user)).or_insert(at);
        *known = (*known).max(at);
        drop(users);
        self.changed.send_replace(());
    }

    /// Lets those go that no token can fall under any more, also those of a clock that was set back since: tokens of
    /// then are refused for beginning in the future.
    ///
    /// Answers whether any went.
    pub fn expire(&self, unix: i64) -> bool {
        if self.users.read().is_empty() {
            return false;
        }
        let mut users = self.users.write();
        let before = users.len();
        users.retain(|_, at| (*at - unix).abs() <= KEPT_S);
        users.len() < before
    }

    pub fn forget(&self, site: SiteId) {
        self.users.write().retain(|(of, _), _| *of != site);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_is_refused() {
        let revocations = Revocations::default();
        let mut changed = revocations.subscribe();
        revocations.revoke(SiteId(1), 7, 1000);
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        let refused = |site, user, chain| revocations.is_revoked(SiteId(site), user, chain);
        assert!(refused(1, 7, 999) && refused(1, 7, 1000));
        assert!(!refused(1, 7, 1001) && !refused(2, 7, 999) && !refused(1, 8, 999));
        revocations.revoke(SiteId(3), EVERYBODY, 1000);
        assert!(refused(3, 7, 1000) && refused(3, 8, 999) && !refused(3, 7, 1001));
        revocations.revoke(SiteId(1), 7, 900);
        assert!(refused(1, 7, 1000), "an earlier one takes nothing back");
        revocations.expire(1000 + KEPT_S);
        assert!(refused(1, 7, 1000));
        revocations.expire(1001 + KEPT_S);
        assert!(!refused(1, 7, 1000));
    }
}
