//! The consumer's side. One process drains a ring; which one is decided by a file lock, not here.

use crate::layout::{CLAIMED, FREE, READY, SKIPPED, Slot, lap_of, phase_of, pid_of, state};
use crate::push::checksum;
use crate::{PAYLOAD_MAX, Ring, owner};
use rustix::thread::futex;
use std::ops::Deref;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// After this long without progress a claimed slot is given up, whoever holds it. µs.
const STUCK_US: u64 = 5_000_000;
/// A living owner's life is looked up (two system calls) no more often than this. µs.
const LOOK_US: u64 = 2_000;
/// A slot may change under our eyes once or twice, in a ring that is not being scribbled upon.
const TRIES: u32 = 4;

/// What [`Drain::next`] found. The first three move the position on by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A record of this many bytes is at the beginning of the buffer.
    Record(usize),
    /// The producer died or stood still between claiming and publishing; nothing was accepted here.
    Skipped,
    /// The slot's content is not what a producer published: scribbled upon, or damaged by one that woke up late.
    Torn,
    /// Nothing more, or everything is drained and nothing of it freed yet.
    Empty,
    /// A living producer is about to publish; call again.
    Waiting,
}

/// The single consumer's view of the ring: a position in memory, which the consumer's own store makes durable.
/// `R` is `&Ring`, or an `Arc<Ring>` for a consumer that keeps rings and their views together.
pub struct Drain<R: Deref<Target = Ring>> {
    ring: R,
    /// The next position to read.
    position: u64,
    /// Everything below is free again. At most one ring's length behind `position`.
    freed: u64,
    /// The claimed slot that holds us up, and since when.
    stuck: Option<(u64, u64)>,
    /// When an owner's life was last looked up and found well.
    looked: Option<u64>,
}

impl<R: Deref<Target = Ring>> Drain<R> {
    /// A view of a ring that is borrowed, or shared (`Arc<Ring>`). Begins like [`start`](Drain::start).
    pub fn new(ring: R) -> Drain<R> {
        let mut drain = Drain { ring, position: 0, freed: 0, stuck: None, looked: None };
        drain.start();
        drain
    }

    /// Begins at the oldest slot that is not free: for a ring whose epoch has no durable cursor.
    pub fn start(&mut self) {
        self.settle(self.oldest());
    }

    /// Begins at a durable cursor of this ring's epoch. First frees every slot below it: a consumer killed between
    /// its COMMIT and the freeing, or half-way through the freeing, left them, and to read one again would count it
    /// twice. What it marked as skipped was consumed like a record.
    ///
    /// Afterwards [`position`](Drain::position) is the cursor, or the oldest slot if that is later (it was freed, so it was
    /// committed), or the first slot never published if that is earlier (such a cursor is of another ring).
    pub fn resume(&mut self, cursor: u64) {
        let mut position = self.oldest();
        let end = position.saturating_add(u64::from(self.ring.slots())).min(cursor);
        while position < end {
            let (slot, lap) = (self.ring.map.slot(position), self.ring.lap(position));
            let found = slot.state.load(Acquire);
            let consumed = matches!(phase_of(found), READY | SKIPPED);
            if lap_of(found) == lap && consumed {
                free(slot, lap);
            } else if lap_of(found) <= lap {
                break;
            }
            position += 1;
        }
        self.settle(position);
    }

    fn settle(&mut self, position: u64) {
        (self.position, self.freed, self.stuck, self.looked) = (position, position, None, None);
        self.ring.header().head.0.store(position, Release);
    }

    /// The oldest position, told by the slots alone. Of N slots each stands at one of N successive positions, whatever
    /// instant the ring is seen at: a freed slot at its next lap's. So the oldest is the least, and no header word,
    /// which a killed consumer leaves behind the truth, is needed. Slots a whole ring away from the middle one are
    /// damaged and have no say.
    fn oldest(&self) -> u64 {
        let slots = u64::from(self.ring.slots());
        let mut positions: Vec<u64> = (0..slots)
            .map(|index| {
                let lap = lap_of(self.ring.map.slot(index).state.load(Acquire));
                lap * slots + index
            })
            .collect();
        let (_, middle, _) = positions.select_nth_unstable(slots as usize / 2);
        let least = middle.saturating_sub(slots);
        positions.into_iter().filter(|position| *position >= least).min().unwrap_or(0)
    }

