//! Somebody who follows a stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::stream::Stream;
use super::{After, At, Channel, StreamKey};

/// A stream stays this long after somebody who [lingers](Follower::linger) has left: the next poll comes by then.
pub const LINGER: Duration = Duration::from_secs(30);

/// Keeps a stream alive and reads it. Leaves when it is dropped.
///
/// It holds no place: whoever has it asks for what is after its own, when it can take it.
/// ```text
/// loop { match follower.after(at) { Messages(m) => send them, at = the last one's seq, Current => changed().await } }
/// ```
/// Nothing is missed between the two: a change after the last look ends `changed` at once.
pub struct Follower {
    pub(super) channel: Arc<Channel>,
    pub(super) stream: Arc<Stream>,
    pub(super) wake: watch::Receiver<()>,
    /// Who follows, if it is a user.
    pub(super) user: Option<u64>,
    pub(super) linger: bool,
}

impl Follower {
    pub fn key(&self) -> &StreamKey {
        &self.stream.key
    }

    /// The epoch of the stream's places: that of its filter.
    pub fn epoch(&self) -> u64 {
        self.stream.epoch()
    }

    /// What is after a place; `None` = nothing has been read yet. Never blocks for longer than a state takes to be
    /// written, which is done once for all.
    pub fn after(&self, at: Option<At>) -> After {
        self.stream.after(at, Instant::now())
    }

    /// The newest place of the stream, for a beat; `None` while it has no state.
    pub fn position(&self) -> Option<At> {
        self.stream.position()
    }

    /// Waits until something may have changed since the last call. Needs no runtime of its own; may be dropped at any
    /// time.
    pub async fn changed(&mut self) {
        // The stream, and with it the sender, lives as long as we do.
        let _alive = self.wake.changed().await;
    }

    /// The stream stays for [`LINGER`] after we left.
    pub fn linger(&mut self) {
        self.linger = true;
    }

    /// Waits until the stream has a state, until `deadline` at most. Blocks its thread: not for a runtime's.
    pub fn await_state(&self, deadline: Instant) {
        self.stream.await_state(deadline);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.channel.leave(&self.stream, self.user, self.linger.then(|| Instant::now() + LINGER));
    }
}
