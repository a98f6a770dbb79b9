//! Somebody who reached the socket of the live channel and sends what he likes: the property that his bytes must not
//! break, for the tests and for the fuzz target `handshake`.
//!
//! Everything is real but the socket, a pipe in memory. What is sent is read from a script, so that whoever changes the
//! script at random gets past the lengths and masks of WebSocket. A script has acts with a byte 0x1e between them. The
//! first byte of an act says what it is:
//!
//! - `h` the head of a request for a WebSocket, the rest of the act among its lines
//! - `m` a text message, `b` a binary one · `f` a text, `g` bytes, to be continued · `c` goes on, `e` is the last piece
//! - `p` ping, `o` pong, `q` close, with the rest as their payload
//! - `n` nothing that comes is taken any more, until `y` · `l` nothing will be sent any more
//! - `s` what follows comes in pieces of so many bytes (the next one) · `w` waits so many seconds (the next byte, to 63)
//! - `z` the engine ends · `k` the user's rights are taken back
//! - `x` the rest as it is; anything else: all of the act as it is
//!
//! In all of them two characters stand for a token: `$T` is good, all others are not ([`Tokens`]).
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ear;
mod script;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crossbeam_channel::bounded;
use qahm_engine::channel::{Channel, FilterName, Follower, News, StreamKey, Topic, Worker};
use qahm_engine::config::SiteConfig;
use qahm_engine::http::Shared;
use qahm_engine::http::entrance::Entrance;
use qahm_engine::http::stats::Stats;
use qahm_engine::http::times::Times;
use qahm_engine::hub::Hub;
use qahm_event::SiteId;
use qahm_runtime::{KEY_FILE, Place};
use serde_json::json;
use tokio::io::{AsyncWriteExt, DuplexStream, WriteHalf, duplex, split};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::yield_now;

use ear::{Ear, SECRET};
use script::Act;
use tokens::{SITE, Tokens, USER};

/// Bytes between him and the engine, each way.
const PIPE: usize = 8 * 1024;
/// Bytes that a stranger gets at most for a script of a few kilobytes: answers to as many short requests.
const ANSWERS: usize = 256 * 1024;
/// Seconds after which whoever has nothing to say is gone: a ping that is not answered (45), then a writer that waits for
/// room (30), and some more.
const PATIENCE: u64 = 120;
/// Enough turns for a byte to go through all tasks between the pipe and a session, and back.
const TURNS: usize = 40;

/// Whether time passes while somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// At once, whenever nobody has anything to do: the runtime's clock was paused.
    Flies,
    /// As outside: so nobody waits.
    Real,
}

/// The engine's side: a runtime directory with the key of tokens.
pub struct House {
    place: Arc<Place>,
    tokens: Tokens,
    /// Of all visits: what is told only once is told once.
    stats: Arc<Stats>,
}

impl House {
    /// In a directory that need not exist; what is in it is removed.
    pub fn at(path: &Path) -> House {
        let _none = std::fs::remove_dir_all(path);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path.join(KEY_FILE)).unwrap();
        std::io::Write::write_all(&mut file, &tokens::KEY).unwrap();
        let fd = std::fs::File::open(path).unwrap().into();
        House {
            place: Arc::new(Place { path: path.to_owned(), fd, volatile: true }),
            tokens: Tokens::default(),
            stats: Arc::default(),
        }
    }

    /// Plays a script on a runtime that has nothing else to do, and is used once. Whether he was let in.
    ///
    /// # Panics
    /// If he was let in without a good token, if he stays although he is silent, if anything is left of him.
    pub fn visit(&self, runtime: &Runtime, time: Time, script: &[u8]) -> bool {
        runtime.block_on(async {
            let salon = Salon::open(self);
            let visit = Visit::begin(&salon, time);
            visit.play(&self.tokens, script).await
        })
    }
}

/// What is shown in the house.
struct Salon {
    shared: Arc<Shared>,
    entrance: Entrance,
    channel: Arc<Channel>,
    worker: Worker,
    closing: watch::Sender<bool>,
    /// Somebody who may look looks at everything, so that there is something to be seen.
    own: Vec<Follower>,
}

