//! The stream under a Socket.IO connection: tells whether a write waits, and can be cut.
//!
//! The library has neither. Its queue says "full" when it is too late, and a session whose client takes nothing any more
//! it never gives up: its writer waits for the socket, and its end waits for the writer.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::heads::Heads;
use crate::http::stats::Stats;

/// A stream and whoever watches it.
pub(super) struct Line<S> {
    stream: S,
    watch: Arc<Watch>,
    heads: Heads,
    stats: Arc<Stats>,
}

/// What others know of a [`Line`] and may do to it. All on one thread, or it would not matter who is first.
#[derive(Default)]
pub(super) struct Watch {
    /// The last write found no room.
    waiting: AtomicBool,
    /// Nothing is read or written any more.
    cut: AtomicBool,
    /// Whoever reads has found the end: the other end has gone, the way to it has broken, or it was cut.
    ended: AtomicBool,
    /// A message that cannot be taken has been counted.
    blamed: AtomicBool,
    /// The stream is gone.
    closed: AtomicBool,
    changed: Notify,
    /// Who waits for the stream, to be told that it was cut.
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Watch {
    /// Whether bytes wait for the client to take others first.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    /// Waits until there is room again, or nothing left to write to.
    pub(super) async fn writable(&self) {
        self.until(|| !self.is_waiting() || self.closed.load(Relaxed)).await;
    }

    /// Ends the connection: whoever reads finds its end, whoever writes an error.
    pub(super) fn cut(&self) {
        self.cut.store(true, Relaxed);
        for place in [&self.reader, &self.writer] {
            if let Some(waker) = place.lock().take() {
                waker.wake();
            }
        }
    }

    /// Counts, once, that what came over the line cannot be taken.
    pub(super) fn blame(&self, stats: &Stats) {
        if !self.blamed.swap(true, Relaxed) {
            stats.abused("message");
        }
    }

    /// Whether there was more to read when it was read last.
    pub(super) fn is_whole(&self) -> bool {
        !self.ended.load(Relaxed)
    }

    /// Waits until the stream is gone, whoever ended it.
    pub(super) async fn closed(&self) {
        self.until(|| self.closed.load(Relaxed)).await;
    }

    async fn until(&self, condition: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition() {
                return;
            }
            changed.await;
        }
    }

    fn wait(&self, waiting: bool) {
        if self.waiting.swap(waiting, Relaxed) && !waiting {
            self.changed.notify_waiters();
        }
    }
}

impl<S> Line<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>, stats: Arc<Stats>) -> Line<S> {
        Line { stream, watch, heads: Heads::default(), stats }
    }

    /// What came of a write.
    fn wrote<T>(&self, cx: &Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        self.watch.wait(written.is_pending());
        match &written {
            Poll::Pending => keep(&self.watch.writer, cx),
            Poll::Ready(Err(_)) => self.watch.ended.store(true, Relaxed),
            Poll::Ready(Ok(_)) => {}
        }
        written
    }

    fn broken<T>(&self) -> Option<Poll<Result<T>>> {
        let cut = self.watch.cut.load(Relaxed);
        cut.then(|| Poll::Ready(Err(Error::new(ErrorKind::BrokenPipe, "cut"))))
    }
}

fn keep(place: &Mutex<Option<Waker>>, cx: &Context<'_>) {
    let mut kept = place.lock();
    if !kept.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        *kept = Some(cx.waker().clone());
    }
}

impl<S> Drop for Line<S> {
    fn drop(&mut self) {
        self.watch.closed.store(true, Relaxed);
        self.watch.changed.notify_waiters();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let line = self.get_mut();
        if line.watch.cut.load(Relaxed) {
            line.watch.ended.store(true, Relaxed);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut line.stream).poll_read(cx, buf);
        match &read {
            Poll::Pending => keep(&line.watch.reader, cx),
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                if !line.heads.fit(buf.filled().get(before..).unwrap_or_default()) {
                    line.watch.blame(&line.stats);
                }
            }
            Poll::Ready(_) => line.watch.ended.store(true, Relaxed),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let line = self.get_mut();
        if let Some(broken) = line.broken() {
            return broken;
        }
        let written = Pin::new(&mut line.stream).poll_write(cx, bytes);
        line.wrote(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let line = self.get_mut();
        if let Some(broken) = line.broken() {
            return broken;
        }
        let written = Pin::new(&mut line.stream).poll_write_vectored(cx, parts);
        line.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let line = self.get_mut();
        match line.broken() {
            Some(broken) => broken,
            None => Pin::new(&mut line.stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn a_write_that_waits_is_seen_and_ends_when_the_client_reads_again() {
        let (near, mut far) = duplex(8);
        let watch = Arc::new(Watch::default());
        let mut line = Line::new(near, watch.clone(), Arc::default());
        line.write_all(b"12345678").await.unwrap();
        assert!(!watch.is_waiting());
        let writing = tokio::spawn(async move {
            line.write_all(b"9").await.unwrap();
            line
        });
        while !watch.is_waiting() {
            tokio::task::yield_now().await;
        }
        let mut taken = [0; 9];
        let (read, ()) = tokio::join!(far.read_exact(&mut taken), watch.writable());
        assert_eq!(read.unwrap(), 9);
        drop(writing.await.unwrap());
        watch.closed().await;
    }

    #[tokio::test]
    async fn a_cut_wakes_reader_and_writer() {
        let (near, _far) = duplex(8);
        let watch = Arc::new(Watch::default());
        let (mut reader, mut writer) = tokio::io::split(Line::new(near, watch.clone(), Arc::default()));
        let reading = tokio::spawn(async move { reader.read(&mut [0; 8]).await });
        let writing = tokio::spawn(async move { writer.write_all(&[0; 64]).await });
        while !watch.is_waiting() {
            tokio::task::yield_now().await;
        }
        watch.cut();
        assert_eq!(reading.await.unwrap().unwrap(), 0);
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
        watch.closed().await;
    }
}