    /// The next position to read: what a durable cursor stores once everything before it is committed.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Reads the next slot into `buf`; `now_us` is [`boottime_us`](crate::boottime_us), or a test's clock.
    ///
    /// The record is a private copy whose checksum held; it is still whatever some process of this user chose to write.
    pub fn next(&mut self, now_us: u64, buf: &mut [u8; PAYLOAD_MAX]) -> Step {
        for _ in 0..TRIES {
            if let Some(step) = self.look(now_us, buf) {
                if !matches!(step, Step::Empty | Step::Waiting) {
                    self.position = self.position.wrapping_add(1);
                    self.stuck = None;
                }
                return step;
            }
        }
        Step::Waiting
    }

    /// `None`: the slot changed while we looked.
    fn look(&mut self, now_us: u64, buf: &mut [u8; PAYLOAD_MAX]) -> Option<Step> {
        if self.position.wrapping_sub(self.freed) >= u64::from(self.ring.slots()) {
            return Some(Step::Empty);
        }
        let (lap, found) =
            (self.ring.lap(self.position), self.ring.map.slot(self.position).state.load(Acquire));
        let claimed = lap_of(found) == lap && phase_of(found) == CLAIMED;
        if claimed && !self.may_skip(pid_of(found), now_us) {
            return Some(Step::Waiting);
        }
        let ring = &*self.ring;
        let slot = ring.map.slot(self.position);
        if lap_of(found) == lap + 1 {
            // Free for the next lap, or even filled, before we came by: only damage elsewhere leads us here. What is
            // in it may be good, and we shall come by again.
            ring.header().torn.0.fetch_add(1, Relaxed);
            return Some(Step::Torn);
        }
        match (lap_of(found) == lap, phase_of(found)) {
            (true, FREE) if found == state(lap, 0, FREE) => {
                self.mend_tail(slot, found);
                Some(Step::Empty)
            }
            (true, READY) => match read(slot, lap, buf) {
                Some(len) => Some(Step::Record(len)),
                None => self.give_up(slot, found, lap),
            },
            (true, SKIPPED) => Some(Step::Skipped),
            // Abandoned, else we should still wait.
            (true, CLAIMED) => {
                let skipped = state(lap, pid_of(found), SKIPPED);
                slot.state.compare_exchange(found, skipped, AcqRel, Relaxed).ok()?;
                ring.header().skipped.0.fetch_add(1, Relaxed);
                Some(Step::Skipped)
            }
            _ => self.give_up(slot, found, lap),
        }
    }

    /// Marks a damaged slot as consumed, so that freeing it repairs it, and a second drain does not count it again.
    fn give_up(&self, slot: &Slot, found: u64, lap: u64) -> Option<Step> {
        slot.state.compare_exchange(found, state(lap, 0, SKIPPED), AcqRel, Relaxed).ok()?;
        self.ring.header().torn.0.fetch_add(1, Relaxed);
        Some(Step::Torn)
    }

    /// Called at a free slot, where in a sound ring the tail is, or is about to be. A scribbled one would make producers
    /// see a full ring for ever, or search slot by slot. (Ahead is read before the slot is read again: a tail that was
    /// honestly moved past it has the slot claimed by then.)
    fn mend_tail(&self, slot: &Slot, free: u64) {
        let tail = &self.ring.header().tail.0;
        let found = tail.load(Acquire);
        if found < self.position || (found > self.position && slot.state.load(Acquire) == free) {
            let _ = tail.compare_exchange(found, self.position, AcqRel, Relaxed);
        }
    }

