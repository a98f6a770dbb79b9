//! Identifiers: 64 bits, 16 hex digits as text. Zero is never one: it marks an empty row in shared memory.

use std::fmt;

/// A site: the first 64 bits of a hash of its home and blog. The public site token of the page, never a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u64);

/// One view of one page, drawn at random by the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub u64);

impl SiteId {
    /// Exactly 16 lower-case hex digits, not all zero. Strict, since a site id has one text form everywhere.
    pub fn parse(text: &[u8]) -> Option<Self> {
        parse(text, false).map(Self)
    }
}

impl ViewId {
    /// Exactly 16 hex digits of either case, not all zero.
    pub fn parse(text: &[u8]) -> Option<Self> {
        parse(text, true).map(Self)
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A byte in each of the eight of a word.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Reads 16 digits. Eight at a time: this runs in every call from PHP, and one after the other took a tenth of it.
#[inline]
fn parse(text: &[u8], either_case: bool) -> Option<u64> {
    let (halves, _) = <&[u8; 16]>::try_from(text).ok()?.as_chunks::<8>();
    let mut value = 0;
    let mut wrong = 0;
    for half in halves {
        let text = u64::from_be_bytes(*half);
        // Letters, and no digit, have the bit of 64.
        let letters = (text >> 6) & each(1);
        let digits = (text & each(15)) + letters * 9;
        // Right is what these digits would be written as; no sum here outgrows its byte.
        let written =
            digits + each(b'0') + (((digits + each(6)) >> 4) & each(1)) * u64::from(b'a' - b'9' - 1);
        wrong |= (digits & each(0xf0)) | (written ^ if either_case { text | (letters << 5) } else { text });
        let pairs = (digits | (digits >> 4)) & 0x00ff_00ff_00ff_00ff;
        let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
        value = (value << 32) | ((fours | (fours >> 16)) & 0xffff_ffff);
    }
    (wrong == 0 && value != 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_comes_back() {
        for value in [1, 0x00ab_cdef_0123_4567, u64::MAX] {
            assert_eq!(SiteId::parse(SiteId(value).to_string().as_bytes()), Some(SiteId(value)));
            assert_eq!(ViewId::parse(ViewId(value).to_string().as_bytes()), Some(ViewId(value)));
        }
        assert_eq!(SiteId(0xab).to_string(), "00000000000000ab");
    }

    #[test]
    fn every_byte_at_every_place() {
        for (place, byte) in (0..16).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
            let mut text = *b"00000000000000ab";
            text[15] = b'1';
            text[place] = byte;
            let wanted = str::from_utf8(&text).ok().filter(|_| byte.is_ascii_hexdigit());
            let wanted = wanted.map(|text| u64::from_str_radix(text, 16).unwrap());
            assert_eq!(ViewId::parse(&text), wanted.map(ViewId), "{byte:#x} at {place}");
            let lower = wanted.filter(|_| !byte.is_ascii_uppercase());
            assert_eq!(SiteId::parse(&text), lower.map(SiteId), "{byte:#x} at {place}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let bad: [&[u8]; 8] = [
            b"",
            b"00000000000000a",
            b"00000000000000abc",
            b"0000000000000000",
            b"000000000000000g",
            b"+0000000000000ab",
            b" 0000000000000ab",
            b"00000000000000\xc3\xa9",
        ];
        for text in bad {
            assert_eq!(SiteId::parse(text), None);
            assert_eq!(ViewId::parse(text), None);
        }
        assert_eq!(SiteId::parse(b"00000000000000AB"), None);
        assert_eq!(ViewId::parse(b"00000000000000AB"), Some(ViewId(0xab)));
    }
}
