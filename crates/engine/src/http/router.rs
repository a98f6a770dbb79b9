//! Which path leads where, and what every request must keep to first.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{get, post};

use super::auth::Papers;
use super::shared::Peer;
use super::{Shared, events, live, metrics, post as commands, probe, reply, session, socket};

/// All routes.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    // What opens a connection, or asks for live data: limited. Sockets are where they are opened.
    let limited = Router::new()
        .route("/qahm-live/events", get(events::events))
        .route("/qahm-live/live", get(live::live))
        .route("/qahm-live/session", post(session::session))
        .route("/qahm-live/command", post(commands::command))
        .route("/metrics", get(metrics::metrics))
        .route_layer(from_fn_with_state(shared.clone(), not_too_often));
    let open = Router::new()
        .merge(socket::routes(&shared.times))
        .route("/qahm-live/probe", get(probe::probe))
        .route("/health", get(probe::health));
    Router::new()
        .merge(limited)
        .merge(open)
        .fallback(async || reply::error(StatusCode::NOT_FOUND, "not-found"))
        .method_not_allowed_fallback(async || reply::error(StatusCode::METHOD_NOT_ALLOWED, "method"))
        .with_state(shared.clone())
}

/// Who comes too often is told to come later: clients do, without a word to anybody.
async fn not_too_often(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer { address: None });
    let papers = Papers::new(request.headers(), request.uri().query());
    if !shared.gate.request(&shared, peer, papers) {
        shared.stats.abused("rate");
        return reply::later(StatusCode::TOO_MANY_REQUESTS, "rate");
    }
    next.run(request).await
}
