//! The thread: takes connections in, serves them, says goodbye.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use qahm_runtime::Place;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};

use super::address::Address;
use super::limit::network;
use super::listen::Listener;
use super::places::Places;
use super::service::Service;
use super::times::Times;
use super::wire::{Socket, Wire};
use super::{GUESTS_MAX, SOCKET, Shared, URL_MAX};
use crate::channel::Channel;
use crate::hub::{Door, Hub};
use crate::serve::control::{Errand, Measure};

/// Bytes of a head at most.
const HEAD_MAX: usize = 16 * 1024;
/// So often it is looked whether the socket's file is still there (else it is made again), and what is to be told.
const LOOK: Duration = Duration::from_secs(1);
/// What is still connected this long after the goodbye is cut.
const PARTING: Duration = Duration::from_millis(700);
/// Who cannot be served is told so; so many at once, each for so long, reading so many bytes of what they sent.
const PUT_OFF: usize = 64;
const PUT_OFF_TIME: Duration = Duration::from_millis(500);
const PUT_OFF_READ: usize = 64 << 10;

/// Where to listen, as asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// See [`Address::parse`].
    pub listen: Option<String>,
    /// The group of the Unix socket, by name or number.
    pub group: Option<String>,
    /// Connections at once; [`CONNECTIONS_MAX`](super::CONNECTIONS_MAX) unless said, less if there are no descriptors for them.
    pub connections: Option<usize>,
    /// The usual ones unless said.
    pub times: Times,
}

/// The server. Dropping it does not end it.
pub struct Server {
    shared: Arc<Shared>,
    closing: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the thread. What goes wrong is told in the hub, and never keeps the engine from running.
    pub fn start(
        asked: Asked,
        hub: Arc<Hub>,
        channel: Arc<Channel>,
        orders: Sender<Errand>,
        runtime: Arc<Place>,
    ) -> Server {
        let (closing, closed) = watch::channel(false);
        let shared = Arc::new(Shared::new(hub.clone(), channel, orders, runtime, asked.times, closed));
        let (teller, served) = (hub.clone(), shared.clone());
        let started = std::thread::Builder::new().name("http".into()).spawn(move || {
            // The engine counts on without a live channel, but not in silence.
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&served, &asked)));
            if ended.is_err() {
                tell(&teller, "the live channel has failed: this is a mistake in the engine".into());
            }
        });
        let thread =
            started.map_err(|error| tell(&hub, format!("the live channel has no thread: {error}"))).ok();
        Server { shared, closing, thread }
    }

    /// How often users may ask PHP, too: whoever reads is counted once, whichever way he takes.
    pub fn measure(&self) -> Measure {
        let shared = self.shared.clone();
        Box::new(move |site, user, address| {
            let may = shared.gate.user(site, user, address.map(network));
            if !may {
                shared.stats.abused("rate");
            }
            may
        })
    }

    /// Says goodbye to all, and is gone in less than a second.
    pub fn close(mut self) {
        self.closing.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn tell(hub: &Hub, note: String) {
    eprintln!("qahm-realtimed: {note}");
    hub.set_door(Door { listen: String::new(), notes: vec![note] });
}

fn run(shared: &Arc<Shared>, asked: &Asked) {
    let usual = shared.runtime.path.join(SOCKET);
    let address = match Address::parse(asked.listen.as_deref().unwrap_or(""), &usual) {
        Ok(Some(address)) => address,
        Ok(None) => return shared.hub.set_door(Door { listen: "off".into(), notes: Vec::new() }),
        Err(wrong) => return tell(&shared.hub, format!("qahm_realtime.listen: {wrong}")),
    };
    let places = Places::claim(asked.connections);
    shared.guests.forget_permits(GUESTS_MAX - places.guests());
    // A single thread: what is shown to a hundred people costs less than one event's way to the store.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_keep_alive(Duration::from_secs(1))
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(keep(shared, &address, &usual, asked, &places));
            runtime.shutdown_timeout(Duration::from_millis(50));
        }
        Err(error) => tell(&shared.hub, format!("the live channel cannot start: {error}")),
    }
}

/// Listens until the end, again and again if need be.
async fn keep(
    shared: &Arc<Shared>,
    address: &Address,
    usual: &std::path::Path,
    asked: &Asked,
    places: &Places,
) {
    let service = Service::new(shared);
    let mut closing = shared.closing();
    let mut said = None;
    while !*closing.borrow_and_update() {
        match Listener::bind(address, usual, asked.group.as_deref()) {
            Ok(listener) => {
                said = None;
                take(shared, &listener, &service, places).await;
            }
            Err(error) => {
                if said.as_ref() != Some(&error) {
                    tell(&shared.hub, error.clone());
                    said = Some(error);
                }
                let _either = tokio::time::timeout(shared.times.again, closing.changed()).await;
            }
        }
    }
    // Each connection has heard of it too, and goes when it has said goodbye.
    let deadline = tokio::time::Instant::now() + PARTING;
    while shared.stats.sockets.load(Ordering::Acquire) > 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Takes connections in, until the engine ends or nobody can find us any more.
async fn take(shared: &Arc<Shared>, listener: &Listener, service: &Service, places: &Places) {
    let doorkeepers = Arc::new(Semaphore::new(PUT_OFF));
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = shared.closed() => return,
            _ = look.tick() => {
                if !listener.is_reachable() {
                    return;
                }
                let told = listener.note.iter().chain(&places.note).cloned();
                let notes = told.chain(shared.stats.notes()).collect();
                shared.hub.set_door(Door { listen: listener.address.to_string(), notes });
            }
            taken = listener.accept() => match taken {
                Ok((socket, _)) if shared.stats.sockets.load(Ordering::Acquire) >= places.most => {
                    shared.stats.abused("full");
                    put_off(socket, &doorkeepers);
                }
                Ok((socket, from)) => {
                    tokio::spawn(serve(shared.clone(), socket, from, service.clone()));
                }
                // Out of descriptors: those who are served will give some back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// Says so to one who cannot be served; where too many are told already, he finds out by himself.
fn put_off(socket: Socket, doorkeepers: &Arc<Semaphore>) {
    let Ok(doorkeeper) = doorkeepers.clone().try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            match socket {
                Socket::Tcp(stream) => turn_away(stream).await,
                Socket::Unix(stream) => turn_away(stream).await,
                Socket::Pipe(stream) => turn_away(stream).await,
            }
        };
        let _in_time = tokio::time::timeout(PUT_OFF_TIME, told).await;
        drop(doorkeeper);
    });
}

/// What was sent is read before the end: closing on bytes that nobody has read resets the connection, and the other end
/// may lose the answer.
async fn turn_away(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    const LATER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(LATER).await?;
    stream.shutdown().await?;
    let (mut read, mut piece) = (0, [0; 1024]);
    while read < PUT_OFF_READ {
        match stream.read(&mut piece).await? {
            0 => break,
            length => read += length,
        }
    }
    Ok(())
}

/// One connection, until it ends.
pub(super) async fn serve(shared: Arc<Shared>, socket: Socket, from: Option<IpAddr>, service: Service) {
    // Whether bytes came that are not yet a request: idle clients are cut in silence, unfinished requests are counted.
    let begun = Arc::new(AtomicBool::new(false));
    let wire = Wire::new(socket, shared.times.slow, shared.stats.clone(), begun.clone());
    let whole = begun.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        whole.store(false, Ordering::Relaxed);
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request, from).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(shared.times.head);
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
