//! The words beside the ring: site rows and counters, messages, the throttle of starting, the beat.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{Place, SITES_AT};
use qahm_ring::{COUNTERS, HOSTS_MAX, MESSAGE_MAX, Message, SITES_MAX, SPAWN_BACKOFF_US};
use std::collections::HashSet;

const SITE: u64 = 0x0123_4567_89ab_cdef;
const SECOND: u64 = 1_000_000;

#[test]
fn a_sites_row() {
    let place = Place::new();
    let (engine, worker) = (place.create(256), place.open());
    assert!(worker.site(SITE).is_none());
    let row = engine.site_or_insert(SITE).unwrap();
    row.set_config_hash(77);
    row.set_hosts(&[5, 6, 0]);
    row.set_alert_pending(true);
    let seen = worker.site(SITE).unwrap();
    assert_eq!((seen.id(), seen.config_hash(), seen.alert_pending()), (SITE, 77, true));
    assert!(seen.has_host(5) && seen.has_host(6) && !seen.has_host(7) && !seen.has_host(0));
    row.set_alert_pending(false);
    assert!(!seen.alert_pending());

    assert!(engine.remove_site(SITE) && !engine.remove_site(SITE));
    assert!(worker.site(SITE).is_none());
    assert!(!seen.is_current() && !seen.has_host(5) && seen.config_hash() == 0 && seen.read().is_none());
    let again = engine.site_or_insert(SITE).unwrap();
    assert!(again.config_hash() == 0 && !again.has_host(5) && again.read().is_none(), "nothing is inherited");
}

#[test]
fn no_more_sites_than_rows_and_all_are_found() {
    let place = Place::new();
    let ring = place.create(256);
    // All of them want the same row, or one of three.
    let id = |n: usize| (n as u64 + 1) * 512 * 3 + n as u64 % 3;
    for n in 0..SITES_MAX {
        ring.site_or_insert(id(n)).unwrap().set_config_hash(n as u64 + 1);
    }
    assert!(ring.site_or_insert(id(SITES_MAX)).is_none());
    assert!(ring.site(id(SITES_MAX)).is_none());
    assert!((0..SITES_MAX).all(|n| ring.site(id(n)).unwrap().config_hash() == n as u64 + 1));
    assert_eq!(ring.sites().count(), SITES_MAX);
    (0..SITES_MAX).step_by(2).for_each(|n| assert!(ring.remove_site(id(n))));
    assert!((0..SITES_MAX).all(|n| ring.site(id(n)).is_some() == (n % 2 == 1)));
    (0..SITES_MAX).for_each(|n| assert_eq!(ring.remove_site(id(n)), n % 2 == 1));
    assert_eq!(ring.sites().count(), 0);
}

#[test]
fn removed_rows_do_not_lengthen_the_search_for_ever() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]] {
        // In a row, around the table's end.
        (1..=4).for_each(|n| assert!(ring.site_or_insert(n * 512 + 510).is_some()));
        assert_eq!(raw.word(SITES_AT + 384), 4 * 512 + 510);
        order.iter().for_each(|n| assert!(ring.remove_site(n * 512 + 510)));
        assert!((0..SITES_MAX as u64).all(|n| raw.word(SITES_AT + n * 384) == 0), "{order:?}");
    }
}

#[test]
fn rows_agree_with_a_set() {
    let place = Place::new();
    let ring = place.create(256);
    let (mut known, mut random) = (HashSet::new(), common::Random(42));
    for _ in 0..20_000 {
        let site = random.below(700) + 1;
        match random.below(3) {
            0 => assert_eq!(ring.remove_site(site), known.remove(&site)),
            1 if known.len() < SITES_MAX => {
                ring.site_or_insert(site).unwrap();
                known.insert(site);
            }
            _ => assert_eq!(ring.site(site).is_some(), known.contains(&site)),
        }
    }
    assert_eq!(ring.sites().map(|row| row.id()).collect::<HashSet<_>>(), known);
}

#[test]
fn numbers_that_are_no_sites() {
    let place = Place::new();
    let ring = place.create(256);
    for site in [0, u64::MAX] {
        assert!(ring.site_or_insert(site).is_none() && ring.site(site).is_none() && !ring.remove_site(site));
    }
}

#[test]
fn hosts_change_without_a_gap_and_are_bounded() {
    let place = Place::new();
    let ring = place.create(256);
    let row = ring.site_or_insert(SITE).unwrap();
    row.set_hosts(&(1..=20).collect::<Vec<_>>());
    assert_eq!((1..=20).filter(|host| row.has_host(*host)).count(), HOSTS_MAX);
    std::thread::scope(|scope| {
        let stays = scope.spawn(|| (0..200_000).all(|_| row.has_host(8)));
        for n in 0..20_000u64 {
            row.set_hosts(&[n + 100, 8, n + 101, n + 101][n as usize % 2..]);
        }
        assert!(stays.join().unwrap(), "a host that stayed was missing for an instant");
    });
    // Certain, not only likely: what stays, stays where it is.
    let (raw, hosts) = (place.raw(), SITES_AT + SITE % 512 * 384 + 32);
    let place_of_8 = || (0..8).find(|index| raw.word(hosts + index * 8) == 8).unwrap();
    let before = place_of_8();
    row.set_hosts(&[1, 2, 3, 8, 4, 5, 6]);
    row.set_hosts(&[6, 8]);
    assert_eq!(place_of_8(), before);
    row.set_hosts(&[]);
    assert!(!row.has_host(8));
}

