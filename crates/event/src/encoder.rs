//! Writing a record. Runs in every PHP worker for each event: no allocation, no panic, one copy per field.

use crate::record::{FIELD_HEAD, HEAD_BYTES, Head, META_SEPARATOR, RECORD_MAX};
use crate::{Flags, Tag};

/// The longest part of [`Tag::Meta`] in bytes: three and the two separators are as long as the field may be.
const META_PART: usize = (Tag::Meta.limit() - 2) / 3;

/// Writes one record into a buffer of the caller.
#[derive(Debug)]
pub struct Encoder<'a> {
    buffer: &'a mut [u8; RECORD_MAX],
    /// Bytes written so far; never more than the buffer has.
    length: usize,
    /// Kept aside until the end, because a cut field adds to them.
    flags: Flags,
}

impl<'a> Encoder<'a> {
    /// Begins a record. What the buffer held does not matter.
    pub fn new(buffer: &'a mut [u8; RECORD_MAX], head: &Head) -> Self {
        for (place, word) in buffer.as_chunks_mut().0.iter_mut().zip(head.to_words()) {
            *place = word;
        }
        Self { buffer, length: HEAD_BYTES, flags: head.flags }
    }

    /// Adds a text. Empty: nothing is written. Longer than the tag's limit or than the room left: cut between
    /// characters and flagged [`Flags::CUT`]. A tag of a number is ignored.
    ///
    /// [`Tag::ForwardedFor`] keeps its end, since the nearest proxies append there, and begins with a whole
    /// element: half an address may read as somebody else's.
    #[inline]
    pub fn text(&mut self, tag: Tag, text: &[u8]) {
        // Most fields of most records are empty.
        if !text.is_empty() && !tag.is_number() {
            self.some_text(tag, text);
        }
    }

    fn some_text(&mut self, tag: Tag, text: &[u8]) {
        let room = RECORD_MAX.saturating_sub(self.length + FIELD_HEAD).min(tag.limit());
        if text.len() <= room {
            self.field(tag, text);
            return;
        }
        self.flags.insert(Flags::CUT);
        let cut = if tag == Tag::ForwardedFor { list_end(text, room) } else { beginning(text, room) };
        if !cut.is_empty() {
            self.field(tag, cut);
        }
    }

    /// Adds a number. Without room for it nothing is written and the record is flagged [`Flags::CUT`]. A tag of a
    /// text is ignored.
    pub fn number(&mut self, tag: Tag, value: u64) {
        if tag.is_number() {
            self.field(tag, &value.to_le_bytes());
        }
    }

    /// Adds post type, author and category as [`Tag::Meta`]; nothing if all are empty. Each may have a third of the
    /// tag's limit, so that none is crowded out by another.
    pub fn meta(&mut self, parts: [&[u8]; 3]) {
        if parts.iter().all(|part| part.is_empty()) {
            return;
        }
        let mut buffer = [0; Tag::Meta.limit()];
        let mut length = 0;
        for (k, part) in parts.into_iter().enumerate() {
            let kept = beginning(part, META_PART);
            if kept.len() < part.len() {
                self.flags.insert(Flags::CUT);
            }
            let separator: &[u8] = if k == 0 { &[] } else { &[META_SEPARATOR] };
            for piece in [separator, kept] {
                if let Some(place) = buffer.get_mut(length..).and_then(|free| free.get_mut(..piece.len())) {
                    place.copy_from_slice(piece);
                    length += piece.len();
                }
            }
        }
        self.text(Tag::Meta, buffer.get(..length).unwrap_or_default());
    }

    /// The record, ready for the ring: 48 to [`RECORD_MAX`] bytes.
    pub fn finish(self) -> &'a [u8] {
        let [low, high] = self.flags.0.to_le_bytes();
        let [_, _, f0, f1, ..] = self.buffer;
        (*f0, *f1) = (low, high);
        let buffer: &'a [u8] = self.buffer;
        buffer.get(..self.length).unwrap_or(buffer)
    }

    fn field(&mut self, tag: Tag, value: &[u8]) {
        let place =
            self.buffer.get_mut(self.length..).and_then(|free| free.get_mut(..FIELD_HEAD + value.len()));
        let Some((head, body)) = place.and_then(|place| place.split_first_chunk_mut::<FIELD_HEAD>()) else {
            self.flags.insert(Flags::CUT);
            return;
        };
        // At most 512 bytes come here, so the length fits.
        let [l0, l1] = (value.len() as u16).to_le_bytes();
        *head = [tag as u8, l0, l1];
        body.copy_from_slice(value);
        self.length += FIELD_HEAD + value.len();
    }
}

/// The longest beginning of at most `most` bytes that does not end within a character.
fn beginning(text: &[u8], most: usize) -> &[u8] {
    // A character has at most three bytes after its first; more of them in a row are no UTF-8 and cut anywhere.
    let end = (0..4)
        .filter_map(|back| most.checked_sub(back))
        .find(|&end| text.get(end).is_none_or(|&byte| !is_continuation(byte)))
        .unwrap_or(most);
    text.get(..end).unwrap_or(text)
}

/// The last whole elements of a comma-separated list that fit `most` bytes.
fn list_end(text: &[u8], most: usize) -> &[u8] {
    // One byte more, so that a comma just before the kept part is seen.
    let tail = text.get(text.len().saturating_sub(most + 1)..).unwrap_or(text);
    let comma = tail.iter().position(|&byte| byte == b',');
    comma.and_then(|at| tail.get(at + 1..)).unwrap_or(&[]).trim_ascii_start()
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
