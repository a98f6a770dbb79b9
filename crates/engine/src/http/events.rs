//! `events`: server-sent events.
//!
//! The stream is pulled: when the connection can take something it asks what is next, so a slow reader holds nothing but
//! what is being written, and gets what it missed, or a put, when it can read again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::coding::{Writer, takes_gzip};
use super::command::{Command, INBOX, Posted, Problem};
use super::connection::{Codec, End, Opened};
use super::following::{Due, Following};
use super::reader::Reader;
use super::shared::unix_now;
use super::{BACK_MS, Shared, pull, reply};
use crate::channel::{LINGER, Message, Position};

/// Old proxies and browsers pass nothing on before this many bytes.
const PADDING: usize = 2048;
/// Messages that are ready are written together up to this many bytes.
const PIECE: usize = 16 * 1024;

/// `GET /qahm-live/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Reader { pass, mut query }: Reader,
) -> Response<Body> {
    // A browser that comes back by itself asks the same address again, and says here how far it got.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    if let Some(position) = last.and_then(Position::parse) {
        query.since = Some(position);
    }
    let since = query.since.as_ref().map(ToString::to_string);
    let mut following = Following::new(shared.channel.clone(), pass.site, Some(pass.user));
    if let Err(problem) = following.follow_named(&query.names(), query.filter, since.as_deref()) {
        shared.stats.refused(problem.code);
        return refused(&problem);
    }
    let gzip = takes_gzip(&headers);
    let (inbox, commands) = mpsc::channel(INBOX);
    let (begun, times) = (Instant::now(), shared.times);
    let every = |first: Duration, period: Duration| {
        let mut interval = interval_at(begun + first, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    };
    let feed = Feed {
        opened: shared.connections.open(&pass, Codec::Events, Some(inbox)),
        shared,
        following,
        commands,
        writer: Writer::new(gzip),
        beat: every(times.first_beat, times.beat),
        comment: every(times.comment, times.comment),
        stage: Stage::Begin,
    };
    let mut answer = Response::new(pull::body(feed, Feed::next));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// A stream that cannot be followed.
pub(super) fn refused(problem: &Problem) -> Response<Body> {
    let status = match problem.code {
        "too-many-filters" => StatusCode::TOO_MANY_REQUESTS,
        "unknown-site" => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut answer = reply::json(status, &json!({ "error": problem.code, "message": problem.message }));
    if status == StatusCode::TOO_MANY_REQUESTS {
        // A filter that nobody asks for any more is let go by then.
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(LINGER.as_secs()));
    }
    answer
}

/// One connection's stream.
struct Feed {
    shared: Arc<Shared>,
    opened: Opened,
    following: Following,
    commands: mpsc::Receiver<Posted>,
    writer: Writer,
    beat: Interval,
    comment: Interval,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Goes,
    Over,
}

/// What comes next.
enum Next {
    End(End),
    Posted(Posted),
    Beat,
    Comment,
    Changed,
}

impl Feed {
    /// The next piece, when there is one.
    async fn next(mut self) -> Option<(Bytes, Feed)> {
        match self.stage {
            Stage::Begin => {
                self.begin();
                self.stage = Stage::Goes;
            }
            Stage::Goes => self.wait().await,
            Stage::Over => return None,
        }
        if self.stage == Stage::Over {
            self.writer.end();
        }
        let piece = self.writer.take();
        Some((piece, self))
    }

    fn begin(&mut self) {
        // Not everybody at the same moment.
        let retry = 1000 + u64::from_str_radix(self.opened.id.get(..3).unwrap_or("0"), 16).unwrap_or(0) / 4;
        let hello = json!({
            "connection": self.opened.id,
            "e": self.following.epoch(),
            "expires": self.opened.expires(),
            "time": unix_now(),
            "beat": self.shared.times.first_beat.as_millis() as u64,
        });
        self.writer.text(&format!(":{}\n\nretry: {retry}\n\n", " ".repeat(PADDING)));
        self.event("hello", &hello);
    }

    /// Waits until something is to be written, and writes it.
    async fn wait(&mut self) {
        while self.writer.len() == 0 && self.stage == Stage::Goes {
            let due = self.following.due();
            let ready = !matches!(due, Due::Nothing);
            let next = tokio::select! {
                biased;
                end = self.opened.ended(&self.shared) => Next::End(end),
                Some(posted) = self.commands.recv() => Next::Posted(posted),
                _ = self.beat.tick() => Next::Beat,
                _ = self.comment.tick() => Next::Comment,
                () = changed(&mut self.following, ready) => Next::Changed,
            };
            match next {
                Next::End(end) => self.end(end),
                Next::Posted((command, reply)) => {
                    // Who asked may have stopped waiting; what was asked is done all the same.
                    let _told = reply.send(self.carry_out(command));
                }
                Next::Beat => self.beat(),
                Next::Comment => self.writer.text(":\n\n"),
                Next::Changed => match due {
                    Due::Messages(messages) => self.send(&messages),
                    Due::Gone(why) => {
                        self.shared.stats.lost(why);
                        self.problem(why.as_str(), &why.to_string());
                    }
                    Due::Nothing => {}
                },
            }
        }
    }

    fn beat(&mut self) {
        let beat = self.following.beat(self.shared.channel.is_stale());
        self.event("beat", &beat);
    }

    /// Writes messages, as many as fit into a piece; the rest is due again.
    fn send(&mut self, messages: &[Arc<Message>]) {
        for message in messages {
            self.following.sent(message);
            let id = self.following.position();
            self.writer.text(&format!("event: {}\nid: {id}\ndata: ", message.kind.as_str()));
            let bytes = self.writer.message(message);
            self.writer.text("\n\n");
            self.shared.stats.sent(bytes);
            if self.writer.len() > PIECE {
                return;
            }
        }
    }

    fn event(&mut self, name: &str, data: &Value) {
        self.writer.text(&format!("event: {name}\ndata: {data}\n\n"));
    }

    fn carry_out(&mut self, command: Command) -> Result<(), Problem> {
        match command {
            Command::Follow { topics, filter, resume } => {
                self.following.follow(&topics, &filter, resume.as_deref())
            }
            Command::Pause => {
                self.following.pause();
                Ok(())
            }
            Command::Resume { position } => self.following.resume(position.as_deref()),
            Command::Token { .. } | Command::Acknowledge { .. } => {
                Err(Problem::new("bad-request", "this is not for the stream"))
            }
        }
    }

    fn end(&mut self, end: End) {
        self.shared.stats.closed(end.as_str());
        match end {
            End::Bye => {
                self.event("bye", &json!({ "after": BACK_MS }));
                self.stage = Stage::Over;
            }
            End::Expired => self.problem("expired", "the token is over"),
            End::Revoked => self.problem("revoked", "the user may no longer read this"),
        }
    }

    fn problem(&mut self, code: &str, message: &str) {
        self.event("problem", &json!({ "code": code, "message": message }));
        self.stage = Stage::Over;
    }
}

/// At once if something is ready, else when something may be.
async fn changed(following: &mut Following, ready: bool) {
    if !ready {
        following.changed().await;
    }
}
