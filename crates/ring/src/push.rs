//! The producer's side: claim a slot, write, publish. Bounded, without waiting, allocation or (usually) system call.

use crate::layout::{CLAIMED, FREE, READY, Slot, lap_of, state};
use crate::{PAYLOAD_MAX, Refused, Ring, chaos};
use rustix::thread::futex;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};

/// How often a claim may lose against others before it gives up. Each loss is another producer's success; the bound
/// is for a scribbled ring, whose tail may point anywhere.
const ATTEMPTS: u32 = 1024;

impl Ring {
    /// Puts a payload of 0 to [`PAYLOAD_MAX`] bytes into the ring. Never waits; about 130 ns for 200 bytes.
    ///
    /// `Ok` means accepted: from here on the record outlives this process, and the consumer's.
    ///
    /// # Errors
    /// [`Refused`]: what was not taken leaves no trace but a count.
    pub fn push(&self, payload: &[u8]) -> Result<(), Refused> {
        if payload.len() > PAYLOAD_MAX {
            return Err(Refused::TooLong);
        }
        let Some((slot, lap)) = self.claim() else {
            self.header().dropped.0.fetch_add(1, Relaxed);
            return Err(Refused::Full);
        };
        chaos::point(chaos::CLAIMED);
        write(slot, lap, payload);
        chaos::point(chaos::WRITTEN_NOT_PUBLISHED);
        self.publish(slot, lap)?;
        chaos::point(chaos::PUBLISHED);
        chaos::point(chaos::PUBLISHED_TAIL_NOT_MOVED);
        self.wake();
        Ok(())
    }

    /// Counts payloads that were not even offered, because what they belong to was refused in its middle.
    pub fn count_dropped(&self, payloads: u64) {
        self.header().dropped.0.fetch_add(payloads, Relaxed);
    }

    /// Opens a written slot to the consumer, unless it was taken away meanwhile.
    #[inline]
    fn publish(&self, slot: &Slot, lap: u64) -> Result<(), Refused> {
        let (mine, published) = (state(lap, self.pid, CLAIMED), state(lap, self.pid, READY));
        // SeqCst is the producer's half of the wake-up, see wake().
        match slot.state.compare_exchange(mine, published, SeqCst, Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refused::Disowned),
        }
    }

    /// Takes the next free slot. `None`: the ring is full.
    #[inline]
    fn claim(&self) -> Option<(&Slot, u64)> {
        let tail = &self.header().tail.0;
        for _ in 0..ATTEMPTS {
            let position = tail.load(Acquire);
            let (slot, lap) = (self.map.slot(position), self.lap(position));
            let found = slot.state.load(Acquire);
            if found == state(lap, 0, FREE) {
                let mine = state(lap, self.pid, CLAIMED);
                if slot.state.compare_exchange(found, mine, AcqRel, Acquire).is_ok() {
                    chaos::point(chaos::CLAIMED_TAIL_NOT_MOVED);
                    if !chaos::armed(chaos::PUBLISHED_TAIL_NOT_MOVED) {
                        advance(tail, position);
                    }
                    return Some((slot, lap));
                }
            } else if lap_of(found) < lap {
                // The record of the lap before still lies here: full, unless the tail was old news.
                if tail.load(Acquire) == position {
                    return None;
                }
                continue;
            }
            // Somebody has this slot. Whoever it is may have died before moving the tail: do it for them.
            advance(tail, position);
        }
        None
    }

    /// Wakes the consumer if it sleeps; one load otherwise.
    ///
    /// No wake-up is lost: the producer publishes its slot, then reads `sleeping`; the consumer writes `sleeping`, then
    /// reads the slot. With release and acquire alone both reads could miss both writes (each still in its core's store
    /// buffer), and the record would lie there until the time-out. All four are SeqCst, so they have one order: the
    /// read that comes last sees the other side's write. Either the consumer sees the record and does not sleep, or we
    /// see that it sleeps. Between its check and its sleep, the kernel compares the word again: we have set it to 0
    /// by then and futex-wait returns at once. (A SeqCst fence on both sides would do as well, but costs a second full
    /// barrier: the publishing CAS is one already.)
    #[inline]
    fn wake(&self) {
        let sleeping = &self.header().sleeping.0;
        if sleeping.load(SeqCst) != 0 && sleeping.swap(0, SeqCst) != 0 {
            // Shared, not private: the consumer is another process.
            let _ = futex::wake(sleeping, futex::Flags::empty(), 1);
        }
    }
}

