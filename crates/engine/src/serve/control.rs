//! The control socket: 0600, our own uid only, one request per connection, everything under a deadline.

use std::net::IpAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use parking_lot::Mutex;
use qahm_event::SiteId;
use qahm_runtime::{ANSWER_MAX, Place, REQUEST_MAX, control_path, peer, read_frame, write_frame};
use serde_json::{Value, json};

use super::answers::Answers;
use super::request::{Order, OrderOf, PhpQuestion, Request, Who, error, ok};
use super::today::{self, FEW};
use crate::alert::outbox::Claimer;
use crate::channel::Channel;
use crate::config::SiteConfig;
use crate::history::{Asked, History, HistoryQuestion, Now};
use crate::hub::{Frame, Hub, PAGES_MAX};
use crate::report::Question;

/// A connection that has not sent its request, or taken its answer, after this long is cut.
const PATIENCE: Duration = Duration::from_millis(1000);
/// Rows of a list at most that the history gives.
const MOST: usize = 500;
/// Connections served at once; the next one waits in the socket's queue.
const CONNECTIONS: usize = 64;

/// What is answered: a value, or JSON as it is.
pub(super) enum Answer {
    Value(Value),
    Text(String),
}

impl From<Value> for Answer {
    fn from(value: Value) -> Answer {
        Answer::Value(value)
    }
}

/// An order and where its answer goes.
pub type Errand = (Order, Sender<Value>);

/// Whether a user may ask once more, from an address: who reads over HTTP is counted with the same measure.
pub type Measure = Box<dyn Fn(SiteId, u64, Option<IpAddr>) -> bool + Send + Sync>;

/// What the connections share.
pub struct Control {
    pub hub: Arc<Hub>,
    pub channel: Arc<Channel>,
    pub orders: Sender<Errand>,
    measure: Measure,
    answers: Answers,
    history: Mutex<History>,
    busy: AtomicUsize,
}

impl Control {
    pub fn new(
        hub: Arc<Hub>,
        channel: Arc<Channel>,
        orders: Sender<Errand>,
        history: History,
        measure: Measure,
    ) -> Control {
        let (answers, history) = (Answers::default(), Mutex::new(history));
        Control { hub, channel, orders, measure, answers, history, busy: AtomicUsize::new(0) }
    }

    /// Binds the socket, taking the place of a dead engine's. Only the holder of the directory's lock may call it.
    pub fn bind(runtime: &Place) -> std::io::Result<UnixListener> {
        let path = control_path(runtime);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The umask makes it 0600 from its first instant.
        UnixListener::bind(path)
    }

