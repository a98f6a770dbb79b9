//! Cleaning of hostile text. What passes here is shown to administrators, so besides invalid UTF-8 it must not
//! carry what makes a terminal, a log or a table lie: control characters, line breaks, direction overrides.

use std::borrow::Cow;

/// The text of `bytes`: invalid UTF-8 becomes U+FFFD; C0, C1 and DEL, line and paragraph separators (U+2028, U+2029)
/// and the marks that change the direction of writing (U+061C, U+200E, U+200F, U+202A–202E, U+2066–2069) are removed.
/// Borrowed when nothing had to change. Joiners (U+200C, U+200D) stay: several scripts need them.
pub fn clean(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    // Almost every text is printable ASCII, which no rule below touches.
    if text.bytes().all(|b| matches!(b, 0x20..=0x7e)) || !text.contains(is_unwanted) {
        return text;
    }
    Cow::Owned(text.chars().filter(|&c| !is_unwanted(c)).collect())
}

fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_text_is_borrowed() {
        for text in ["", "/hello?a=1", "Grüße, 你好 👩‍👩‍👧", "می‌خواهم"] {
            assert!(matches!(clean(text.as_bytes()), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn every_unwanted_character_goes() {
        let unwanted = (0..0x20).chain(0x7f..0xa0).chain([0x61c, 0x200e, 0x200f]).chain(0x2028..=0x202e);
        for code in unwanted.chain(0x2066..=0x2069) {
            let c = char::from_u32(code).unwrap();
            assert_eq!(clean(format!("a{c}b").as_bytes()), "ab", "U+{code:04X}");
        }
    }

    #[test]
    fn broken_utf8_is_marked() {
        assert_eq!(clean(b"a\xffb\x1b[31m"), "a\u{fffd}b[31m");
        assert_eq!(clean(b"\xc2"), "\u{fffd}");
        assert_eq!(clean(b"\xc2\x9b1m"), "1m"); // CSI as one C1 character
    }
}
