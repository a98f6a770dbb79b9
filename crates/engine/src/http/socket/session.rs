//! One connection, from its hello to its end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::guest::{Admitted, Guest};
use super::{PACKED_FROM, Posted, Said, Voice};
use crate::channel::{Message, Refused};
use crate::http::auth::Pass;
use crate::http::command::{Command, INBOX, Problem, answer};
use crate::http::connection::{Codec, End, Opened};
use crate::http::following::{Due, Following};
use crate::http::shared::unix_now;
use crate::http::{BACK_MS, post};

/// How long a goodbye may take to be read.
const PARTING: Duration = Duration::from_millis(400);
/// A line that is full although no write waits is looked at again after this.
const AGAIN: Duration = Duration::from_millis(20);
/// Commands beyond the limit after which a connection is cut.
const PESTER: u32 = 200;

/// Where commands arrive.
pub(super) struct Desk {
    guest: Arc<Guest>,
    opened: Opened,
    inbox: mpsc::Sender<Box<Posted>>,
    refused: AtomicU32,
}

impl Desk {
    pub(super) fn open(guest: Arc<Guest>, pass: &Pass) -> (Arc<Desk>, mpsc::Receiver<Box<Posted>>) {
        let (inbox, taken) = mpsc::channel(INBOX);
        let opened = guest.shared.connections.open(pass, Codec::Socket, None);
        (Arc::new(Desk { guest, opened, inbox, refused: AtomicU32::new(0) }), taken)
    }

    /// Whether one more command may come now.
    pub(super) fn may_command(&self) -> bool {
        let may = self.opened.may_command();
        if !may {
            match self.refused.fetch_add(1, Relaxed) {
                0 => self.guest.shared.stats.abused("commands"),
                PESTER => {
                    self.guest.shared.stats.closed("commands");
                    self.guest.line.cut();
                }
                _ => {}
            }
        }
        may
    }

    pub(super) fn post(&self, posted: Posted) {
        if let Err(full) = self.inbox.try_send(Box::new(posted)) {
            let Posted { reply, .. } = *full.into_inner();
            reply(&answer(&Err(Problem::new("too-fast", "commands come faster than they are followed"))));
        }
    }
}

/// Why a session ends.
enum Ending {
    /// Nobody is there any more.
    Gone,
    /// What it follows is no more.
    Lost(Refused),
    End(End),
}

struct Session<V> {
    voice: V,
    guest: Arc<Guest>,
    desk: Arc<Desk>,
    pass: Pass,
    following: Following,
    packed: bool,
}

/// Speaks with an admitted guest until the end.
pub(super) async fn run(
    voice: impl Voice,
    desk: Arc<Desk>,
    admitted: Admitted,
    mut inbox: mpsc::Receiver<Box<Posted>>,
) {
    let Admitted { pass, following, packed } = admitted;
    let guest = desk.guest.clone();
    let mut session = Session { voice, guest: guest.clone(), desk, pass, following, packed };
    let ending = session.last(&mut inbox).await;
    session.part(ending).await;
    guest.line.cut();
}

