//! `session`: a token as a cookie, for browsers' own `EventSource`, which sends no headers; and new life for a connection.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::reader::Reader;
use super::shared::unix_now;
use super::{PREFIX, Shared, auth, reply};

/// Bytes of a public prefix at most.
const PREFIX_MAX: usize = 200;

/// `POST /qahm-live/session`.
pub(super) async fn session(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Reader { pass, query }: Reader,
) -> Response<Body> {
    if !query.connection.is_empty() {
        match shared.connections.find(&query.connection, &pass) {
            Some(connection) => connection.renew(&pass),
            None => return reply::error(StatusCode::NOT_FOUND, "unknown-connection"),
        };
    }
    let secure = match headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https") {
        true => "; Secure",
        false => "",
    };
    let cookie = format!(
        "{}{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        auth::COOKIE_PREFIX,
        pass.site,
        pass.token,
        prefix(&headers),
        pass.expires.saturating_sub(unix_now()),
    );
    let mut answer = reply::empty(StatusCode::NO_CONTENT);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// What the site calls our prefix, as the web server says; nothing that could say more than a path.
fn prefix(headers: &HeaderMap) -> &str {
    let said = headers.get("x-qahm-prefix").and_then(|prefix| prefix.to_str().ok());
    let is_path = |prefix: &&str| {
        prefix.len() <= PREFIX_MAX
            && prefix.starts_with('/')
            && prefix.ends_with('/')
            && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~%".contains(&byte))
    };
    said.filter(is_path).unwrap_or(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_path_and_nothing_else() {
        for (said, path) in [
            ("/blog/live/", "/blog/live/"),
            ("/", "/"),
            ("live", PREFIX),
            ("/live", PREFIX),
            ("/; Domain=evil.test/", PREFIX),
            ("", PREFIX),
        ] {
            let headers = HeaderMap::from_iter([("x-qahm-prefix".parse().unwrap(), said.parse().unwrap())]);
            assert_eq!(prefix(&headers), path, "{said}");
        }
        assert_eq!(prefix(&HeaderMap::new()), PREFIX);
    }
}
