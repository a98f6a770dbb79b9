//! Answers that look the same everywhere: JSON, never kept by a cache.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};
use std::time::Duration;

use super::BODY_MAX;
use super::stats::Stats;

/// A body that has not arrived after this long will not.
const BODY_TIME: Duration = Duration::from_secs(10);

/// JSON with a status.
pub fn json(status: StatusCode, value: &Value) -> Response<Body> {
    text(status, "application/json; charset=utf-8", value.to_string())
}

/// `{"error": reason}` with a status.
pub fn error(status: StatusCode, reason: &str) -> Response<Body> {
    json(status, &json!({ "error": reason }))
}

/// The same for who may come again a little later.
pub fn later(status: StatusCode, reason: &str) -> Response<Body> {
    let mut answer = error(status, reason);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    answer
}

pub fn text(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(Body::from(text.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Nothing, with a status.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    answer
}

/// The whole body of a request: at most [`BODY_MAX`] bytes, within [`BODY_TIME`].
///
/// # Errors
/// The answer to give instead: 413, 408 or 400.
#[allow(clippy::result_large_err)] // it is given at once
pub async fn body(body: Body, stats: &Stats) -> Result<Bytes, Response<Body>> {
    match tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(wrong)) if wrong.is::<LengthLimitError>() => {
            stats.abused("body");
            Err(error(StatusCode::PAYLOAD_TOO_LARGE, "too-large"))
        }
        Ok(Err(_)) => Err(error(StatusCode::BAD_REQUEST, "cut")),
        Err(_) => {
            stats.abused("unfinished");
            Err(error(StatusCode::REQUEST_TIMEOUT, "too-slow"))
        }
    }
}
