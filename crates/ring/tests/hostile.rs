//! Another process of the same user may write anything anywhere in the mapping. Then records may be lost; but nobody
//! panics, reads elsewhere or loops, and once it stops the ring heals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{HEAD_AT, Place, Random, Raw, SLOTS_AT, TAIL_AT, records};
use qahm_ring::{Message, PAYLOAD_MAX, Ring, Step};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const SLOTS: u64 = 256;

/// Words that are likely to hurt, besides random ones.
fn nasty(random: &mut Random) -> u64 {
    match random.below(9) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << 63,
        3 => random.below(4),
        4 => random.below(600),
        5 => random.below(4) << 24 | random.below(1 << 24),
        6 => 0x00FF_FFFF_FFFF_FFFF - random.below(1000),
        7 => 1 << random.below(64),
        _ => random.next(),
    }
}

/// Somewhere, with a taste for the words that steer.
fn somewhere(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.below(200_704 / 8) * 8,
        1 => [TAIL_AT, HEAD_AT, 6 * 128, 7 * 128, 8 * 128, 9 * 128][random.below(6) as usize],
        2 => Raw::slot_at(random.below(SLOTS)),
        _ => SLOTS_AT + random.below(SLOTS * 1536 / 8) * 8,
    }
}

/// Everything the crate offers, once.
fn use_everything(ring: &Ring, drain: &mut qahm_ring::Drain<&Ring>, random: &mut Random) {
    let mut buf = [0; PAYLOAD_MAX];
    for _ in 0..random.below(40) {
        let _ = ring.push(&buf[..random.below(PAYLOAD_MAX as u64) as usize]);
    }
    for _ in 0..random.below(40) {
        if let Step::Record(len) = drain.next(random.next(), &mut buf) {
            assert!(len <= PAYLOAD_MAX);
        }
    }
    match random.below(6) {
        0 => drain.start(),
        1 => drain.resume(nasty(random)),
        2 => drain.free_to(nasty(random)),
        3 => drain.wait(1),
        _ => drain.free_to(drain.position()),
    }
    let site = random.below(600);
    if let Some(row) = ring.site_or_insert(site) {
        row.set_hosts(&[site, 7]);
        row.publish(&[site; 16]);
        let _ = (row.read(), row.has_host(7), row.config_hash(), row.alert_pending());
    }
    let _ = (ring.remove_site(random.below(600)), ring.sites().count());
    ring.set_message(Message::Spawn, "text");
    assert!(ring.message(Message::Engine).len() <= 3 * 240 && ring.message(Message::Spawn).len() <= 3 * 240);
    let _ = (ring.try_spawn(random.next(), 1..=60), ring.used(), ring.header().beat_age_us(5));
}

#[test]
fn scribbling_while_everything_is_used() {
    let place = Place::new();
    let (ring, raw) = (place.create(SLOTS as u32), place.raw());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(99);
            while !done.load(Relaxed) {
                raw.set_word(somewhere(&mut random), nasty(&mut random));
            }
        });
        let (mut random, mut drain) = (Random(7), ring.drain());
        for _ in 0..3000 {
            use_everything(&ring, &mut drain, &mut random);
        }
        done.store(true, Relaxed);
    });
}

/// After damage, records flow again: at most a few laps are lost.
fn heals(ring: &Ring, drain: &mut qahm_ring::Drain<&Ring>, what: &str) {
    let mut now = 0;
    for _ in 0..40 {
        for n in 0..SLOTS {
            let _ = ring.push(&n.to_le_bytes());
        }
        for _ in 0..3 * SLOTS {
            // Six seconds a step: claims by living pids run out, too.
            now += 6_000_000;
            drain.next(now, &mut [0; PAYLOAD_MAX]);
        }
        drain.free_to(drain.position());
    }
    (0..SLOTS).for_each(|n| ring.push(&n.to_le_bytes()).unwrap_or_else(|error| panic!("{what}: {error}")));
    let expected: Vec<_> = (0..SLOTS).map(|n| n.to_le_bytes().to_vec()).collect();
    assert_eq!(records(drain), expected, "{what}");
}

