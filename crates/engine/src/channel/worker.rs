//! The thread that compares, numbers and encodes, so that the pipeline need not.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;

use super::stream::Stream;

/// Takes in what the pipeline gave to streams.
pub struct Worker {
    pub(super) told: Receiver<Arc<Stream>>,
}

impl Worker {
    /// Works until the channel is dropped.
    pub fn run(self) {
        for stream in &self.told {
            stream.digest(Instant::now());
        }
    }

    /// Takes in what waits, and returns: for tests that have no thread.
    pub fn settle(&self) {
        while let Ok(stream) = self.told.try_recv() {
            stream.digest(Instant::now());
        }
    }
}
