//! What all routes share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use crossbeam_channel::{Sender, TrySendError, bounded};
use parking_lot::Mutex;
use qahm_runtime::{Key, Place, token_key};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::GUESTS_MAX;
use super::connection::Connections;
use super::gate::Gate;
use super::stats::Stats;
use super::times::Times;
use crate::channel::Channel;
use crate::hub::Hub;
use crate::serve::control::Errand;
use crate::serve::request::{Order, error};

/// How long an order may take.
const ORDER_TIME: Duration = Duration::from_secs(3);

/// Everything a route may use.
pub struct Shared {
    pub hub: Arc<Hub>,
    pub channel: Arc<Channel>,
    pub stats: Arc<Stats>,
    pub connections: Arc<Connections>,
    /// How often who has come.
    pub gate: Gate,
    /// Places for sockets whose token is still to come.
    pub guests: Arc<Semaphore>,
    /// The runtime directory: the key of tokens is there, and the ring.
    pub runtime: Arc<Place>,
    pub times: Times,
    orders: Sender<Errand>,
    key: Mutex<Option<Key>>,
    closing: watch::Receiver<bool>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The other end of the connection; none over a Unix socket.
    pub address: Option<IpAddr>,
}

impl Peer {
    /// The visitor's address: what the web server in front of us says in `X-Real-IP`, else the other end. To the Unix
    /// socket nobody else can connect; to a port every user of the machine can, and say there what they like.
    pub fn visitor(self, headers: &HeaderMap) -> Option<IpAddr> {
        let named = headers.get("x-real-ip").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        named.or(self.address)
    }
}

impl Shared {
    pub fn new(
        hub: Arc<Hub>,
        channel: Arc<Channel>,
        orders: Sender<Errand>,
        runtime: Arc<Place>,
        times: Times,
        closing: watch::Receiver<bool>,
    ) -> Shared {
        Shared {
            hub,
            channel,
            connections: Arc::default(),
            stats: Arc::default(),
            gate: Gate::default(),
            guests: Arc::new(Semaphore::new(GUESTS_MAX)),
            runtime,
            times,
            orders,
            key: Mutex::new(None),
            closing,
        }
    }

    /// The key that signs tokens: the file's, which may be made anew at any time.
    pub fn key(&self) -> Option<Key> {
        let mut kept = self.key.lock();
        if !kept.as_ref().is_some_and(|key| key.is_current(&self.runtime)) {
            *kept = token_key(&self.runtime).ok();
        }
        kept.clone()
    }

    /// Becomes true when the engine ends: say goodbye and go.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.clone()
    }

    /// Waits for the engine's end.
    pub async fn closed(&self) {
        let mut closing = self.closing();
        let _closed = closing.wait_for(|closing| *closing).await;
    }

    /// Orders that the pipeline has not yet taken.
    pub fn orders_waiting(&self) -> usize {
        self.orders.len()
    }

    /// Asks the pipeline. It answers between two drains, so this waits on a thread of its own.
    pub async fn order(&self, order: Order) -> Value {
        let (reply, answer) = bounded(1);
        match self.orders.try_send((order, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return error("busy", "the engine is busy");
            }
        }
        let waited = tokio::task::spawn_blocking(move || answer.recv_timeout(ORDER_TIME)).await;
        match waited {
            Ok(Ok(answer)) => answer,
            _ => error("busy", "the engine did not answer in time"),
        }
    }
}

/// Unix time in seconds, as tokens have it.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
