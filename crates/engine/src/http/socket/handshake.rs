//! An HTTP request becomes a WebSocket. Done here and not by the library, which would keep the whole request in memory
//! as long as the connection lives, and would not let us stand between it and the socket.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::routing::any;
use hyper_util::rt::TokioIo;
use tungstenite::handshake::derive_accept_key;

use super::carrier::Carrier;
use super::guest::Guest;
use super::line::Line;
use crate::http::auth::Papers;
use crate::http::gate::Counted;
use crate::http::shared::Peer;
use crate::http::times::Times;
use crate::http::{Shared, reply};

/// The length of a WebSocket's key: 16 bytes in base64.
const KEY: usize = 24;

/// The route.
pub fn routes(times: &Times) -> Router<Arc<Shared>> {
    let carrier = Arc::new(Carrier::new(times.greeting));
    let open =
        async move |State(shared): State<Arc<Shared>>, request: Request| answer(shared, carrier, request);
    Router::new().route("/qahm-live/socket.io/", any(open))
}

fn answer(shared: Arc<Shared>, carrier: Arc<Carrier>, mut request: Request) -> Response<Body> {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer { address: None });
    let papers = Papers::new(request.headers(), request.uri().query());
    let Some(counted) = shared.gate.socket(&shared, peer, papers) else {
        shared.stats.abused("rate");
        return reply::later(StatusCode::TOO_MANY_REQUESTS, "rate");
    };
    let Some(accept) = acceptance(&request) else {
        // Who asks for the other transport finds the next step of the ladder by itself.
        return reply::error(StatusCode::BAD_REQUEST, "websocket-only");
    };
    let place = match counted {
        Counted::User => None,
        // Else a few addresses could keep everybody out by saying nothing.
        Counted::Stranger(_) => match shared.guests.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                shared.stats.abused("guests");
                return reply::later(StatusCode::SERVICE_UNAVAILABLE, "full");
            }
        },
    };
    let guest = Arc::new(Guest::new(shared, papers, counted, place));
    let upgrade = hyper::upgrade::on(&mut request);
    drop(request);
    tokio::spawn(async move {
        if let Ok(stream) = upgrade.await {
            let line = Line::new(TokioIo::new(stream), guest.line.clone(), guest.shared.stats.clone());
            carrier.take(line, guest.clone());
            guest.greeted().await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The proof that we know what a WebSocket is, if the request asks for one of Socket.IO 5.
fn acceptance(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let query = request.uri().query().unwrap_or("");
    let says = |pair| query.split('&').any(|said| said == pair);
    let asked = request.method() == Method::GET
        && lists(headers, &UPGRADE, "websocket")
        && lists(headers, &CONNECTION, "upgrade")
        && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && says("EIO=4")
        && says("transport=websocket");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| asked && key.len() == KEY)?;
    derive_accept_key(key.as_bytes()).parse().ok()
}

/// Whether a header lists a word.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_websocket_of_socket_io_5_is_opened() {
        let request = |uri: &str, change: (&'static str, &str)| {
            let mut request = Request::builder().uri(uri);
            for (name, value) in [
                ("connection", "keep-alive, Upgrade"),
                ("upgrade", "WebSocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] {
                request = request.header(name, if name == change.0 { change.1 } else { value });
            }
            acceptance(&request.body(Body::empty()).unwrap())
        };
        let right = "/qahm-live/socket.io/?EIO=4&transport=websocket";
        assert_eq!(request(right, ("", "")).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for uri in ["/", "/?EIO=4&transport=polling", "/?EIO=3&transport=websocket", "/?transport=websocket"]
        {
            assert!(request(uri, ("", "")).is_none(), "{uri}");
        }
        for change in [
            ("connection", "keep-alive"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "short"),
        ] {
            assert!(request(right, change).is_none(), "{change:?}");
        }
    }
}
