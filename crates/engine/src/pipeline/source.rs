//! The rings that are drained: the current one, and for a while one that was unlinked under us.

use std::sync::Arc;

use qahm_ring::{Drain, PAYLOAD_MAX, Ring, Step};
use rustix::fd::AsFd;

/// A ring that was unlinked is drained this much longer (µs): workers look for the new one once a second.
const RETIRING_US: u64 = 2_000_000;

/// One ring and how far it has been read.
pub struct Source {
    pub ring: Arc<Ring>,
    pub drain: Drain<Arc<Ring>>,
    /// When it was found unlinked (boot µs).
    retired: Option<u64>,
}

/// All rings; the current one is the last.
pub struct Sources {
    all: Vec<Source>,
    slots: u32,
}

impl Sources {
    /// Opens the directory's ring, or makes one.
    pub fn open(directory: impl AsFd, slots: u32) -> Result<Sources, qahm_ring::Error> {
        let mut sources = Sources { all: Vec::new(), slots };
        sources.add(Ring::open_or_create(directory.as_fd(), slots)?);
        Ok(sources)
    }

    fn add(&mut self, ring: Ring) {
        let ring = Arc::new(ring);
        self.all.push(Source { drain: Drain::new(ring.clone()), ring, retired: None });
    }

    pub fn current(&self) -> Option<&Source> {
        self.all.last()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Source> {
        self.all.iter_mut()
    }

    /// Looks whether the current ring is still the directory's; if not, opens or makes the new one, which is answered.
    /// Once a second is enough.
    pub fn refresh(
        &mut self,
        directory: impl AsFd,
        now_us: u64,
    ) -> Result<Option<Arc<Ring>>, qahm_ring::Error> {
        // Empty and long enough unlinked: nobody writes to it any more.
        self.all.retain(|s| s.retired.is_none_or(|at| at + RETIRING_US > now_us || s.ring.used() > 0));
        let current = self.all.last().is_some_and(|s| s.ring.is_current(directory.as_fd()));
        if current {
            return Ok(None);
        }
        let ring = Ring::open_or_create(directory.as_fd(), self.slots)?;
        if let Some(last) = self.all.last_mut() {
            last.retired = Some(now_us);
        }
        self.add(ring);
        Ok(self.all.last().map(|s| s.ring.clone()))
    }

    /// Reads the next record of any ring into `buffer`; an unlinked ring first. Answers its length.
    pub fn next(&mut self, now_us: u64, buffer: &mut [u8; PAYLOAD_MAX]) -> Option<usize> {
        for source in &mut self.all {
            loop {
                match source.drain.next(now_us, buffer) {
                    Step::Record(length) => return Some(length),
                    Step::Skipped | Step::Torn => {}
                    Step::Empty | Step::Waiting => break,
                }
            }
        }
        None
    }

    /// Frees what has been committed.
    pub fn free(&mut self) {
        for source in &mut self.all {
            let position = source.drain.position();
            source.drain.free_to(position);
        }
    }

    /// Bytes of shared memory.
    pub fn bytes(&self) -> usize {
        self.all.iter().map(|s| s.ring.bytes()).sum()
    }
}
