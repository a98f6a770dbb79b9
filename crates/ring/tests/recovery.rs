//! Somebody died. A consumer's death is a `Drain` that another replaces, a producer's is a slot it left behind; tests/chaos.rs
//! does the same with real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{
    CLAIMED, FREE, HEAD_AT, NAMESPACE_AT, Place, Random, SKIPPED, TAIL_AT, dead_pid, drain_all, records,
};
use qahm_ring::{PAYLOAD_MAX, Ring, Step};
use std::process::Command;

fn push(ring: &Ring, numbers: std::ops::Range<u64>) {
    numbers.for_each(|n| ring.push(&n.to_le_bytes()).unwrap());
}

fn numbers(records: Vec<Vec<u8>>) -> Vec<u64> {
    records.into_iter().map(|record| u64::from_le_bytes(record.try_into().unwrap())).collect()
}

fn next(ring: &mut qahm_ring::Drain<&Ring>, now: u64) -> Step {
    ring.next(now, &mut [0; PAYLOAD_MAX])
}

/// Whatever happened before: the ring takes and gives two laps of records, none lost, none twice.
fn goes_on(ring: &Ring, drain: &mut qahm_ring::Drain<&Ring>) {
    drain.free_to(drain.position());
    let before = (ring.header().dropped(), ring.header().torn(), ring.header().skipped());
    for burst in 0..8 {
        push(ring, burst * 64..(burst + 1) * 64);
        assert_eq!(numbers(records(drain)), (burst * 64..(burst + 1) * 64).collect::<Vec<_>>());
        drain.free_to(drain.position());
    }
    assert_eq!(before, (ring.header().dropped(), ring.header().torn(), ring.header().skipped()));
}

#[test]
fn consumer_died_after_skipping_before_freeing() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..3);
    raw.set_state(1, 0, dead_pid(), CLAIMED);
    let mut drain = ring.drain();
    assert_eq!(drain_all(&mut drain).len(), 3);
    assert_eq!(raw.state(1).2, SKIPPED);

    // Nothing was committed: all is read again, and the skipped slot is no obstacle and no second skip.
    let mut drain = ring.drain();
    drain.resume(0);
    let (first, last) = (Ok(0u64.to_le_bytes().to_vec()), Ok(2u64.to_le_bytes().to_vec()));
    assert_eq!(drain_all(&mut drain), [first, Err(Step::Skipped), last]);
    assert_eq!(ring.header().skipped(), 1);

    // Committed beyond it: it is freed like the records.
    let mut drain = ring.drain();
    drain.resume(3);
    assert_eq!((0..3).map(|slot| raw.state(slot)).collect::<Vec<_>>(), [(1, 0, FREE); 3]);
    goes_on(&ring, &mut drain);
}

#[test]
fn consumer_died_half_way_through_freeing() {
    for freed in 0..=10 {
        let place = Place::new();
        let (ring, raw) = (place.create(256), place.raw());
        push(&ring, 0..12);
        let mut drain = ring.drain();
        assert_eq!(records(&mut drain).len(), 12);
        drain.free_to(freed);
        // The head is moved after the slots: a death before that leaves it behind.
        raw.set_word(HEAD_AT, 0);
        // Meanwhile producers fill what was freed already.
        push(&ring, 12..256 + freed);
        assert!(ring.push(b"full").is_err());

        let mut drain = ring.drain();
        drain.resume(10);
        assert_eq!(drain.position(), 10, "{freed} freed");
        assert_eq!(ring.header().freed(), 10);
        assert_eq!(numbers(records(&mut drain)), (10..256 + freed).collect::<Vec<_>>());
        goes_on(&ring, &mut drain);
    }
}

#[test]
fn without_a_cursor_it_begins_at_the_oldest() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..256);
    let mut drain = ring.drain();
    records(&mut drain);
    drain.free_to(200);
    push(&ring, 256..300);
    for wrong_head in [0, 3, 200, 1 << 40] {
        raw.set_word(HEAD_AT, wrong_head);
        let mut drain = ring.drain();
        assert_eq!(drain.position(), 200);
        assert_eq!(numbers(records(&mut drain)), (200..300).collect::<Vec<_>>());
    }
}

#[test]
fn cursors_that_do_not_fit() {
    let place = Place::new();
    let ring = place.create(256);
    push(&ring, 0..100);
    let mut drain = ring.drain();
    records(&mut drain);
    drain.free_to(60);
    // Below what was freed: those are gone, and were committed by somebody.
    drain.resume(10);
    assert_eq!(drain.position(), 60);
    // Beyond all that was published: of another ring, whatever the epoch says.
    drain.resume(10_000);
    assert_eq!(drain.position(), 100);
    drain.resume(u64::MAX);
    assert_eq!(drain.position(), 100);
    goes_on(&ring, &mut drain);
}

#[test]
fn a_cursor_never_frees_what_is_still_being_written() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..10);
    raw.set_state(5, 0, std::process::id(), CLAIMED);
    let mut drain = ring.drain();
    drain.resume(10);
    assert_eq!(drain.position(), 5);
}

