//! Records into the ring, as the extension writes them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId};
use qahm_ring::Ring;

use crate::Result;
use crate::crowd::Crowd;
use crate::engine::{HOST, SITE};
use crate::mixed;
use crate::traffic::Event;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const HINTS: &str =
    "\"Chromium\";v=\"142\", \"Google Chrome\";v=\"142\", \"Not_A Brand\";v=\"99\"; ?0; \"Windows\"";

/// How long a full ring may stay full: an engine that has stopped is not waited for.
const STUCK: Duration = Duration::from_secs(20);

/// The producer.
pub(crate) struct Sender<'a> {
    ring: &'a Ring,
    buffer: Box<[u8; RECORD_MAX]>,
    /// Who the visitors are; without it all of them use one browser, directly.
    crowd: Option<&'a Crowd>,
    pub(crate) sent: u64,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(ring: &'a Ring) -> Self {
        Self { ring, buffer: Box::new([0; RECORD_MAX]), crowd: None, sent: 0 }
    }

    /// One whose visitors are as different as people are.
    pub(crate) fn of_crowd(ring: &'a Ring, crowd: &'a Crowd) -> Self {
        Self { crowd: Some(crowd), ..Self::new(ring) }
    }

    /// Sends an event that happened at `time`; waits while the ring is full.
    ///
    /// # Errors
    /// The ring stays full, or refuses the record for another reason.
    pub(crate) fn send(&mut self, event: &Event, time: Micros) -> Result<()> {
        if self.ring.used() == self.ring.slots() {
            self.wait()?;
        }
        let record = match self.crowd {
            Some(crowd) => mixed::encode(&mut self.buffer, crowd, event, time),
            None => encode(&mut self.buffer, event, time),
        };
        self.ring
            .push(record)
            .map_err(|refused| format!("the ring refuses record {}: {refused:?}", self.sent))?;
        self.sent += 1;
        Ok(())
    }

    fn wait(&self) -> Result<()> {
        let end = Instant::now() + STUCK;
        while self.ring.used() == self.ring.slots() {
            if Instant::now() > end {
                return Err(format!("the ring has been full for {} s", STUCK.as_secs()).into());
            }
            sleep(Duration::from_micros(200));
        }
        Ok(())
    }
}

/// The fields that `qahm_realtime_collect` and `qahm_realtime_record` write.
fn encode<'b>(buffer: &'b mut [u8; RECORD_MAX], event: &Event, time: Micros) -> &'b [u8] {
    let mut record = Encoder::new(buffer, &head(event, time, peer(event.visitor)));
    let url = format!("/page-{}/", event.page);
    if event.kind == Kind::Request {
        record.number(Tag::Status, 200);
        record.number(Tag::Generation, 84_000);
        record.number(Tag::Queries, 27);
        record.text(Tag::Url, url.as_bytes());
        record.text(Tag::UserAgent, AGENT.as_bytes());
        return record.finish();
    }
    record.text(Tag::Url, url.as_bytes());
    record.text(Tag::UserAgent, AGENT.as_bytes());
    record.text(Tag::ClientHints, HINTS.as_bytes());
    if event.kind == Kind::View {
        if let Some(from) = event.from {
            record.text(Tag::Referrer, format!("http://{HOST}/page-{from}/").as_bytes());
        }
        record.text(Tag::Title, format!("The page of number {} \u{2013} Bench", event.page).as_bytes());
    }
    record.finish()
}

/// The head of an event's record.
pub(crate) fn head(event: &Event, time: Micros, peer: Peer) -> Head {
    let flags = match event.kind {
        Kind::View => Flags::HOST_OK | Flags::VISIBLE,
        Kind::Leave => Flags::HOST_OK.with(Flags::LINK, event.link),
        Kind::Request | Kind::Signal => Flags::NONE,
        _ => Flags::HOST_OK,
    };
    Head {
        kind: event.kind,
        flags,
        site: SITE,
        time,
        view: ViewId(event.view),
        sequence: event.sequence,
        peer,
    }
}

/// A public IPv4 address for each of 2^24 visitors.
fn peer(visitor: u32) -> Peer {
    let [_, a, b, c] = visitor.to_be_bytes();
    Peer([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 81, a, b, c])
}