    /// Serves connections until the process ends.
    pub fn serve(self: Arc<Self>, listener: UnixListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Out of descriptors: those who are served will give some back.
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            while self.busy.load(Ordering::Acquire) >= CONNECTIONS {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.busy.fetch_add(1, Ordering::AcqRel);
            let control = self.clone();
            let started =
                std::thread::Builder::new().name("control".into()).stack_size(256 << 10).spawn(move || {
                    let _served = control.serve_one(&stream);
                    control.busy.fetch_sub(1, Ordering::AcqRel);
                });
            if started.is_err() {
                self.busy.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    fn serve_one(&self, stream: &UnixStream) -> Result<(), qahm_runtime::Error> {
        let deadline = Instant::now() + PATIENCE;
        let (pid, uid) = peer(stream)?;
        let answer = if uid == rustix::process::geteuid().as_raw() {
            let request = read_frame(stream, REQUEST_MAX, deadline)?;
            self.answer(&request, pid)
        } else {
            Answer::Value(error("stranger", "this engine belongs to another user"))
        };
        let mut bytes = match &answer {
            Answer::Value(answer) => serde_json::to_vec(answer).unwrap_or_default(),
            Answer::Text(answer) => answer.as_bytes().to_vec(),
        };
        if bytes.len() > ANSWER_MAX {
            let large = error("too-large", "the answer is over 1 MiB: ask for fewer rows");
            bytes = serde_json::to_vec(&large).unwrap_or_default();
        }
        let written = write_frame(stream, &bytes, ANSWER_MAX, Instant::now() + PATIENCE);
        if written.is_err()
            && let Answer::Value(answer) = &answer
            && let Some(claim) = answer.get("claim").and_then(Value::as_u64)
        {
            self.order(Order::Unclaim { claim });
        }
        written
    }

    /// The answer to one request of process `pid`.
    fn answer(&self, request: &[u8], pid: u32) -> Answer {
        let request: Request = match serde_json::from_slice(request) {
            Ok(request) => request,
            Err(wrong) => return error("bad-request", wrong).into(),
        };
        let order = match request {
            Request::Status => return ok(json!({ "engine": *self.hub.health() })).into(),
            Request::Ask { site, q, who } => {
                let (q, who) = match PhpQuestion::of(&site, q, who) {
                    Ok((PhpQuestion::Question(question), who)) => (question, who),
                    Ok((PhpQuestion::Poll(poll), _)) => return self.poll(&poll).unwrap_or_else(Answer::from),
                    Err(wrong) => return error("bad-request", wrong).into(),
                };
                let ask =
                    |site| self.admit(site, who).map_or_else(|refused| refused, |()| self.ask(site, &q));
                return with_site(&site, ask).into();
            }
            Request::Poll(poll) => return self.poll(&poll).unwrap_or_else(Answer::from),
            Request::Explain { site, record } => (site, OrderOf::Explain(unhex(&record))),
            Request::Command { site, c } => (site, OrderOf::Change(c)),
            Request::Configure { site, config } => (site, OrderOf::Configure(config)),
            Request::Claim { site, lease } => {
                // A process that is gone already could never acknowledge.
                let Some(started) = qahm_runtime::started(pid) else {
                    let wrong = "the claiming process is not in the engine's pid namespace";
                    return error("bad-request", wrong).into();
                };
                (site, OrderOf::Claim(Claimer { pid, started, lease: lease.clamp(1, 3700) }))
            }
            Request::Acknowledge { site, claim, results } => (site, OrderOf::Acknowledge(claim, results)),
        };
        let (site, order) = order;
        with_site(&site, |site| self.order(order.of(site))).into()
    }

    /// Lets in whoever asks, unless his tokens were revoked or he asks too often. Whom WordPress itself let in is nobody
    /// here, and asks as he likes.
    pub(super) fn admit(&self, site: SiteId, who: Who) -> Result<(), Value> {
        let Some(user) = who.user else { return Ok(()) };
        if who.chain.is_some_and(|chain| self.channel.revocations().is_revoked(site, user, chain)) {
            return Err(error("revoked", "the tokens of this user were revoked"));
        }
        if !(self.measure)(site, user, who.address) {
            return Err(error("rate", "this user asks too often: come again in two seconds"));
        }
        Ok(())
    }

    fn ask(&self, site: SiteId, question: &Question) -> Value {
        let Some(frame) = self.hub.frame(site) else {
            return error("unknown-site", "the engine does not know this site");
        };
        if question.what == "live" && question.is_about_everybody() {
            let mut frame = Frame { stale: self.hub.health_is_old(), ..(*frame).clone() };
            frame.pages.truncate(question.pages.min(PAGES_MAX));
            return ok(json!({ "live": frame }));
        }
        let Some(config) = self.hub.config(site) else {
            return error("unknown-site", "the engine does not know this site");
        };
        self.answers.reuse(site, question, config.cache_ttl, || match question.what.as_str() {
            "history" => match history_question(question, &config) {
                Ok(question) => self.history(site, &frame, &config, &question),
                Err(wrong) => error("bad-request", wrong),
            },
            "pages" if question.is_about_everybody() => self.pages(site, &frame, &config, question),
            _ => self.order(Order::Answer { site, question: question.clone() }),
        })
    }

    /// What was is read by whoever asks, one at a time: no event waits for it.
    fn history(&self, site: SiteId, frame: &Frame, config: &SiteConfig, question: &HistoryQuestion) -> Value {
        let now = Now {
            active: frame.active,
            peak: frame.peak.value,
            peak_at: frame.peak.time,
            visitors: frame.visitors_today,
            views: frame.views_today,
        };
        let limit = Duration::from_secs(config.max_execution_time.into());
        // Who waits holds a connection that others need.
        let Some(mut history) = self.history.try_lock_for(PATIENCE) else {
            return error("busy", "other questions about the past are being answered");
        };
        let asked = Asked {
            site,
            unix: frame.time,
            calendar: &config.calendar,
            retention: config.retention,
            now: Some(now),
            limit,
        };
        match history.answer(&asked, question) {
            Ok(answer) => ok(answer),
            Err(wrong @ crate::history::Error::Bad(_)) => error("bad-request", wrong),
            Err(slow @ crate::history::Error::TooSlow) => error("too-slow", slow),
            Err(failed) => error("store", failed),
        }
    }

    /// Pages with the numbers of the last half hour, or of today where that holds few visits.
    fn pages(&self, site: SiteId, frame: &Frame, config: &SiteConfig, question: &Question) -> Value {
        let mut answer = self.order(Order::Answer { site, question: question.clone() });
        let visits = answer.get("pages").and_then(|pages| pages.get("visits")?.as_u64());
        if visits.is_none_or(|visits| visits >= FEW) {
            return answer;
        }
        let midnight = config.calendar.day(frame.time).began;
        let today = HistoryQuestion {
            from: Some(midnight),
            to: Some(frame.time + 60),
            dimension: Some("page".into()),
            limit: MOST,
            ..HistoryQuestion::default()
        };
        let history = self.history(site, frame, config, &today);
        let everything = Question { limit: MOST, offset: 0, ..question.clone() };
        let mut lately = self.order(Order::Answer { site, question: everything });
        if let (Some(today), Some(lately)) =
            (history.get("history"), lately.get_mut("pages").map(Value::take))
            && let Some(pages) = answer.get_mut("pages")
        {
            *pages = today::pages(lately, today, question.limit.clamp(1, MOST), question.offset);
        }
        answer
    }

    fn order(&self, order: Order) -> Value {
        let (reply, answer) = bounded(1);
        if self.orders.send_timeout((order, reply), PATIENCE).is_err() {
            return error("busy", "the engine is busy");
        }
        answer
            .recv_timeout(PATIENCE * 3)
            .unwrap_or_else(|_| error("busy", "the engine did not answer in time"))
    }
}

/// A question about the past has members of its own. Its page is named as views name it.
fn history_question(question: &Question, config: &SiteConfig) -> serde_json::Result<HistoryQuestion> {
    let mut asked: HistoryQuestion = serde_json::from_value(serde_json::to_value(question)?)?;
    for page in [&mut asked.page, &mut asked.filter.page].into_iter().flatten() {
        if page.starts_with('/') {
            *page = config.page(page).into_owned();
        }
    }
    Ok(asked)
}

/// The bytes of pairs of hex digits; none if they are not.
fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

fn with_site(text: &str, then: impl FnOnce(SiteId) -> Value) -> Value {
    match SiteId::parse(text.as_bytes()) {
        Some(site) => then(site),
        None => error("bad-request", "site: 16 hex digits"),
    }
}