impl<V: Voice> Session<V> {
    async fn last(&mut self, inbox: &mut mpsc::Receiver<Box<Posted>>) -> Ending {
        let (guest, desk) = (self.guest.clone(), self.desk.clone());
        let mut ended = pin!(desk.opened.ended(&guest.shared));
        let mut closed = pin!(guest.line.closed());
        let every = guest.shared.times.beat;
        // What hangs is not shown as alive, from the first state on.
        let first = if guest.shared.channel.is_stale() { Duration::ZERO } else { every };
        let mut beat = interval_at(Instant::now() + first, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hello = json!({
            "connection": desk.opened.id,
            "e": self.following.epoch(),
            "expires": desk.opened.expires(),
            "time": unix_now(),
        });
        if self.voice.say("hello", &hello) == Said::Gone {
            return Ending::Gone;
        }
        loop {
            let wait = match self.write() {
                Ok(wait) => wait,
                Err(ending) => return ending,
            };
            tokio::select! {
                biased;
                end = &mut ended => return Ending::End(end),
                () = &mut closed => return Ending::Gone,
                posted = inbox.recv() => match posted {
                    Some(posted) => self.obey(*posted),
                    None => return Ending::Gone,
                },
                () = self.following.changed(), if wait == Wait::Change => {}
                () = guest.line.writable(), if wait == Wait::Room => {}
                () = tokio::time::sleep(AGAIN), if wait == Wait::Moment => {}
                _ = beat.tick(), if wait == Wait::Change => {
                    // Full: the next one comes in time.
                    let _told = self.voice.say("beat", &self.following.beat(guest.shared.channel.is_stale()));
                }
            }
        }
    }

    /// Writes what is due while there is room for it.
    fn write(&mut self) -> Result<Wait, Ending> {
        loop {
            if self.guest.line.is_waiting() {
                return Ok(Wait::Room);
            }
            let messages = match self.following.due() {
                Due::Nothing => return Ok(Wait::Change),
                Due::Messages(messages) => messages,
                Due::Gone(why) => return Err(Ending::Lost(why)),
            };
            for message in messages {
                match self.say(&message) {
                    Said::Yes => self.following.sent(&message),
                    // What is not said now is asked for again, and may be a put by then.
                    Said::Full => return Ok(Wait::Moment),
                    Said::Gone => return Err(Ending::Gone),
                }
            }
        }
    }

    fn say(&self, message: &Message) -> Said {
        let (topic, json) = (message.topic.as_str(), message.json());
        let (said, bytes) = if self.packed && json.len() > PACKED_FROM {
            let packed = message.packed();
            (self.voice.say(&format!("{topic}:packed"), &Attachment(&packed)), packed.len())
        } else {
            // Checked again that it is JSON, which takes a microsecond or two: it is copied as it is, never built anew.
            let Ok(raw) = serde_json::from_str::<&RawValue>(json) else { return Said::Yes };
            (self.voice.say(&format!("{topic}:{}", message.kind.as_str()), raw), json.len())
        };
        if said == Said::Yes {
            self.guest.shared.stats.sent(bytes);
        }
        said
    }

    fn obey(&mut self, Posted { command, reply }: Posted) {
        let done = match command {
            Command::Follow { topics, filter, resume } => {
                self.following.follow(&topics, &filter, resume.as_deref())
            }
            Command::Pause => {
                self.following.pause();
                Ok(())
            }
            Command::Resume { position } => self.following.resume(position.as_deref()),
            Command::Token { token } => {
                let origin = self.guest.origin.as_deref();
                return reply(&told(post::renew(&self.guest.shared, &self.desk.opened, &token, origin)));
            }
            Command::Acknowledge { alert } => {
                let (shared, pass) = (self.guest.shared.clone(), self.pass.clone());
                // It waits for the pipeline; what changes meanwhile does not wait for it.
                tokio::spawn(async move { reply(&told(post::acknowledge(&shared, &pass, &alert).await)) });
                return;
            }
        };
        reply(&answer(&done));
    }

    /// The last words, and the time to read them.
    async fn part(&self, ending: Ending) {
        let (event, words) = match ending {
            Ending::Gone => return,
            Ending::End(end) => {
                self.guest.shared.stats.closed(end.as_str());
                match end {
                    End::Bye => ("bye", json!({ "after": BACK_MS })),
                    End::Expired => ("problem", problem(end.as_str(), "the token is over")),
                    End::Revoked => ("problem", problem(end.as_str(), "the right to read was taken back")),
                }
            }
            Ending::Lost(why) => {
                self.guest.shared.stats.lost(why);
                ("problem", problem(why.as_str(), &why.to_string()))
            }
        };
        if self.voice.say(event, &words) == Said::Yes {
            self.voice.part();
            let _in_time = timeout(PARTING, self.guest.line.closed()).await;
        }
    }
}

/// What a session waits for, beside commands and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Change,
    /// The client has to take what was written.
    Room,
    /// The library's writer has to run.
    Moment,
}

fn told(done: Result<Value, Problem>) -> Value {
    done.unwrap_or_else(|problem| answer(&Err(problem)))
}

fn problem(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

/// Bytes that go beside an event.
struct Attachment<'a>(&'a [u8]);

impl Serialize for Attachment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
