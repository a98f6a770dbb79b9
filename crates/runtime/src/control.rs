//! The control socket: questions and commands to the engine.
//!
//! ```text
//! u32 length, little endian │ that many bytes of JSON          at most 64 KiB as a request, 1 MiB as an answer
//! ```
//! A PHP worker asks within a request of a visitor or an administrator, so the whole exchange has one deadline, and
//! each step is bounded by what is left of it, even against an engine that sends a byte now and then.

use crate::{Error, Place, peer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};
use rustix::process::geteuid;
use rustix::time::Timespec;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Name of the socket in the runtime directory.
pub const CONTROL_FILE: &str = "control.sock";
/// The longest request in bytes.
pub const REQUEST_MAX: usize = 64 * 1024;
/// The longest answer in bytes.
pub const ANSWER_MAX: usize = 1024 * 1024;

/// The longest path a socket address holds, without its closing zero.
const ADDRESS_MAX: usize = 107;
/// Stands in for "no deadline" where adding the time-out would overflow.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How long to wait before knocking again at an engine whose queue of connections is full.
const KNOCK: Duration = Duration::from_millis(1);

/// The path to bind or connect to. Usually `<runtime>/control.sock`; a path too long for a socket address is reached
/// through the directory's descriptor instead, so the result is good only while `runtime` lives.
pub fn control_path(runtime: &Place) -> PathBuf {
    use std::os::fd::AsRawFd;
    let path = runtime.path.join(CONTROL_FILE);
    if path.as_os_str().len() <= ADDRESS_MAX {
        return path;
    }
    PathBuf::from(format!("/proc/self/fd/{}/{CONTROL_FILE}", runtime.fd.as_raw_fd()))
}

/// Sends one request and waits for its answer, all within `timeout`.
///
/// # Errors
/// [`Error::NoEngine`] if nobody listens, [`Error::TimedOut`], [`Error::TooLong`] for a request or an announced answer
/// over the limits, [`Error::Closed`] or [`Error::Half`] if the engine went away, [`Error::Stranger`] if another user's
/// process listens, [`Error::Socket`].
pub fn call(runtime: &Place, request: &[u8], timeout: Duration) -> Result<Vec<u8>, Error> {
    let now = Instant::now();
    let deadline = now.checked_add(timeout.min(LONGEST)).unwrap_or(now);
    if request.len() > REQUEST_MAX {
        return Err(Error::TooLong { length: request.len(), most: REQUEST_MAX });
    }
    let stream = reach(runtime, deadline)?;
    let (_, uid) = peer(&stream)?;
    if uid != geteuid().as_raw() {
        return Err(Error::Stranger(uid));
    }
    write_frame(&stream, request, REQUEST_MAX, deadline)?;
    read_frame(&stream, ANSWER_MAX, deadline)
}

/// Reads one frame of at most `max` bytes. Works on blocking and non-blocking streams alike, and never waits past the
/// deadline. Memory is taken as bytes arrive, not as the length promises.
///
/// # Errors
/// [`Error::Closed`] if the stream ends before a frame, [`Error::Half`] if within one, [`Error::TooLong`],
/// [`Error::TimedOut`], [`Error::Socket`].
pub fn read_frame(stream: impl AsFd, max: usize, deadline: Instant) -> Result<Vec<u8>, Error> {
    let mut length = [0; 4];
    let mut got = 0;
    while let Some(rest @ [_, ..]) = length.get_mut(got..) {
        match receive(&stream, rest, deadline)? {
            0 if got == 0 => return Err(Error::Closed),
            0 => return Err(Error::Half),
            more => got += more,
        }
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > max {
        return Err(Error::TooLong { length, most: max });
    }
    let mut frame = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while frame.len() < length {
        let wanted = chunk.len().min(length - frame.len());
        let Some(place) = chunk.get_mut(..wanted) else { return Err(Error::Half) };
        let more = receive(&stream, place, deadline)?;
        match place.get(..more) {
            Some(bytes @ [_, ..]) => frame.extend_from_slice(bytes),
            _ => return Err(Error::Half),
        }
    }
    Ok(frame)
}

/// Writes one frame of at most `max` bytes; deadline and streams as [`read_frame`]. After an error the stream is of no
/// more use: part of the frame may have gone out.
///
/// # Errors
/// [`Error::TooLong`] before anything is sent, [`Error::Closed`] if nobody reads any more, [`Error::TimedOut`],
/// [`Error::Socket`].
pub fn write_frame(stream: impl AsFd, frame: &[u8], max: usize, deadline: Instant) -> Result<(), Error> {
    let too_long = Error::TooLong { length: frame.len(), most: max };
    let length = match u32::try_from(frame.len()) {
        Ok(length) if frame.len() <= max => length,
        _ => return Err(too_long),
    };
    transmit(&stream, &length.to_le_bytes(), deadline)?;
    transmit(&stream, frame, deadline)
}

fn reach(runtime: &Place, deadline: Instant) -> Result<OwnedFd, Error> {
    let path = control_path(runtime);
    let fail = |e| Error::socket("connect to", e);
    let address = SocketAddrUnix::new(&path).map_err(fail)?;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let stream = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(fail)?;
    loop {
        match connect(&stream, &address) {
            Ok(()) => return Ok(stream),
            Err(Errno::NOENT | Errno::CONNREFUSED) => {
                return Err(Error::NoEngine { path: runtime.path.join(CONTROL_FILE) });
            }
            Err(Errno::INTR) => {}
            // The queue is full. A Unix socket cannot be polled for a place in it.
            Err(Errno::AGAIN) => std::thread::sleep(left(deadline, "connect")?.min(KNOCK)),
            Err(error) => return Err(fail(error)),
        }
        left(deadline, "connect")?;
    }
}

/// At least one byte, or 0 at the end of the stream.
fn receive(stream: impl AsFd, place: &mut [u8], deadline: Instant) -> Result<usize, Error> {
    loop {
        let left = left(deadline, "read")?;
        match recv(&stream, &mut *place, RecvFlags::DONTWAIT) {
            Ok((_, count)) => return Ok(count.min(place.len())),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(&stream, PollFlags::IN, left).map_err(|e| Error::socket("read", e))?,
            Err(Errno::CONNRESET) => return Ok(0),
            Err(error) => return Err(Error::socket("read", error)),
        }
    }
}

fn transmit(stream: impl AsFd, mut bytes: &[u8], deadline: Instant) -> Result<(), Error> {
    while !bytes.is_empty() {
        let left = left(deadline, "write")?;
        // NOSIGNAL: a PHP worker must not die of SIGPIPE because the engine did.
        match send(&stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or(&[]),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait(&stream, PollFlags::OUT, left).map_err(|e| Error::socket("write", e))?
            }
            Err(Errno::PIPE | Errno::CONNRESET) => return Err(Error::Closed),
            Err(error) => return Err(Error::socket("write", error)),
        }
    }
    Ok(())
}

/// Returns when the stream is ready, the time is over or a signal came; the caller's next try tells which.
fn wait(stream: impl AsFd, events: PollFlags, left: Duration) -> Result<(), Errno> {
    let timeout =
        Timespec { tv_sec: left.as_secs().try_into().unwrap_or(0), tv_nsec: left.subsec_nanos().into() };
    match poll(&mut [PollFd::new(&stream, events)], Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

fn left(deadline: Instant, what: &'static str) -> Result<Duration, Error> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Error::TimedOut(what)),
        left => Ok(left),
    }
}

#[cfg(test)]
mod tests;
