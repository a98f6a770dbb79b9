//! An event that reaches the engine seconds after it happened, and an engine that is killed after it.

use std::net::{IpAddr, Ipv4Addr};

use qahm_chaos::engine::Engine;
use qahm_chaos::record::{HOST, SITE};
use qahm_chaos::scene::Scene;
use qahm_chaos::until;
use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId};
use qahm_ring::Ring;

/// An event of a view by the only visitor there is.
struct Event {
    time: Micros,
    kind: Kind,
    view: u64,
    page: &'static str,
    /// The page of the site that led there.
    from: Option<&'static str>,
}

impl Event {
    fn push(&self, ring: &Ring) {
        let mut buffer = [0; RECORD_MAX];
        let head = Head {
            kind: self.kind,
            flags: Flags(Flags::HOST_OK.0 | Flags::VISIBLE.0),
            site: SITE,
            time: self.time,
            view: ViewId(self.view),
            sequence: u32::from(self.kind != Kind::View),
            peer: Peer::from(IpAddr::V4(Ipv4Addr::new(81, 57, 1, 1))),
        };
        let mut record = Encoder::new(&mut buffer, &head);
        record.text(Tag::Url, self.page.as_bytes());
        if let Some(from) = self.from {
            record.text(Tag::Referrer, format!("http://{HOST}{from}").as_bytes());
        }
        record.text(Tag::UserAgent, b"Firefox");
        ring.push(record.finish()).unwrap();
    }
}

/// Two tabs. One is closed; when its last seconds are over, the engine hears of a view that began within them and came
/// from the other tab. So it takes the other one's place, not that of the closed one, which is gone. An engine that
/// replays the journal must not let the late view begin before the closed one has gone.
#[test]
fn a_view_that_comes_late_is_replayed_as_it_was_taken_in() {
    let scene = Scene::new(256);
    let mut engine = scene.begin();
    let ring = scene.ring();
    let active = || scene.live().and_then(|live| live["active"].as_u64());
    let shown = || scene.live().map(|live| (live["active"].clone(), live["pages"].clone()));

    let opened = Micros::now();
    let at = |seconds: u64| Micros(opened.0 + seconds * 1_000_000);
    Event { time: at(0), kind: Kind::View, view: 1, page: "/closed", from: None }.push(&ring);
    Event { time: at(0), kind: Kind::View, view: 2, page: "/open", from: None }.push(&ring);
    Event { time: at(0), kind: Kind::Leave, view: 1, page: "/closed", from: None }.push(&ring);
    until("the closed tab to be gone", || active() == Some(1));
    until("its last second to be over", || Micros::now().seconds() >= opened.seconds() + 4);
    engine.settle(&ring);
    Event { time: at(2), kind: Kind::View, view: 3, page: "/next", from: Some("/open") }.push(&ring);
    until("everything to be committed", || ring.header().freed() == 4);
    engine.settle(&ring);
    let before = shown();

    engine.kill();
    let mut engine = Engine::start(&scene);
    until("the new engine", || engine.is_up(&ring));
    until("its first answer", || active().is_some());
    // Nothing else happens for a minute: which second it is does not matter.
    assert_eq!(before, shown());
}
