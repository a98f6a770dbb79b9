//! What those who follow get to see: values are made of streams in use only, when something has changed, and not more
//! often than the pipeline can afford. Comparing and encoding them is the channel's worker's.

use std::collections::HashMap;
use std::sync::Arc;

use qahm_event::SiteId;

use crate::alert::Episode;
use crate::channel::{Channel, News, StreamKey, Topic};
use crate::hub::{Frame, Hub, PAGES_MAX};
use crate::intake::Intake;
use crate::report::{Question, Words};

/// Two looks for one stream are so far apart at least (µs) …
const LOOK_US: u64 = 25_000;
const VISITORS_US: u64 = 100_000;
const PERFORMANCE_US: u64 = 1_000_000;
/// … and this many times as long as the last one took: a tenth of the pipeline's time at most.
const SHARE: u64 = 10;
/// All looks together take a quarter of it at most: after so much (µs) in a row they rest three times as long.
const SPELL_US: u64 = 2_000;
const REST: u64 = 3;
/// Without any change time alone moves windows: looked at after so long (µs).
const TIME_ALONE_US: u64 = 10_000_000;
/// Bytes of a state at most; a list that is longer is cut.
const STATE_MAX: usize = 256 << 10;

/// The streams in use, as the pipeline sees them.
pub struct Feeds {
    channel: Arc<Channel>,
    /// Of the channel's set of streams, when it was last looked at.
    version: u64,
    looks: HashMap<StreamKey, Look>,
    /// No look before this (boot µs).
    rested: u64,
}

/// What the pipeline remembers of a stream.
struct Look {
    /// The stream's number.
    stream: u64,
    words: Words,
    /// Something may have changed since the last look.
    pending: bool,
    /// Not before this (boot µs); when the last one was.
    due: u64,
    looked: u64,
    /// Of events: the last entry given.
    after: Option<u64>,
    /// Of performance: what had been measured.
    measured: u64,
    /// Of alerts: those given.
    alerts: Option<Vec<Episode>>,
}

impl Feeds {
    pub fn new(channel: Arc<Channel>) -> Feeds {
        Feeds { channel, version: 0, looks: HashMap::new(), rested: 0 }
    }

    /// Whether anybody follows anything.
    pub fn in_use(&self) -> bool {
        !self.looks.is_empty()
    }

    /// Follows what the channel's streams have become. Costs the reading of one number if they are the same.
    pub fn follow(&mut self, hub: &Hub) {
        let version = self.channel.version();
        if version == self.version {
            return;
        }
        self.version = version;
        let mut before = std::mem::take(&mut self.looks);
        for (key, stream) in self.channel.in_use() {
            let known = before.remove(&key).filter(|look| look.stream == stream);
            let look = known.unwrap_or_else(|| {
                let mut look = Look::new(stream, &key);
                if let Some(frame) = hub.frame(key.site) {
                    look.frame(&self.channel, &key, &frame);
                }
                look
            });
            self.looks.insert(key, look);
        }
    }

    /// A site has a new frame: something has changed.
    pub fn frame(&mut self, site: SiteId, frame: &Arc<Frame>) {
        for (key, look) in self.looks.iter_mut().filter(|(key, _)| key.site == site) {
            look.frame(&self.channel, key, frame);
        }
    }

    /// What was given is no longer how it would be told now: of one site, or of all.
    pub fn again(&mut self, site: Option<SiteId>) {
        for (_, look) in self.looks.iter_mut().filter(|(key, _)| site.is_none_or(|site| key.site == site)) {
            look.after = None;
            look.pending = true;
        }
    }

    /// Looks for the streams whose turn it is, who waits longest first.
    pub fn look(&mut self, intake: &Intake, now_us: u64) {
        if self.looks.is_empty() || now_us < self.rested {
            return;
        }
        let mut spent = 0;
        while spent < SPELL_US {
            let waiting = self.looks.iter_mut().filter(|(key, look)| look.is_due(key, intake, now_us));
            let Some((key, look)) = waiting.min_by_key(|(_, look)| look.due) else { break };
            let begun = worked_us();
            if let Some(news) = look.news(key, intake) {
                self.channel.tell(key, news);
            }
            let took = worked_us().saturating_sub(begun);
            look.pending = false;
            look.looked = now_us;
            look.due = now_us + every(key.topic).max(took.saturating_mul(SHARE));
            spent += took.max(1);
        }
        if spent >= SPELL_US {
            self.rested = now_us + spent + spent.saturating_mul(REST);
        }
    }

    /// When something that waits has its next turn (boot µs).
    pub fn next(&self) -> Option<u64> {
        let waiting = self.looks.iter().filter(|(key, look)| look.pending && !of_frame(key));
        waiting.map(|(_, look)| look.due.max(self.rested)).min()
    }
}

impl Look {
    fn new(stream: u64, key: &StreamKey) -> Look {
        Look {
            stream,
            words: key.filter.words(),
            pending: true,
            due: 0,
            looked: 0,
            after: None,
            measured: 0,
            alerts: None,
        }
    }

    fn frame(&mut self, channel: &Channel, key: &StreamKey, frame: &Arc<Frame>) {
        self.pending = true;
        let news = match key.topic {
            Topic::Live => true,
            Topic::Alerts => self.alerts.as_ref() != Some(&frame.alerts),
            _ => false,
        };
        if news && of_frame(key) {
            if key.topic == Topic::Alerts {
                self.alerts = Some(frame.alerts.clone());
            }
            channel.tell(key, News::Frame(frame.clone()));
        }
    }

    fn is_due(&self, key: &StreamKey, intake: &Intake, now_us: u64) -> bool {
        if of_frame(key) || self.due > now_us {
            return false;
        }
        let measured = || intake.live.site(key.site).is_some_and(|site| site.measured != self.measured);
        self.pending
            || (key.topic == Topic::Performance && measured())
            || (key.topic != Topic::Events && now_us >= self.looked + TIME_ALONE_US)
    }

    fn news(&mut self, key: &StreamKey, intake: &Intake) -> Option<News> {
        if key.topic == Topic::Events {
            let rows = intake.feed(key.site, &self.words, self.after)?;
            let new = self.after != Some(rows.last);
            self.after = Some(rows.last);
            return new.then_some(News::Rows(rows));
        }
        self.measured = intake.live.site(key.site)?.measured;
        let limit = match key.topic {
            Topic::Live => PAGES_MAX,
            Topic::Visitors => 100,
            _ => 50,
        };
        let what = key.topic.as_str();
        let question = Question { filter: self.words.clone(), limit, ..Question::about(what) };
        let mut answer = intake.answer_within(STATE_MAX, key.site, &question)?;
        answer.get_mut(what).map(|state| News::State(state.take()))
    }
}

/// Whether a stream's state is in the site's frame, which is made anyway.
fn of_frame(key: &StreamKey) -> bool {
    key.topic == Topic::Alerts || (key.topic == Topic::Live && key.filter.is_everybody())
}

/// What the thread has worked so far (µs): that others had the processor is no cost of ours.
fn worked_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1000
}

fn every(topic: Topic) -> u64 {
    match topic {
        Topic::Visitors => VISITORS_US,
        Topic::Performance => PERFORMANCE_US,
        _ => LOOK_US,
    }
}
