//! Who is at the other end of a connection: a stranger, until a token says more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use qahm_event::SiteId;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::line::Watch;
use crate::channel::Topic;
use crate::http::Shared;
use crate::http::auth::{self, Papers, Pass, Refusal};
use crate::http::command::{Problem, or_none};
use crate::http::following::Following;
use crate::http::gate::Counted;

/// How often somebody may say who he is on one connection.
const TRIES: u32 = 3;
/// Headers that tell where a request comes from. The others are not kept: they would be most of what an idle
/// connection costs.
const KEPT: [HeaderName; 5] =
    [ORIGIN, COOKIE, AUTHORIZATION, auth::TOKEN, HeaderName::from_static("sec-fetch-site")];

/// The member `auth` of a client's greeting.
#[derive(Debug, Deserialize)]
pub(super) struct Greeting {
    token: Option<String>,
    /// `live` if it does not say; none: nothing yet.
    topics: Option<Vec<String>>,
    #[serde(default, deserialize_with = "or_none")]
    filter: Map<String, Value>,
    resume: Option<String>,
    /// It can take apart what is packed.
    #[serde(default, deserialize_with = "or_none")]
    packed: bool,
}

/// The other end.
pub(super) struct Guest {
    pub(super) shared: Arc<Shared>,
    pub(super) line: Arc<Watch>,
    /// The origin of the page, for the tokens to come.
    pub(super) origin: Option<String>,
    headers: Mutex<HeaderMap>,
    site: Result<Option<SiteId>, Refusal>,
    counted: Counted,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    come: Instant,
    /// Once it was let in.
    known: Notify,
    tries: AtomicU32,
    admitted: Mutex<Option<Admitted>>,
}

/// What a guest has the right to, and wishes.
pub(super) struct Admitted {
    pub(super) pass: Pass,
    pub(super) following: Following,
    pub(super) packed: bool,
}

impl Guest {
    /// `place`: among those who have not yet said who they are.
    pub(super) fn new(
        shared: Arc<Shared>,
        papers: Papers,
        counted: Counted,
        place: Option<OwnedSemaphorePermit>,
    ) -> Guest {
        // Copies: a value that is shared keeps the whole head of the request in memory.
        let mut kept = HeaderMap::with_capacity(KEPT.len());
        for name in &KEPT {
            let value =
                papers.headers.get(name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
            if let Some(value) = value {
                kept.insert(name.clone(), value);
            }
        }
        let origin = kept.get(ORIGIN).and_then(|origin| Some(origin.to_str().ok()?.to_owned()));
        Guest {
            shared,
            line: Arc::default(),
            origin,
            headers: Mutex::new(kept),
            site: papers.site,
            counted,
            place: Mutex::new(place),
            come: Instant::now(),
            known: Notify::new(),
            tries: AtomicU32::new(0),
            admitted: Mutex::new(None),
        }
    }

    /// Lets the guest in, or says why not in one word. `None`: a greeting that is none.
    ///
    /// # Errors
    /// The reasons of [`auth::Refusal`], or of what it wishes to follow.
    pub(super) fn greet(&self, greeting: Option<Greeting>) -> Result<(), &'static str> {
        if self.tries.fetch_add(1, Relaxed) >= TRIES {
            self.line.cut();
            return Err("too-many");
        }
        let greeting = greeting.ok_or("bad-request")?;
        let Greeting { token, topics, filter, resume, packed } = greeting;
        let headers = self.headers.lock().clone();
        let papers = Papers { headers: &headers, site: self.site, token: token.as_deref() };
        let pass = auth::admit(&self.shared, papers).map_err(Refusal::as_str)?;
        self.shared.gate.admitted(self.counted, &pass);
        let mut following = Following::new(self.shared.channel.clone(), pass.site, Some(pass.user));
        let topics = topics.unwrap_or_else(|| vec![Topic::Live.as_str().to_owned()]);
        let followed = following.follow(&topics, &filter, resume.as_deref());
        followed.map_err(|Problem { code, .. }| code)?;
        // One guest, one session: a second greeting takes the place of nothing.
        self.tries.store(TRIES, Relaxed);
        *self.place.lock() = None;
        self.known.notify_one();
        *self.headers.lock() = HeaderMap::new();
        *self.admitted.lock() = Some(Admitted { pass, following, packed });
        Ok(())
    }

    /// Waits until the guest was let in or has gone, and counts those who had to be cut for saying nothing. The library
    /// keeps us in memory for longer, and a place is for those only who are there.
    pub(super) async fn greeted(&self) {
        let gone = async {
            tokio::select! {
                biased;
                () = sleep_until(self.come + self.shared.times.greeting) => {
                    self.shared.stats.abused("unfinished");
                    self.line.closed().await;
                }
                () = self.line.closed() => {}
            }
        };
        tokio::select! {
            biased;
            () = self.known.notified() => {}
            () = gone => *self.place.lock() = None,
        }
    }

    /// What was admitted, once.
    pub(super) fn enter(&self) -> Option<Admitted> {
        self.admitted.lock().take()
    }
}