impl Salon {
    fn open(house: &House) -> Salon {
        let hub = Arc::new(Hub::default());
        hub.set_config(SITE, SiteConfig::parse(r#"{"hosts":["a.test"]}"#).unwrap());
        hub.set_config(SiteId(8), SiteConfig::parse(r#"{"hosts":["b.test"]}"#).unwrap());
        let (channel, worker) = Channel::new(hub.clone());
        channel.revocations().revoke(SITE, tokens::REVOKED, tokens::now().cast_signed());
        let (closing, closed) = watch::channel(false);
        // Nobody takes orders.
        let (orders, _) = bounded(1);
        let mut shared =
            Shared::new(hub, channel.clone(), orders, house.place.clone(), Times::default(), closed);
        shared.stats = house.stats.clone();
        let shared = Arc::new(shared);
        let own = Topic::ALL.map(|topic| channel.follow(key(topic)).unwrap()).into();
        let salon = Salon { entrance: Entrance::new(&shared), shared, channel, worker, closing, own };
        salon.tell(0);
        salon
    }

    /// Everything changes; every other state is so long that it is packed for who can unpack it.
    fn tell(&self, turn: usize) {
        let much = "much ".repeat(if turn.is_multiple_of(2) { 400 } else { 0 });
        for (key, _) in self.channel.in_use() {
            assert_eq!(key.site, SITE, "nobody is of another site");
            self.channel.tell(&key, News::State(json!({ "turn": turn, "secret": SECRET, "much": much })));
        }
        self.worker.settle();
    }

    fn is_empty(&self) -> bool {
        self.shared.stats.sockets.load(Relaxed) == 0
    }

    /// Messages that were written, and polls that were answered, ever.
    fn told(&self) -> (u64, u64) {
        (self.shared.stats.messages.load(Relaxed), self.shared.stats.polls.load(Relaxed))
    }

    /// Nobody reads but the house.
    fn is_quiet(&self) -> bool {
        self.channel.followers() == self.own.len()
            && self.shared.connections.count().values().all(|open| *open == 0)
    }
}

fn key(topic: Topic) -> StreamKey {
    StreamKey::new(SITE, FilterName::everybody(), topic)
}

/// One connection.
struct Visit<'a> {
    salon: &'a Salon,
    time: Time,
    mouth: Option<WriteHalf<DuplexStream>>,
    ear: Arc<Ear>,
    listening: tokio::task::JoinHandle<()>,
    /// Bytes that he sends at once.
    piece: usize,
    /// He has shown a good token, or could have.
    guest: bool,
    sent: Vec<u8>,
    /// Who holds the house when nobody is there, and what was told before.
    holders: usize,
    told: (u64, u64),
}

impl<'a> Visit<'a> {
    fn begin(salon: &'a Salon, time: Time) -> Visit<'a> {
        let holders = Arc::strong_count(&salon.shared);
        let (near, far) = duplex(PIPE);
        // Over a port: to the engine's own Unix socket nobody comes but its own user.
        let from = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        tokio::spawn(salon.entrance.clone().serve(near, from));
        let (reader, mouth) = split(far);
        let ear = Arc::<Ear>::default();
        let listening = tokio::spawn(ear.clone().listen(reader));
        Visit {
            salon,
            time,
            mouth: Some(mouth),
            ear,
            listening,
            piece: usize::MAX,
            guest: false,
            sent: Vec::new(),
            holders,
            told: salon.told(),
        }
    }

    async fn play(mut self, tokens: &Tokens, script: &[u8]) -> bool {
        for (turn, act) in script.split(|byte| *byte == script::BETWEEN).enumerate() {
            let (act, shown) = tokens.fill(act);
            self.guest |= shown;
            self.act(Act::read(&act)).await;
            turns(TURNS).await;
            if self.guest {
                self.salon.tell(turn + 1);
                turns(TURNS).await;
            }
            self.look();
        }
        let ear = self.ear.clone();
        self.end().await;
        ear.has_heard()
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Send(bytes) => self.send(&bytes).await,
            Act::Wait(seconds) if self.time == Time::Flies => {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            Act::Wait(_) => {}
            Act::Pieces(bytes) => self.piece = bytes,
            Act::Listen(listens) => self.ear.open(listens),
            Act::Silence => {
                if let Some(mouth) = &mut self.mouth {
                    // It may be closed already.
                    let _gone = mouth.shutdown().await;
                }
            }
            Act::Close => {
                self.salon.closing.send_replace(true);
            }
            Act::Revoke => {
                self.salon.channel.revocations().revoke(SITE, USER, tokens::now().cast_signed());
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        let Some(mouth) = &mut self.mouth else { return };
        self.sent.extend_from_slice(bytes);
        for piece in bytes.chunks(self.piece) {
            let sent = tokio::select! {
                biased;
                sent = mouth.write_all(piece) => sent.is_ok(),
                // The engine takes no more for now: it waits for him to read.
                () = turns(TURNS) => false,
            };
            if !sent {
                return;
            }
            if self.piece < bytes.len() {
                turns(3).await;
            }
        }
    }

    /// What holds at any time.
    fn look(&self) {
        assert!(self.salon.shared.stats.sockets.load(Relaxed) <= 1);
        if self.guest {
            return;
        }
        assert!(self.salon.is_quiet(), "a stranger was let in");
        assert_eq!(self.salon.told(), self.told, "a stranger was told something");
        assert!(!self.ear.has_heard(), "a stranger was told what others are");
        assert!(self.ear.bytes() < ANSWERS, "a stranger was told much: {} bytes", self.ear.bytes());
    }

    async fn end(mut self) {
        // Events go on as long as their token, whose time does not fly. All others have something to say, at times.
        let listens = self.guest && self.sent.windows(7).any(|word| word == b"/events");
        if self.time == Time::Flies && (!listens || *self.salon.closing.borrow()) {
            self.until("who says nothing more is cut", |visit| visit.salon.is_empty()).await;
        }
        self.mouth = None;
        self.listening.abort();
        self.until("who has left is gone", |visit| visit.salon.is_empty() && visit.salon.is_quiet()).await;
        if self.time == Time::Flies {
            self.until("no task of his is left", |_| Handle::current().metrics().num_alive_tasks() == 0)
                .await;
            let holders = Arc::strong_count(&self.salon.shared);
            assert_eq!(holders, self.holders, "nothing of his is kept");
        }
        self.look();
    }

    /// Waits for something that has to come; for at most [`PATIENCE`] seconds.
    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        turns(TURNS).await;
        // What needs time although it is real is a matter of milliseconds.
        let pause = Duration::from_millis(if self.time == Time::Flies { 1000 } else { 5 });
        for _ in 0..PATIENCE {
            if condition(self) {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        assert!(condition(self), "{what}");
    }
}

/// Lets everybody else do what he can.
async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}
