//! Where every request comes first: what all must keep to, and who answers it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::Service as _;

use super::collect::{self, Collector};
use super::shared::Peer;
use super::{Shared, URL_MAX, reply, router};

/// Beacons go to the collector by the shortest way, for they are nearly all that comes; everything else to the router.
#[derive(Clone)]
pub(super) struct Service {
    shared: Arc<Shared>,
    collector: Arc<Collector>,
    router: Router,
}

impl Service {
    pub(super) fn new(shared: &Arc<Shared>) -> Service {
        Service {
            shared: shared.clone(),
            collector: Arc::new(Collector::new(shared.clone())),
            router: router::router(shared),
        }
    }

    /// Answers one request. `from`: the other end of its connection; none over a Unix socket.
    pub(super) async fn answer(
        mut self,
        mut request: Request<Incoming>,
        from: Option<IpAddr>,
    ) -> Response<Body> {
        // An address that no page of ours makes is not looked at.
        if request.uri().path_and_query().is_some_and(|url| url.as_str().len() > URL_MAX) {
            self.shared.stats.abused("url");
            return reply::error(StatusCode::URI_TOO_LONG, "too-long");
        }
        if request.uri().path() == collect::PATH {
            return self.collector.answer(request, from).await;
        }
        request.extensions_mut().insert(Peer { address: from });
        // A router is always ready, and answers every request.
        let answered: Result<_, Infallible> = self.router.call(request).await;
        match answered {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}
