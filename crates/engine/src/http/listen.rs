//! Binding: one socket, on this machine only.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, chmod, chown};
use tokio::net::{TcpListener, UnixListener};

use super::address::Address;
use super::wire::Socket;

/// A socket that takes connections. Its file, if it has one, goes with it.
pub struct Listener {
    kind: Kind,
    /// How the web server reaches it.
    pub address: Address,
    /// What a person should know although it listens.
    pub note: Option<String>,
}

enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// Listens. `own` is the path that nobody but the holder of the runtime directory's lock uses: what lies there is
    /// left over. Anywhere else a socket is replaced only if nobody answers on it, and nothing but a socket ever is.
    ///
    /// # Errors
    /// In words: why this address cannot be had.
    pub fn bind(address: &Address, own: &Path, group: Option<&str>) -> Result<Listener, String> {
        let failed = |error: Error| format!("the live channel cannot listen on {address}: {error}");
        match address {
            Address::Tcp(at) => {
                let listener = std::net::TcpListener::bind(at).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                let address = Address::Tcp(listener.local_addr().map_err(failed)?);
                let listener = TcpListener::from_std(listener).map_err(failed)?;
                Ok(Listener { kind: Kind::Tcp(listener), address, note: None })
            }
            Address::Unix(path) => {
                make_room(path, path == own).map_err(failed)?;
                // The umask makes it 0600 from its first instant; it is opened when its group is right.
                let listener = UnixListener::bind(path).map_err(failed)?;
                let file = SocketFile::of(path).map_err(failed)?;
                let mut note = group.and_then(|group| hand_over(path, group).err());
                if note.is_none() && group.is_some() && path == own {
                    note = Some(format!(
                        "the group of the live channel's socket cannot reach it: its folder {} is private; set qahm_realtime.listen to unix:/path in a directory that the group may enter",
                        path.parent().unwrap_or(path).display()
                    ));
                }
                chmod(path, Mode::from_raw_mode(0o660)).map_err(|error| failed(error.into()))?;
                Ok(Listener { kind: Kind::Unix(listener, file), address: address.clone(), note })
            }
        }
    }

    /// The next connection, and the address it came from if it has one.
    pub(super) async fn accept(&self) -> std::io::Result<(Socket, Option<IpAddr>)> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                // Small messages must not wait for each other.
                let _small = stream.set_nodelay(true);
                Ok((Socket::Tcp(stream), Some(from.ip())))
            }
            Kind::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), None))
            }
        }
    }

    /// Whether the web server still finds us: somebody may have deleted the socket's file.
    pub fn is_reachable(&self) -> bool {
        match &self.kind {
            Kind::Tcp(_) => true,
            Kind::Unix(_, file) => file.is_ours(),
        }
    }
}

/// Removes what is left of an engine that died.
fn make_room(path: &Path, own: bool) -> std::io::Result<()> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !meta.file_type().is_socket() {
        return Err(Error::new(ErrorKind::AlreadyExists, "a file that is no socket is in the way"));
    }
    if !own {
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            Ok(_) => return Err(Error::new(ErrorKind::AddrInUse, "another process answers there")),
        }
    }
    std::fs::remove_file(path)
}

/// Gives the socket to a group, by name or number.
fn hand_over(path: &Path, group: &str) -> Result<(), String> {
    let gid = qahm_runtime::group_id(group).ok_or_else(|| {
        format!("there is no group {group:?} (qahm_realtime.listen_group); the live channel's socket keeps its own")
    })?;
    chown(path, None, Some(Gid::from_raw(gid))).map_err(|error| {
        format!("the live channel's socket cannot be given to the group {group:?}: {error}; its user has to be a member")
    })
}

/// The file of a Unix socket, removed at the end if it is still ours.
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn of(path: &Path) -> std::io::Result<SocketFile> {
        let meta = std::fs::symlink_metadata(path)?;
        Ok(SocketFile { path: path.to_owned(), device: meta.dev(), inode: meta.ino() })
    }

    fn is_ours(&self) -> bool {
        std::fs::symlink_metadata(&self.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == (self.device, self.inode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_ours() {
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}
