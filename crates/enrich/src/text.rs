//! Cutting and cleaning of hostile text.

/// The longest beginning of at most `longest` bytes that ends between characters.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

/// One printable line: control and formatting characters (among them those that turn the direction of writing) become
/// spaces, runs of spaces one, and at most `longest` bytes remain.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(longest));
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        let character = if hidden || character.is_whitespace() { ' ' } else { character };
        if character == ' ' && (cleaned.is_empty() || cleaned.ends_with(' ')) {
            continue;
        }
        if cleaned.len() + character.len_utf8() > longest {
            break;
        }
        cleaned.push(character);
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// `%XX` and `+` decoded, of at most the first `longest` bytes; what is no UTF-8 becomes U+FFFD.
pub(crate) fn decode(text: &str, longest: usize) -> String {
    let mut bytes = Vec::with_capacity(text.len().min(longest));
    let mut rest = cut(text, longest).as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (byte, _) => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_and_cleaned() {
        assert_eq!(decode("a%20b+c%C3%A9%zz%4", 99), "a b cé%zz%4");
        assert_eq!(decode("%ff%fe", 99), "\u{fffd}\u{fffd}");
        assert_eq!(clean("  a\u{202e}\n b\t\u{0}c ", 99), "a b c");
        assert_eq!(clean("éééé", 5), "éé");
        assert_eq!(cut("éé", 3), "é");
    }
}
