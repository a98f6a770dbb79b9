//! One connection, on whatever stream it comes: requests one after the other, until it ends or becomes a WebSocket.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use super::shared::Peer;
use super::wire::Wire;
use super::{Shared, URL_MAX, router};

/// Who has not sent a whole head after this long is cut; so is who has nothing to ask any more.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Bytes of a head at most.
const HEAD_MAX: usize = 16 * 1024;

/// Where connections arrive. A clone is the same one.
#[derive(Clone)]
pub struct Reception {
    shared: Arc<Shared>,
    router: Router,
}

impl Reception {
    pub fn new(shared: &Arc<Shared>) -> Reception {
        Reception { shared: shared.clone(), router: router::router(shared) }
    }

    /// Serves a connection until it ends. `from`: the other end; none over a Unix socket. A WebSocket goes on in a task of
    /// its own, so `stats.sockets` says when the stream itself has ended. Within a runtime of tokio with time.
    pub async fn serve<S>(self, stream: S, from: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Reception { shared, router } = self;
        // Whether bytes came that are not yet a request: idle clients are cut in silence, unfinished requests are counted.
        let begun = Arc::new(AtomicBool::new(false));
        let wire = Wire::new(stream, shared.stats.clone(), begun.clone());
        let whole = begun.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            whole.store(false, Ordering::Relaxed);
            request.extensions_mut().insert(Peer { address: from });
            let mut router = router.clone();
            async move { Ok::<_, Infallible>(answer(&mut router, request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
        http.max_buf_size(HEAD_MAX + URL_MAX).max_header_size(HEAD_MAX).max_headers(64);
        let connection = http.serve_connection(TokioIo::new(wire), service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = shared.closed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if ended.is_err_and(|error| error.is_timeout()) && begun.load(Ordering::Relaxed) {
            shared.stats.abused("unfinished");
        }
    }
}

async fn answer(router: &mut Router, request: Request<Incoming>) -> axum::response::Response {
    // A router is always ready, and answers every request.
    let answered: Result<_, Infallible> = router.call(request).await;
    match answered {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
