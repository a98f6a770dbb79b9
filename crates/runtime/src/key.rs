//! The secret that signs tokens: 32 random bytes in the runtime directory, made by whoever needs it first. Losing it
//! costs every open dashboard one renewal, so it needs no backup and no disk.

use crate::place::distrust_rights;
use crate::{Error, Fault, Place};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawMode, Stat, fstat, fsync, linkat, openat, statat, unlinkat,
};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::process::{geteuid, getpid};
use std::fmt;
use std::os::fd::OwnedFd;

/// Name of the key's file in the runtime directory.
pub const KEY_FILE: &str = "token.key";
/// Length of a key in bytes.
pub const KEY_BYTES: usize = 32;

/// A signing key. Compared and shown nowhere.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; KEY_BYTES],
    /// The file it was read from.
    file: Option<Stamp>,
}

/// Tells a file from the one that takes its place: device, inode, and, since inodes are used again, when it was written.
type Stamp = (u64, u64, i64, u64);

fn stamp(stat: &Stat) -> Stamp {
    #[allow(clippy::useless_conversion)] // widths differ between architectures
    (stat.st_dev.into(), stat.st_ino.into(), stat.st_mtime.into(), stat.st_mtime_nsec.into())
}

impl Key {
    /// A key from bytes that are already secret and random.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self { bytes, file: None }
    }

    /// Whether the runtime directory still holds the file this key was read from. One that was removed is as good as
    /// replaced: others make a new one.
    pub fn is_current(&self, runtime: &Place) -> bool {
        statat(&runtime.fd, KEY_FILE, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| self.file == Some(stamp(&stat)))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Reads the key of the runtime directory, or makes one. Of several processes that make one at once all get the same.
///
/// # Errors
/// [`Error::Refused`] for a file that is not ours, open to others, no regular file or not 32 bytes long;
/// [`Error::Root`] if root would have to make it; [`Error::Random`]; [`Error::System`].
pub fn token_key(runtime: &Place) -> Result<Key, Error> {
    if let Some(key) = existing_token_key(runtime)? {
        return Ok(key);
    }
    if geteuid().is_root() {
        return Err(Error::Root);
    }
    make(runtime)?;
    existing_token_key(runtime)?
        .ok_or_else(|| Error::system("open", &runtime.path.join(KEY_FILE), Errno::NOENT))
}

/// As [`token_key`], for who may not make one: `None` if there is none.
///
/// # Errors
/// As [`token_key`].
pub fn existing_token_key(runtime: &Place) -> Result<Option<Key>, Error> {
    let path = runtime.path.join(KEY_FILE);
    let refused = |fault| {
        let cure = format!("remove it, a new one is made at once: rm {}", path.display());
        Error::Refused { path: path.clone(), fault, cure }
    };
    // O_NONBLOCK, so that a FIFO put there does not hold us.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match openat(&runtime.fd, KEY_FILE, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(refused(Fault::Link)),
        Err(error) => return Err(Error::system("open", &path, error)),
    };
    let stat = fstat(&file).map_err(|e| Error::system("examine", &path, e))?;
    if FileType::from_raw_mode(stat.st_mode as RawMode) != FileType::RegularFile {
        return Err(refused(Fault::NotFile));
    }
    if let Some(fault) = distrust_rights(&stat, geteuid().as_raw()) {
        return Err(refused(fault));
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size != KEY_BYTES as u64 {
        return Err(refused(Fault::Size(size)));
    }
    let mut bytes = [0; KEY_BYTES];
    match retry_on_intr(|| read(&file, &mut bytes)) {
        Ok(KEY_BYTES) => Ok(Some(Key { bytes, file: Some(stamp(&stat)) })),
        Ok(less) => Err(refused(Fault::Size(less as u64))),
        Err(error) => Err(Error::system("read", &path, error)),
    }
}

/// Writes a whole key under another name and links it, so that nobody ever reads half of one and the first wins.
fn make(runtime: &Place) -> Result<(), Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    let salt = getrandom::u64().map_err(|_| Error::Random)?;
    let draft = format!("{KEY_FILE}.{}.{salt:016x}", getpid().as_raw_nonzero());
    let path = runtime.path.join(&draft);

    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&runtime.fd, &draft, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|e| Error::system("make", &path, e))?;
    let linked = write_all(&file, &bytes).and_then(|()| {
        match linkat(&runtime.fd, &draft, &runtime.fd, KEY_FILE, AtFlags::empty()) {
            Err(Errno::EXIST) => Ok(()),
            linked => linked,
        }
    });
    let removed = unlinkat(&runtime.fd, &draft, AtFlags::empty());
    linked.and(removed).map_err(|e| Error::system("make", &path, e))
}

fn write_all(file: &OwnedFd, bytes: &[u8; KEY_BYTES]) -> Result<(), Errno> {
    // A regular file takes 32 bytes at once or is full.
    if retry_on_intr(|| write(file, bytes))? != KEY_BYTES {
        return Err(Errno::NOSPC);
    }
    fsync(file)
}

#[cfg(test)]
mod tests;
