//! Prints nanoseconds per push of 200 bytes, with one and with two producers, a consumer draining beside them.
//! First for a ring whose pages this process has not touched yet: there a push pays for a page fault, too.
//!
//! `cargo run --release -p qahm-ring --example push [directory]` (default `/dev/shm`)
use qahm_ring::{PAYLOAD_MAX, Ring, Step, boottime_us};
use std::error::Error;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

const SLOTS: u32 = 65_536;
const BURST: u32 = 1000;
const BURSTS: u32 = 1500;

fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1).unwrap_or_else(|| "/dev/shm".to_owned());
    let dir = tempfile::tempdir_in(base)?;
    let ring = Ring::open_or_create_even_as_root(std::fs::File::open(dir.path())?.as_fd(), SLOTS)?;
    println!("first touch of a new ring: {} ns per push", fill(&ring));
    let again = Ring::open(std::fs::File::open(dir.path())?.as_fd())?;
    let mut drain = again.drain();
    drain.resume(u64::from(SLOTS));
    println!(
        "first touch by another mapping: {} ns per push",
        fill(&Ring::open(std::fs::File::open(dir.path())?.as_fd())?)
    );
    for producers in [1, 2] {
        let stop = AtomicBool::new(false);
        let (times, drained) = std::thread::scope(|scope| {
            let consumer = scope.spawn(|| consume(&ring, &stop));
            let threads: Vec<_> = (0..producers).map(|_| scope.spawn(|| produce(&ring))).collect();
            let times: Vec<_> =
                threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect();
            stop.store(true, Relaxed);
            (times, consumer.join().unwrap_or(0))
        });
        println!("producers {producers}: {}, {drained} drained", summary(times));
    }
    Ok(())
}

/// Nanoseconds per push of a whole lap.
fn fill(ring: &Ring) -> u128 {
    let began = Instant::now();
    let taken = (0..SLOTS).filter(|_| ring.push(&[7; 200]).is_ok()).count().max(1);
    began.elapsed().as_nanos() / taken as u128
}

/// Nanoseconds per push of every burst that met no full ring.
fn produce(ring: &Ring) -> Vec<u128> {
    let payload = [7; 200];
    let mut times = Vec::new();
    for _ in 0..BURSTS {
        let began = Instant::now();
        let taken = (0..BURST).all(|_| ring.push(&payload).is_ok());
        if taken {
            times.push(began.elapsed().as_nanos() / u128::from(BURST));
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    times
}

fn consume(ring: &Ring, stop: &AtomicBool) -> u64 {
    let (mut drain, mut buf, mut count) = (ring.drain(), [0; PAYLOAD_MAX], 0);
    loop {
        match drain.next(boottime_us(), &mut buf) {
            Step::Empty | Step::Waiting => {
                drain.free_to(drain.position());
                if stop.load(Relaxed) {
                    return count;
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            _ => count += 1,
        }
        if count % 1024 == 0 {
            drain.free_to(drain.position());
        }
    }
}

fn summary(mut times: Vec<u128>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(0);
    let average = times.iter().sum::<u128>() / (times.len() as u128).max(1);
    format!("{average} ns per push ({} at best, {} median, {} at 90 %)", at(0), at(50), at(90))
}
