//! One stream: its state, the patches of late, and those who wait for the next.
//!
//! The pipeline puts news into the *inbox*; the worker compares them with the state, numbers what changed and wakes the
//! followers, who fetch what they miss when they can take it: nothing is queued for anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::news::rows_ops;
use super::patch::{Op, apply, diff};
use super::position::epoch_text;
use super::shown::Shown;
use super::{At, Message, News, Refused, Rows, StreamKey, Topic};

/// The bytes of a state are counted with every so many new ones at least, for counting takes the time of writing.
const COUNTED: u64 = 16;

/// What is after a place.
#[derive(Debug)]
pub enum After {
    /// Nothing: the place is the newest, or the stream has no state yet.
    Current,
    /// The patches that were missed in order, or one put. After them the reader is at the last one's `seq`.
    Messages(Vec<Arc<Message>>),
    /// Nothing will ever come: the site was forgotten, or there is no room for the filter any more.
    Gone(Refused),
}

pub(super) struct Stream {
    pub(super) key: StreamKey,
    /// Of its filter, in text and as a number.
    epoch: String,
    number: u64,
    /// Numbers for states that have none of their own: of the whole channel, so that a stream that is forgotten and made
    /// again does not use one twice.
    counter: Arc<AtomicU64>,
    inbox: Mutex<Option<News>>,
    /// The worker has been told of the inbox.
    pub(super) told: AtomicBool,
    shown: Mutex<Shown>,
    /// Of what is shown, in memory; none before there is a state.
    bytes: AtomicUsize,
    /// Something is shown for the first time, for those who wait without a runtime.
    begun: Condvar,
    wake: watch::Sender<()>,
}

