//! Many producers at once, threads and processes, a consumer that sleeps when there is nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod common;

use common::{Place, again, child_dir, succeeded};
use qahm_ring::{PAYLOAD_MAX, Refused, Ring, Step, boottime_us};
use std::os::fd::AsFd;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Far longer than any test: whoever sleeps this long was never woken.
const FOREVER_US: u64 = 60_000_000;

/// A record that says whose it is, which it is, and is of a length and content that follow from that.
fn record(producer: u64, number: u64) -> Vec<u8> {
    let len = 16 + (producer * 31 + number * 7) as usize % (PAYLOAD_MAX - 16 + 1);
    let mut bytes: Vec<u8> = (0..len).map(|at| (at as u64 + producer + number) as u8).collect();
    bytes[..8].copy_from_slice(&producer.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn produce(ring: &Ring, producer: u64, count: u64) {
    for number in 0..count {
        while let Err(refused) = ring.push(&record(producer, number)) {
            assert_eq!(refused, Refused::Full);
            thread::sleep(Duration::from_micros(50));
        }
    }
}

/// Reads until every producer's `count` records came, each once and in order.
fn consume(ring: &Ring, producers: u64, count: u64) {
    let (mut drain, mut buf) = (ring.drain(), [0; PAYLOAD_MAX]);
    let mut expected = vec![0; producers as usize];
    while expected.iter().any(|next| *next < count) {
        match drain.next(boottime_us(), &mut buf) {
            Step::Record(len) => {
                let producer = u64::from_le_bytes(buf[..8].try_into().unwrap());
                let next = &mut expected[producer as usize];
                assert!(buf[..len] == record(producer, *next), "producer {producer}, record {next}");
                *next += 1;
                if next.is_multiple_of(64) {
                    drain.free_to(drain.position());
                }
            }
            Step::Empty | Step::Waiting => {
                drain.free_to(drain.position());
                drain.wait(FOREVER_US);
            }
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(drain.position(), producers * count);
    assert_eq!((ring.header().skipped(), ring.header().torn()), (0, 0));
}

#[test]
fn threads() {
    let place = Place::new();
    let ring = place.create(256);
    thread::scope(|scope| {
        (0..4).for_each(|producer| {
            drop(scope.spawn({
                let ring = &ring;
                move || produce(ring, producer, 8_000)
            }))
        });
        consume(&ring, 4, 8_000);
    });
}

#[test]
fn processes() {
    let place = Place::new();
    let ring = place.create(256);
    let children: Vec<Child> = (0..3u64)
        .map(|producer| {
            let mut command = again("child_produces", place.dir.path());
            command.env("QAHM_RING_PRODUCER", producer.to_string()).spawn().unwrap()
        })
        .collect();
    consume(&ring, 3, 8_000);
    assert!(children.into_iter().all(succeeded));
}

#[test]
fn child_produces() {
    let Some(dir) = child_dir() else { return };
    let producer = std::env::var("QAHM_RING_PRODUCER").unwrap().parse().unwrap();
    produce(&Ring::open(dir.as_fd()).unwrap(), producer, 8_000);
}

#[test]
fn no_wake_up_is_lost() {
    let place = Place::new();
    let (ring, consumer) = (place.create(256), place.open());
    let consumed = AtomicU64::new(0);
    let mut slept_through = 0;
    thread::scope(|scope| {
        // One record at a time, pushed at the very moment the consumer goes to sleep.
        scope.spawn(|| {
            for number in 0..30_000 {
                while consumed.load(SeqCst) < number {
                    std::hint::spin_loop();
                }
                (0..number % 97).for_each(|_| std::hint::spin_loop());
                ring.push(&[0; 8]).unwrap();
            }
        });
        let (mut drain, mut buf) = (consumer.drain(), [0; PAYLOAD_MAX]);
        while consumed.load(SeqCst) < 30_000 {
            if let Step::Record(8) = drain.next(boottime_us(), &mut buf) {
                drain.free_to(drain.position());
                consumed.fetch_add(1, SeqCst);
            } else {
                let began = boottime_us();
                drain.wait(3_000_000);
                slept_through += u32::from(boottime_us() - began >= 3_000_000);
            }
        }
    });
    assert_eq!(slept_through, 0);
    assert!(!ring.header().sleeping());
}

#[test]
fn a_sleeping_consumer_is_woken_from_another_process() {
    let place = Place::new();
    let ring = place.create(256);
    let mut child = again("child_pushes_once_the_consumer_sleeps", place.dir.path()).spawn().unwrap();
    let drain = ring.drain();
    let began = boottime_us();
    while ring.header().claimed() == 0 && boottime_us() - began < FOREVER_US {
        drain.wait(FOREVER_US);
    }
    assert!(child.wait().unwrap().success());
    assert!(boottime_us() - began < FOREVER_US, "slept to the end");
}

#[test]
fn child_pushes_once_the_consumer_sleeps() {
    let Some(dir) = child_dir() else { return };
    let ring = Ring::open(dir.as_fd()).unwrap();
    while !ring.header().sleeping() {
        thread::yield_now();
    }
    ring.push(b"wake up").unwrap();
    assert!(!ring.header().sleeping());
}