#[test]
fn counters_are_never_torn() {
    let place = Place::new();
    let (engine, worker) = (place.create(256), place.open());
    let row = engine.site_or_insert(SITE).unwrap();
    assert_eq!(worker.site(SITE).unwrap().read(), None, "none yet");
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=200_000u64).for_each(|n| row.publish(&[n; COUNTERS])));
        let (mut last, mut missed) = (0, 0);
        while last < 200_000 {
            match worker.site(SITE).unwrap().read() {
                Some(counters) => {
                    assert!(counters.iter().all(|counter| *counter == counters[0]), "{counters:?}");
                    assert!(counters[0] >= last, "went back");
                    last = counters[0];
                }
                None => missed += 1,
            }
        }
        println!("overtaken three times in a row: {missed}");
    });
}

#[test]
fn a_writer_killed_half_way_harms_neither_readers_nor_its_successor() {
    let place = Place::new();
    let (ring, raw) = (place.create(256), place.raw());
    let row = ring.site_or_insert(SITE).unwrap();
    let copies = SITES_AT + SITE % 512 * 384 + 96;
    for n in 1..20u64 {
        let (before, valid) = (raw.word(copies - 72), [raw.word(copies + 8), raw.word(copies + 144)]);
        row.publish(&[n; COUNTERS]);
        if let Some(index) = before.checked_sub(1) {
            let now = [raw.word(copies + 8), raw.word(copies + 144)];
            assert_eq!(now[index as usize], valid[index as usize], "the valid copy was touched");
        }
        // Killed in the copy that would be next: sequence odd, half of the words written.
        let active = raw.word(copies - 72);
        let next = copies + if active == 1 { 136 } else { 0 };
        raw.set_word(next, raw.word(next) | 1);
        (0..8).for_each(|word| raw.set_word(next + 8 + word * 8, 666));
        assert_eq!(ring.site(SITE).unwrap().read(), Some([n; COUNTERS]));
    }
    row.publish(&[20; COUNTERS]);
    assert_eq!(row.read(), Some([20; COUNTERS]));
}

#[test]
fn messages() {
    let place = Place::new();
    let (ring, other) = (place.create(256), place.open());
    assert_eq!(other.message(Message::Engine), "");
    ring.set_message(Message::Engine, "database is locked");
    ring.set_message(Message::Spawn, "a\u{1b}[31m b\u{202e}c\n\0d é");
    assert_eq!(other.message(Message::Engine), "database is locked");
    assert_eq!(other.message(Message::Spawn), "a[31m bcd é");
    ring.set_message(Message::Engine, &"é".repeat(500));
    assert_eq!(other.message(Message::Engine), "é".repeat(MESSAGE_MAX / 2));
    ring.set_message(Message::Engine, &format!("x{}", "é".repeat(500)));
    assert_eq!(other.message(Message::Engine).len(), MESSAGE_MAX - 1);
    // Killed half-way, or two at once: no text rather than a wrong one.
    let at = 9 * 128;
    let raw = place.raw();
    raw.set_word(at + 16, raw.word(at + 16) ^ 1);
    assert_eq!(other.message(Message::Engine), "");
    raw.set_word(at, u64::MAX);
    assert_eq!(other.message(Message::Engine), "");
    ring.set_message(Message::Engine, "");
    assert_eq!(other.message(Message::Engine), "");
}

#[test]
fn one_starts_at_a_time_with_growing_pauses() {
    let place = Place::new();
    let (ring, other) = (place.create(256), place.open());
    let mut now = 1_000 * SECOND;
    for (attempt, pause) in [1, 2, 4, 8, 16, 32, 60, 60, 60].into_iter().enumerate() {
        assert!(ring.try_spawn(now, SPAWN_BACKOFF_US), "attempt {attempt}");
        assert_eq!(other.spawn_attempts() as usize, attempt + 1);
        assert_eq!(other.last_spawn_us(&SPAWN_BACKOFF_US), Some(now));
        assert!(!other.try_spawn(now, SPAWN_BACKOFF_US));
        now += pause * SECOND;
        assert!(!other.try_spawn(now - 1, SPAWN_BACKOFF_US));
    }
    ring.header().set_beat(now);
    assert_eq!((ring.spawn_attempts(), ring.last_spawn_us(&SPAWN_BACKOFF_US)), (0, None));
    assert!(other.try_spawn(now, SPAWN_BACKOFF_US), "the beat forgives");
}

#[test]
fn of_many_workers_one_starts() {
    let place = Place::new();
    let ring = place.create(256);
    for round in 1..200 {
        let now = round * 100 * SECOND;
        let starters: usize = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| usize::from(ring.try_spawn(now, SPAWN_BACKOFF_US)))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(starters, 1);
    }
    assert_eq!(ring.spawn_attempts(), 199);
    (0..100).for_each(|n| assert!(ring.try_spawn((300 + n) * 100 * SECOND, SPAWN_BACKOFF_US)));
    assert_eq!(ring.spawn_attempts(), 255, "bounded");
}

#[test]
fn the_beat_and_who_beats() {
    let place = Place::new();
    let (engine, worker) = (place.create(256), place.open());
    assert_eq!((worker.header().beat(), worker.header().beat_age_us(5)), (0, None));
    engine.header().set_engine(123, qahm_ring::pack_version("0.1.0"));
    engine.header().set_beat(50);
    engine.header().set_sites_loaded(true);
    let header = worker.header();
    assert_eq!((header.engine_pid(), header.sites_loaded(), header.beat_age_us(80)), (123, true, Some(30)));
    assert_eq!(qahm_ring::version_text(header.engine_version()), "0.1.0");
    assert_eq!(header.beat_age_us(0), Some(50), "a beat of the future is no sign of life");
    engine.header().set_engine(124, 0);
    assert!(!header.sites_loaded(), "the next engine has to load them anew");
}
