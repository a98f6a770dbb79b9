//! The engine's memory: for one visitor, and at its limit.

use std::path::Path;

use qahm_event::Micros;

use crate::Result;
use crate::crowd::Crowd;
use crate::engine::{Engine, Memory};
use crate::figure::print;
use crate::sender::Sender;
use crate::traffic::Traffic;

const MIB: f64 = 1_048_576.0;

/// Visitors and views of each, for the bytes of one.
const VISITORS: u32 = 200_000;
const VIEWS: u32 = 3;
const PAGES: u32 = 500;

/// Prints `engine_bytes_per_visitor`.
pub(crate) fn per_visitor(binary: &Path, dir: &Path) -> Result<()> {
    // Far more than is needed: nobody is to be put out of memory.
    let engine = Engine::start(binary, dir, 2 << 30)?;
    engine.settled(0)?;
    let before = engine.memory()?.anonymous;
    let mut traffic = Traffic::new(VISITORS as usize, PAGES);
    let mut sender = Sender::new(&engine.ring);
    for view in 0..VIEWS {
        for visitor in 0..VISITORS {
            if view > 0
                && let Some(leave) = traffic.leave(visitor)
            {
                sender.send(&leave, Micros::now())?;
            }
            sender.send(&traffic.view(visitor), Micros::now())?;
        }
    }
    let status = engine.settled(sender.sent)?;
    let after = engine.memory()?.anonymous;
    let live = engine.live()?;
    if status["visitors"] != VISITORS || live["views_today"] != VISITORS * VIEWS || status["evicted"] != 0 {
        return Err(format!("not all visitors are in memory: {status} {live}").into());
    }
    let note = format!(
        "RssAnon {:.1} MiB with {VISITORS} visitors of {VIEWS} views, {:.1} MiB before; the engine's own estimate is {:.0} bytes",
        after as f64 / MIB,
        before as f64 / MIB,
        status["bytes"].as_f64().unwrap_or(0.0) / f64::from(VISITORS),
    );
    let bytes = after.saturating_sub(before) as f64 / f64::from(VISITORS);
    print("engine_bytes_per_visitor", bytes, "B", &note);
    Ok(())
}

/// Views each of the crowd has when the figures are taken; more follow for the note.
const TYPICAL: u32 = 2;

/// Prints `live_bytes_200k_visitors`: private memory and ring with that many different people within the default limit,
/// and `live_evicted_200k_visitors`: how many of them it had no room for.
pub(crate) fn of_crowd(binary: &Path, dir: &Path) -> Result<()> {
    let engine = Engine::start(binary, dir, LIMIT)?;
    engine.settled(0)?;
    let idle = engine.memory()?.anonymous;
    let ring = engine.ring.bytes() as u64;
    let crowd = Crowd::new();
    let mut traffic = Traffic::new(VISITORS as usize, PAGES).with_popular_pages();
    let mut sender = Sender::of_crowd(&engine.ring, &crowd);
    let mut figures = (0.0, f64::NAN);
    let mut rounds = Vec::new();
    let mut most = 0;
    for view in 1..=VIEWS {
        for visitor in 0..VISITORS {
            if let Some(leave) = traffic.leave(visitor) {
                sender.send(&leave, Micros::now())?;
            }
            sender.send(&traffic.view(visitor), Micros::now())?;
            if visitor % 2000 == 0 {
                most = most.max(engine.memory()?.anonymous);
            }
        }
        let status = engine.settled(sender.sent)?;
        let live = engine.live()?;
        if live["views_today"] != VISITORS * view {
            return Err(format!("not all views were counted: {live}").into());
        }
        most = most.max(engine.memory()?.anonymous);
        rounds.push(format!(
            "{view} views each: {:.1} MiB, {} in memory, {} evicted, approximate {}, own estimate {:.1} MiB",
            most as f64 / MIB,
            status["visitors"],
            status["evicted"],
            live["approximate"],
            status["bytes"].as_f64().unwrap_or(0.0) / MIB,
        ));
        if view == TYPICAL {
            figures = ((most + ring) as f64, status["evicted"].as_f64().unwrap_or(f64::NAN));
        }
    }
    let note = format!(
        "highest RssAnon so far and {:.1} MiB of ring, {TYPICAL} views each, limit {} MiB; {VISITORS} visitors, {} user agents; \
         idle {:.1} MiB; {}",
        ring as f64 / MIB,
        LIMIT >> 20,
        crowd.agents(),
        idle as f64 / MIB,
        rounds.join("; "),
    );
    print("live_bytes_200k_visitors", figures.0, "B", &note);
    print("live_evicted_200k_visitors", figures.1, "", "visitors put out of memory in that run by then");
    Ok(())
}

/// Distinct visitors, and the µs of event time they come in.
const FLOOD: u32 = 1_000_000;
const FLOOD_US: u64 = 600_000_000;
/// The default of QAHM_REALTIME_MEMORY_LIMIT.
const LIMIT: u64 = 128 << 20;

/// Prints `memory_1m_visitors_mb`: the most that private memory and ring ever were.
pub(crate) fn limit(binary: &Path, dir: &Path) -> Result<()> {
    let engine = Engine::start(binary, dir, LIMIT)?;
    engine.settled(0)?;
    let mut traffic = Traffic::new(FLOOD as usize, PAGES);
    let mut sender = Sender::new(&engine.ring);
    let now = Micros::now().0;
    // A machine that was started less than ten minutes ago has fewer minutes to spread them over.
    let span = FLOOD_US.min(now.saturating_sub(1_000_000));
    let mut most = Memory::default();
    for visitor in 0..FLOOD {
        let time = Micros(now - span + span * u64::from(visitor) / u64::from(FLOOD));
        sender.send(&traffic.view(visitor), time)?;
        if visitor % 2000 == 0 {
            let memory = engine.memory()?;
            most.anonymous = most.anonymous.max(memory.anonymous);
            most.shared = most.shared.max(memory.shared);
        }
    }
    let status = engine.settled(sender.sent)?;
    let (after, live) = (engine.memory()?, engine.live()?);
    most.anonymous = most.anonymous.max(after.anonymous);
    if live["views_today"] != FLOOD {
        return Err(format!("not all views were counted: {live}").into());
    }
    let note = format!(
        "highest RssAnon {:.1} MiB + ring {:.1} MiB, limit {} MiB; {FLOOD} visitors in {} s of event time: {} in memory, \
         {} evicted; shown: visitors today {}, of 30 minutes {}, approximate {}",
        most.anonymous as f64 / MIB,
        engine.ring.bytes() as f64 / MIB,
        LIMIT >> 20,
        span / 1_000_000,
        status["visitors"],
        status["evicted"],
        live["visitors_today"],
        live["visitors_30m"],
        live["approximate"],
    );
    print("memory_1m_visitors_mb", (most.anonymous + engine.ring.bytes() as u64) as f64 / MIB, "MiB", &note);
    Ok(())
}
