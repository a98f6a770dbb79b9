//! What is left out of texts before anything is kept of them: query strings, where people's names and addresses are.

use std::borrow::Cow;

/// An address without query string and fragment.
pub fn address(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or("")
}

/// A message without the query strings and fragments of addresses in it, as in `GET /a?mail=b: 500`.
pub fn message(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['?', '#']) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (mark, after) = after.split_at_checked(1).unwrap_or((after, ""));
        let (query, next) = after.split_at_checked(query_end(after)).unwrap_or((after, ""));
        let word = before.rsplit(is_end).next().unwrap_or("");
        // A question, or an operator of a program, is not followed by a value …
        let valued =
            mark == "?" && (query.contains('=') || (!word.is_empty() && query.contains(['@', '%', '&'])));
        // … and what follows an address is its query, whatever that looks like: `/a?jane`.
        let addressed = word.contains('/') && query.starts_with(|c: char| c.is_alphanumeric());
        kept.push_str(before);
        if valued || addressed {
            rest = next;
        } else {
            kept.push_str(mark);
            rest = after;
        }
    }
    if kept.is_empty() {
        return Cow::Borrowed(rest);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// Whether a character stands between an address and what is said of it.
fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']')
}

/// Where a query ends, in bytes: brackets that open within it are a part of it, as in `?name[first]=jane`.
fn query_end(text: &str) -> usize {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => open += 1,
            ']' | ')' if open > 0 => open -= 1,
            c if is_end(c) => return at,
            _ => {}
        }
    }
    text.len()
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
            ("GET /api/users?mail=jane@b.test failed", "GET /api/users failed"),
            ("GET /a?jane failed", "GET /a failed"),
            ("(https://a.test/b?jane)", "(https://a.test/b)"),
            ("/a?name[first]=jane&b=c: 500", "/a 500"),
            ("/a?name[first][0]=jane] at", "/a] at"),
            ("at /a#token=jane, /b#jane", "at /a /b"),
            ("Yes/no? Perhaps.", "Yes/no? Perhaps."),
            ("Is it a/b? Is it?", "Is it a/b? Is it?"),
            ("What?Who?", "What?Who?"),
            ("#5 of a #private name; a.b#c", "#5 of a #private name; a.b#c"),
            ("?.#", "?.#"),
        ] {
            assert_eq!(message(text), bare, "{text}");
        }
        assert_eq!(address("a.test/b?c=d#e"), "a.test/b");
        assert_eq!(address("/b#e?f"), "/b");
    }
}
