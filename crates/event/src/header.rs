//! Headers of a request that brings a beacon.

use crate::Tag;

/// The cookie of those who are not counted.
const EXCLUDE_COOKIE: &[u8] = b"qahm_realtime_exclude";
/// A user whose role the site leaves out: the site sets it for a session.
pub const ROLE: &str = "role";
/// A visitor who does not want to be counted: a choice of theirs, kept for months.
pub const OPT_OUT: &str = "opt-out";
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

/// Why the sender of a `Cookie` header is not to be counted, [`ROLE`] or [`OPT_OUT`]; `None` for everybody else. The cookie
/// is not looked for inside another's name or value; the first one that says something decides.
pub fn exclusion(cookies: &[u8]) -> Option<&'static str> {
    cookies.split(|&byte| byte == b';').find_map(|pair| {
        match pair.trim_ascii().strip_prefix(EXCLUDE_COOKIE)?.strip_prefix(b"=")? {
            b"1" => Some(ROLE),
            b"visitor" => Some(OPT_OUT),
            _ => None,
        }
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
        for (cookies, reason) in [
            ("qahm_realtime_exclude=1", ROLE),
            ("a=b; qahm_realtime_exclude=1; c=d", ROLE),
            ("a=b;qahm_realtime_exclude=1", ROLE),
            ("qahm_realtime_exclude=visitor", OPT_OUT),
            ("a=b; qahm_realtime_exclude=visitor ;c=d", OPT_OUT),
            ("qahm_realtime_exclude=0; qahm_realtime_exclude=visitor; qahm_realtime_exclude=1", OPT_OUT),
        ] {
            assert_eq!(exclusion(cookies.as_bytes()), Some(reason), "{cookies}");
        }
        for no in [
            "",
            "qahm_realtime_exclude",
            "qahm_realtime_exclude=0",
            "qahm_realtime_exclude=10",
            "qahm_realtime_exclude=visitors",
            "qahm_realtime_exclude=Visitor",
            "qahm_realtime_exclude=",
            "xqahm_realtime_exclude=1",
            "a=qahm_realtime_exclude=1",
        ] {
            assert_eq!(exclusion(no.as_bytes()), None, "{no}");
        }
    }
}
