//! Reading hostile JSON piece by piece, without a copy where none is needed.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The value of a member, or nothing if it is missing or of another type.
pub(crate) fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// Whether a string of this JSON holds a C0 control character, as it is or escaped. One pass that need not know
/// whether the JSON is valid; it also sees members that nobody reads, which a parser that skips them would not.
pub(crate) fn has_control(body: &[u8]) -> bool {
    // Neither control characters nor escapes: almost every beacon, and seen many bytes at a time.
    if body.iter().fold(true, |plain, &byte| plain & (byte >= 0x20) & (byte != b'\\')) {
        return false;
    }
    let mut bytes = body.iter().enumerate();
    let mut inside = false;
    while let Some((at, &byte)) = bytes.next() {
        match byte {
            b'"' => inside = !inside,
            0..0x20 if inside => return true,
            b'\\' if inside => match bytes.next() {
                Some((_, b'b' | b'f' | b'n' | b'r' | b't' | 0..0x20)) => return true,
                Some((_, b'u')) => {
                    if let Some([b'0', b'0', b'0' | b'1', _]) = body.get(at + 2..at + 6) {
                        return true;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    false
}

/// A JSON string, borrowed if it has no escapes. Half a surrogate pair becomes U+FFFD instead of refusing the
/// beacon: a script that shortens a title in the middle of an emoji sends one.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text(String::from_utf8_lossy(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }
        }
        deserializer.deserialize_bytes(Reader)
    }
}

/// The next element of a list, which must be there.
pub(crate) fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(items: &mut A) -> Result<T, A::Error> {
    items.next_element()?.ok_or_else(|| A::Error::custom("missing element"))
}

/// 0 or 1.
pub(crate) fn next_bit<'de, A: SeqAccess<'de>>(items: &mut A) -> Result<bool, A::Error> {
    match next::<u8, A>(items)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(A::Error::custom("neither 0 nor 1")),
    }
}

/// A text.
pub(crate) fn next_text<'de: 'a, 'a, A: SeqAccess<'de>>(items: &mut A) -> Result<Cow<'a, str>, A::Error> {
    Ok(next::<Text<'a>, A>(items)?.0)
}

/// An element that may be null or missing.
pub(crate) fn next_optional<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    items: &mut A,
) -> Result<Option<T>, A::Error> {
    Ok(items.next_element::<Option<T>>()?.flatten())
}

/// Whether there was anything to skip. The parser skips without recursion, however deep the rest is nested.
pub(crate) fn skip_rest<'de, A: SeqAccess<'de>>(items: &mut A) -> Result<bool, A::Error> {
    let mut any = false;
    while items.next_element::<IgnoredAny>()?.is_some() {
        any = true;
    }
    Ok(any)
}
