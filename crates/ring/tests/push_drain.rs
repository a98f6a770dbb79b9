//! What goes in comes out, once, in order; what does not fit is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{Place, Raw, drain_all, records};
use qahm_ring::{PAYLOAD_MAX, Refused, Step};

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 7 + len) as u8 | 1).collect()
}

#[test]
fn every_length_comes_out_as_it_went_in() {
    let place = Place::new();
    let ring = place.create(2048);
    (0..=PAYLOAD_MAX).for_each(|len| ring.push(&payload(len)).unwrap());
    let expected: Vec<_> = (0..=PAYLOAD_MAX).map(payload).collect();
    assert_eq!(records(&mut ring.drain()), expected);
}

#[test]
fn too_long_is_refused_and_takes_no_slot() {
    let place = Place::new();
    let ring = place.create(256);
    assert_eq!(ring.push(&[0; PAYLOAD_MAX + 1]), Err(Refused::TooLong));
    assert_eq!((ring.header().claimed(), ring.header().dropped()), (0, 0));
}

#[test]
fn a_full_ring_drops_and_counts_then_goes_on() {
    let place = Place::new();
    let ring = place.create(256);
    (0..256u32).for_each(|n| ring.push(&n.to_le_bytes()).unwrap());
    for _ in 0..10 {
        assert_eq!(ring.push(b"one more"), Err(Refused::Full));
    }
    assert_eq!((ring.header().dropped(), ring.used()), (10, 256));

    let mut drain = ring.drain();
    assert_eq!(records(&mut drain).len(), 256);
    assert_eq!(ring.push(b"drained is not yet freed"), Err(Refused::Full));
    assert_eq!(drain.next(0, &mut [0; PAYLOAD_MAX]), Step::Empty, "all around, nothing freed");
    drain.free_to(100);
    assert_eq!(ring.used(), 156);
    (0..100).for_each(|_| ring.push(b"new").unwrap());
    assert_eq!(ring.push(b"one more"), Err(Refused::Full));
    assert_eq!(records(&mut drain), vec![b"new".to_vec(); 100]);
}

#[test]
fn many_laps_in_order() {
    let place = Place::new();
    let (ring, consumer) = (place.create(256), place.open());
    let mut drain = consumer.drain();
    let (mut sent, mut seen) = (0u64, 0u64);
    for burst in (1..256).chain((1..256).rev()) {
        for _ in 0..burst {
            ring.push(&sent.to_le_bytes()).unwrap();
            sent += 1;
        }
        for record in records(&mut drain) {
            assert_eq!(record, seen.to_le_bytes());
            seen += 1;
        }
        drain.free_to(drain.position());
    }
    assert_eq!((sent, drain.position(), ring.header().freed()), (seen, seen, seen));
    assert_eq!((ring.header().torn(), ring.header().skipped(), ring.header().dropped()), (0, 0, 0));
}

#[test]
fn nothing_of_a_freed_payload_remains() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    let mut drain = ring.drain();
    for len in [1, 7, 8, 9, 200, PAYLOAD_MAX - 1, PAYLOAD_MAX] {
        ring.push(&payload(len)).unwrap();
    }
    drain_all(&mut drain);
    assert!(raw.slot_bytes(6)[24..].iter().all(|byte| *byte != 0), "kept until the commit");
    drain.free_to(drain.position());
    for slot in 0..7 {
        assert_eq!(raw.state(slot), (1, 0, common::FREE));
        assert!(raw.slot_bytes(slot)[8..].iter().all(|byte| *byte == 0), "slot {slot}");
    }
}

#[test]
fn nothing_of_an_unpublished_payload_remains() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    let mut drain = ring.drain();
    // A producer that died with the payload written, but neither its length nor the publication.
    raw.set_state(0, 0, common::dead_pid(), common::CLAIMED);
    (0..189).for_each(|word| raw.set_word(Raw::slot_at(0) + 24 + word * 8, u64::MAX));
    assert_eq!(drain_all(&mut drain), [Err(Step::Skipped)]);
    drain.free_to(1);
    assert!(raw.slot_bytes(0)[8..].iter().all(|byte| *byte == 0));
}

#[test]
fn only_what_was_read_is_freed() {
    let place = Place::new();
    let ring = place.create(256);
    (0..10).for_each(|_| ring.push(b"x").unwrap());
    let mut drain = ring.drain();
    drain.free_to(u64::MAX);
    assert_eq!(ring.header().freed(), 0);
    drain.next(0, &mut [0; PAYLOAD_MAX]);
    drain.free_to(u64::MAX);
    drain.free_to(0);
    assert_eq!(ring.header().freed(), 1);
    assert_eq!(records(&mut drain).len(), 9);
}
