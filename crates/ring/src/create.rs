//! Making a ring: complete under a private name, then linked to its own. Nobody ever sees half a ring.

use crate::layout::{LAYOUT, MAGIC, SITES_MAX, SLOT_BYTES, SLOTS_MAX, SLOTS_MIN, bytes_of};
use crate::map::{Map, local};
use crate::{Error, file_name, owner};
use rustix::fs::{
    AtFlags, Dir, FallocateFlags, Mode, OFlags, fallocate, fchmod, fstat, ftruncate, linkat, openat, statat,
    unlinkat,
};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;

/// A ring does not shrink below this when space is short: fewer slots than a burst has records help nobody.
const SHRINK_TO: u32 = 1024;
/// Unfinished files older than this were left by somebody who died.
const LEFTOVER_S: u64 = 60;

/// Opens the ring of `dir`, or makes it. Whoever links first wins, the others use the winner's.
pub(crate) fn open_or_create(dir: BorrowedFd<'_>, slots: u32) -> Result<Map, Error> {
    // More than one round only if the ring is unlinked between our losing the race and our opening the winner's.
    for _ in 0..3 {
        match Map::open(dir) {
            Err(Error::Absent) => {}
            found => return found,
        }
        match create(dir, bounded(slots)) {
            Err(Error::System { errno: Errno::EXIST | Errno::NOENT, .. }) => {}
            made => return made,
        }
    }
    Map::open(dir)
}

fn bounded(slots: u32) -> u32 {
    slots.clamp(SLOTS_MIN, SLOTS_MAX).next_power_of_two()
}

fn create(dir: BorrowedFd<'_>, slots: u32) -> Result<Map, Error> {
    local(dir)?;
    sweep(dir);
    let random = getrandom::u64().map_err(|_| no_random())?;
    let name = format!("{}{random:016x}", prefix());
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd =
        openat(dir, &*name, flags, Mode::RUSR | Mode::WUSR).map_err(Error::system("creating the ring"))?;
    let made = fill(&fd, slots).and_then(|map| {
        linkat(dir, &*name, dir, file_name(), AtFlags::empty()).map_err(Error::system("naming the ring"))?;
        Ok(map)
    });
    let _ = unlinkat(dir, &*name, AtFlags::empty());
    made
}

/// Reserves the space, so that a full /dev/shm is an error here and not a SIGBUS in a visitor's request, then writes
/// the identity. Everything else of a new ring is zero.
fn fill(fd: &OwnedFd, slots: u32) -> Result<Map, Error> {
    fchmod(fd, Mode::RUSR | Mode::WUSR).map_err(Error::system("setting the ring's mode"))?;
    let slots = reserve(fd, slots)?;
    let stat = fstat(fd).map_err(Error::system("reading the ring's owner"))?;
    let map = Map::new(fd.as_fd(), slots, &stat)?;
    let epoch = getrandom::u64().map_err(|_| no_random())?;
    let identity = &map.header().identity.0;
    identity.epoch.store(epoch.max(1), Relaxed);
    identity.bytes.store(map.bytes() as u64, Relaxed);
    identity.namespace.store(owner::namespace(), Relaxed);
    identity.layout.store(LAYOUT, Relaxed);
    identity.slot_bytes.store(SLOT_BYTES as u32, Relaxed);
    identity.slots.store(slots, Relaxed);
    identity.sites.store(SITES_MAX as u32, Relaxed);
    // Last; others see any of it only through the link, which comes after.
    identity.magic.store(MAGIC, Relaxed);
    Ok(map)
}

/// Space for `slots`, or for half of them, and so on. Answers how many it became.
fn reserve(fd: &OwnedFd, mut slots: u32) -> Result<u32, Error> {
    loop {
        let bytes = bytes_of(slots) as u64;
        let result = match fallocate(fd, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP) => write_zeros(fd, bytes),
            result => result,
        };
        match result {
            Ok(()) => return Ok(slots),
            Err(Errno::NOSPC | Errno::DQUOT | Errno::NOMEM) => {
                let _ = ftruncate(fd, 0);
                if slots / 2 < SHRINK_TO {
                    return Err(Error::NoSpace(bytes));
                }
                slots /= 2;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::System { what: "reserving the ring's space", errno }),
        }
    }
}

/// For file systems without fallocate.
fn write_zeros(fd: &OwnedFd, bytes: u64) -> rustix::io::Result<()> {
    let zeros = [0; 4096];
    let mut at = 0;
    while at < bytes {
        // Sizes of rings are multiples of 512 only: the last piece is cut by the truncation below.
        at += rustix::io::pwrite(fd, &zeros, at)? as u64;
    }
    ftruncate(fd, bytes)
}

fn prefix() -> String {
    format!(".{}.", file_name())
}

/// Removes what makers who were killed left behind: each would hold the memory of a ring until the next boot.
fn sweep(dir: BorrowedFd<'_>) {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
    let Ok(entries) = Dir::read_from(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_bytes().starts_with(prefix().as_bytes()) {
            continue;
        }
        let Ok(stat) = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        if now.abs_diff(stat.st_mtime) > LEFTOVER_S {
            let _ = unlinkat(dir, name, AtFlags::empty());
        }
    }
}

fn no_random() -> Error {
    Error::System { what: "reading random bytes", errno: Errno::IO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_a_power_of_two_within_bounds() {
        let cases = [(0, 256), (256, 256), (257, 512), (8192, 8192), (600_000, 1 << 20), (u32::MAX, 1 << 20)];
        assert!(cases.iter().all(|(asked, made)| bounded(*asked) == *made));
    }
}
