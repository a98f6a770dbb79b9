//! What comes back: looked at and thrown away.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, DuplexStream, ReadHalf};
use tokio::sync::Notify;

/// What is in every state, and nowhere else.
pub const SECRET: &str = "only-for-who-was-let-in";

/// What nobody hears who was not let in: the greeting, and how a site's state is called in the ways it is told.
const WORDS: [&[u8]; 7] = [
    b"[\"hello\"",
    b"event: hello",
    SECRET.as_bytes(),
    b":put\"",
    b":patch\"",
    b":packed\"",
    b"\"path\":\"/\"",
];
/// The longest of them, less a byte.
const KEPT: usize = SECRET.len() - 1;

#[derive(Default)]
pub struct Ear {
    closed: AtomicBool,
    changed: Notify,
    bytes: AtomicUsize,
    heard: AtomicBool,
    tail: Mutex<Vec<u8>>,
}

impl Ear {
    /// Takes what comes, until its end.
    pub async fn listen(self: Arc<Self>, mut reader: ReadHalf<DuplexStream>) {
        let mut piece = [0; 4096];
        loop {
            let read = tokio::select! {
                biased;
                () = self.changed.notified() => continue,
                read = reader.read(&mut piece), if !self.closed.load(Relaxed) => read,
            };
            match read {
                Ok(length @ 1..) => self.hear(&piece[..length]),
                _ => return,
            }
        }
    }

    /// Takes what comes from now on, or nothing.
    pub fn open(&self, open: bool) {
        self.closed.store(!open, Relaxed);
        self.changed.notify_one();
    }

    fn hear(&self, piece: &[u8]) {
        self.bytes.fetch_add(piece.len(), Relaxed);
        // What is looked for may have come in two pieces.
        let mut tail = self.tail.lock().unwrap();
        tail.extend_from_slice(piece);
        if WORDS.iter().any(|word| tail.windows(word.len()).any(|part| part == *word)) {
            self.heard.store(true, Relaxed);
        }
        let superfluous = tail.len().saturating_sub(KEPT);
        tail.drain(..superfluous);
    }

    /// Whether any of it was for those who were let in.
    pub fn has_heard(&self) -> bool {
        self.heard.load(Relaxed)
    }

    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }
}
