use super::super::news::number;
use super::super::patch;
use super::super::shown::{RING, RING_AGE};
use super::super::{FilterName, Kind};
use super::*;
use proptest::prelude::*;
use qahm_event::SiteId;
use std::time::Duration;

fn stream(topic: Topic) -> Stream {
    let key = StreamKey::new(SiteId(1), FilterName::everybody(), topic);
    Stream::new(key, 1, Arc::default())
}

fn show(stream: &Stream, state: Value, now: Instant) {
    stream.give(News::State(state));
    stream.digest(now);
}

/// A reader: what it has seen, and where it is.
#[derive(Clone, Default)]
struct Reader {
    at: Option<At>,
    state: Value,
}

impl Reader {
    /// Takes what is after its place, as a client does; answers the kinds of the messages.
    fn read(&mut self, stream: &Stream, now: Instant) -> Vec<Kind> {
        let After::Messages(messages) = stream.after(self.at, now) else { return Vec::new() };
        for message in &messages {
            let json: Value = serde_json::from_str(message.json()).unwrap();
            match message.kind {
                Kind::Put => self.state = json["data"].clone(),
                Kind::Patch => {
                    assert_eq!(message.base, self.at.map(|at| at.seq));
                    patch::apply(&ops(&json["ops"]), &mut self.state).unwrap();
                }
            }
            self.at = Some(At { epoch: 1, seq: message.seq });
        }
        messages.iter().map(|message| message.kind).collect()
    }
}

fn ops(json: &Value) -> Vec<Op> {
    let op = |op: &Value| Op { path: op[0].as_str().unwrap().into(), value: op.get(1).cloned() };
    json.as_array().unwrap().iter().map(op).collect()
}

#[test]
fn nothing_first_then_a_put_then_patches() {
    let (stream, now) = (stream(Topic::Visitors), Instant::now());
    let mut reader = Reader::default();
    assert_eq!(reader.read(&stream, now), []);
    let state =
        |n: u64, time: u64| json!({ "n": n, "time": time, "rest": "of the state, which stays as it is" });
    show(&stream, state(1, 1), now);
    assert_eq!(reader.read(&stream, now), [Kind::Put]);
    assert_eq!(reader.read(&stream, now), []);
    show(&stream, state(1, 2), now);
    assert_eq!(reader.read(&stream, now), [], "time alone is no change");
    show(&stream, state(2, 2), now);
    show(&stream, state(3, 2), now);
    let mut late = reader.clone();
    assert_eq!(late.read(&stream, now + RING_AGE), [Kind::Patch, Kind::Patch]);
    assert_eq!(late.state, state(3, 2));
    assert_eq!(reader.read(&stream, now + RING_AGE * 2), [Kind::Put], "too late for the ring");
    assert_eq!(reader.state, state(3, 2));
    let mut stranger = Reader { at: Some(At { epoch: 2, seq: 3 }), ..Reader::default() };
    assert_eq!(stranger.read(&stream, now), [Kind::Put]);
    let mut ahead = Reader { at: Some(At { epoch: 1, seq: 99 }), ..Reader::default() };
    assert_eq!(ahead.read(&stream, now), [Kind::Put]);
}

#[test]
fn the_ring_holds_so_many_and_no_patch_is_longer_than_the_put() {
    let (stream, now) = (stream(Topic::Visitors), Instant::now());
    let mut readers = Vec::new();
    for n in 0..RING + 3 {
        show(&stream, json!({ "n": n, "rest": "of the state, which stays as it is" }), now);
        let mut reader = readers.last().cloned().unwrap_or_else(Reader::default);
        reader.read(&stream, now);
        readers.push(reader);
    }
    assert_eq!(readers[1].clone().read(&stream, now), [Kind::Put]);
    assert_eq!(readers[2].clone().read(&stream, now), [Kind::Patch; RING]);
    let mut reader = readers.pop().unwrap();
    show(&stream, json!([1]), now);
    assert_eq!(reader.read(&stream, now), [Kind::Put]);
    assert_eq!(reader.state, json!([1]));
}

fn row(id: u64) -> Value {
    json!({ "id": id, "kind": "view" })
}

fn rows(whole: bool, ids: std::ops::RangeInclusive<u64>, undone: &[u64]) -> News {
    let last = *ids.end();
    News::Rows(Rows { whole, first: 1, last, rows: ids.map(row).collect(), undone: undone.into() })
}

#[test]
fn rows_come_in_front_and_what_waits_is_put_together() {
    let (stream, now) = (stream(Topic::Events), Instant::now());
    let mut reader = Reader::default();
    stream.give(rows(true, 1..=3, &[]));
    stream.give(rows(false, 4..=5, &[2]));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), [Kind::Put]);
    assert_eq!(reader.state["last"], 5);
    stream.give(rows(false, 6..=6, &[]));
    stream.give(rows(false, 7..=7, &[6, 4]));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), [Kind::Patch]);
    let events = reader.state["events"].as_array().unwrap();
    assert_eq!(events.iter().map(number).collect::<Vec<_>>(), [7, 6, 5, 4, 3, 2, 1]);
    let undone: Vec<u64> = events.iter().filter(|row| row["undone"] == true).map(number).collect();
    assert_eq!(undone, [6, 4, 2]);
    assert_eq!(reader.state["last"], 7);
    // Rows that do not fit the filter move nothing.
    stream.give(News::Rows(Rows { last: 9, first: 1, ..Rows::default() }));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), []);
    // The same entries, told differently: who has them gets them anew at once.
    stream.give(rows(true, 5..=7, &[]));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), [Kind::Put]);
    assert_eq!(reader.state["events"].as_array().unwrap().len(), 3);
    stream.give(rows(true, 5..=7, &[]));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), [], "nothing has changed");
    stream.give(rows(false, 8..=8, &[]));
    stream.digest(now);
    assert_eq!(reader.read(&stream, now), [Kind::Patch]);
    assert_eq!(reader.state["events"].as_array().unwrap().len(), 4);
}

proptest! {
    #[test]
    fn who_pauses_sees_what_everybody_sees(
        steps in proptest::collection::vec((0..6u64, 0..12u64, any::<[bool; 3]>(), 0..9u64), 1..60),
    ) {
        let stream = stream(Topic::Visitors);
        let mut now = Instant::now();
        let mut readers = [Reader::default(), Reader::default(), Reader::default()];
        for (n, length, reading, pause) in steps {
            now += Duration::from_secs(pause);
            let list: Vec<u64> = (0..length).map(|m| m / 2 + n).collect();
            show(&stream, json!({ "n": n, "list": list, "rest": { "a": null, "b": length } }), now);
            let mut fresh = Reader::default();
            fresh.read(&stream, now);
            for (reader, _) in readers.iter_mut().zip(reading).filter(|(_, reading)| *reading) {
                reader.read(&stream, now);
                prop_assert_eq!(&reader.state, &fresh.state);
                prop_assert_eq!(reader.at, fresh.at);
            }
        }
    }
}
