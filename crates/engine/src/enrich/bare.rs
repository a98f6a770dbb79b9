//! What is left out of texts before anything is kept of them: query strings, where people's names and addresses are.

use std::borrow::Cow;

/// An address without query string and fragment.
pub fn address(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or("")
}

/// A message without the query strings of addresses in it, as in `GET /a?mail=b: 500`.
pub fn message(text: &str) -> Cow<'_, str> {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']');
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('?') {
        let end = after.find(ends).unwrap_or(after.len());
        let (query, next) = after.split_at_checked(end).unwrap_or((after, ""));
        kept.push_str(before);
        // A question, or an operator of a program, is not followed by a value.
        if query.contains('=') || (before.ends_with(|c: char| !ends(c)) && query.contains(['@', '%', '&'])) {
            rest = next;
        } else {
            kept.push('?');
            rest = after;
        }
    }
    if kept.is_empty() {
        return Cow::Borrowed(rest);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_strings_go_and_questions_stay() {
        for (text, bare) in [
            ("nothing", "nothing"),
            ("", ""),
            ("?a=b", ""),
            ("Why? Because a=b", "Why? Because a=b"),
            ("a?.b is undefined", "a?.b is undefined"),
            ("GET https://a.test/x?mail=jane@b.test failed", "GET https://a.test/x failed"),
            ("two \"/a?b=c\" and ('/d?e=f#g')", "two \"/a\" and ('/d')"),
            ("/a?jane%40b.test", "/a"),
        ] {
            assert_eq!(message(text), bare, "{text}");
        }
        assert_eq!(address("a.test/b?c=d#e"), "a.test/b");
        assert_eq!(address("/b#e?f"), "/b");
    }
}
