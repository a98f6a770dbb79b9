//! Two questions without a token: does this path lead to the engine, and is the engine well.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::{Shared, reply};

/// Characters of a nonce at most.
const NONCE_MAX: usize = 64;

/// `probe?nonce=…`: the nonce comes back, so that no cache and no other program can have answered.
pub(super) async fn probe(RawQuery(query): RawQuery) -> Response<Body> {
    let query = query.unwrap_or_default();
    let nonce = query.split('&').find_map(|pair| pair.strip_prefix("nonce=")).unwrap_or("");
    if nonce.len() > NONCE_MAX || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return reply::error(StatusCode::BAD_REQUEST, "nonce");
    }
    reply::json(StatusCode::OK, &json!({ "nonce": nonce, "version": env!("CARGO_PKG_VERSION") }))
}

/// `/health`: for supervisors. The pipeline tells of itself every second.
pub(super) async fn health(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let health = shared.hub.health();
    let well = !shared.hub.health_is_old();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    reply::json(status, &json!({ "ok": well, "version": health.version, "started": health.started }))
}
