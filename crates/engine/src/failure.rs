//! Why the engine could not start, and its exit code.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("signals cannot be caught: {0}")]
    Signals(std::io::Error),
    #[error("runtime directory: {0}")]
    Runtime(qahm_runtime::Error),
    #[error("the runtime directory cannot be locked: {0}")]
    Lock(rustix::io::Errno),
    #[error("the control socket cannot be made: {0}")]
    Socket(std::io::Error),
    #[error("data directory: {0}")]
    Data(qahm_runtime::Error),
    #[error("the data directory cannot be locked: {0}")]
    DataLock(rustix::io::Errno),
    #[error("another engine, with another runtime directory, uses {0}")]
    DataTaken(PathBuf),
    #[error("database: {}", .0.explain())]
    Store(crate::store::Error),
    #[error("database: {0}")]
    History(crate::history::Error),
    #[error("ring: {0}")]
    Ring(qahm_ring::Error),
}

impl Failure {
    /// The exit code, as `--help` lists them.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Runtime(_) | Failure::Lock(_) | Failure::Socket(_) => 4,
            Failure::Data(_) | Failure::DataLock(_) | Failure::DataTaken(_) => 5,
            Failure::Store(_) | Failure::History(_) => 6,
            Failure::Ring(_) | Failure::Signals(_) => 7,
        }
    }
}
