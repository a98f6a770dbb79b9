//! A connection's bytes, and the end of those who stop taking them.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, Sleep, sleep};

use super::stats::Stats;

/// A stream of either kind.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Neither, but a pipe in memory: see [`super::entrance::Entrance`].
    Pipe(DuplexStream),
}

/// A socket with patience: a write that makes no progress for too long fails. It holds for whatever is spoken on it, so
/// no codec needs to know.
pub(super) struct Wire {
    socket: Socket,
    slow: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    stats: Arc<Stats>,
    /// Raised with every byte that comes.
    begun: Arc<AtomicBool>,
}

impl Wire {
    pub(super) fn new(socket: Socket, slow: Duration, stats: Arc<Stats>, begun: Arc<AtomicBool>) -> Wire {
        stats.sockets.fetch_add(1, Ordering::AcqRel);
        Wire { socket, slow, stalled: None, stats, begun }
    }

    /// What came of a write: progress ends the wait, none begins or goes on with it.
    fn watch(&mut self, cx: &mut Context<'_>, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let slow = self.slow;
        let wait = self.stalled.get_or_insert_with(|| Box::pin(sleep(slow)));
        if wait.deadline() <= Instant::now() || wait.as_mut().poll(cx).is_ready() {
            self.stats.closed("slow");
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "takes nothing")));
        }
        Poll::Pending
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stats.sockets.fetch_sub(1, Ordering::AcqRel);
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let wire = self.get_mut();
        let before = buf.filled().len();
        let read = match &mut wire.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Socket::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Socket::Pipe(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            wire.begun.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let wire = self.get_mut();
        let written = match &mut wire.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Socket::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Socket::Pipe(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        wire.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let wire = self.get_mut();
        let written = match &mut wire.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Socket::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Socket::Pipe(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        };
        wire.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Pipe(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Pipe(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
