//! Real processes that kill themselves at every named point of a push, and a consumer that is killed at any instant.
#![cfg(feature = "chaos")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{Place, Random, again, child_dir};
use qahm_ring::{PAYLOAD_MAX, Ring, Step, boottime_us, chaos};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

const POINTS: [u32; 6] = [
    chaos::CLAIMED_TAIL_NOT_MOVED,
    chaos::CLAIMED,
    chaos::HALF_WRITTEN,
    chaos::WRITTEN_NOT_PUBLISHED,
    chaos::PUBLISHED,
    chaos::PUBLISHED_TAIL_NOT_MOVED,
];

fn is_accepted(point: u32) -> bool {
    matches!(point, chaos::PUBLISHED | chaos::PUBLISHED_TAIL_NOT_MOVED)
}

/// Producer (4 bytes), number (4 bytes), then bytes that follow from them.
fn record(producer: u32, number: u32) -> [u8; 200] {
    let mut bytes = [(producer ^ number) as u8; 200];
    bytes[..4].copy_from_slice(&producer.to_le_bytes());
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn numbers(bytes: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (producer, number) = (number(0), number(4));
    assert_eq!(bytes, record(producer, number), "a record of nobody");
    (producer, number)
}

fn push_until_accepted(ring: &Ring, bytes: &[u8]) {
    while ring.push(bytes).is_err() {
        thread::sleep(Duration::from_micros(50));
    }
}

fn variable(name: &str) -> u32 {
    std::env::var(name).unwrap().parse().unwrap()
}

fn producer(place: &Place, id: u32, count: u32, point: u32) -> Child {
    let mut command: Command = again("child_produces_and_dies", place.dir.path());
    let variables = [("QAHM_RING_ID", id), ("QAHM_RING_COUNT", count), ("QAHM_RING_POINT", point)];
    command.envs(variables.map(|(name, value)| (name, value.to_string()))).spawn().unwrap()
}

#[test]
fn child_produces_and_dies() {
    let Some(dir) = child_dir() else { return };
    let ring = Ring::open(dir.as_fd()).unwrap();
    let (id, count) = (variable("QAHM_RING_ID"), variable("QAHM_RING_COUNT"));
    (0..count).for_each(|number| push_until_accepted(&ring, &record(id, number)));
    chaos::DIE.store(variable("QAHM_RING_POINT"), Relaxed);
    push_until_accepted(&ring, &record(id, count));
    unreachable!("it should have died");
}

/// Starts producers, a few at a time, each dying at another point. Calls `meanwhile` all the time. Answers how many
/// records each of them had accepted, and how many died holding a slot.
fn massacre(place: &Place, producers: u32, mut meanwhile: impl FnMut()) -> (Vec<u32>, u64) {
    let (mut accepted, mut skips, mut alive) = (Vec::new(), 0, Vec::new());
    let mut random = Random(u64::from(producers));
    while (accepted.len() as u32) < producers || !alive.is_empty() {
        if (accepted.len() as u32) < producers && alive.len() < 4 {
            let id = accepted.len() as u32;
            let (point, count) = (POINTS[id as usize % POINTS.len()], random.below(200) as u32);
            alive.push(producer(place, id, count, point));
            accepted.push(count + u32::from(is_accepted(point)));
            skips += u64::from(!is_accepted(point));
        }
        meanwhile();
        // Only every other time: the dead are to be met as zombies, too.
        if random.below(2) == 0 {
            alive.retain_mut(|child| match child.try_wait().unwrap() {
                None => true,
                Some(status) => {
                    assert_eq!(status.signal(), Some(9));
                    false
                }
            });
        }
    }
    (accepted, skips)
}

#[test]
fn producers_die_at_every_point() {
    let place = Place::new();
    let ring = place.create(256);
    let (mut drain, mut buf) = (ring.drain(), [0; PAYLOAD_MAX]);
    let (mut seen, mut skipped) = (vec![0; 150], 0);
    let mut step = |seen: &mut Vec<u32>, skipped: &mut u64| {
        let step = drain.next(boottime_us(), &mut buf);
        match step {
            Step::Record(len) => {
                let (producer, number) = numbers(&buf[..len]);
                assert_eq!(number, seen[producer as usize], "lost, twice, or out of order");
                seen[producer as usize] += 1;
            }
            Step::Skipped => *skipped += 1,
            Step::Torn => panic!("torn"),
            Step::Empty | Step::Waiting => {
                drain.free_to(drain.position());
                drain.wait(500);
            }
        }
        step
    };
    let (accepted, deaths) = massacre(&place, 150, || {
        for _ in 0..200 {
            step(&mut seen, &mut skipped);
        }
    });
    while !matches!(step(&mut seen, &mut skipped), Step::Empty) {}
    assert_eq!(seen, accepted);
    assert_eq!((skipped, ring.header().skipped(), ring.header().torn()), (deaths, deaths, 0));
    let total = accepted.iter().map(|count| u64::from(*count)).sum::<u64>() + deaths;
    assert_eq!((ring.header().claimed(), ring.header().freed()), (total, total));
}

/// What the engine's database is to the ring: cursor and everything counted so far, changed at one stroke (a rename).
struct Ledger {
    dir: std::path::PathBuf,
    cursor: u64,
    seen: Vec<u32>,
}

impl Ledger {
    fn load(dir: std::path::PathBuf, producers: usize) -> Ledger {
        let (mut cursor, mut seen) = (0, vec![0; producers]);
        if let Ok(file) = File::open(dir.join("ledger")) {
            let mut bytes = vec![0; 8 + producers * 4];
            file.read_exact_at(&mut bytes, 0).unwrap();
            cursor = u64::from_le_bytes(bytes[..8].try_into().unwrap());
            let counts = bytes[8..].as_chunks::<4>().0;
            seen = counts.iter().map(|count| u32::from_le_bytes(*count)).collect();
        }
        Ledger { dir, cursor, seen }
    }

    fn commit(&mut self, cursor: u64) {
        self.cursor = cursor;
        let mut bytes = cursor.to_le_bytes().to_vec();
        self.seen.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
        fs::write(self.dir.join("ledger.next"), bytes).unwrap();
        fs::rename(self.dir.join("ledger.next"), self.dir.join("ledger")).unwrap();
    }
}

#[test]
fn child_consumes_until_killed() {
    let Some(dir) = child_dir() else { return };
    let path = std::env::var_os("QAHM_RING_CHILD").unwrap();
    let (ring, mut ledger) =
        (Ring::open(dir.as_fd()).unwrap(), Ledger::load(path.into(), variable("QAHM_RING_COUNT") as usize));
    let (mut drain, mut buf) = (ring.drain(), [0; PAYLOAD_MAX]);
    drain.resume(ledger.cursor);
    assert_eq!(drain.position(), ledger.cursor);
    let parent = rustix::process::getppid();
    // A test that failed leaves nobody behind.
    while rustix::process::getppid() == parent {
        for _ in 0..64 {
            match drain.next(boottime_us(), &mut buf) {
                Step::Record(len) => {
                    let (producer, number) = numbers(&buf[..len]);
                    assert_eq!(number, ledger.seen[producer as usize], "lost, twice, or out of order");
                    ledger.seen[producer as usize] += 1;
                }
                Step::Skipped => {}
                Step::Torn => panic!("torn"),
                Step::Empty | Step::Waiting => {
                    drain.wait(500);
                    break;
                }
            }
        }
        if drain.position() > ledger.cursor {
            ledger.commit(drain.position());
            drain.free_to(drain.position());
        }
    }
}

#[test]
fn the_consumer_is_killed_at_any_instant() {
    let place = Place::new();
    let ring = place.create(256);
    let consumer = || {
        let mut command = again("child_consumes_until_killed", place.dir.path());
        command.env("QAHM_RING_COUNT", "72").spawn().unwrap()
    };
    let (mut current, mut kills, mut random) = (consumer(), 0, Random(5));
    let (accepted, deaths) = massacre(&place, 72, || {
        thread::sleep(Duration::from_micros(random.below(20_000)));
        assert_eq!(current.try_wait().unwrap(), None, "the consumer failed by itself");
        current.kill().unwrap();
        current.wait().unwrap();
        current = consumer();
        kills += 1;
    });
    let total = accepted.iter().map(|count| u64::from(*count)).sum::<u64>() + deaths;
    let began = Instant::now();
    while ring.header().freed() < total {
        assert_eq!(current.try_wait().unwrap(), None, "the consumer failed by itself");
        assert!(began.elapsed() < Duration::from_secs(60), "{} of {total}", ring.header().freed());
        thread::sleep(Duration::from_millis(1));
    }
    current.kill().unwrap();
    current.wait().unwrap();
    let ledger = Ledger::load(place.dir.path().to_owned(), 72);
    assert_eq!((ledger.cursor, &ledger.seen), (total, &accepted));
    assert_eq!((ring.header().freed(), ring.header().torn()), (total, 0));
    println!("{kills} consumers and 72 producers killed, {total} slots");
    assert!(kills > 20, "{kills}");
    // A consumer killed between marking a slot and counting it leaves the count one short.
    assert!(ring.header().skipped() <= deaths);
}
