//! The shared memory, word by word. Changing anything here means another [`LAYOUT`], hence another file name.
//!
//! ```text
//! ring.1
//! ┌────────────┬──────────────────────────────────────────────────────────────────────────────┐
//! │ 0          │ Header, 4096 bytes. Each line is 128 bytes, so that words written by          │
//! │            │ different processes never share a cache line (nor its prefetched neighbour).  │
//! │            │   line 0      identity: magic, epoch, bytes, pid namespace, layout, sizes     │
//! │            │   line 1      tail      where producers look first (a hint, see below)        │
//! │            │   line 2      head      first slot not yet freed (for showing)                │
//! │            │   line 3-5    dropped, skipped, torn                                          │
//! │            │   line 6      sleeping  futex word of the consumer                            │
//! │            │   line 7      engine    beat, version, pid, sites loaded                      │
//! │            │   line 8      spawn     throttle of those who would start the engine          │
//! │            │   line 9-12   messages  two of 256 bytes: length and checksum, then text      │
//! ├────────────┼──────────────────────────────────────────────────────────────────────────────┤
//! │ 4096       │ 512 site rows of 384 bytes: id, hosts, configuration's hash, counters twice    │
//! ├────────────┼──────────────────────────────────────────────────────────────────────────────┤
//! │ 200704     │ slots of 1536 bytes, a power of two of them                                   │
//! └────────────┴──────────────────────────────────────────────────────────────────────────────┘
//!
//! slot   ┌──────────────────────────────┬────────┬────────┬───────┬───────────┬──────────────┐
//!        │ state u64                    │ crc u32│ len u16│ spare │ spare u64 │ payload 1512 │
//!        │ lap (40) │ pid (22) │ ph (2) │        │        │  u16  │           │ 189 × u64    │
//!        └──────────────────────────────┴────────┴────────┴───────┴───────────┴──────────────┘
//! ```
//!
//! A *position* counts every slot ever handed out in this ring; slot = position mod slots, lap = position div slots.
//!
//! # The life of a slot
//!
//! ```text
//!            producer: one CAS claims and names the owner          producer: CAS
//!  FREE(lap) ─────────────────────────────────────────► CLAIMED(lap, pid) ──► READY(lap, pid)
//!      ▲                                                       │                   │  copied out, checked,
//!      │                                owner dead, or no      │                   │  committed elsewhere
//!      │                                progress for 5 s: CAS  ▼                   ▼
//!      └───────────────────────────────────────────── SKIPPED(lap, pid) ──► FREE(lap + 1)
//!                payload zeroed first                                       payload zeroed first
//! ```
//!
//! There is no instant at which a slot is taken but nobody's: who dies holding it is known by pid. The tail is moved
//! *after* the slot is claimed, by the claimer or by whoever finds it behind, and the consumer never reads it to find
//! its way: it follows the slots.
//!
//! Everything is an atomic: other processes write here at any time, so no plain reference into this memory may exist.
//! Nothing read here is believed: the number of slots is taken from the file's size once, at open.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64};

/// Version of the layout, and the number in the file's name.
pub const LAYOUT: u32 = 1;
/// Bytes of one slot, its state and checksum included.
pub const SLOT_BYTES: usize = 1536;
/// The longest payload, in bytes.
pub const PAYLOAD_MAX: usize = 1512;
/// How many sites one ring serves.
pub const SITES_MAX: usize = 512;
/// Counters in a site's row.
pub const COUNTERS: usize = 16;
/// Host hashes in a site's row.
pub const HOSTS_MAX: usize = 8;
/// The longest message, in bytes.
pub const MESSAGE_MAX: usize = 240;
/// The fewest slots of a ring.
pub const SLOTS_MIN: u32 = 256;
/// The most slots of a ring.
pub const SLOTS_MAX: u32 = 1 << 20;

pub(crate) const MAGIC: u64 = u64::from_ne_bytes(*b"QAHMRING");
pub(crate) const WORDS: usize = PAYLOAD_MAX / 8;

/// A word, or a few, alone on their two cache lines.
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

/// What makes the file a ring of ours. Written once, before the file has its name.
#[repr(C)]
pub(crate) struct Identity {
    pub(crate) magic: AtomicU64,
    /// Random; a durable cursor applies to this epoch alone.
    pub(crate) epoch: AtomicU64,
    /// Size of the whole file.
    pub(crate) bytes: AtomicU64,
    /// Inode of the creator's pid namespace; 0 when it could not be read.
    pub(crate) namespace: AtomicU64,
    pub(crate) layout: AtomicU32,
    pub(crate) slot_bytes: AtomicU32,
    pub(crate) slots: AtomicU32,
    pub(crate) sites: AtomicU32,
}

#[repr(C)]
pub(crate) struct Engine {
    /// When the engine last said it was alive, boot time in µs; 0 = never.
    pub(crate) beat: AtomicU64,
    pub(crate) version: AtomicU64,
    pub(crate) pid: AtomicU32,
    pub(crate) sites_loaded: AtomicU32,
}