    /// Whether the claimed slot at our position is abandoned.
    fn may_skip(&mut self, pid: u32, now_us: u64) -> bool {
        let since = match self.stuck {
            Some((position, since)) if position == self.position => since,
            _ => now_us,
        };
        self.stuck = Some((self.position, since));
        if now_us.saturating_sub(since) >= STUCK_US {
            return true;
        }
        let just_looked = self.looked.is_some_and(|at| now_us.saturating_sub(at) < LOOK_US);
        if pid == 0 || !self.ring.knows_pids || just_looked {
            return false;
        }
        let dead = owner::is_dead(pid);
        // A pool killed at once leaves many dead claims in a row: those are not made to wait.
        self.looked = if dead { None } else { Some(now_us) };
        dead
    }

    /// Gives slots below `committed` back to the producers, payload zeroed: it held addresses. Call it after COMMIT;
    /// what lies at or above [`position`](Drain::position) is never freed.
    pub fn free_to(&mut self, committed: u64) {
        let end = committed.min(self.position);
        while self.freed < end {
            let (slot, lap) = (self.ring.map.slot(self.freed), self.ring.lap(self.freed));
            // A slot that already is in the next lap is damage we stepped over: not ours to free.
            if lap_of(slot.state.load(Relaxed)) != lap + 1 {
                free(slot, lap);
            }
            self.freed += 1;
        }
        self.ring.header().head.0.store(self.freed, Release);
    }

    /// Sleeps until a producer publishes, for at most `timeout_us`; returns early for any reason or none. At a slot
    /// that somebody holds it sleeps 2 ms at most, since a dead owner wakes nobody.
    ///
    /// That no wake-up is lost, and why these are SeqCst, is explained at the producer's half, `Ring::wake`.
    pub fn wait(&self, timeout_us: u64) {
        let sleeping = &self.ring.header().sleeping.0;
        sleeping.store(1, SeqCst);
        let (slot, lap) = (self.ring.map.slot(self.position), self.ring.lap(self.position));
        let found = slot.state.load(SeqCst);
        let timeout_us = match phase_of(found) {
            _ if found == state(lap, 0, FREE) => timeout_us,
            CLAIMED => timeout_us.min(LOOK_US),
            // Drained all around and nothing freed: no producer can publish, hence none will wake us.
            _ if self.position.wrapping_sub(self.freed) >= u64::from(self.ring.slots()) => {
                timeout_us.min(LOOK_US)
            }
            _ => 0,
        };
        if timeout_us > 0 {
            let timeout = futex::Timespec {
                tv_sec: (timeout_us / 1_000_000) as i64,
                tv_nsec: (timeout_us % 1_000_000 * 1000) as _,
            };
            let _ = futex::wait(sleeping, futex::Flags::empty(), 1, Some(&timeout));
        }
        sleeping.store(0, Relaxed);
    }
}

/// Copies a published slot out and checks the copy: what is shared may change while it is read.
fn read(slot: &Slot, lap: u64, buf: &mut [u8; PAYLOAD_MAX]) -> Option<usize> {
    let len = usize::from(slot.len.load(Relaxed));
    let (words, _) = buf.as_chunks_mut::<8>();
    for (to, from) in words.iter_mut().zip(&slot.words).take(len.div_ceil(8)) {
        *to = from.load(Relaxed).to_ne_bytes();
    }
    (checksum(lap, buf.get(..len)?) == slot.crc.load(Relaxed)).then_some(len)
}

/// Zeroes the payload and opens the slot for the next lap. Of a slot that was not published the length says nothing.
fn free(slot: &Slot, lap: u64) {
    let used = match phase_of(slot.state.load(Relaxed)) {
        READY => usize::from(slot.len.load(Relaxed)).div_ceil(8),
        _ => usize::MAX,
    };
    for word in slot.words.iter().take(used) {
        word.store(0, Relaxed);
    }
    slot.len.store(0, Relaxed);
    slot.crc.store(0, Relaxed);
    slot.state.store(state(lap + 1, 0, FREE), Release);
}
