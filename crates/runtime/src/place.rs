//! The two directories of one Unix user: runtime (ring, socket, key) and data (the database).
//!
//! Each user makes its own 0700 folder in a base that root made for all of them (mode 1733, like /tmp but not
//! listable). Another user can therefore put something in our place first; it is refused and named, never repaired
//! and never used. The base itself may be reached over links and belong to anybody: who may write there can take our
//! folder away, but not hand us one of his own, since its owner must be us.

use crate::{Error, Fault};
use qahm_ring::Storage;
use rustix::fs::{
    Access, AtFlags, CWD, FileType, Mode, OFlags, RawMode, Stat, accessat, fchmod, fstat, mkdirat, open,
    openat, statat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where runtime folders go if the INI says nothing. `make install` makes it.
pub const RUN_BASE: &str = "/run/qahm-realtime";
/// Where they go if that is missing. Here the folder's name carries the user: `qahm-realtime-<uid>`.
pub const SHM_BASE: &str = "/dev/shm";
/// Where data folders go if the INI says nothing. `make install` makes it.
pub const DATA_BASE: &str = "/var/lib/qahm-realtime";

/// A checked directory: ours, 0700, local, and held open, so that it stays the same one whatever happens to its path.
#[derive(Debug)]
pub struct Place {
    /// Its path, for messages and for SQLite.
    pub path: PathBuf,
    /// The directory itself, for everything else.
    pub fd: OwnedFd,
    /// Whether what is stored here is lost at the next start of the machine.
    pub volatile: bool,
}

/// The runtime directory of our effective user: `base/<uid>`, or without a base [`RUN_BASE`]`/<uid>`, or
/// [`SHM_BASE`]`/qahm-realtime-<uid>`. With `create` a missing folder is made; the base never is.
///
/// Without a base, the second is tried only if the first is absent or may not be written to. A folder that is there but
/// not to be trusted ends the search: two processes of a user must not end up in different places.
///
/// # Errors
/// [`Error::Root`] if root asks for it to be made. [`Error::Absent`], [`Error::NotWritable`] or [`Error::Refused`] name
/// the path, the reason, and who has to do what.
pub fn runtime_dir(base: Option<&Path>, create: bool) -> Result<Place, Error> {
    let uid = geteuid().as_raw();
    if create && uid == 0 {
        return Err(Error::Root);
    }
    match given(base) {
        Some(base) => Candidate::folder(base, uid, "qahm_realtime.runtime_dir").take(create),
        None => first(&usual(uid), create),
    }
}

/// The usual runtime directories of our effective user that exist and are to be trusted, but for the one in use: an
/// engine may still run in one from before the other was made, or before the INI named a third.
pub fn other_runtime_dirs(used: &Place) -> Vec<Place> {
    let others = usual(geteuid().as_raw()).into_iter().filter(|candidate| candidate.path() != used.path);
    others.filter_map(|candidate| candidate.take(false).ok()).collect()
}

/// Whether our effective user has a folder in this base, or may make one.
pub fn has_room(base: &Path) -> bool {
    base.join(geteuid().as_raw().to_string()).is_dir()
        || accessat(CWD, base, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

/// Where runtime folders are without a base, best first.
fn usual(uid: u32) -> [Candidate<'static>; 2] {
    let setting = "qahm_realtime.runtime_dir";
    [
        Candidate::folder(Path::new(RUN_BASE), uid, setting),
        Candidate { base: Path::new(SHM_BASE), name: format!("qahm-realtime-{uid}"), setting },
    ]
}

/// The data directory of our effective user, made if missing: `base/<uid>`, or without a base [`DATA_BASE`]`/<uid>`, or,
/// if that is absent or may not be written to, `data` in the runtime directory, which is then `volatile`.
///
/// For the engine only: nobody else opens it.
///
/// # Errors
/// As [`runtime_dir`].
pub fn data_dir(base: Option<&Path>, runtime: &Place) -> Result<Place, Error> {
    let uid = geteuid().as_raw();
    if uid == 0 {
        return Err(Error::Root);
    }
    if let Some(base) = given(base) {
        return Candidate::folder(base, uid, "qahm_realtime.data_dir").take(true);
    }
    data_in(Candidate::folder(Path::new(DATA_BASE), uid, "qahm_realtime.data_dir"), runtime)
}

fn data_in(usual: Candidate<'_>, runtime: &Place) -> Result<Place, Error> {
    match usual.take(true) {
        Err(error) if error.is_passable() => {
            let spare =
                Candidate { base: &runtime.path, name: "data".into(), setting: "qahm_realtime.data_dir" };
            Ok(Place { volatile: true, ..spare.take_in(&runtime.fd, true)? })
        }
        taken => taken,
    }
}

/// An INI entry that is empty says nothing.
fn given(base: Option<&Path>) -> Option<&Path> {
    base.filter(|base| !base.as_os_str().is_empty())
}

/// The first candidate that is not passed over; if all are, the error of the first, which is the one to be cured.
fn first(candidates: &[Candidate<'_>], create: bool) -> Result<Place, Error> {
    let mut passed = None;
    for candidate in candidates {
        match candidate.take(create) {
            Err(error) if error.is_passable() => passed = passed.or(Some(error)),
            taken => return taken,
        }
    }
    Err(passed.unwrap_or(Error::Root))
}

/// A folder that may become a [`Place`].
struct Candidate<'a> {
    base: &'a Path,
    name: String,
    /// The INI entry that would choose another one.
    setting: &'static str,
}

impl<'a> Candidate<'a> {
    fn folder(base: &'a Path, uid: u32, setting: &'static str) -> Self {
        Self { base, name: uid.to_string(), setting }
    }

    fn path(&self) -> PathBuf {
        self.base.join(&self.name)
    }

    fn take(&self, create: bool) -> Result<Place, Error> {
        if !self.base.is_absolute() {
            return Err(self.refused(self.base, Fault::Relative));
        }
        // O_PATH, because a base of mode 1733 may be entered but not read.
        let base = match open(self.base, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(base) => base,
            Err(Errno::NOENT) => {
                return Err(Error::Absent { path: self.base.to_owned(), cure: self.install() });
            }
            Err(Errno::NOTDIR) => return Err(self.refused(self.base, Fault::NotDirectory)),
            Err(Errno::ACCESS) => return Err(self.not_writable()),
            Err(error) => return Err(Error::system("open", self.base, error)),
        };
        self.take_in(&base, create)
    }

    fn take_in(&self, base: &OwnedFd, create: bool) -> Result<Place, Error> {
        let path = self.path();
        let fd = match self.open(base) {
            Err(Errno::NOENT) if create => {
                // Before anything is made, so that nothing of ours is left on a file system that will be refused.
                self.check_storage(base, self.base)?;
                self.make(base)?
            }
            Err(Errno::NOENT) => {
                let cure = "it is made when the web server records its first event".to_owned();
                return Err(Error::Absent { path, cure });
            }
            opened => opened.map_err(|error| self.explain(base, error))?,
        };
        let stat = fstat(&fd).map_err(|e| Error::system("examine", &path, e))?;
        if let Some(fault) = distrust(&stat) {
            return Err(self.refused(&path, fault));
        }
        let volatile = self.check_storage(&fd, &path)? == Storage::Memory;
        Ok(Place { path, fd, volatile })
    }

    fn open(&self, base: &OwnedFd) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(base, &self.name, flags, Mode::empty())
    }

    fn make(&self, base: &OwnedFd) -> Result<OwnedFd, Error> {
        let made = match mkdirat(base, &self.name, Mode::RWXU) {
            Ok(()) => true,
            // Another worker was quicker.
            Err(Errno::EXIST) => false,
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => return Err(self.not_writable()),
            Err(error) => return Err(Error::system("make", &self.path(), error)),
        };
        let fd = self.open(base).map_err(|error| self.explain(base, error))?;
        if made {
            // An odd umask takes rights from the owner. Only what we made ourselves is ever changed.
            fchmod(&fd, Mode::RWXU).map_err(|e| Error::system("set the mode of", &self.path(), e))?;
        }
        Ok(fd)
    }

    /// Why the folder could not be opened. The kernel says "not a directory" of a link too.
    fn explain(&self, base: &OwnedFd, error: Errno) -> Error {
        let path = self.path();
        let Ok(stat) = statat(base, &self.name, AtFlags::SYMLINK_NOFOLLOW) else {
            return Error::system("open", &path, error);
        };
        match distrust(&stat) {
            Some(fault) => self.refused(&path, fault),
            None => Error::system("open", &path, error),
        }
    }

    fn check_storage(&self, fd: impl AsFd, path: &Path) -> Result<Storage, Error> {
        match Storage::of(fd).map_err(|e| Error::system("examine the file system of", path, e))? {
            Storage::Shared(name) => Err(self.refused(path, Fault::Network(name))),
            storage => Ok(storage),
        }
    }

    fn refused(&self, path: &Path, fault: Fault) -> Error {
        let (setting, shown) = (self.setting, path.display());
        let cure = match fault {
            Fault::Mode(_) => format!("its owner or root has to run: chmod 0700 {shown}"),
            Fault::Relative | Fault::Network(_) => {
                format!("whoever runs the server has to set {setting} to an absolute path on a local disk")
            }
            _ => format!("root has to look at it and remove it, or set {setting} to another directory"),
        };
        Error::Refused { path: path.to_owned(), fault, cure }
    }

    fn not_writable(&self) -> Error {
        let uid = geteuid().as_raw();
        Error::NotWritable { path: self.base.to_owned(), uid, cure: self.install() }
    }

    fn install(&self) -> String {
        let (base, setting) = (self.base.display(), self.setting);
        format!("root has to run: install -d -m 1733 {base} (or set {setting} to another directory)")
    }
}

/// Why a directory is not to be trusted, if so.
fn distrust(stat: &Stat) -> Option<Fault> {
    let uid = geteuid().as_raw();
    match FileType::from_raw_mode(stat.st_mode as RawMode) {
        FileType::Symlink => return Some(Fault::Link),
        FileType::Directory => {}
        _ => return Some(Fault::NotDirectory),
    }
    distrust_rights(stat, uid)
}

/// The part that is the same for directories and files.
pub(crate) fn distrust_rights(stat: &Stat, uid: u32) -> Option<Fault> {
    if stat.st_uid != uid {
        return Some(Fault::Owner { owner: stat.st_uid, uid });
    }
    // The owner's own rights count too: without them every later step would fail, and less clearly.
    let bits = stat.st_mode & 0o7777;
    let needed =
        if FileType::from_raw_mode(stat.st_mode as RawMode) == FileType::Directory { 0o700 } else { 0o600 };
    (bits & 0o077 != 0 || bits & needed != needed).then_some(Fault::Mode(bits))
}

#[cfg(test)]
mod tests;
