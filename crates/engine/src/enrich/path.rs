//! A page's name: its path, with only what tells pages apart.

use std::borrow::Cow;

/// Query arguments that name a page in WordPress (FEATURES P); a site may have more.
const KEYS: [&str; 9] = ["p", "page_id", "attachment_id", "cat", "tag", "author", "m", "paged", "post_type"];

/// The page of every search.
pub const SEARCH: &str = "/search";

/// Longest name kept, in bytes.
const LONGEST: usize = 400;

/// The page of a URL `/path?query#fragment`: without fragment and trailing slash, the query stripped but for what names a
/// page (`keys`, or WordPress's own when empty); a search is `/search`. `home`: see `is_search`.
pub fn page<'a>(url: &'a str, keys: &[String], home: &str) -> Cow<'a, str> {
    if is_search(url, home) {
        return Cow::Borrowed(SEARCH);
    }
    let url = url.split('#').next().unwrap_or("/");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = match path.trim_end_matches('/') {
        "" => "/",
        trimmed if trimmed.starts_with('/') => trimmed,
        _ => "/",
    };
    let mut kept = String::new();
    for argument in query.split('&').filter(|a| !a.is_empty()) {
        let name = argument.split('=').next().unwrap_or("");
        let names = if keys.is_empty() { KEYS.contains(&name) } else { keys.iter().any(|k| k == name) };
        if names && argument.len() > name.len() + 1 {
            kept.push(if kept.is_empty() { '?' } else { '&' });
            kept.push_str(argument);
        }
    }
    if kept.is_empty() {
        return Cow::Borrowed(cut(path));
    }
    let mut page = path.to_owned();
    page.push_str(&kept);
    page.truncate(cut(&page).len());
    Cow::Owned(page)
}

/// A page's name with only the numbers of its query: anybody may write anything else there.
pub fn with_numbers_only(page: Cow<'_, str>) -> Cow<'_, str> {
    match page.split_once('?') {
        Some((path, query)) if query.split('&').any(|a| !is_number(a)) => {
            let kept: Vec<&str> = query.split('&').filter(|a| is_number(a)).collect();
            let mark = if kept.is_empty() { "" } else { "?" };
            Cow::Owned(format!("{path}{mark}{}", kept.join("&")))
        }
        _ => page,
    }
}

/// Whether a query argument is a name and a number, such as `p=12`.
fn is_number(argument: &str) -> bool {
    let value = argument.split_once('=').map_or("", |(_, value)| value);
    (1..=10).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a URL is a search of WordPress: it has a query argument `s`, or is `/search/<term>` below the path of the
/// site's front page (`home`, empty for a site at the root), which is where pretty permalinks put a search.
pub fn is_search(url: &str, home: &str) -> bool {
    let url = url.split('#').next().unwrap_or("");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if query.split('&').any(|argument| argument == "s" || argument.starts_with("s=")) {
        return true;
    }
    let home = home.trim_matches('/');
    let path = path.trim_start_matches('/');
    let Some(path) = path.strip_prefix(home) else { return false };
    let path = match home {
        "" => path,
        _ if path.starts_with('/') => path.trim_start_matches('/'),
        _ => return false,
    };
    // Some servers know pretty permalinks only behind the name of the program.
    let path = path.strip_prefix("index.php").map_or(path, |path| path.trim_start_matches('/'));
    path.strip_prefix("search").is_some_and(|term| term.is_empty() || term.starts_with('/'))
}

/// The path of the address of a site's front page: empty for a site at the root.
pub fn home(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("").trim_end_matches('/')
}

/// The path and query of an address of one of the site's own hosts; `None` for any other.
pub fn own<'a>(address: &'a str, hosts: &[String]) -> Option<&'a str> {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end)?;
    hosts.iter().any(|h| h.eq_ignore_ascii_case(host)).then_some(if path.is_empty() { "/" } else { path })
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_by_what_tells_them_apart() {
        for (url, name) in [
            ("/", "/"),
            ("//", "/"),
            ("/a/b/", "/a/b"),
            ("/a#top", "/a"),
            ("/?utm_source=x&p=12&fbclid=y", "/?p=12"),
            ("/shop/?paged=2&post_type=product", "/shop?paged=2&post_type=product"),
            ("/?s=red+shoes", "/search"),
            ("/a/?p=", "/a"),
            ("?p=1", "/?p=1"),
            ("nonsense", "/"),
        ] {
            assert_eq!(page(url, &[], ""), name, "{url}");
        }
        assert_eq!(page("/?p=1&lang=fr", &["lang".into()], ""), "/?lang=fr");
        assert_eq!(page(&format!("/{}", "é".repeat(300)), &[], "").len(), 399);
    }

    #[test]
    fn a_search_is_known_by_its_argument_and_by_its_path() {
        for (url, home_path, search) in [
            ("/?s=jane", "", true),
            ("/?a=1&s", "", true),
            ("/search/jane/", "", true),
            ("/search/jane/page/2/?x=1#top", "", true),
            ("//search/jane", "", true),
            ("/search", "", true),
            ("/index.php/search/jane", "", true),
            ("/searching/jane", "", false),
            ("/blog/search/jane", "", false),
            ("/blog/search/jane", "/blog", true),
            ("/blogsearch/jane", "/blog", false),
            ("/search/jane", "/blog", false),
            ("/research/jane", "", false),
            ("/a?tags=1", "", false),
        ] {
            assert_eq!(is_search(url, home_path), search, "{url} below {home_path:?}");
            assert_eq!(page(url, &[], home_path) == SEARCH, search || url == "/search", "{url}");
        }
        assert_eq!(["https://a.test", "https://a.test/b/c/", ""].map(home), ["", "/b/c", ""]);
    }

    #[test]
    fn own_addresses() {
        let hosts = ["a.test:8080".to_owned(), "www.a.test".to_owned()];
        assert_eq!(own("http://A.test:8080/x?y", &hosts), Some("/x?y"));
        assert_eq!(own("https://www.a.test", &hosts), Some("/"));
        assert_eq!(own("https://a.test.evil/x", &hosts), None);
        assert_eq!(own("javascript:alert(1)", &hosts), None);
    }
}