/// Moves the tail from `position` to the next, unless it has been moved.
#[inline]
fn advance(tail: &std::sync::atomic::AtomicU64, position: u64) {
    let _ = tail.compare_exchange(position, position.wrapping_add(1), AcqRel, Relaxed);
}

/// Fills a claimed slot. Relaxed: the publishing CAS orders it before anyone reads.
#[inline]
fn write(slot: &Slot, lap: u64, payload: &[u8]) {
    let (whole, rest) = payload.as_chunks::<8>();
    for (index, (word, bytes)) in slot.words.iter().zip(whole).enumerate() {
        word.store(u64::from_ne_bytes(*bytes), Relaxed);
        if index == whole.len() / 2 {
            chaos::point(chaos::HALF_WRITTEN);
        }
    }
    if let (Some(word), false) = (slot.words.get(whole.len()), rest.is_empty()) {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        word.store(u64::from_ne_bytes(last), Relaxed);
    }
    slot.len.store(payload.len() as u16, Relaxed);
    slot.crc.store(checksum(lap, payload), Relaxed);
}

/// CRC-32 of a payload as it stands in a slot of this lap.
#[inline]
pub(crate) fn checksum(lap: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(lap as u32);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Drain, Step};
    use std::os::fd::AsFd;

    const STUCK: u64 = 5_000_000;

    fn ring() -> (tempfile::TempDir, Ring) {
        let dir = tempfile::tempdir().unwrap();
        let file = std::fs::File::open(dir.path()).unwrap();
        let ring = Ring::open_or_create_even_as_root(file.as_fd(), 256).unwrap();
        (dir, ring)
    }

    fn next(drain: &mut Drain<&Ring>, now: u64) -> Step {
        drain.next(now, &mut [0; PAYLOAD_MAX])
    }

    #[test]
    fn the_living_have_five_seconds() {
        let (_dir, ring) = ring();
        let mut drain = ring.drain();
        let (slot, lap) = ring.claim().unwrap();
        ring.push(b"after").unwrap();
        assert_eq!(next(&mut drain, 1_000), Step::Waiting);
        assert_eq!(next(&mut drain, 1_000 + STUCK - 1), Step::Waiting);
        write(slot, lap, b"late, but not too late");
        ring.publish(slot, lap).unwrap();
        assert_eq!(next(&mut drain, 1_000 + STUCK), Step::Record(22));
        assert_eq!(next(&mut drain, 1_000 + STUCK), Step::Record(5));
    }

    #[test]
    fn who_comes_too_late_is_told_and_harms_nobody() {
        let (_dir, ring) = ring();
        let mut drain = ring.drain();
        let (slot, lap) = ring.claim().unwrap();
        assert_eq!(next(&mut drain, 0), Step::Waiting);
        assert_eq!(next(&mut drain, STUCK), Step::Skipped);
        assert_eq!(ring.publish(slot, lap), Err(Refused::Disowned));
        assert_eq!(next(&mut drain, STUCK), Step::Empty);
        drain.free_to(1);
        assert_eq!(ring.publish(slot, lap), Err(Refused::Disowned));

        // The slot's next record is accepted, then written over by the late one: whole, checksum and all.
        (0..256).for_each(|_| ring.push(b"good").unwrap());
        write(slot, lap, b"evil");
        assert_eq!(ring.publish(slot, lap), Err(Refused::Disowned));
        let steps: Vec<_> = (0..256).map(|_| next(&mut drain, STUCK)).collect();
        assert_eq!(steps.iter().filter(|step| **step == Step::Record(4)).count(), 255);
        assert_eq!(steps.last(), Some(&Step::Torn));
        assert_eq!((ring.header().skipped(), ring.header().torn()), (1, 1));
    }

    #[test]
    fn each_wait_for_an_owner_has_its_own_five_seconds() {
        let (_dir, ring) = ring();
        let mut drain = ring.drain();
        let _claims = (ring.claim().unwrap(), ring.claim().unwrap());
        assert_eq!(next(&mut drain, 0), Step::Waiting);
        assert_eq!(next(&mut drain, STUCK), Step::Skipped);
        assert_eq!(next(&mut drain, STUCK), Step::Waiting);
        assert_eq!(next(&mut drain, 2 * STUCK - 1), Step::Waiting);
        assert_eq!(next(&mut drain, 2 * STUCK), Step::Skipped);
    }
}
