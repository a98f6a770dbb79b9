//! Real producers and the real engine, killed at any instant; what is committed afterwards is counted.
//!
//! - `record` the numbered records of a producer · `report` how many it was told are accepted
//! - `scene` directories, ring and site of one test · `engine` the process under test · `producers` those that die
//! - `ledger` what SQLite holds in the end · `random` chance that can be repeated
//!
//! Everything here is for tests: what goes wrong is a panic that says so.

pub mod engine;
pub mod ledger;
pub mod producers;
pub mod random;
pub mod record;
pub mod report;
pub mod scene;

use std::time::{Duration, Instant};

/// Waits until the condition holds. Looks often: what is waited for is usually a matter of microseconds.
///
/// # Panics
/// After a minute, with the words of `what`.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}
