//! The live channel without an engine around it: a real server on a real socket, streams that are fed by hand, and a
//! Socket.IO client of a hundred lines.
// Each test file uses its part of it, and helpers are not seen as tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, bounded};
use qahm_engine::channel::{Channel, FilterName, News, StreamKey, Topic};
use qahm_engine::config::SiteConfig;
use qahm_engine::http::Server;
use qahm_engine::http::server::Asked;
use qahm_engine::http::times::Times;
use qahm_engine::hub::{Health, Hub};
use qahm_engine::serve::control::Errand;
use qahm_event::SiteId;
use qahm_runtime::{Claims, Key, Place, Purpose, mint, runtime_dir, token_key};
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

pub const SITE: SiteId = SiteId(7);
pub const USER: u64 = 3;
pub const ORIGIN: &str = "https://a.test";

/// A server, and what it shows.
pub struct Salon {
    _dir: tempfile::TempDir,
    pub place: Arc<Place>,
    pub hub: Arc<Hub>,
    pub channel: Arc<Channel>,
    pub server: Option<Server>,
    pub orders: Receiver<Errand>,
    key: Key,
}

impl Salon {
    pub fn new() -> Salon {
        Salon::in_times(Times::default())
    }

    /// One with other times than usual.
    pub fn in_times(times: Times) -> Salon {
        let salon = Salon::hung(times);
        salon.hub.set_health(Health::default());
        salon
    }

    /// The same while nobody has told of the pipeline.
    pub fn hung(times: Times) -> Salon {
        let salon = Salon::at(Asked { listen: Some("auto".into()), times, ..Asked::default() });
        await_some("the socket", || UnixStream::connect(salon.socket()).ok());
        salon
    }

