//! A ring that is open in this process.

use crate::layout::LAP_MASK;
use crate::map::{Map, file_of};
use crate::{Drain, Error, Header, create, owner};
use rustix::fs::{AtFlags, statat};
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::Relaxed;

/// Name of the ring's file in the runtime directory; the number is the layout's.
pub fn file_name() -> &'static str {
    "ring.1"
}

/// CLOCK_BOOTTIME in µs: goes on while the machine sleeps, never jumps.
pub fn boottime_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000
}

/// A mapped ring, for producers, the consumer and readers alike. Keeps no file descriptor.
///
/// Opened once per process: a child made by `fork` must open its own, since a slot names its owner by the pid that
/// opened the ring.
pub struct Ring {
    pub(crate) map: Map,
    epoch: u64,
    /// log2 of the number of slots.
    bits: u32,
    /// What claims are signed with: this process, or 0 when the consumer could not look us up anyway.
    pub(crate) pid: u32,
    /// Whether pids in this ring mean the same to us as to the ring's maker.
    pub(crate) knows_pids: bool,
    opened_by: u32,
}

impl Ring {
    /// Opens the ring in `dir`: a plain file of this user (effective uid), of mode 0600 or less, local, of the right
    /// size and layout. Root, too, opens only what is root's.
    ///
    /// # Errors
    /// [`Error::Absent`] when there is none, else what is wrong with the one that is.
    pub fn open(dir: BorrowedFd<'_>) -> Result<Ring, Error> {
        Map::open(dir).map(Ring::new)
    }

    /// Opens the ring in `dir`, or makes one of `slots` slots: rounded up to a power of two, from
    /// [`SLOTS_MIN`](crate::SLOTS_MIN) to [`SLOTS_MAX`](crate::SLOTS_MAX). Short of space, it is made half as large,
    /// and again, down to 1024 slots. An existing ring is used as it is, whatever its size.
    ///
    /// # Errors
    /// [`Error::Root`] for root, always. [`Error::Network`], [`Error::NoSpace`], and those of [`open`](Ring::open).
    pub fn open_or_create(dir: BorrowedFd<'_>, slots: u32) -> Result<Ring, Error> {
        if rustix::process::geteuid().is_root() {
            return Err(Error::Root);
        }
        Ring::open_or_create_even_as_root(dir, slots)
    }

    /// [`open_or_create`](Ring::open_or_create) without asking who we are: for tests, which may run as root.
    #[doc(hidden)]
    pub fn open_or_create_even_as_root(dir: BorrowedFd<'_>, slots: u32) -> Result<Ring, Error> {
        create::open_or_create(dir, slots).map(Ring::new)
    }

    fn new(map: Map) -> Ring {
        let identity = &map.header().identity.0;
        let (epoch, theirs, ours) =
            (identity.epoch.load(Relaxed), identity.namespace.load(Relaxed), owner::namespace());
        let opened_by = std::process::id();
        let knows_pids = ours != 0 && ours == theirs;
        let pid = if knows_pids { opened_by } else { 0 };
        Ring { bits: map.slots().trailing_zeros(), map, epoch, pid, knows_pids, opened_by }
    }

    /// Whether the name in `dir` still leads to this ring. One system call; workers ask at most once a second.
    pub fn is_current(&self, dir: BorrowedFd<'_>) -> bool {
        statat(dir, file_name(), AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| file_of(&stat) == self.map.file)
    }

    /// Random number of this ring; a durable cursor belongs to one epoch. Never 0 in a ring we made.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        self.map.slots()
    }

    /// Size of the mapping, in bytes.
    pub fn bytes(&self) -> usize {
        self.map.bytes()
    }

    /// Slots in use, 0 to [`slots`](Ring::slots); for showing.
    pub fn used(&self) -> u32 {
        let used = self.header().claimed().saturating_sub(self.header().freed());
        u32::try_from(used).unwrap_or(u32::MAX).min(self.slots())
    }

    /// The pid that opened this; another one means that this process was forked, and must open its own.
    pub fn opened_by(&self) -> u32 {
        self.opened_by
    }

    /// The words of the header.
    #[inline]
    pub fn header(&self) -> &Header {
        self.map.header()
    }

    /// The consumer's view, at the oldest slot; follow with [`Drain::resume`] if there is a durable cursor of this
    /// [`epoch`](Ring::epoch). Only the process that holds the engine's lock may drain.
    pub fn drain(&self) -> Drain<&Ring> {
        Drain::new(self)
    }

    /// Which time around the ring a position is, as far as a slot can tell.
    #[inline]
    pub(crate) fn lap(&self, position: u64) -> u64 {
        (position >> self.bits) & LAP_MASK
    }
}
