//! `/metrics`: numbers for Prometheus, in its text format 0.0.4.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use super::{Shared, reply};

pub(super) async fn metrics(State(_shared): State<Arc<Shared>>) -> Response<Body> {
    reply::error(StatusCode::NOT_FOUND, "not-found")
}