    /// One that listens elsewhere.
    pub fn at(asked: Asked) -> Salon {
        let dir = tempfile::tempdir().unwrap();
        let place = Arc::new(runtime_dir(Some(dir.path()), true).unwrap());
        let hub = Arc::new(Hub::default());
        hub.set_config(SITE, SiteConfig::parse(r#"{"hosts":["a.test"]}"#).unwrap());
        let (channel, worker) = Channel::new(hub.clone());
        std::thread::spawn(move || worker.run());
        let (send, orders) = bounded(8);
        let server = Some(Server::start(asked, hub.clone(), channel.clone(), send, place.clone()));
        let key = token_key(&place).unwrap();
        Salon { _dir: dir, place, hub, channel, server, orders, key }
    }

    pub fn socket(&self) -> std::path::PathBuf {
        self.place.path.join("live.sock")
    }

    /// A sample of `/metrics`; 0 if it is not there.
    pub fn metric(&self, sample: &str) -> f64 {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let sample = format!("qahm_realtime_{sample} ");
        page.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok()).unwrap_or(0.0)
    }

    /// The notes of what was refused; there may be others, of what this machine cannot do.
    pub fn refusals(&self) -> Vec<String> {
        self.hub.door().notes.into_iter().filter(|note| note.starts_with("live channel: ")).collect()
    }

    pub fn claims(&self) -> Claims {
        let now = unix_now();
        let origin = ORIGIN.to_owned();
        Claims { site: SITE.0, user: USER, origin, expires: now + 60, chain: now, purpose: Purpose::Live }
    }

    pub fn token(&self) -> String {
        self.sign(&self.claims())
    }

    pub fn sign(&self, claims: &Claims) -> String {
        mint(&self.key, claims)
    }

    /// Shows another state to everybody.
    pub fn tell(&self, topic: Topic, state: Value) {
        self.channel.tell(&StreamKey::new(SITE, FilterName::everybody(), topic), News::State(state));
    }

    /// A client that said this in its greeting, and what came of it.
    pub fn greet(&self, auth: &Value) -> Client {
        let mut client = self.open(&[("origin", ORIGIN)]);
        client.send(&format!("40{auth}"));
        client
    }

    /// A client of these topics that has been let in.
    pub fn follow(&self, topics: &[&str]) -> Client {
        let mut client = self.greet(&json!({ "token": self.token(), "topics": topics }));
        client.enter();
        client
    }

    /// A WebSocket that has said nothing yet.
    pub fn open(&self, headers: &[(&'static str, &str)]) -> Client {
        self.open_with("", headers)
    }

    /// The same with more in its query.
    pub fn open_with(&self, query: &str, headers: &[(&'static str, &str)]) -> Client {
        Client::at(&self.socket(), query, headers)
    }
}

/// A WebSocket that speaks Socket.IO.
pub struct Client {
    pub socket: WebSocket<UnixStream>,
}

impl Client {
    /// One that has said nothing yet, to whoever listens there.
    pub fn at(socket: &std::path::Path, query: &str, headers: &[(&'static str, &str)]) -> Client {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let uri = format!("ws://a.test/qahm-live/socket.io/?EIO=4&transport=websocket{query}");
        let mut request = uri.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = tungstenite::client::client(request, stream).unwrap();
        let mut client = Client { socket };
        assert!(client.text().unwrap().starts_with("0{"), "Engine.IO says how it wants to be spoken to");
        client
    }

    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The next text; `None` at the end.
    pub fn text(&mut self) -> Option<String> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) if text.as_str() == "2" => {
                    // Who is being cut needs no answer.
                    let _gone = self.socket.send(Message::text("3"));
                }
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Close(_)) => return None,
                Ok(other) => panic!("{other:?}"),
                Err(error) if timed_out(&error) => panic!("nothing came"),
                Err(_) => return None,
            }
        }
    }

    /// The answer to a greeting: why not, or nothing.
    pub fn refusal(&mut self) -> Option<String> {
        let answer = self.text().unwrap();
        match answer.strip_prefix("44") {
            Some(refusal) => {
                let refusal: Value = serde_json::from_str(refusal).unwrap();
                Some(refusal["message"].as_str().unwrap().to_owned())
            }
            None => {
                assert!(answer.starts_with("40{"), "{answer}");
                None
            }
        }
    }

    /// Is let in; answers what `hello` says.
    pub fn enter(&mut self) -> Value {
        assert_eq!(self.refusal(), None);
        let (event, hello) = self.event();
        assert_eq!(event, "hello");
        hello
    }

    /// The next event and its argument; a binary one as the text in its attachment.
    pub fn event(&mut self) -> (String, Value) {
        let text = self.text().expect("an event");
        if let Some(rest) = text.strip_prefix("451-") {
            let words: Value = serde_json::from_str(rest).unwrap();
            assert_eq!(words[1], json!({ "_placeholder": true, "num": 0 }));
            let Message::Binary(packed) = self.socket.read().unwrap() else { panic!("no attachment") };
            return (words[0].as_str().unwrap().to_owned(), unpack(&packed));
        }
        let words = text.strip_prefix("42").unwrap_or_else(|| panic!("no event: {text}"));
        let words: Value = serde_json::from_str(words).unwrap();
        (words[0].as_str().unwrap().to_owned(), words[1].clone())
    }

    /// The answer to a command; events that come before it are passed over.
    pub fn command(&mut self, command: &Value) -> Value {
        self.send(&format!("420[\"do\",{command}]"));
        loop {
            let text = self.text().expect("an answer");
            if let Some(answer) = text.strip_prefix("430") {
                return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
        }
    }

    /// Nothing more comes but perhaps the words of the protocol for it.
    pub fn is_over(&mut self) -> bool {
        loop {
            match self.text() {
                None => return true,
                Some(text) if text == "41" || text == "1" => {}
                Some(_) => return false,
            }
        }
    }
}

fn timed_out(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(io)
        if matches!(io.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
}

fn unpack(packed: &[u8]) -> Value {
    let mut whole = packed.to_vec();
    whole.extend_from_slice(&qahm_engine::channel::LAST_BLOCK);
    serde_json::from_reader(flate2::read::DeflateDecoder::new(&*whole)).unwrap()
}

pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Waits until `found` answers something; at most ten seconds.
pub fn await_some<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(it) = found() {
            return it;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
