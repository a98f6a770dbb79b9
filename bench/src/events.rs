//! How many events the engine takes in for a second of CPU time, everything included: decoding, the live state, rows,
//! journal and cursor in SQLite, counters and frames.

use std::path::Path;
use std::time::Instant;

use qahm_event::Micros;

use crate::Result;
use crate::engine::Engine;
use crate::figure::{list, median, print};
use crate::sender::Sender;
use crate::store::Stored;
use crate::traffic::Traffic;

const VISITORS: u32 = 20_000;
const PAGES: u32 = 500;
const EVENTS: u64 = 1_000_000;
const RUNS: usize = 3;

/// Prints `engine_events_per_s`: the median of a few runs, each with an engine of its own.
pub(crate) fn measure(binary: &Path, dir: &Path) -> Result<()> {
    let mut rates = Vec::new();
    let mut seconds = Vec::new();
    let mut mix = String::new();
    for _ in 0..RUNS {
        let (rate, wall, said) = run(binary, dir)?;
        rates.push(rate);
        seconds.push(wall);
        mix = said;
    }
    let note = format!(
        "per CPU second (user and system) of the engine; {mix}, all committed and none dropped; runs {}; wall {} s",
        list(&rates, 0),
        list(&seconds, 1)
    );
    print("engine_events_per_s", median(&rates), "1/s", &note);
    Ok(())
}

fn run(binary: &Path, dir: &Path) -> Result<(f64, f64, String)> {
    let engine = Engine::start(binary, dir, 512 << 20)?;
    let mut traffic = Traffic::new(VISITORS as usize, PAGES);
    let mut sender = Sender::new(&engine.ring);
    // Everybody is there when the measurement begins.
    for visitor in 0..VISITORS {
        sender.send(&traffic.view(visitor), Micros::now())?;
    }
    engine.settled(sender.sent)?;

    let before = traffic.counts;
    let (began, cpu) = (Instant::now(), engine.cpu()?);
    for _ in 0..EVENTS {
        sender.send(&traffic.next(), Micros::now())?;
    }
    while engine.ring.used() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let (cpu, wall) = (engine.cpu()? - cpu, began.elapsed().as_secs_f64());

    let status = engine.settled(sender.sent)?;
    let counts = traffic.counts;
    let stored = Stored::read(&engine.data())?;
    let wanted = (counts.views, counts.requests, sender.sent, "{}", sender.sent, 0, 0);
    let number = |name: &str| status[name].as_u64().unwrap_or(u64::MAX);
    let found = (
        stored.views,
        stored.requests,
        stored.cursor,
        stored.dropped.as_str(),
        number("events"),
        number("strangers"),
        number("unreadable"),
    );
    if found != wanted {
        return Err(format!("not all was counted: {found:?} instead of {wanted:?}").into());
    }
    let share = |after: u64, before: u64| (after - before) as f64 * 100.0 / EVENTS as f64;
    let mix = format!(
        "{EVENTS} events of {VISITORS} visitors on {PAGES} pages: {:.0} % beats, {:.0} % views, {:.0} % leaves, {:.0} % requests",
        share(counts.beats, before.beats),
        share(counts.views, before.views),
        share(counts.leaves, before.leaves),
        share(counts.requests, before.requests),
    );
    Ok((EVENTS as f64 / cpu, wall, mix))
}
