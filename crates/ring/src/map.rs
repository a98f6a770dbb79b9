//! The file and its mapping: creation, every check at open, and the only unsafe code of the crate.

use crate::layout::{
    Header, LAYOUT, MAGIC, SITES_AT, SITES_MAX, SLOT_BYTES, SLOTS_AT, SLOTS_MAX, SLOTS_MIN, SiteCell, Slot,
    bytes_of,
};
use crate::{Error, Storage, file_name};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;

/// A mapped ring. The file descriptor is closed once this exists: a worker keeps none.
pub(crate) struct Map {
    base: NonNull<u8>,
    slots: u32,
    /// Device and inode, to notice that the path leads elsewhere by now.
    pub(crate) file: (u64, u64),
}

// SAFETY: the mapping belongs to no thread, and everything reachable in it is an atomic.
unsafe impl Send for Map {}
// SAFETY: as above: every access goes through atomics.
unsafe impl Sync for Map {}

impl Map {
    /// Opens and checks the ring in `dir`, without following a link and without believing a word of it.
    pub(crate) fn open(dir: BorrowedFd<'_>) -> Result<Map, Error> {
        // NONBLOCK: a pipe put in the ring's place must not hold us.
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = openat(dir, file_name(), flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => Error::Absent,
            Errno::LOOP => Error::Symlink,
            Errno::ISDIR | Errno::NXIO | Errno::NODEV => Error::NotAFile,
            errno => refused_open(dir, errno),
        })?;
        let stat = fstat(&fd).map_err(Error::system("reading the ring's owner"))?;
        let slots = check(&stat)?;
        local(fd.as_fd())?;
        let map = Map::new(fd.as_fd(), slots, &stat)?;
        map.check_identity()?;
        Ok(map)
    }

    /// Maps an open file that is at least `bytes_of(slots)` long.
    pub(crate) fn new(fd: BorrowedFd<'_>, slots: u32, stat: &Stat) -> Result<Map, Error> {
        // Not populated: a worker touches far fewer slots in its life than it would fault in here.
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing. The file is never shortened by
        // us, and stands in a directory of our own user only; whoever else could shorten it could also kill us.
        let address = unsafe {
            let (access, shared) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
            mmap(std::ptr::null_mut(), bytes_of(slots), access, shared, fd, 0)
        }
        .map_err(Error::system("mapping the ring"))?;
        let base = NonNull::new(address.cast()).ok_or(Error::Magic)?;
        Ok(Map { base, slots, file: file_of(stat) })
    }

    /// Magic first: of a file that is no ring no other word means anything.
    fn check_identity(&self) -> Result<(), Error> {
        let identity = &self.header().identity.0;
        if identity.magic.load(Relaxed) != MAGIC {
            return Err(Error::Magic);
        }
        let layout = identity.layout.load(Relaxed);
        let sizes = (identity.slot_bytes.load(Relaxed), identity.sites.load(Relaxed));
        if layout != LAYOUT || sizes != (SLOT_BYTES as u32, SITES_MAX as u32) {
            return Err(Error::Layout(layout));
        }
        let told = (identity.slots.load(Relaxed), identity.bytes.load(Relaxed));
        if told != (self.slots, self.bytes() as u64) {
            return Err(Error::Size(self.bytes() as u64));
        }
        Ok(())
    }

    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    pub(crate) fn bytes(&self) -> usize {
        bytes_of(self.slots)
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the mapping begins page-aligned with a Header, lives as long as self, and consists of atomics, for
        // which every bit pattern is valid and writing by others is allowed.
        unsafe { self.base.cast::<Header>().as_ref() }
    }

    #[inline]
    pub(crate) fn sites(&self) -> &[SiteCell] {
        // SAFETY: bytes_of() leaves room for SITES_MAX rows at SITES_AT, a multiple of their alignment; atomics only.
        unsafe { std::slice::from_raw_parts(self.base.add(SITES_AT).cast().as_ptr(), SITES_MAX) }
    }

    /// The slot of a position. Any number is a position: it is taken modulo the slots.
    #[inline]
    pub(crate) fn slot(&self, position: u64) -> &Slot {
        let index = (position & u64::from(self.slots - 1)) as usize;
        // SAFETY: slots is a power of two and never 0, so index < slots, and the mapping is bytes_of(slots) long;
        // SLOTS_AT and SLOT_BYTES are multiples of a slot's alignment; atomics only.
        unsafe { self.base.add(SLOTS_AT + index * SLOT_BYTES).cast::<Slot>().as_ref() }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: base and length are those of the mapping made in new(), and no reference outlives self.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.bytes()) };
    }
}

pub(crate) fn file_of(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// A file that may not even be opened is most often another user's: say whose.
fn refused_open(dir: BorrowedFd<'_>, errno: Errno) -> Error {
    let found = rustix::fs::statat(dir, file_name(), AtFlags::SYMLINK_NOFOLLOW);
    match found.map(|stat| check(&stat)) {
        Ok(Err(error)) => error,
        _ => Error::System { what: "opening the ring", errno },
    }
}

/// What the file's inode must be: ours, ours alone, and of a size some ring has. Answers the number of slots.
fn check(stat: &Stat) -> Result<u32, Error> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Error::NotAFile);
    }
    let ours = rustix::process::geteuid().as_raw();
    if stat.st_uid != ours {
        return Err(Error::Foreign { owner: stat.st_uid, ours });
    }
    let mode = stat.st_mode & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed(mode));
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let slots = size.saturating_sub(SLOTS_AT as u64) / SLOT_BYTES as u64;
    match u32::try_from(slots) {
        Ok(slots)
            if slots.is_power_of_two()
                && (SLOTS_MIN..=SLOTS_MAX).contains(&slots)
                && bytes_of(slots) as u64 == size =>
        {
            Ok(slots)
        }
        _ => Err(Error::Size(size)),
    }
}

/// Refuses network and user-space file systems: mappings there are not coherent, and a store may wait for a server.
pub(crate) fn local(fd: BorrowedFd<'_>) -> Result<(), Error> {
    match Storage::of(fd).map_err(Error::system("reading the file system's type"))? {
        Storage::Shared(name) => Err(Error::Network(name)),
        Storage::Local | Storage::Memory => Ok(()),
    }
}
