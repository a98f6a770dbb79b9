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
        if text.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        parse(text).map(Self)
    }
}

impl ViewId {
    /// Exactly 16 hex digits of either case, not all zero.
    pub fn parse(text: &[u8]) -> Option<Self> {
        parse(text).map(Self)
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

fn parse(text: &[u8]) -> Option<u64> {
    if text.len() != 16 {
        return None;
    }
    let mut value = 0u64;
    for &byte in text {
        value = value << 4 | u64::from(char::from(byte).to_digit(16)?);
    }
    (value != 0).then_some(value)
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
