//! Short texts for people: why the engine left, why it could not be started.
//!
//! The text is sealed by its length and checksum rather than by a sequence: any worker may write the spawn message, and
//! two writers at once, or one killed half-way, leave a text whose seal does not hold. It then reads as empty.

use crate::Ring;
use crate::layout::{MESSAGE_MAX, MessageCell};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::fence;

/// Whose message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Written by the engine: what it complains about.
    Engine,
    /// Written by a worker: why the engine could not be started.
    Spawn,
}

impl Ring {
    /// Leaves a message of up to [`MESSAGE_MAX`] bytes (cut at a character); an empty one removes it.
    pub fn set_message(&self, which: Message, text: &str) {
        let text = text.get(..text.floor_char_boundary(MESSAGE_MAX)).unwrap_or_default().as_bytes();
        let cell = self.message_cell(which);
        cell.seal.store(0, Relaxed);
        fence(Release);
        let mut rest = text;
        for word in &cell.words {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            rest = rest.get(8..).unwrap_or_default();
            word.store(u64::from_ne_bytes(bytes), Relaxed);
        }
        cell.seal.store(seal(text), Release);
    }

    /// The message, without control characters; empty when there is none.
    pub fn message(&self, which: Message) -> String {
        let cell = self.message_cell(which);
        // Again only when it was being written just then.
        (0..3).find_map(|_| read(cell)).unwrap_or_default()
    }

    fn message_cell(&self, which: Message) -> &MessageCell {
        let [engine, spawn] = &self.header().messages;
        match which {
            Message::Engine => engine,
            Message::Spawn => spawn,
        }
    }
}

fn seal(text: &[u8]) -> u64 {
    ((text.len() as u64) << 32) | u64::from(crc32fast::hash(text))
}

fn read(cell: &MessageCell) -> Option<String> {
    let told = cell.seal.load(Acquire);
    let mut bytes = Vec::with_capacity(MESSAGE_MAX);
    for word in &cell.words {
        bytes.extend_from_slice(&word.load(Relaxed).to_ne_bytes());
    }
    let text = bytes.get(..usize::try_from(told >> 32).ok()?)?;
    if seal(text) != told {
        return None;
    }
    Some(String::from_utf8_lossy(text).chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect())
}

/// Characters that turn the direction of what follows: nothing of this is for a status page.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
