//! The heads of WebSocket frames as they pass by: whether a message is longer than may be.
//!
//! The library refuses such a message, and says so to nobody if its sender has not said who they are.

use crate::http::BODY_MAX;

/// The longest head: two bytes, a length of eight, a mask of four.
const HEAD: usize = 14;

/// Where in a client's frames its bytes are.
#[derive(Debug, Default)]
pub(super) struct Heads {
    head: [u8; HEAD],
    /// Bytes of it so far.
    have: usize,
    /// Bytes of the frame that are no head's and still to come.
    rest: u64,
    /// Bytes of the message so far: it may come in several frames.
    message: u64,
}

impl Heads {
    /// Follows bytes that come. `false`: they announce a message of more than [`BODY_MAX`].
    pub(super) fn fit(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((byte, after)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = bytes.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
                self.rest -= passed as u64;
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *byte;
                self.have += 1;
            }
            bytes = after;
            if let Some(length) = self.length() {
                self.begin(length);
                if self.message > BODY_MAX as u64 {
                    return false;
                }
            }
        }
        true
    }

    /// What a whole head says of its frame's length.
    fn length(&self) -> Option<u64> {
        let [_, second, length @ ..] = self.head;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let (bytes, short) = match second & 0x7f {
            126 => (2, None),
            127 => (8, None),
            short => (0, Some(u64::from(short))),
        };
        if self.have < 2 || self.have < 2 + bytes + mask {
            return None;
        }
        let long = || length.iter().take(bytes).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some(short.unwrap_or_else(long))
    }

    fn begin(&mut self, length: u64) {
        let [first, ..] = self.head;
        (self.have, self.rest) = (0, length);
        match first & 0x0f {
            // One of a message that goes on; of a new one; pings and the like, which come in between.
            0 => self.message = self.message.saturating_add(length),
            1..8 => self.message = length,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..=0xffff => frame.extend([&[0xfe][..], &(length as u16).to_be_bytes()].concat()),
            _ => frame.extend([&[0xff][..], &(length as u64).to_be_bytes()].concat()),
        }
        frame.extend([0xff; 4]);
        frame.resize(frame.len() + length, 0xff);
        frame
    }

    #[test]
    fn whatever_fits_fits_however_it_is_cut() {
        let (first, more, last, ping) = (0x01, 0x00, 0x80, 0x89);
        for (frames, fits) in [
            (vec![(0x81, 0), (0x81, 125), (0x81, 126), (0x82, BODY_MAX)], true),
            (vec![(0x81, 3), (0x81, BODY_MAX + 1)], false),
            (vec![(0x81, 100_000)], false),
            (vec![(first, BODY_MAX - 1), (ping, 125), (last, 1), (0x81, BODY_MAX)], true),
            (vec![(first, BODY_MAX / 2), (more, BODY_MAX / 2), (ping, 0), (last, 1)], false),
        ] {
            let bytes: Vec<u8> = frames.iter().flat_map(|(first, length)| frame(*first, *length)).collect();
            for piece in [1, 7, 1024, bytes.len()] {
                let mut heads = Heads::default();
                assert_eq!(bytes.chunks(piece).all(|piece| heads.fit(piece)), fits, "{frames:?} by {piece}");
            }
        }
        let head = [&[0x81, 0xff][..], &[0xff; 8]].concat();
        let mut heads = Heads::default();
        assert!(heads.fit(&head), "not before the head is whole");
        assert!(!heads.fit(&[0; 4]));
    }
}