#[test]
fn a_ring_heals_from_any_word() {
    for seed in 1..=300 {
        let mut random = Random(seed);
        let place = Place::new();
        let (ring, raw) = (place.create(SLOTS as u32), place.raw());
        let mut drain = ring.drain();
        for _ in 0..random.below(700) {
            let _ = ring.push(b"before");
            if random.below(3) > 0 {
                drain.next(0, &mut [0; PAYLOAD_MAX]);
                drain.free_to(drain.position());
            }
        }
        let mut what = format!("seed {seed}:");
        for _ in 0..=random.below(5) {
            let (at, word) = (somewhere(&mut random), nasty(&mut random));
            raw.set_word(at, word);
            what += &format!(" {at}={word:#x}");
        }
        if random.below(2) == 0 {
            drain = ring.drain();
            what += " restarted";
        }
        heals(&ring, &mut drain, &what);
    }
}

#[test]
fn a_ring_heals_from_all_words() {
    for seed in 1..=30 {
        let mut random = Random(seed);
        let place = Place::new();
        let (ring, raw) = (place.create(SLOTS as u32), place.raw());
        let mut drain = ring.drain();
        (0..SLOTS).for_each(|slot| raw.set_word(Raw::slot_at(slot), nasty(&mut random)));
        raw.set_word(TAIL_AT, nasty(&mut random));
        if seed % 2 == 0 {
            drain = ring.drain();
        }
        heals(&ring, &mut drain, &format!("seed {seed}"));
    }
}

#[test]
fn one_damaged_slot_costs_no_other_record() {
    for lap in [0, 1, 2, 4, 1 << 39] {
        let place = Place::new();
        let (ring, raw) = (place.create(SLOTS as u32), place.raw());
        let mut drain = ring.drain();
        for n in 0..2 * SLOTS + 100 {
            ring.push(&n.to_le_bytes()).unwrap();
            drain.next(0, &mut [0; PAYLOAD_MAX]);
            drain.free_to(drain.position());
        }
        (0..SLOTS).for_each(|n| ring.push(&n.to_le_bytes()).unwrap());
        // Position 612 to 867 are filled. Slot 50 is that of 818, in lap 3, and told to be of another lap; the consumer restarts.
        raw.set_state(50, lap, 5, common::READY);
        let mut drain = ring.drain();
        let mut found = records(&mut drain);
        drain.free_to(drain.position());
        // It may have begun up to a ring too early and have freed the slot for the lap it should be full in. Then the
        // next record goes there, before older ones.
        found.extend(records(&mut drain));
        ring.push(b"next").unwrap();
        found.extend(records(&mut drain));
        found.retain(|record| record != b"next");
        let expected = (0..SLOTS).filter(|n| *n != 818 - 612).map(|n| n.to_le_bytes().to_vec());
        assert!(found == expected.collect::<Vec<_>>(), "lap {lap}: {} records", found.len());
        heals(&ring, &mut drain, "one slot");
    }
}

#[test]
fn a_tail_that_points_anywhere_costs_a_bounded_push() {
    let place = Place::new();
    let (ring, raw) = (place.create(SLOTS as u32), place.raw());
    let mut drain = ring.drain();
    (0..SLOTS).for_each(|slot| raw.set_state(slot, 1 << 39, 0, common::READY));
    assert!(ring.push(b"x").is_err());
    for tail in [1 << 59, u64::MAX, u64::MAX - 5, 1 << 32] {
        raw.set_word(TAIL_AT, tail);
        let _ = ring.push(b"x");
    }
    heals(&ring, &mut drain, "all in the far future");
}

#[test]
fn what_is_written_over_a_record_is_torn() {
    let place = Place::new();
    let (ring, raw) = (place.create(SLOTS as u32), place.raw());
    for word in 1..6 {
        for (flip, bit) in [(1u64, 0), (1, 17), (1, 63)].map(|(one, shift)| (one << shift, shift)) {
            ring.push(&[3; 24]).unwrap();
            let position = ring.header().claimed() - 1;
            let at = Raw::slot_at(position % SLOTS) + word * 8;
            raw.set_word(at, raw.word(at) ^ flip);
            let mut drain = ring.drain();
            let step = drain.next(0, &mut [0; PAYLOAD_MAX]);
            // Bits 48 and up of the first word, and the second, are spare.
            let spare = word == 2 || (word == 1 && bit >= 48);
            assert_eq!(step, if spare { Step::Record(24) } else { Step::Torn }, "word {word} bit {bit}");
            drain.free_to(drain.position());
        }
    }
}
