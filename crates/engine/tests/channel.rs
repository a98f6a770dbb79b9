//! Streams over random traffic: who applies patches, pauses and comes back sees what the question of that name answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;
#[path = "reference/random.rs"]
#[allow(dead_code, unreachable_pub)]
mod random;
mod reader;

use std::sync::Arc;

use hall::{FIREFOX, Hall, SITE, Sent};
use qahm_engine::channel::{
    After, At, Channel, FilterName, Follower, Kind as Message, StreamKey, Topic, Worker,
};
use qahm_engine::hub::{Frame, Hub};
use qahm_engine::pipeline::feeds::Feeds;
use qahm_event::{Flags, Kind, Tag};
use random::Random;
use reader::Reader;
use serde_json::{Value, json};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

/// A hall whose streams are followed. Its clock is told, its worker works when asked.
struct House {
    hall: Hall,
    hub: Arc<Hub>,
    channel: Arc<Channel>,
    worker: Worker,
    feeds: Feeds,
    now_us: u64,
    frames: u64,
    views: u64,
}

impl House {
    fn new() -> House {
        let hub = Arc::new(Hub::default());
        let hall = Hall::new(64 << 20, &json!({}));
        hub.set_config(SITE, hall.intake.configs[&SITE].clone());
        let (channel, worker) = Channel::new(hub.clone());
        let feeds = Feeds::new(channel.clone());
        let mut house = House { hall, hub, channel, worker, feeds, now_us: 1, frames: 0, views: 0 };
        house.show();
        house
    }

    fn follow(&self, topic: Topic, filter: &Value) -> Seat {
        let key = StreamKey::new(SITE, FilterName::from_json(filter).unwrap(), topic);
        let follower = self.channel.follow(key).unwrap();
        Seat { follower, filter: filter.clone(), topic, reader: Reader::default() }
    }

    /// What a round of the pipeline does after the drain.
    fn show(&mut self) {
        self.feeds.follow(&self.hub);
        let live = &self.hall.intake.live;
        let site = live.site(SITE).unwrap();
        self.frames += 1;
        let frame = Arc::new(Frame {
            epoch: self.channel.epoch().into(),
            seq: self.frames,
            time: live.unix(),
            active: site.active,
            views_today: site.kept.views_today,
            ..Frame::default()
        });
        self.feeds.frame(SITE, &frame);
        self.hub.put(SITE, frame);
        self.feeds.look(&self.hall.intake, self.now_us);
        self.worker.settle();
    }

    /// The same until every stream has had its turn: looks may take longer than one round's share.
    fn show_all(&mut self) {
        self.show();
        while let Some(turn) = self.feeds.next() {
            self.now_us = self.now_us.max(turn);
            self.feeds.look(&self.hall.intake, self.now_us);
        }
        self.worker.settle();
    }

    /// Some seconds pass, long enough for every stream to have its turn.
    fn pass(&mut self, seconds: u32) {
        self.hall.pass(seconds);
        self.now_us += 1_000_000 * u64::from(seconds.max(2));
    }

    /// Something happens.
    fn happen(&mut self, random: &mut Random) {
        let visitor = random.between(1, 12);
        let agent = if visitor.is_multiple_of(3) { PHONE } else { FIREFOX };
        let sent =
            |kind, view, sequence| Sent::new(kind, visitor, view, sequence).text(Tag::UserAgent, agent);
        let page = format!("/page-{}", random.between(1, 8));
        if self.views < 3 || random.chance(40) {
            self.views += 1;
            let title = format!("Title of {page} / \"~");
            return self
                .hall
                .take(&sent(Kind::View, self.views, 0).text(Tag::Url, &page).text(Tag::Title, &title));
        }
        let view = u64::from(random.between(1, self.views as u32));
        let sequence = self.frames as u32 * 50 + random.between(0, 49);
        let event = |kind| sent(kind, view, sequence).text(Tag::Url, &page);
        self.hall.take(&match random.between(0, 6) {
            0 => event(Kind::Leave),
            1 => event(Kind::Hidden).flags(Flags::NONE),
            2 => event(Kind::Click).text(Tag::What, "link").text(Tag::Target, "/x").text(Tag::Name, "X"),
            3 => event(Kind::Timing).number(Tag::Load, 700).number(Tag::FirstByte, 90),
            4 => sent(Kind::Request, 0, 0)
                .text(Tag::Url, &page)
                .number(Tag::Status, 200)
                .number(Tag::Generation, 9000),
            5 => event(Kind::Custom).text(Tag::Name, "like"),
            _ => event(Kind::Beat),
        });
    }
}

