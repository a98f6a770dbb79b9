//! Who is connected: until when, and why a connection ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use qahm_event::SiteId;
use tokio::sync::Notify;

use super::Shared;
use super::auth::Pass;
use super::limit::{Bucket, COMMANDS};
use super::shared::unix_now;

/// The wall clock may be set, so who waits for a time of day looks again this often.
const LOOK: Duration = Duration::from_secs(20);

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    Socket,
    Events,
    Poll,
}

impl Codec {
    pub const ALL: [Codec; 3] = [Codec::Socket, Codec::Events, Codec::Poll];

    pub const fn as_str(self) -> &'static str {
        match self {
            Codec::Socket => "socketio",
            Codec::Events => "sse",
            Codec::Poll => "poll",
        }
    }
}

/// Why a connection ends that did not leave by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its token is over and no other came.
    Expired,
    /// Its user may no longer read.
    Revoked,
    /// The engine ends.
    Bye,
}

impl End {
    pub const fn as_str(self) -> &'static str {
        match self {
            End::Expired => "expired",
            End::Revoked => "revoked",
            End::Bye => "bye",
        }
    }
}

/// One connection. Dropping the last [`Opened`] takes it off the list.
pub struct Connection {
    /// Random: who knows it may send commands, if he is the same user of the same site.
    pub id: String,
    pub codec: Codec,
    pub site: SiteId,
    pub user: u64,
    /// Where its commands wait, if they come by another way than the connection itself.
    pub commands: Option<super::command::Inbox>,
    life: Mutex<Life>,
    renewed: Notify,
    bucket: Mutex<Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    /// Unix seconds.
    expires: u64,
    chain: u64,
    /// The same moment by a clock that nobody sets: a wall clock that is set back makes no life longer.
    until: Instant,
}

impl Life {
    /// Of a token that was checked just now.
    fn of(pass: &Pass, unix: u64, now: Instant) -> Life {
        let until = now + Duration::from_secs(pass.expires.saturating_sub(unix));
        Life { expires: pass.expires, chain: pass.chain, until }
    }

    /// What is left of it.
    fn left(&self, unix: u64, now: Instant) -> Duration {
        let by_wall = Duration::from_secs(self.expires.saturating_sub(unix));
        by_wall.min(self.until.saturating_duration_since(now))
    }
}

impl Connection {
    /// Unix seconds at which it ends unless it is renewed.
    pub fn expires(&self) -> u64 {
        self.life.lock().expires
    }

    /// Goes on until another token of the same user and site is over. `false`: it is another's.
    pub fn renew(&self, pass: &Pass) -> bool {
        let same = pass.site == self.site && pass.user == self.user;
        if same {
            let mut life = self.life.lock();
            // Tokens may come in any order; the one that lasts longest counts.
            if pass.expires >= life.expires {
                *life = Life::of(pass, unix_now(), Instant::now());
            }
            drop(life);
            self.renewed.notify_waiters();
        }
        same
    }

    /// Whether one more command may come now.
    pub fn may_command(&self) -> bool {
        self.bucket.lock().take(Instant::now())
    }

    /// Waits for the end: the token's, the user's rights', or the engine's.
    pub async fn ended(&self, shared: &Shared) -> End {
        let mut closing = shared.closing();
        let mut revocations = shared.channel.revocations().subscribe();
        loop {
            // Asked for before looking, so that nothing that happens in between is missed.
            let renewed = self.renewed.notified();
            if *closing.borrow_and_update() {
                return End::Bye;
            }
            revocations.mark_unchanged();
            let life = *self.life.lock();
            if shared.channel.revocations().is_revoked(self.site, self.user, life.chain) {
                return End::Revoked;
            }
            let left = life.left(unix_now(), Instant::now());
            if left.is_zero() {
                return End::Expired;
            }
            tokio::select! {
                _ = closing.changed() => {}
                _ = revocations.changed() => {}
                () = renewed => {}
                () = tokio::time::sleep(left.min(LOOK)) => {}
            }
        }
    }
}

/// All connections, by id.
#[derive(Default)]
pub struct Connections {
    open: Mutex<HashMap<String, Arc<Connection>>>,
}

/// A connection that is on the list as long as this lives.
pub struct Opened {
    connection: Arc<Connection>,
    all: Arc<Connections>,
}

impl std::ops::Deref for Opened {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.all.open.lock().remove(&self.connection.id);
    }
}

impl Connections {
    /// Puts a connection on the list.
    pub fn open(
        self: &Arc<Self>,
        pass: &Pass,
        codec: Codec,
        commands: Option<super::command::Inbox>,
    ) -> Opened {
        let mut id = [0; 16];
        // Without random numbers it cannot be addressed from outside, and needs not be.
        let random = getrandom::fill(&mut id).is_ok();
        let connection = Arc::new(Connection {
            id: format!("{:032x}", u128::from_le_bytes(id)),
            codec,
            site: pass.site,
            user: pass.user,
            commands: commands.filter(|_| random),
            life: Mutex::new(Life::of(pass, unix_now(), Instant::now())),
            renewed: Notify::new(),
            bucket: Mutex::new(Bucket::new(COMMANDS, Instant::now())),
        });
        self.open.lock().insert(connection.id.clone(), connection.clone());
        Opened { connection, all: self.clone() }
    }

    /// The connection of this id, if it belongs to this user of this site.
    pub fn find(&self, id: &str, pass: &Pass) -> Option<Arc<Connection>> {
        let found = self.open.lock().get(id).cloned();
        found.filter(|connection| connection.site == pass.site && connection.user == pass.user)
    }

    /// How many there are of each codec.
    pub fn count(&self) -> BTreeMap<Codec, usize> {
        let mut count: BTreeMap<Codec, usize> = Codec::ALL.into_iter().map(|codec| (codec, 0)).collect();
        for connection in self.open.lock().values() {
            *count.entry(connection.codec).or_default() += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_makes_no_life_longer() {
        let pass = Pass { site: SiteId(1), user: 1, expires: 1060, chain: 1000, token: String::new() };
        let (seconds, begun) = (Duration::from_secs, Instant::now());
        let life = Life::of(&pass, 1000, begun);
        assert_eq!(life.left(1000, begun), seconds(60));
        assert_eq!(life.left(1020, begun + seconds(20)), seconds(40));
        assert_eq!(life.left(1060, begun + seconds(60)), Duration::ZERO);
        assert_eq!(life.left(0, begun + seconds(59)), seconds(1), "set back");
        assert_eq!(life.left(0, begun + seconds(61)), Duration::ZERO);
        assert_eq!(life.left(2000, begun), Duration::ZERO, "set forward");
    }
}