#[test]
fn producer_died_before_it_moved_the_tail() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..5);
    raw.set_state(5, 0, dead_pid(), CLAIMED);
    assert_eq!(raw.word(TAIL_AT), 5);
    let mut drain = ring.drain();
    assert_eq!(drain_all(&mut drain).last(), Some(&Err(Step::Skipped)), "the consumer does not ask the tail");
    assert_eq!(raw.word(TAIL_AT), 6, "and helps it on");
    push(&ring, 6..8);
    assert_eq!(numbers(records(&mut drain)), [6, 7]);
    goes_on(&ring, &mut drain);
}

#[test]
fn producers_help_a_tail_that_was_left_behind() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..5);
    (5..8).for_each(|slot| raw.set_state(slot, 0, dead_pid(), CLAIMED));
    push(&ring, 8..9);
    let mut drain = ring.drain();
    let found = drain_all(&mut drain);
    assert_eq!((found.len(), ring.header().skipped()), (9, 3));
    goes_on(&ring, &mut drain);
}

#[test]
fn published_but_the_tail_was_never_moved() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    push(&ring, 0..5);
    raw.set_word(TAIL_AT, 4);
    let mut drain = ring.drain();
    assert_eq!(records(&mut drain).len(), 5);
    drain.free_to(5);
    raw.set_word(TAIL_AT, 4);
    push(&ring, 5..6);
    assert_eq!(numbers(records(&mut drain)), [5]);
    goes_on(&ring, &mut drain);
}

#[test]
fn a_zombie_is_dead() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    let mut zombie = Command::new("true").spawn().unwrap();
    push(&ring, 0..1);
    raw.set_state(0, 0, zombie.id(), CLAIMED);
    let mut drain = ring.drain();
    assert_eq!(drain_all(&mut drain), [Err(Step::Skipped)], "long before the five seconds");
    zombie.wait().unwrap();
}

#[test]
fn a_living_owner_is_waited_for() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    let mut living = Command::new("sleep").arg("60").spawn().unwrap();
    push(&ring, 0..1);
    raw.set_state(0, 0, living.id(), CLAIMED);
    let mut drain = ring.drain();
    assert_eq!(next(&mut drain, 10_000_000), Step::Waiting);
    assert_eq!(next(&mut drain, 12_000_000), Step::Waiting);
    living.kill().unwrap();
    living.wait().unwrap();
    assert_eq!(next(&mut drain, 12_000_001), Step::Waiting, "looked up just now");
    assert_eq!(next(&mut drain, 12_002_000), Step::Skipped);
}

#[test]
fn in_another_pid_namespace_only_time_decides() {
    let place = Place::new();
    drop(place.create(256));
    let raw = place.raw();
    raw.set_word(NAMESPACE_AT, raw.word(NAMESPACE_AT) + 1);
    let ring = place.open();
    push(&ring, 0..2);
    assert_eq!(raw.state(0).1, 0, "a pid would say nothing to the consumer");
    raw.set_state(0, 0, dead_pid(), CLAIMED);
    let mut drain = ring.drain();
    assert_eq!(next(&mut drain, 0), Step::Waiting);
    assert_eq!(next(&mut drain, 4_999_999), Step::Waiting);
    assert_eq!(next(&mut drain, 5_000_000), Step::Skipped);
    assert_eq!(next(&mut drain, 5_000_000), Step::Record(8));
}

/// Random deaths of the consumer at every stage, and of producers, against a model: each accepted record is committed
/// exactly once, in order.
#[test]
fn whatever_dies_each_record_is_committed_once() {
    for seed in 1..=60 {
        let place = Place::new();
        let (ring, raw, dead) = (place.create(256), place.raw(), dead_pid());
        let (mut random, mut drain) = (Random(seed), ring.drain());
        let (mut sent, mut deaths, mut skips) = (0u64, 0u64, 0u64);
        let (mut durable, mut committed, mut batch) = (0u64, Vec::new(), Vec::new());
        for _ in 0..400 {
            match random.below(8) {
                0..=2 => {
                    for _ in 0..random.below(150) {
                        sent += u64::from(ring.push(&sent.to_le_bytes()).is_ok());
                    }
                }
                3 => {
                    // Claims the next slot and dies, with the tail moved or not.
                    let tail = raw.word(TAIL_AT);
                    if raw.state(tail % 256) == (tail / 256, 0, FREE) {
                        raw.set_state(tail % 256, tail / 256, dead, CLAIMED);
                        raw.set_word(TAIL_AT, tail + random.below(2));
                        deaths += 1;
                    }
                }
                4 | 5 => {
                    let mut buf = [0; PAYLOAD_MAX];
                    for now in 0..random.below(200) {
                        match drain.next(now * 10_000, &mut buf) {
                            Step::Record(8) => batch.push(buf[..8].to_vec()),
                            Step::Skipped => {}
                            Step::Empty => break,
                            step => panic!("{step:?}"),
                        }
                    }
                }
                6 => {
                    durable = drain.position();
                    committed.append(&mut batch);
                    drain.free_to(durable - random.below(4).min(durable));
                }
                _ => {
                    batch.clear();
                    drain = ring.drain();
                    drain.resume(durable);
                    assert_eq!(drain.position(), durable);
                }
            }
            skips = skips.max(ring.header().skipped());
        }
        batch.clear();
        drain = ring.drain();
        drain.resume(durable);
        committed.extend(records(&mut drain));
        assert_eq!(numbers(committed), (0..sent).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!((ring.header().skipped(), ring.header().torn()), (deaths, 0), "seed {seed}");
        goes_on(&ring, &mut drain);
    }
}