/// Somebody who follows one stream.
struct Seat {
    follower: Follower,
    filter: Value,
    topic: Topic,
    reader: Reader,
}

impl Seat {
    fn at(&self) -> Option<At> {
        let epoch = u64::from_str_radix(&self.reader.epoch, 16).ok()?;
        Some(At { epoch, seq: self.reader.seq })
    }

    fn read(&mut self) -> Vec<Message> {
        let After::Messages(messages) = self.follower.after(self.at()) else { return Vec::new() };
        for message in &messages {
            self.reader.take(&serde_json::from_str(message.json()).unwrap());
        }
        messages.iter().map(|message| message.kind).collect()
    }

    /// What somebody who comes now gets.
    fn fresh(&self) -> Reader {
        let mut fresh = Reader::default();
        let messages = match self.follower.after(None) {
            After::Messages(messages) => messages,
            _ => Vec::new(),
        };
        assert_eq!(messages.len(), 1);
        fresh.take(&serde_json::from_str(messages[0].json()).unwrap());
        fresh
    }

    /// The answer that the state must be.
    fn answer(&self, house: &House) -> Value {
        let what = self.topic.as_str();
        let limit = match self.topic {
            Topic::Performance => 50,
            Topic::Events => 200,
            _ => 100,
        };
        if what == "live" && self.filter == json!({}) {
            return serde_json::to_value(&*house.hub.frame(SITE).unwrap()).unwrap();
        }
        let mut answer = house.hall.ask(&json!({ "what": what, "filter": self.filter, "limit": limit }));
        if self.topic == Topic::Events {
            answer = json!({ "first": answer["first"], "last": answer["last"], "missed": false, "events": answer["events"] });
        }
        // As it comes over the wire: reading a number may take its last digit.
        serde_json::from_str(&answer.to_string()).unwrap()
    }
}

/// Without what may be older because nothing else has changed.
fn calm(mut state: Value, topic: Topic) -> Value {
    let members = state.as_object_mut().unwrap();
    if topic == Topic::Events {
        // Of entries that do not fit the filter nothing is told.
        members.remove("last");
        members.remove("first");
    } else {
        members.remove("time");
    }
    state
}

#[test]
fn who_follows_sees_what_is_answered() {
    for seed in 1..=3 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut house = House::new();
        let filters = [
            json!({}),
            json!({ "device": "mobile" }),
            json!({ "page": "/page-3" }),
            json!({ "country": "" }),
        ];
        let topics = [Topic::Live, Topic::Events, Topic::Visitors, Topic::Performance];
        let mut seats: Vec<Seat> =
            filters.iter().flat_map(|filter| topics.map(|topic| house.follow(topic, filter))).collect();
        for step in 0..120 {
            for _ in 0..random.between(0, 9) {
                house.happen(&mut random);
            }
            // Long enough, now and then, for visits to leave and to come back.
            let seconds = if random.chance(4) { random.between(100, 400) } else { random.between(0, 3) };
            house.pass(seconds);
            house.show_all();
            for seat in &mut seats {
                if random.chance(30) && step < 119 {
                    continue;
                }
                seat.read();
                let fresh = seat.fresh();
                assert_eq!((&seat.reader.state, seat.reader.seq), (&fresh.state, fresh.seq), "step {step}");
                let mut answer = seat.answer(&house);
                if let Some(rows) = answer.get_mut("events").and_then(Value::as_array_mut) {
                    // The log lets rows go that are old, whoever follows keeps them: the newest 200 that fit.
                    let told = seat.reader.state["events"].as_array().unwrap();
                    rows.extend(told.iter().skip(rows.len()).cloned());
                }
                assert_eq!(
                    calm(seat.reader.state.clone(), seat.topic),
                    calm(answer, seat.topic),
                    "seed {seed} step {step} {:?} {}",
                    seat.topic,
                    seat.filter
                );
            }
        }
        for seat in &seats {
            assert!(seat.reader.patches > seat.reader.puts, "{:?} {:?}", seat.topic, seat.reader);
        }
    }
}

