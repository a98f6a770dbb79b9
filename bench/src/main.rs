//! Measures the engine: the real binary, a real ring, this process as the producer. See `bench/run.mjs`.
//!
//! - `engine` the process that is measured · `traffic` what happens · `store` what was committed
//! - `sender` events as records · `crowd` who the visitors of the mixed traffic are · `mixed` their records
//! - `events` the engine's speed · `memory` its memory · `history` screens of what is stored · `figure` a result

#![expect(
    clippy::indexing_slicing,
    reason = "of JSON values only, which answer null for what they do not have"
)]

mod crowd;
mod engine;
mod events;
mod figure;
mod history;
mod memory;
mod mixed;
mod sender;
mod store;
mod traffic;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What goes wrong ends the measurement: a figure of a broken run is worse than none.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "\
qahm-bench events <engine> <dir>     events per CPU second of the engine
qahm-bench mixed <engine> <dir>      the same, of every kind and of a crowd
qahm-bench visitor <engine> <dir>    bytes per visitor
qahm-bench crowd <engine> <dir>      memory of 200,000 different visitors within the default limit
qahm-bench limit <engine> <dir>      memory under a million visitors
qahm-bench history <engine> <dir>    ms of a screen of 24 hours
qahm-bench status <runtime-dir>      an engine's answer to `status`
Data goes to <dir>, the ring to /dev/shm.";

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    let words: Vec<&Path> = arguments.iter().map(PathBuf::as_path).collect();
    let result = match *words.as_slice() {
        [what, engine, dir] if what == Path::new("events") => events::measure(engine, dir),
        [what, engine, dir] if what == Path::new("mixed") => events::measure_mixed(engine, dir),
        [what, engine, dir] if what == Path::new("crowd") => memory::of_crowd(engine, dir),
        [what, engine, dir] if what == Path::new("visitor") => memory::per_visitor(engine, dir),
        [what, engine, dir] if what == Path::new("limit") => memory::limit(engine, dir),
        [what, _, dir] if what == Path::new("history") => history::measure(dir),
        [what, runtime] if what == Path::new("status") => status(runtime),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qahm-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn status(runtime: &Path) -> Result<()> {
    let place = qahm_runtime::runtime_dir(Some(runtime), false)?;
    println!("{}", engine::call(&place, r#"{"op":"status"}"#)?);
    Ok(())
}
