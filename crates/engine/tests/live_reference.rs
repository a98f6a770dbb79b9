//! The live state against an independent reference, on random traffic.
//!
//! `LIVE_REFERENCE_SEED=n` plays one seed alone, `LIVE_REFERENCE_SCENARIOS=n` plays more or fewer of them.

// Helpers of tests may panic as tests may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod reference;

use reference::eviction::{evictions, restart_after_eviction};
use reference::play::{Look, play};
use reference::restarts::restarts;
use reference::scenario::{Kind, Scenario};

/// Plays so many scenarios, or those asked for; one that fails is shrunk and told. Answers the sum of what they count.
fn check(
    usual: u64,
    kind: Kind,
    test: impl Fn(&Scenario) -> Result<usize, String>,
    closer: impl Fn(&Scenario) -> Result<usize, String>,
) -> usize {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let seeds: Vec<u64> = match number("LIVE_REFERENCE_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("LIVE_REFERENCE_SCENARIOS").unwrap_or(usual)).collect(),
    };
    let mut sum = 0;
    for seed in seeds {
        let scenario = Scenario::random(seed, kind);
        match test(&scenario) {
            Ok(n) => sum += n,
            Err(difference) => {
                let shorter = scenario.shrink(|s| closer(s).is_err());
                let shortest = closer(&shorter).err().unwrap_or_default();
                panic!("seed {seed}: {difference}\n\nshrunk to\n{}\n{shortest}", shorter.told());
            }
        }
    }
    sum
}

#[test]
fn the_engine_shows_what_the_definitions_say() {
    let compared = check(400, Kind::Everything, |s| play(s, Look::Often), |s| play(s, Look::Always));
    println!("{compared} comparisons");
}

#[test]
fn a_forgotten_site_is_gone_and_the_others_do_not_notice() {
    let compared = check(100, Kind::Forgetting, |s| play(s, Look::Often), |s| play(s, Look::Always));
    println!("{compared} comparisons");
}

#[test]
fn a_restart_changes_no_number() {
    println!("{} restarts", check(300, Kind::Exact, restarts, restarts));
}

#[test]
fn what_leaves_memory_stays_counted_within_the_budget() {
    println!("{} visitors evicted", check(150, Kind::Exact, evictions, evictions));
}

#[test]
fn a_restart_after_an_eviction_brings_nobody_back() {
    let evicted = check(150, Kind::Exact, restart_after_eviction, restart_after_eviction);
    println!("{evicted} visitors evicted");
}