/// A short text for people, from one process to the others.
#[repr(C)]
pub(crate) struct MessageCell {
    /// length (upper half) and CRC-32 of the text (lower half); 0 = none.
    pub(crate) seal: AtomicU64,
    pub(crate) words: [AtomicU64; MESSAGE_MAX / 8],
    pub(crate) spare: AtomicU64,
}

/// The first page of the ring. Read it through its methods.
#[repr(C, align(4096))]
pub struct Header {
    pub(crate) identity: Line<Identity>,
    pub(crate) tail: Line<AtomicU64>,
    pub(crate) head: Line<AtomicU64>,
    pub(crate) dropped: Line<AtomicU64>,
    pub(crate) skipped: Line<AtomicU64>,
    pub(crate) torn: Line<AtomicU64>,
    pub(crate) sleeping: Line<AtomicU32>,
    pub(crate) engine: Line<Engine>,
    /// attempts since the engine last lived (upper 8 bits), boot time in µs of the next one allowed (lower 56).
    pub(crate) spawn: Line<AtomicU64>,
    pub(crate) messages: [MessageCell; 2],
}

/// One of the two copies of a site's counters. Odd sequence = being written.
#[repr(C)]
pub(crate) struct Copy {
    pub(crate) sequence: AtomicU64,
    pub(crate) words: [AtomicU64; COUNTERS],
}

/// What PHP must know of a site without asking.
#[repr(C, align(128))]
pub(crate) struct SiteCell {
    /// 0 = empty, all ones = removed (the search goes on past it).
    pub(crate) id: AtomicU64,
    pub(crate) config_hash: AtomicU64,
    pub(crate) alert_pending: AtomicU64,
    /// Which copy is valid: 0 = none yet, 1 = the first, 2 = the second.
    pub(crate) active: AtomicU64,
    pub(crate) hosts: [AtomicU64; HOSTS_MAX],
    pub(crate) copies: [Copy; 2],
}

#[repr(C, align(128))]
pub(crate) struct Slot {
    pub(crate) state: AtomicU64,
    /// CRC-32 of the payload, begun with the lap: the whole of a late writer's record is as invalid as a half.
    pub(crate) crc: AtomicU32,
    pub(crate) len: AtomicU16,
    pub(crate) spare: AtomicU16,
    pub(crate) more_spare: AtomicU64,
    pub(crate) words: [AtomicU64; WORDS],
}

const _: () = assert!(size_of::<Header>() == 4096 && size_of::<MessageCell>() == 256);
const _: () = assert!(size_of::<SiteCell>() == 384 && size_of::<Slot>() == SLOT_BYTES);
const _: () = assert!(WORDS * 8 == PAYLOAD_MAX && PAYLOAD_MAX <= u16::MAX as usize);

/// Offset of the site rows in the file.
pub(crate) const SITES_AT: usize = size_of::<Header>();
/// Offset of the slots in the file.
pub(crate) const SLOTS_AT: usize = SITES_AT + SITES_MAX * size_of::<SiteCell>();

/// Size of a ring's file.
pub(crate) const fn bytes_of(slots: u32) -> usize {
    SLOTS_AT + slots as usize * SLOT_BYTES
}

pub(crate) const FREE: u64 = 0;
pub(crate) const CLAIMED: u64 = 1;
pub(crate) const READY: u64 = 2;
pub(crate) const SKIPPED: u64 = 3;

pub(crate) const LAP_MASK: u64 = (1 << 40) - 1;
/// pid_max is at most 2^22 on Linux.
const PID_MASK: u64 = (1 << 22) - 1;

/// The word of a slot. `pid` 0 = an owner whose life cannot be looked up from here.
pub(crate) const fn state(lap: u64, pid: u32, phase: u64) -> u64 {
    ((lap & LAP_MASK) << 24) | ((pid as u64 & PID_MASK) << 2) | phase
}

pub(crate) const fn lap_of(state: u64) -> u64 {
    state >> 24
}

pub(crate) const fn pid_of(state: u64) -> u32 {
    ((state >> 2) & PID_MASK) as u32
}

pub(crate) const fn phase_of(state: u64) -> u64 {
    state & 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_keeps_its_parts() {
        let word = state(LAP_MASK, 4_194_303, READY);
        assert_eq!((lap_of(word), pid_of(word), phase_of(word)), (LAP_MASK, 4_194_303, READY));
        assert_eq!(state(0, 0, FREE), 0, "a zeroed file is a ring of free slots");
        assert_eq!(lap_of(state(LAP_MASK + 1, 0, FREE)), 0);
    }

    #[test]
    fn the_drawing_tells_the_truth() {
        assert_eq!((SITES_AT, SLOTS_AT), (4096, 200_704));
        assert_eq!(std::mem::offset_of!(Header, tail), 128);
        assert_eq!(std::mem::offset_of!(Header, sleeping), 6 * 128);
        assert_eq!(std::mem::offset_of!(Header, messages), 9 * 128);
        assert_eq!(std::mem::offset_of!(Slot, words), 24);
    }
}
