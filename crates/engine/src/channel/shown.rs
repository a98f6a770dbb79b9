//! What a stream shows: its state, and the patches of late.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Message, Refused};

/// Patches kept, and for how long.
pub(super) const RING: usize = 256;
pub(super) const RING_AGE: Duration = Duration::from_secs(30);
/// Nor more bytes of them than a put has, or this many: who has missed more is served sooner by a put.
const RING_BYTES: usize = 32 << 10;
/// States are many short members, each a name and a value in memory of their own: so many bytes for one of JSON, and a
/// little more, as measured.
const STATE_COST: usize = 6;

#[derive(Default)]
pub(super) struct Shown {
    /// `None` until the pipeline has given it.
    pub(super) state: Option<Arc<Value>>,
    pub(super) seq: u64,
    /// The state as a message, made when somebody asks.
    pub(super) put: Option<Arc<Message>>,
    /// Each applies to the state that the one before it leads to; the last one leads to the state.
    ring: VecDeque<(Instant, Arc<Message>)>,
    ring_bytes: usize,
    /// Bytes of a put, when they were last counted.
    pub(super) put_bytes: usize,
    /// How many states there were.
    pub(super) states: u64,
    /// Nothing more will come.
    pub(super) gone: Option<Refused>,
}

impl Shown {
    /// Keeps a patch, and as many before it as are worth keeping.
    pub(super) fn keep(&mut self, patch: Message, now: Instant) {
        self.ring_bytes += patch.json().len();
        self.ring.push_back((now, Arc::new(patch)));
        while self.ring.len() > RING || self.ring_bytes > self.put_bytes.max(RING_BYTES) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, patch)) = self.ring.pop_front() {
            self.ring_bytes -= patch.json().len();
        }
    }

    /// Forgets patches that nobody should ask for any more.
    pub(super) fn age(&mut self, now: Instant) {
        while self.ring.front().is_some_and(|(made, _)| now.saturating_duration_since(*made) > RING_AGE) {
            self.drop_oldest();
        }
    }

    pub(super) fn clear_ring(&mut self) {
        self.ring.clear();
        self.ring_bytes = 0;
    }

    /// The patches from a state on, if the ring has them all.
    pub(super) fn missed(&self, seq: u64) -> Option<Vec<Arc<Message>>> {
        let from = self.ring.iter().position(|(_, patch)| patch.base == Some(seq))?;
        Some(self.ring.iter().skip(from).map(|(_, patch)| patch.clone()).collect())
    }

    /// Bytes in memory, estimated: the state as values, and messages, half as much again for what is packed of them.
    pub(super) fn bytes(&self) -> usize {
        let put = self.put.as_ref().map_or(0, |put| put.json().len());
        self.put_bytes * STATE_COST + (put + self.ring_bytes) * 3 / 2
    }
}
