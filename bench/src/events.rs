//! How many events the engine takes in for a second of CPU time, everything included: decoding, enrichment, the live
//! state, rows, journal and cursor in SQLite, counters and frames.

use std::path::Path;
use std::time::{Duration, Instant};

use qahm_event::{Kind, Micros};
use serde_json::Value;

use crate::Result;
use crate::crowd::Crowd;
use crate::engine::Engine;
use crate::figure::{list, median, print};
use crate::sender::Sender;
use crate::store::Stored;
use crate::traffic::{Counts, Traffic};

const RUNS: usize = 3;
const MEMORY: u64 = 512 << 20;

/// A kind of traffic, and how much of it.
struct Load {
    /// Of the figure.
    name: &'static str,
    visitors: u32,
    pages: u32,
    events: u64,
    /// Every kind of event, of people with all kinds of browsers; else the four kinds of the first tracker, of one browser.
    mixed: bool,
}

/// What a run found.
struct Found {
    /// Events per CPU second of the engine.
    rate: f64,
    seconds: f64,
    said: String,
}

/// Prints `engine_events_per_s`: the median of a few runs, each with an engine of its own.
pub(crate) fn measure(binary: &Path, dir: &Path) -> Result<()> {
    let load =
        Load { name: "engine_events_per_s", visitors: 20_000, pages: 500, events: 1_000_000, mixed: false };
    load.measure(binary, dir)
}

/// Prints `engine_mixed_events_per_s`: the same with all that the tracker sends, of a crowd.
pub(crate) fn measure_mixed(binary: &Path, dir: &Path) -> Result<()> {
    let load = Load {
        name: "engine_mixed_events_per_s",
        visitors: 60_000,
        pages: 600,
        events: 1_000_000,
        mixed: true,
    };
    load.measure(binary, dir)
}

impl Load {
    fn measure(&self, binary: &Path, dir: &Path) -> Result<()> {
        // A profiler wants one run, and a short one.
        let runs = std::env::var("QAHM_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS);
        let found = (0..runs).map(|_| self.run(binary, dir)).collect::<Result<Vec<_>>>()?;
        let rates: Vec<f64> = found.iter().map(|run| run.rate).collect();
        let seconds: Vec<f64> = found.iter().map(|run| run.seconds).collect();
        let note = format!(
            "per CPU second (user and system) of the engine; {}, all committed and none dropped; runs {}; wall {} s",
            found.last().map_or("", |run| &run.said),
            list(&rates, 0),
            list(&seconds, 1)
        );
        print(self.name, median(&rates), "1/s", &note);
        Ok(())
    }

    fn run(&self, binary: &Path, dir: &Path) -> Result<Found> {
        let engine = Engine::start(binary, dir, MEMORY)?;
        let crowd = Crowd::new();
        let mut traffic = Traffic::new(self.visitors as usize, self.pages);
        let mut sender = Sender::new(&engine.ring);
        if self.mixed {
            traffic = traffic.with_popular_pages();
            sender = Sender::of_crowd(&engine.ring, &crowd);
        }
        // Everybody is there when the measurement begins.
        for visitor in 0..self.visitors {
            sender.send(&traffic.view(visitor), Micros::now())?;
        }
        engine.settled(sender.sent)?;

        let before = traffic.counts;
        let (began, cpu) = (Instant::now(), engine.cpu()?);
        for _ in 0..self.events {
            let event = if self.mixed { traffic.next_mixed() } else { traffic.next() };
            sender.send(&event, Micros::now())?;
        }
        while engine.ring.used() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (cpu, seconds) = (engine.cpu()? - cpu, began.elapsed().as_secs_f64());

        let status = engine.settled(sender.sent)?;
        complete(&traffic.counts, sender.sent, &status, &Stored::read(&engine.data())?)?;
        let mut said = self.shares(&before, &traffic.counts);
        if self.mixed {
            let geo = engine.ask("geo")?;
            let countries = geo["countries"].as_array().map_or(0, Vec::len);
            said += &format!("; {} user agents, {countries} countries", crowd.agents());
        }
        Ok(Found { rate: self.events as f64 / cpu, seconds, said })
    }

    /// "1000000 events of 20000 visitors on 500 pages: 55 % beats, …".
    fn shares(&self, before: &Counts, after: &Counts) -> String {
        let shares: Vec<String> = (0..=u8::MAX)
            .filter_map(Kind::from_u8)
            .map(|kind| (kind, (after.of(kind) - before.of(kind)) as f64 * 100.0 / self.events as f64))
            .filter(|(_, share)| *share > 0.0)
            .map(|(kind, share)| format!("{share:.1} % {}", kind.as_str()))
            .collect();
        format!(
            "{} events of {} visitors on {} pages: {}",
            self.events,
            self.visitors,
            self.pages,
            shares.join(", ")
        )
    }
}

/// Whether everything that was sent has been counted and stored.
fn complete(counts: &Counts, sent: u64, status: &Value, stored: &Stored) -> Result<()> {
    let number = |name: &str| status[name].as_u64().unwrap_or(u64::MAX);
    let wanted =
        (counts.of(Kind::View), counts.of(Kind::Request), counts.of(Kind::Timing), sent, "{}", sent, 0, 0);
    let found = (
        stored.views,
        stored.requests,
        stored.times,
        stored.cursor,
        stored.dropped.as_str(),
        number("events"),
        number("strangers"),
        number("unreadable"),
    );
    if found != wanted {
        return Err(format!("not all was counted: {found:?} instead of {wanted:?}").into());
    }
    // Visits, reached depths and returns make entries of their own.
    let told: u64 = [Kind::Click, Kind::Form, Kind::Error, Kind::Custom, Kind::Signal]
        .map(|kind| counts.of(kind))
        .iter()
        .sum();
    if stored.events < told {
        return Err(format!("{told} events of the feed were sent and {} stored", stored.events).into());
    }
    Ok(())
}
