//! Headers of a request that brings a beacon.

use crate::Tag;

/// The session cookie of those who are not counted, set by the site for the roles it leaves out.
const EXCLUDE_COOKIE: &[u8] = b"qahm_realtime_exclude";
/// The longest joined hints in bytes: what a record keeps of them.
pub const HINTS_MAX: usize = Tag::ClientHints.limit();

/// The headers `Sec-CH-UA`, `Sec-CH-UA-Mobile` and `Sec-CH-UA-Platform`, joined by "; " in `buffer` and cut where it ends;
/// empty if all three are.
pub fn join_hints<'b>(headers: [&[u8]; 3], buffer: &'b mut [u8; HINTS_MAX]) -> &'b [u8] {
    if headers.iter().all(|header| header.is_empty()) {
        return &[];
    }
    let [brands, mobile, platform] = headers;
    let mut length = 0;
    for piece in [brands, b"; ", mobile, b"; ", platform] {
        let free = buffer.get_mut(length..).unwrap_or_default();
        let fits = piece.len().min(free.len());
        if let (Some(to), Some(from)) = (free.get_mut(..fits), piece.get(..fits)) {
            to.copy_from_slice(from);
            length += fits;
        }
    }
    buffer.get(..length).unwrap_or_default()
}

/// Whether a `Cookie` header says that its sender is not to be counted. The cookie is not looked for inside another's
/// name or value.
pub fn is_excluded(cookies: &[u8]) -> bool {
    cookies.split(|&byte| byte == b';').any(|pair| {
        let value = pair.trim_ascii().strip_prefix(EXCLUDE_COOKIE).and_then(|rest| rest.strip_prefix(b"="));
        value == Some(b"1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_joined_and_cut() {
        let mut buffer = [0; HINTS_MAX];
        assert_eq!(join_hints([b"", b"", b""], &mut buffer), b"");
        assert_eq!(join_hints([b"a", b"?0", b"\"Linux\""], &mut buffer), b"a; ?0; \"Linux\"");
        assert_eq!(join_hints([b"", b"", b"p"], &mut buffer), b"; ; p");
        let long = [b'x'; 199];
        let joined = join_hints([&long, b"?0", b"p"], &mut buffer);
        assert_eq!((joined.len(), joined.last()), (HINTS_MAX, Some(&b';')));
        assert_eq!(join_hints([&[b'x'; 5000], b"?0", b"p"], &mut buffer), [b'x'; HINTS_MAX]);
    }

    #[test]
    fn the_cookie_is_found_alone() {
        for yes in
            ["qahm_realtime_exclude=1", "a=b; qahm_realtime_exclude=1; c=d", "a=b;qahm_realtime_exclude=1"]
        {
            assert!(is_excluded(yes.as_bytes()), "{yes}");
        }
        for no in [
            "",
            "qahm_realtime_exclude",
            "qahm_realtime_exclude=0",
            "qahm_realtime_exclude=10",
            "xqahm_realtime_exclude=1",
            "a=qahm_realtime_exclude=1",
        ] {
            assert!(!is_excluded(no.as_bytes()), "{no}");
        }
    }
}
