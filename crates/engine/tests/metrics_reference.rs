//! Every live number against the slow reference in tests/reference, which is written in Python from the definitions.
//!
//! It tells random scenarios, one a line; here each is played on an intake of its own, in process and without files, and
//! the engine's answers go back to be compared. `METRICS_REFERENCE_SEED=n` plays one seed alone,
//! `METRICS_REFERENCE_SCENARIOS=n` plays more or fewer, `METRICS_REFERENCE_ARGS` goes to its run.py (`--without rough` spares
//! it what the network does, `--only pages` tells differences of pages only).

// Helpers of tests may panic as tests may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod metrics;
#[path = "../../enrich/tests/mmdb/mod.rs"]
mod mmdb;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use metrics::player::Player;

/// Scenarios played; one takes about a tenth of a second.
const SCENARIOS: u64 = 1000;

/// Where the addresses of the scenarios are: as tests/reference/known.py has them.
const COUNTRIES: [(&str, &str); 3] =
    [("203.0.113.0/24", "FR"), ("198.51.100.0/24", "US"), ("2001:db8:1::/48", "JP")];

#[test]
fn every_answer_is_what_the_definitions_say() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seed = number("METRICS_REFERENCE_SEED");
    let count = number("METRICS_REFERENCE_SCENARIOS").unwrap_or(if seed.is_some() { 1 } else { SCENARIOS });
    let more = std::env::var("METRICS_REFERENCE_ARGS").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference");
    let mut reference = Command::new("python3")
        // Nothing is written into the source tree.
        .arg("-B")
        .arg(folder.join("run.py"))
        .args(["--seed", &seed.unwrap_or(0).to_string(), "--count", &count.to_string()])
        .args(more.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3, which demo/setup installs");
    let mut answers = reference.stdin.take().unwrap();
    let mut player = Player::new(&COUNTRIES);
    let mut done = Value::Null;
    for line in BufReader::new(reference.stdout.take().unwrap()).lines() {
        let mut told: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(scenario) = told.get("play") {
            let given = json!({ "answers": player.play(scenario) });
            writeln!(answers, "{given}").unwrap();
            answers.flush().unwrap();
        } else {
            done = told["done"].take();
        }
    }
    assert!(reference.wait().unwrap().success(), "the reference failed");
    println!("{} scenarios, {} answers compared", done["scenarios"], done["answers"]);
    assert!(done["answers"].as_u64().unwrap() > count, "nothing was compared");
    if done["wrong"] != 0 {
        let texts: Vec<&str> =
            done["differences"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        panic!("{} scenarios differ: {}\n\n{}", done["wrong"], done["counts"], texts.join("\n\n"));
    }
}