impl Stream {
    pub(super) fn new(key: StreamKey, epoch: u64, counter: Arc<AtomicU64>) -> Stream {
        Stream {
            key,
            epoch: epoch_text(epoch),
            number: epoch,
            counter,
            inbox: Mutex::default(),
            told: AtomicBool::new(false),
            shown: Mutex::default(),
            bytes: AtomicUsize::new(0),
            begun: Condvar::new(),
            wake: watch::Sender::new(()),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.number
    }

    /// Adds news to what waits. Answers whether the worker must be told.
    pub(super) fn give(&self, news: News) -> bool {
        let mut inbox = self.inbox.lock();
        *inbox = Some(match inbox.take() {
            Some(earlier) => earlier.then(news),
            None => news,
        });
        !self.told.swap(true, Ordering::AcqRel)
    }

    /// Takes in what waits: the worker's part.
    pub(super) fn digest(&self, now: Instant) {
        self.told.store(false, Ordering::Release);
        let Some(news) = self.inbox.lock().take() else { return };
        match (news, self.key.topic) {
            (News::Frame(frame), Topic::Alerts) => {
                self.replace(json!({ "alerts": frame.alerts }), None, now);
            }
            (News::Frame(frame), _) => {
                self.replace(serde_json::to_value(&*frame).unwrap_or_default(), Some(frame.seq), now);
            }
            (News::State(state), _) => self.replace(state, None, now),
            (News::Rows(rows), _) => self.add(rows, now),
        }
    }

    /// A new state, with its own number or the next one of the channel.
    fn replace(&self, state: Value, seq: Option<u64>, now: Instant) {
        let old = self.shown.lock().state.clone();
        // Compared without the lock: nobody else changes the state.
        let ops = old.as_ref().map(|old| diff(old, &state));
        // That time passes is no news: a reader has a clock.
        let idle =
            |ops: &Vec<Op>| ops.is_empty() || (seq.is_none() && ops.iter().all(|op| op.path == "time"));
        if ops.as_ref().is_some_and(idle) {
            return;
        }
        let seq = seq.unwrap_or_else(|| self.next());
        let shown = self.shown.lock();
        self.show(shown, Arc::new(state), seq, ops, now);
    }

    /// The channel's next number.
    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds rows to the feed. Its states are not numbered as its rows are: the same rows may be told differently, when
    /// the site's settings or the clock have changed, and who has them as they were must get them anew.
    fn add(&self, rows: Rows, now: Instant) {
        let mut shown = self.shown.lock();
        if rows.whole {
            let state = rows.state();
            if shown.state.as_deref() == Some(&state) {
                return;
            }
            return self.show(shown, Arc::new(state), self.next(), None, now);
        }
        // Meant for a stream of this name that was let go: the pipeline will give this one all there is.
        let Some(mut state) = shown.state.take() else { return };
        let ops = rows_ops(&state, rows);
        if ops.is_empty() {
            shown.state = Some(state);
            return;
        }
        // A put that is being written has the only other reference, and that under the lock.
        let applied = apply(&ops, Arc::make_mut(&mut state));
        let ops = applied.is_ok().then_some(ops);
        self.show(shown, state, self.next(), ops, now);
    }

    /// Shows a state; `ops` lead to it from the one before. No number stands for two states.
    fn show(
        &self,
        mut shown: MutexGuard<Shown>,
        state: Arc<Value>,
        seq: u64,
        ops: Option<Vec<Op>>,
        now: Instant,
    ) {
        let seq = seq.max(shown.seq + 1);
        let patch = ops.map(|ops| Message::patch(&self.key, &self.epoch, shown.seq, seq, &ops));
        // A patch that is much shorter is taken at once.
        let is_long = patch.as_ref().is_none_or(|patch| patch.json().len() > shown.put_bytes / 2);
        if is_long || shown.states.is_multiple_of(COUNTED) {
            shown.put_bytes = self.put_bytes(&state, seq);
        }
        shown.states += 1;
        match patch.filter(|patch| patch.json().len() <= shown.put_bytes) {
            Some(patch) => shown.keep(patch, now),
            // Whoever is behind gets the put.
            None => shown.clear_ring(),
        }
        shown.seq = seq;
        shown.state = Some(state);
        shown.put = None;
        self.weigh(&shown);
        drop(shown);
        self.begun.notify_all();
        self.wake.send_replace(());
    }

    /// Bytes of the put of a state.
    fn put_bytes(&self, state: &Value, seq: u64) -> usize {
        let words = self.key.topic.as_str().len() + self.key.filter.as_str().len() + self.epoch.len();
        r#"{"t":"","f":"","e":"","s":,"path":"/","data":}"#.len()
            + words
            + seq.to_string().len()
            + crate::report::json_bytes(state)
    }

    /// What is after a place.
    pub(super) fn after(&self, at: Option<At>, now: Instant) -> After {
        let mut shown = self.shown.lock();
        if let Some(why) = shown.gone {
            return After::Gone(why);
        }
        let Some(state) = shown.state.clone() else { return After::Current };
        shown.age(now);
        if let Some(at) = at.filter(|at| at.epoch == self.number) {
            if at.seq == shown.seq {
                return After::Current;
            }
            if let Some(missed) = shown.missed(at.seq) {
                return After::Messages(missed);
            }
        }
        let seq = shown.seq;
        let put =
            shown.put.get_or_insert_with(|| Arc::new(Message::put(&self.key, &self.epoch, seq, &*state)));
        let messages = vec![put.clone()];
        self.weigh(&shown);
        After::Messages(messages)
    }

    fn weigh(&self, shown: &Shown) {
        self.bytes.store(shown.bytes(), Ordering::Relaxed);
    }

    /// Bytes in memory, estimated.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Gives up what only readers need who are behind: they get a put.
    pub(super) fn slim(&self) {
        let mut shown = self.shown.lock();
        shown.clear_ring();
        shown.put = None;
        self.weigh(&shown);
    }

    /// The newest place; `None` while there is no state yet.
    pub(super) fn position(&self) -> Option<At> {
        let shown = self.shown.lock();
        shown.state.is_some().then_some(At { epoch: self.number, seq: shown.seq })
    }

    /// Waits until there is a state, or the stream is gone. Blocks its thread.
    pub(super) fn await_state(&self, deadline: Instant) {
        let mut shown = self.shown.lock();
        while shown.state.is_none() && shown.gone.is_none() {
            if self.begun.wait_until(&mut shown, deadline).timed_out() {
                return;
            }
        }
    }

    /// Tells the followers that nothing will come any more.
    pub(super) fn end(&self, why: Refused) {
        self.shown.lock().gone = Some(why);
        self.begun.notify_all();
        self.wake.send_replace(());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }
}

#[cfg(test)]
mod tests;
