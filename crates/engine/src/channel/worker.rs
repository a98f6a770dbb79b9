//! The thread that compares, numbers and encodes, so that the pipeline need not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crossbeam_channel::Receiver;

use super::Channel;
use super::stream::Stream;

/// Takes in what the pipeline gave to streams.
pub struct Worker {
    pub(super) told: Receiver<Arc<Stream>>,
    pub(super) channel: Weak<Channel>,
}

impl Worker {
    /// Works until the channel is dropped.
    pub fn run(self) {
        for stream in &self.told {
            self.take_in(&stream, Stream::digest);
        }
    }

    /// Takes in what waits, and returns: for tests that have no thread.
    pub fn settle(&self) {
        while let Ok(stream) = self.told.try_recv() {
            self.take_in(&stream, Stream::digest);
        }
    }

    /// A mistake of ours ends one stream, not all of them: who followed it is told, and gets a new one when he comes again.
    pub(super) fn take_in(&self, stream: &Arc<Stream>, digest: impl FnOnce(&Stream, Instant)) {
        let done = catch_unwind(AssertUnwindSafe(|| digest(stream, Instant::now())));
        if done.is_err()
            && let Some(channel) = self.channel.upgrade()
        {
            channel.give_up(stream);
        }
    }
}
