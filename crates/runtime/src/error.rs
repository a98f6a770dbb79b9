//! What goes wrong, said so that the person who reads it knows which path, why, and who has to do what.

use std::path::{Path, PathBuf};

/// Errors of this crate. Those of directories are meant to be shown to a site's administrator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Root asked for something to be made.
    #[error(
        "root makes no files here, since the web server's user could not use them; run this as that user (sudo -u …)"
    )]
    Root,
    /// A directory is not there, and was not to be made.
    #[error("{} is not there; {cure}", path.display())]
    Absent {
        /// What is missing.
        path: PathBuf,
        /// Who has to do what.
        cure: String,
    },
    /// A base directory in which this user may not make its folder.
    #[error("uid {uid} may not write to {}; {cure}", path.display())]
    NotWritable {
        /// The base directory.
        path: PathBuf,
        /// Our effective user.
        uid: u32,
        /// Who has to do what.
        cure: String,
    },
    /// Something is there, and it is not to be trusted.
    #[error("{} {fault}; {cure}", path.display())]
    Refused {
        /// What was refused.
        path: PathBuf,
        /// Why.
        fault: Fault,
        /// Who has to do what.
        cure: String,
    },
    /// A call to the system failed.
    #[error("cannot {what} {}: {source}", path.display())]
    System {
        /// A verb: "open", "make".
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's own word.
        source: std::io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// Nobody listens on the control socket.
    #[error("no engine listens on {}", path.display())]
    NoEngine {
        /// The control socket.
        path: PathBuf,
    },
    /// The deadline passed.
    #[error("time-out while trying to {0}")]
    TimedOut(&'static str),
    /// A frame is longer than it may be.
    #[error("a frame of {length} bytes; at most {most} are allowed")]
    TooLong {
        /// Bytes announced, or to be sent.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// The other side closed before the first byte of a frame.
    #[error("the connection was closed")]
    Closed,
    /// The other side closed within a frame.
    #[error("the connection was closed in the middle of a frame")]
    Half,
    /// Another user's process is at the other end of the socket.
    #[error("the control socket belongs to a process of uid {0}")]
    Stranger(u32),
    /// The socket failed.
    #[error("cannot {what} the control socket: {source}")]
    Socket {
        /// A verb: "connect to", "read".
        what: &'static str,
        /// The system's own word.
        source: std::io::Error,
    },
}

/// Why a directory or file is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Depends on the directory a script happens to be in.
    #[error("is not an absolute path")]
    Relative,
    /// A symbolic link where the thing itself must be.
    #[error("is a symbolic link, and none is followed here")]
    Link,
    /// Not a directory.
    #[error("is not a directory")]
    NotDirectory,
    /// Not a regular file.
    #[error("is not a regular file")]
    NotFile,
    /// Of another user.
    #[error("belongs to uid {owner}, not to uid {uid}")]
    Owner {
        /// Whose it is.
        owner: u32,
        /// Our effective user.
        uid: u32,
    },
    /// Open to others, or closed to its owner. Holds the permission bits.
    #[error("has mode {0:04o}, and only its owner may have rights on it")]
    Mode(u32),
    /// On a file system shared between machines; holds its name.
    #[error("is on {0}, where shared memory and locks cannot be relied on")]
    Network(&'static str),
    /// Of a size it never has.
    #[error("has {0} bytes, which is not its size")]
    Size(u64),
}

impl Error {
    /// Whether another candidate may be tried: nothing stands here that somebody should look at.
    pub(crate) fn is_passable(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::NotWritable { .. })
    }

    pub(crate) fn system(what: &'static str, path: &Path, source: rustix::io::Errno) -> Self {
        Self::System { what, path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn socket(what: &'static str, source: rustix::io::Errno) -> Self {
        Self::Socket { what, source: source.into() }
    }
}