#[test]
fn the_feed_has_no_hole_and_nothing_twice() {
    for seed in 1..=8 {
        println!("seed {seed}");
        let mut random = Random::new(seed * 77);
        let mut house = House::new();
        let mut seats =
            [json!({}), json!({ "device": "mobile" })].map(|filter| house.follow(Topic::Events, &filter));
        house.show_all();
        for _ in 0..400 {
            (0..random.between(0, 6)).for_each(|_| house.happen(&mut random));
            house.pass(random.between(0, 2));
            house.show_all();
            for seat in &mut seats {
                if random.chance(20) {
                    seat.read();
                }
            }
        }
        let before = house.follow(Topic::Events, &json!({})).fresh();
        assert!(before.state["last"].as_u64() > Some(300), "{}", before.state["last"]);
        for seat in &mut seats {
            seat.read();
            let all = house.hall.ask(&json!({ "what": "events", "filter": seat.filter, "limit": 1000 }));
            let mut told: Vec<u64> =
                all["events"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect();
            told.reverse();
            let heard = &seat.reader.heard;
            assert!(heard.is_sorted_by(|a, b| a < b), "in order, none twice");
            assert!(heard.len() >= told.len());
            assert!(heard.ends_with(&told), "every one of them");
        }
    }
}

#[test]
fn whoever_was_away_too_long_gets_a_put() {
    let mut house = House::new();
    let mut random = Random::new(5);
    let mut away = house.follow(Topic::Live, &json!({}));
    house.show_all();
    away.read();
    for n in 0..300 {
        house.happen(&mut random);
        house.pass(1);
        house.show_all();
        if n == 100 {
            assert_eq!(away.clone_read(), [Message::Patch; 101].to_vec());
        }
    }
    assert_eq!(away.read(), [Message::Put], "more than the ring holds");
    assert_eq!(away.reader.state, away.answer(&house));
}

impl Seat {
    /// What another at the same place gets.
    fn clone_read(&self) -> Vec<Message> {
        let After::Messages(messages) = self.follower.after(self.at()) else { return Vec::new() };
        messages.iter().map(|message| message.kind).collect()
    }
}

#[test]
fn nothing_is_made_for_nobody() {
    let mut house = House::new();
    let mut random = Random::new(6);
    house.show_all();
    assert!(!house.feeds.in_use() && house.feeds.next().is_none());
    let mut seat = house.follow(Topic::Visitors, &json!({ "device": "mobile" }));
    (0..20).for_each(|_| house.happen(&mut random));
    house.show_all();
    assert!(house.feeds.in_use());
    assert_eq!(seat.read(), [Message::Put]);
    drop(seat);
    house.show_all();
    assert!(!house.feeds.in_use() && house.channel.in_use().is_empty());
}

#[test]
fn a_stream_has_its_turn_at_once_and_then_in_its_time() {
    let mut house = House::new();
    let mut random = Random::new(7);
    let mut seat = house.follow(Topic::Visitors, &json!({}));
    house.show();
    assert_eq!(seat.read().len(), 1, "the first state at once");
    house.pass(5);
    let mut changes = 0;
    for _ in 0..100 {
        house.happen(&mut random);
        house.now_us += 10_000;
        house.show();
        changes += seat.read().len();
    }
    assert!((2..=11).contains(&changes), "{changes} in a second, 100 ms apart");
    let turn = house.feeds.next().unwrap();
    assert!(turn > house.now_us - 100_000 && turn <= house.now_us + 100_000);
}

#[test]
fn a_site_configured_anew_tells_its_feed_anew() {
    let mut house = House::new();
    let mut random = Random::new(8);
    let mut seat = house.follow(Topic::Events, &json!({}));
    (0..30).for_each(|_| house.happen(&mut random));
    house.show_all();
    seat.read();
    let named = |reader: &Reader| {
        let events = reader.state["events"].as_array().unwrap();
        events.iter().filter(|row| row["visitor"] != "").count()
    };
    assert!(named(&seat.reader) > 0);
    house.hall.configure(SITE, &json!({ "gdpr_mode": true }));
    house.feeds.again(Some(SITE));
    house.pass(2);
    house.show_all();
    assert_eq!(named(&seat.fresh()), 0, "whoever comes now learns of no visitor");
    assert_eq!(seat.read(), [Message::Put], "nor may who came before know any longer");
    assert_eq!(named(&seat.reader), 0);
    house.happen(&mut random);
    house.views += 1;
    house.hall.take(&Sent::view(99, house.views, "/page-1"));
    house.pass(2);
    house.show_all();
    assert_eq!(seat.read(), [Message::Patch]);
}
