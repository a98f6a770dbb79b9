//! Named points of [`push`](crate::Ring::push) at which a producer kills itself. Without the feature `chaos` nothing
//! of this is compiled but empty inline functions.
#![cfg_attr(not(feature = "chaos"), expect(unreachable_pub))]

/// After the slot's CAS, before the tail is moved.
pub const CLAIMED_TAIL_NOT_MOVED: u32 = 1;
/// After the slot was claimed and the tail moved, before anything is written.
pub const CLAIMED: u32 = 2;
/// With half of the payload written (of 8 bytes or more).
pub const HALF_WRITTEN: u32 = 3;
/// With everything written, before the slot is published.
pub const WRITTEN_NOT_PUBLISHED: u32 = 4;
/// After publishing, before waking the consumer: the record was accepted.
pub const PUBLISHED: u32 = 5;
/// As [`PUBLISHED`], but the tail was never moved: what a reordering machine could make of two deaths.
pub const PUBLISHED_TAIL_NOT_MOVED: u32 = 6;

/// The point at which the next push of this process dies; 0 = none.
#[cfg(feature = "chaos")]
pub static DIE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Whether this is the point to die at.
#[cfg(feature = "chaos")]
pub(crate) fn armed(point: u32) -> bool {
    DIE.load(std::sync::atomic::Ordering::Relaxed) == point
}

/// In every program and library that has these points, and looked for in those that must not have them.
#[cfg(feature = "chaos")]
const MARK: &str = "qahm-ring has points of chaos";

/// Dies here, by SIGKILL, if this is the point: no destructor, no handler, no flush.
#[cfg(feature = "chaos")]
pub(crate) fn point(point: u32) {
    if armed(point) {
        std::hint::black_box(MARK);
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub(crate) fn armed(_point: u32) -> bool {
    false
}

#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub(crate) fn point(_point: u32) {}
