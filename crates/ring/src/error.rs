//! Why there is no ring, and why a payload was not taken.

use rustix::io::Errno;

/// Why a ring could not be opened or created. The messages name no path: the caller knows which directory it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no ring in the directory.
    #[error("there is no ring yet")]
    Absent,
    /// Something was put in the ring's place that leads elsewhere.
    #[error("the ring's name is a symbolic link; it must be a plain file")]
    Symlink,
    /// A directory, a pipe, a socket or a device.
    #[error("the ring's name is taken by something that is not a plain file")]
    NotAFile,
    /// The file is another user's.
    #[error("the ring belongs to user {owner}, this process runs as user {ours}")]
    Foreign {
        /// Owner of the file.
        owner: u32,
        /// Effective user of this process.
        ours: u32,
    },
    /// Group or others may read or write it.
    #[error("the ring is open to other users (mode {0:04o}); it must be 0600")]
    Exposed(u32),
    /// No ring has this size, or it is not the size the ring itself tells.
    #[error("the ring has a wrong size of {0} bytes: it was cut, or never finished")]
    Size(u64),
    /// The file does not begin as a ring does.
    #[error("the file in the ring's place is not a ring")]
    Magic,
    /// Written by another version of this software, in a way we do not read.
    #[error("the ring has layout {0}, this software reads layout {LAYOUT}", LAYOUT = crate::LAYOUT)]
    Layout(u32),
    /// Shared memory does not work across machines.
    #[error("the directory is on {0}; a ring needs a local file system")]
    Network(&'static str),
    /// Not even a small ring fits.
    #[error("no space for a ring of {0} bytes")]
    NoSpace(u64),
    /// Root would leave files that lock the web server's user out.
    #[error("root does not create rings; run as the web server's user")]
    Root,
    /// The operating system refused.
    #[error("{what}: {errno}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system answered.
        errno: Errno,
    },
}

impl Error {
    /// For `map_err`: an error of the system, with what was tried.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(Errno) -> Error {
        move |errno| Error::System { what, errno }
    }
}

/// Why [`push`](crate::Ring::push) did not take a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No free slot; counted in [`Header::dropped`](crate::Header::dropped).
    #[error("the ring is full")]
    Full,
    /// Longer than [`PAYLOAD_MAX`](crate::PAYLOAD_MAX); a programmer's mistake, not counted.
    #[error("the payload is longer than a slot")]
    TooLong,
    /// This process stood still so long that the consumer took the slot away; counted as skipped, by the consumer.
    #[error("the slot was given up as abandoned while it was written")]
    Disowned,
}
