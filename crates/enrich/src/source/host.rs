//! The host of an address.

use crate::text;

/// Longest host kept, in bytes.
pub(super) const LONGEST: usize = 100;

/// The host of a referrer: lower case, without `www.`, port and credentials. Of an application
/// (`android-app://com.example/…`) its name. Empty for what is no address of the web or of an application.
pub(super) fn of(referrer: &str) -> String {
    let Some((scheme, rest)) = referrer.trim().split_once("://") else { return String::new() };
    let known = ["http", "https", "android-app", "ios-app"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
    if !known {
        return String::new();
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or("");
    plain(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// A host, perhaps with its port, in the form in which hosts are compared.
pub(super) fn plain(host: &str) -> String {
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    let host = text::cut(host, LONGEST).trim_end_matches('.').to_lowercase();
    let host = text::clean(&host, LONGEST);
    host.strip_prefix("www.").map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_plain() {
        for (referrer, host) in [
            ("https://www.Example.org./x", "example.org"),
            ("http://user:pass@example.org:80?x", "example.org"),
            ("https://[2001:db8::1]:8080/", "[2001:db8::1]"),
            ("android-app://com.slack/", "com.slack"),
            ("ftp://example.org/", ""),
            ("example.org", ""),
            ("https://", ""),
            ("https:///x", ""),
        ] {
            assert_eq!(of(referrer), host, "{referrer}");
        }
    }
}
