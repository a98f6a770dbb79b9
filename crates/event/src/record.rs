//! The bytes of one slot, as the worker wrote them and as the engine reads them.
//!
//! ```text
//! byte  0      1       2..4    4..8       8..16  16..24  24..32  32..48
//!       ┌──────┬───────┬───────┬──────────┬──────┬───────┬───────┬─────────────┐
//!       │ kind │ layout│ flags │ sequence │ site │ time  │ view  │ peer        │  head, 48 bytes
//!       │ u8   │ u8 = 1│ u16   │ u32      │ u64  │ u64 µs│ u64   │ 16 bytes    │
//!       └──────┴───────┴───────┴──────────┴──────┴───────┴───────┴─────────────┘
//!  48.. ┌──────┬────────┬───────────────┐
//!       │ tag  │ length │ value         │  any number of fields, to the end of the record
//!       │ u8   │ u16    │ length bytes  │  a number is 8 bytes
//!       └──────┴────────┴───────────────┘
//! ```
//! Everything little endian, at most 1512 bytes. A tag that is not known is skipped, so that a later version can add
//! fields without a new layout; of a tag written twice the first counts.
//!
//! Any PHP script of the same user can write into the ring, so the reader believes nothing: lengths are checked
//! against what is there, fields against their limits, and text is cleaned on the way out.

use crate::{Error, Flags, Kind, Micros, Peer, SiteId, Tag, ViewId, clean};
use std::borrow::Cow;
use std::fmt;

/// The longest record in bytes: a slot of the ring without its own head.
pub const RECORD_MAX: usize = 1512;
/// Bytes of a record's head.
pub const HEAD_BYTES: usize = 48;
/// Version of the layout drawn above.
pub const LAYOUT: u8 = 1;
/// Between the parts of [`Tag::Meta`]: a control character, which no text of a beacon holds.
pub(crate) const META_SEPARATOR: u8 = 0x1f;
/// Bytes before the value of a field: tag and length.
pub(crate) const FIELD_HEAD: usize = 3;

/// What every record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What happened.
    pub kind: Kind,
    /// What is known in one bit each; the encoder adds [`Flags::CUT`].
    pub flags: Flags,
    /// The site it happened on. Untrusted until looked up.
    pub site: SiteId,
    /// When the worker recorded it.
    pub time: Micros,
    /// The view it belongs to; `ViewId(0)` for a request.
    pub view: ViewId,
    /// Number of the event within its view; repeated deliveries carry it again.
    pub sequence: u32,
    /// Address of the connection, before any proxy header is applied.
    pub peer: Peer,
}

/// A record read from a private copy of a slot.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// What every record has.
    pub head: Head,
    bytes: &'a [u8],
    /// Where in `bytes` the value of each tag begins, and its length. No value begins at 0, where the head is.
    fields: [(u16, u16); Tag::COUNT],
}

impl Head {
    /// The head's 48 bytes, as six words: so it is written in a few moves and read without a bounds check.
    pub(crate) fn to_words(self) -> [[u8; 8]; HEAD_BYTES / 8] {
        let [f0, f1] = self.flags.0.to_le_bytes();
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        let peer = u128::from_le_bytes(self.peer.0);
        [
            [self.kind as u8, LAYOUT, f0, f1, s0, s1, s2, s3],
            self.site.0.to_le_bytes(),
            self.time.0.to_le_bytes(),
            self.view.0.to_le_bytes(),
            (peer as u64).to_le_bytes(),
            ((peer >> 64) as u64).to_le_bytes(),
        ]
    }

    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Result<Self, Error> {
        let [first, site, time, view, near, far] = bytes.as_chunks::<8>().0 else {
            return Err(Error::Short(bytes.len()));
        };
        let [kind, layout, f0, f1, s0, s1, s2, s3] = *first;
        if layout != LAYOUT {
            return Err(Error::Layout(layout));
        }
        let peer = u128::from(u64::from_le_bytes(*near)) | u128::from(u64::from_le_bytes(*far)) << 64;
        Ok(Self {
            kind: Kind::from_u8(kind).ok_or(Error::Kind(kind))?,
            flags: Flags(u16::from_le_bytes([f0, f1])),
            site: SiteId(u64::from_le_bytes(*site)),
            time: Micros(u64::from_le_bytes(*time)),
            view: ViewId(u64::from_le_bytes(*view)),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            peer: Peer(peer.to_le_bytes()),
        })
    }
}

impl<'a> Record<'a> {
    /// Reads a record. `bytes` must be a private copy: a slot in shared memory may change while it is read.
    ///
    /// A text longer than its tag's limit is cut to it and flagged, as the encoder would have done.
    ///
    /// # Errors
    /// Fewer bytes than a head or more than a slot, another layout, an unknown kind, or a field that runs over the
    /// end. Never panics, whatever the bytes.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > RECORD_MAX {
            return Err(Error::Long(bytes.len()));
        }
        let (head, mut rest) = bytes.split_first_chunk().ok_or(Error::Short(bytes.len()))?;
        let mut head = Head::from_bytes(head)?;
        let mut fields = [(0, 0); Tag::COUNT];
        while !rest.is_empty() {
            let runs_over = Error::Field(bytes.len() - rest.len());
            let (&[tag, l0, l1], after) = rest.split_first_chunk::<FIELD_HEAD>().ok_or(runs_over)?;
            let length = usize::from(u16::from_le_bytes([l0, l1]));
            let start = bytes.len() - after.len();
            rest = after.get(length..).ok_or(runs_over)?;
            let Some(tag) = Tag::from_u8(tag) else { continue };
            if length > tag.limit() {
                head.flags.insert(Flags::CUT);
            }
            if let Some(place @ (0, _)) = fields.get_mut(tag as usize) {
                // Both are less than RECORD_MAX.
                *place = (start as u16, length.min(tag.limit()) as u16);
            }
        }
        Ok(Self { head, bytes, fields })
    }

    /// The raw value of a field, at most [`Tag::limit`] bytes.
    pub fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        let &(start, length) = self.fields.get(tag as usize).filter(|&&(start, _)| start != 0)?;
        self.bytes.get(usize::from(start)..)?.get(..usize::from(length))
    }

    /// The text of a field, cleaned by [`clean`]; `None` if it is absent or a number's.
    pub fn text(&self, tag: Tag) -> Option<Cow<'a, str>> {
        if tag.is_number() {
            return None;
        }
        self.bytes(tag).map(clean)
    }

    /// The number of a field; `None` if it is absent, a text's, or not 8 bytes long.
    pub fn number(&self, tag: Tag) -> Option<u64> {
        if !tag.is_number() {
            return None;
        }
        self.bytes(tag)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// Post type, author and category of the page, each cleaned, each empty if it is not known.
    pub fn meta(&self) -> [Cow<'a, str>; 3] {
        let mut parts = self.bytes(Tag::Meta).unwrap_or_default().split(|&byte| byte == META_SEPARATOR);
        [(); 3].map(|()| parts.next().map(clean).unwrap_or_default())
    }
}

/// Not the fields: they hold forwarded addresses, which must not get into a log.
impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("head", &self.head).finish_non_exhaustive()
    }
}
