//! The library that speaks Socket.IO. Nothing outside of this file knows it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Uri};
use serde::Serialize;
use serde_json::Value;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::socket::DisconnectReason;
use socketioxide::{ParserConfig, SendError, SocketError, SocketIo, TransportType};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use super::guest::{Greeting, Guest};
use super::line::Line;
use super::session::{self, Desk};
use super::{Posted, Said, Voice};
use crate::http::BODY_MAX;
use crate::http::command::{Command, Problem, answer};

/// What the library is told of the request: all that it wants to know.
const OPENED: &str = "/qahm-live/socket.io/?EIO=4&transport=websocket";
/// Packets between us and the socket at most.
const BUFFER: usize = 16;
/// Bytes read at once. A command is small, and each connection has this buffer.
const READ: usize = 1024;
/// Characters of what is wrong with a command at most.
const WORDS: usize = 200;
const PING: Duration = Duration::from_secs(25);
const PONG: Duration = Duration::from_secs(20);

type Take = dyn Fn(Request<()>, Box<dyn Stream>) + Send + Sync;

/// Any stream: the library is compiled for one kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// All Socket.IO connections.
pub(super) struct Carrier {
    take: Box<Take>,
}

impl Carrier {
    /// `greeting`: how long a connection may be nobody's.
    pub(super) fn new(greeting: Duration) -> Carrier {
        // A client has nothing binary to say.
        let parser = ParserConfig::common()
            .max_incoming_binaries(1)
            .max_incoming_binary_buf_size(BODY_MAX)
            .packet_completion_timeout(greeting);
        let (service, io) = SocketIo::builder()
            .req_path("/qahm-live/socket.io")
            .transports([TransportType::Websocket])
            .with_parser(parser)
            .ws_max_message_size(BODY_MAX)
            .ws_max_frame_size(BODY_MAX)
            .max_payload(BODY_MAX as u64)
            .ws_read_buffer_size(READ)
            .max_buffer_size(BUFFER)
            .connect_timeout(greeting)
            .ping_interval(PING)
            .ping_timeout(PONG)
            .build_svc();
        // The namespace "/": a local one has nothing to wait for.
        io.ns("/", connected.with(admit));
        let take = move |request: Request<()>, stream: Box<dyn Stream>| {
            // It begins with a task of its own, and only what is wrong with our request could keep it from that.
            let _begun = service.clone().call((stream, request)).into_inner();
        };
        Carrier { take: Box::new(take) }
    }

    /// Speaks with a guest until one of both ends.
    pub(super) fn take<S>(&self, line: Line<S>, guest: Arc<Guest>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_static(OPENED);
        request.extensions_mut().insert(guest);
        (self.take)(request, Box::new(line));
    }
}

fn guest(socket: &SocketRef) -> Option<Arc<Guest>> {
    socket.req_parts().extensions.get::<Arc<Guest>>().cloned()
}

/// The answer is what the client's `connect_error` says.
async fn admit(socket: SocketRef, TryData(greeting): TryData<Greeting>) -> Result<(), &'static str> {
    let guest = guest(&socket).ok_or("engine")?;
    guest.greet(greeting.ok())
}

async fn connected(socket: SocketRef) {
    let Some(guest) = guest(&socket) else { return };
    let Some(admitted) = guest.enter() else { return guest.line.cut() };
    let (desk, inbox) = Desk::open(guest.clone(), &admitted.pass);
    let (line, counter) = (guest.line.clone(), desk.clone());
    socket.on("do", async move |TryData(command): TryData<Command>, ack: AckSender| {
        // What is wrong may repeat what was sent.
        take_in(&counter, command.map_err(|wrong| wrong.to_string().chars().take(WORDS).collect()), ack);
    });
    let counter = desk.clone();
    socket.on_fallback(async move || {
        // Nothing is known of other events, but that they count.
        counter.may_command();
    });
    // Who leaves the namespace has no other: the connection goes with it.
    let shared = guest.shared.clone();
    socket.on_disconnect(async move |reason: DisconnectReason| {
        // The library gave up a stream that nobody else had ended: what came over it was too long, or no WebSocket's.
        if reason == DisconnectReason::TransportError && line.is_whole() {
            line.blame(&shared.stats);
        }
        line.cut();
    });
    tokio::spawn(session::run(Speaker(socket), desk, admitted, inbox));
}

fn take_in(desk: &Desk, command: Result<Command, String>, ack: AckSender) {
    let reply = move |value: &Value| {
        // A client that does not take its answers gets none.
        let _lost = ack.send(value);
    };
    let refused = match command {
        _ if !desk.may_command() => Problem::new("too-fast", "commands come too fast"),
        Err(wrong) => Problem::new("bad-request", wrong),
        Ok(command) => return desk.post(Posted { command, reply: Box::new(reply) }),
    };
    reply(&answer(&Err(refused)));
}

/// One connection's voice.
struct Speaker(SocketRef);

impl Voice for Speaker {
    fn say<T: Serialize + ?Sized>(&self, event: &str, argument: &T) -> Said {
        match self.0.emit(event, argument) {
            Ok(()) => Said::Yes,
            Err(SendError::Socket(SocketError::InternalChannelFull)) => Said::Full,
            Err(_) => Said::Gone,
        }
    }

    fn part(&self) {
        let _gone = self.0.clone().disconnect();
    }
}
