//! File systems on which neither a shared mapping nor a lock can be relied on. The one list of the project: whoever
//! opens a directory for other files asks here, too.

use rustix::fs::fstatfs;
use rustix::io::Errno;
use std::os::fd::AsFd;

/// From statfs(2) and the kernel's magic.h. FUSE is here because whatever stands behind it cannot be known, and most
/// often it is a network (sshfs, s3fs, gluster, virtiofs).
const SHARED: [(u32, &str); 21] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x2003_0528, "OrangeFS"),
    (0xaad7_aaea, "PanFS"),
    (0x786f_4256, "a VirtualBox share"),
    (0xbacb_acbc, "a VMware share"),
    (0x7c7c_6673, "a Parallels share"),
];

const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;

/// What the file system under an open file or directory means for what is stored there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On this machine alone.
    Local,
    /// In memory: gone with the next start of the machine.
    Memory,
    /// Shared between machines, or behind a process of its own; the name of its kind.
    Shared(&'static str),
}

impl Storage {
    /// Looks at the file system an open descriptor is on.
    ///
    /// # Errors
    /// The system's, if it does not tell.
    pub fn of(fd: impl AsFd) -> Result<Self, Errno> {
        // The type's width and sign differ between architectures, its lower 32 bits do not.
        Ok(Self::of_type(fstatfs(fd)?.f_type as u32))
    }

    fn of_type(magic: u32) -> Self {
        match SHARED.iter().find(|(known, _)| *known == magic) {
            Some((_, name)) => Self::Shared(name),
            None if magic == TMPFS || magic == RAMFS => Self::Memory,
            None => Self::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shared_ones_are_refused() {
        // ext2/3/4, xfs, btrfs, overlayfs, zfs, f2fs
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010] {
            assert_eq!(Storage::of_type(magic), Storage::Local);
        }
        assert_eq!(Storage::of_type(TMPFS), Storage::Memory);
        assert_eq!(Storage::of_type(0x6969), Storage::Shared("NFS"));
        assert_eq!(Storage::of_type(0x6573_5546), Storage::Shared("FUSE"));
        assert_eq!(Storage::of_type(0x0bd0_0bd0), Storage::Shared("Lustre"));
        assert_eq!(Storage::of_type(0x1983_0326), Storage::Shared("BeeGFS"));
        assert_eq!(Storage::of_type(-11_317_950_i32 as u32), Storage::Shared("CIFS"));
    }

    #[test]
    fn no_kind_is_listed_twice() {
        let mut magics = SHARED.map(|(magic, _)| magic);
        magics.sort_unstable();
        assert!(magics.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn this_machine_is_read() {
        assert_eq!(Storage::of(std::fs::File::open("/dev/shm").unwrap()), Ok(Storage::Memory));
        assert!(Storage::of(std::fs::File::open(".").unwrap()).is_ok());
    }
}
