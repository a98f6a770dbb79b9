//! `live`: what is new, asked for; the answer may wait for it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::coding::{Writer, takes_gzip};
use super::command::Problem;
use super::connection::{Codec, End};
use super::query::{Query, bad};
use super::reader::Reader;
use super::{Shared, events, reply};
use crate::channel::{Channel, Follower, Polled, Wish};

/// Seconds an answer waits at most.
const WAIT_MAX: u64 = 25;
/// A stream that begins with this question has its first state after some 25 ms; busy engines need longer.
const FIRST: Duration = Duration::from_millis(500);

/// `GET /qahm-live/live`.
pub(super) async fn live(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Reader { pass, query }: Reader,
) -> Response<Body> {
    shared.stats.polls.fetch_add(1, Ordering::Relaxed);
    if query.topics.is_empty() {
        return bad("topics: what is asked for?");
    }
    let wish = Wish { site: pass.site, filter: &query.filter, topics: &query.topics, user: Some(pass.user) };
    let mut followers = match shared.channel.follow_all(&wish, &[]) {
        Ok(followers) => followers,
        Err(refused) => {
            shared.stats.refused(refused.as_str());
            return events::refused(&Problem::new(refused.as_str(), refused));
        }
    };
    // The next question comes soon: it finds the streams as this one left them.
    followers.iter_mut().for_each(Follower::linger);
    let opened = shared.connections.open(&pass, Codec::Poll, None);
    let polled = tokio::select! {
        biased;
        polled = read(&shared.channel, &mut followers, &query) => polled,
        end = opened.ended(&shared) => match end {
            End::Bye => return reply::later(StatusCode::SERVICE_UNAVAILABLE, "bye"),
            other => return reply::error(StatusCode::UNAUTHORIZED, other.as_str()),
        },
    };
    answer(&shared, &polled, takes_gzip(&headers))
}

/// What is after the place of the question, as soon as there is something, or when its time is over.
async fn read(channel: &Channel, followers: &mut [Follower], query: &Query) -> Polled {
    let begun = Instant::now();
    let last = begun + Duration::from_secs(query.wait.min(WAIT_MAX));
    loop {
        let whole = followers.iter().all(|follower| follower.position().is_some());
        let polled = Polled::read(channel, followers.iter(), query.since.as_ref());
        // Never a part of the topics, unless the rest does not come.
        let until = if whole { last } else { begun + FIRST };
        if whole && !polled.messages.is_empty() || timeout_at(until, any(followers)).await.is_err() {
            return polled;
        }
    }
}

/// Waits until one of them may have something.
async fn any(followers: &mut [Follower]) {
    let mut all: Vec<_> = followers.iter_mut().map(|follower| Box::pin(follower.changed())).collect();
    let one = poll_fn(|cx| match all.iter_mut().any(|changed| changed.as_mut().poll(cx).is_ready()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    });
    pin!(one).await;
}

fn answer(shared: &Shared, polled: &Polled, gzip: bool) -> Response<Body> {
    let mut writer = Writer::new(gzip);
    writer.text(&format!(r#"{{"e":"{}","messages":["#, polled.epoch()));
    for (n, message) in polled.messages.iter().enumerate() {
        if n > 0 {
            writer.text(",");
        }
        shared.stats.sent(writer.message(message));
    }
    writer.text(&format!("]{}", polled.end()));
    writer.end();
    let body = writer.take();
    let mut answer = reply::text(StatusCode::OK, "application/json; charset=utf-8", body);
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}
