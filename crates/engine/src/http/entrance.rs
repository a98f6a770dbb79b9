//! The way in without a socket: whoever tests what bytes may do is the other end of a pipe in memory.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::DuplexStream;

use super::service::Service;
use super::wire::Socket;
use super::{Shared, server};

/// Where connections arrive. A clone is the same one.
#[derive(Clone)]
pub struct Entrance {
    shared: Arc<Shared>,
    service: Service,
}

impl Entrance {
    pub fn new(shared: &Arc<Shared>) -> Entrance {
        Entrance { shared: shared.clone(), service: Service::new(shared) }
    }

    /// Serves a connection as the server does, within a runtime of tokio that has time. `from`: the other end; none as over
    /// a Unix socket. A WebSocket goes on in tasks of its own: `stats.sockets` says when the pipe itself has ended.
    pub async fn serve(self, pipe: DuplexStream, from: Option<IpAddr>) {
        server::serve(self.shared, Socket::Pipe(pipe), from, self.service).await;
    }
}
