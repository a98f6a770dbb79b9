//! The engine as a process that can be killed: the one that is shipped, without any chaos in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use qahm_ring::{Ring, boottime_us};

use crate::scene::Scene;
use crate::until;

/// The engine shows changes more often than this (µs).
const SHOW_US: u64 = 50_000;

/// One run of the engine. Killed when dropped.
pub struct Engine {
    child: Child,
    /// When it was started (boot µs).
    began: u64,
    log: PathBuf,
}

/// The built engine: `QAHM_CHAOS_ENGINE`, else the one that the demo and the other tests use.
pub fn binary() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("QAHM_CHAOS_ENGINE")
        .map_or_else(|| here.join("../../target/quick/qahm-realtimed"), PathBuf::from)
}

impl Engine {
    /// Starts it, without waiting for anything.
    pub fn start(scene: &Scene) -> Engine {
        let log = scene.dir().join("engine.log");
        let errors = File::options().create(true).append(true).open(&log).unwrap();
        let began = boottime_us();
        let child = Command::new(binary())
            .args(scene.arguments())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        Engine { child, began, log }
    }

    /// Microseconds since it was started.
    pub fn age_us(&self) -> u64 {
        boottime_us() - self.began
    }

    /// Whether it has begun to beat: it has recovered its state and drains.
    ///
    /// # Panics
    /// When it has ended by itself.
    pub fn is_up(&mut self, ring: &Ring) -> bool {
        self.lives();
        ring.header().engine_pid() == self.child.id() && ring.header().beat() >= self.began
    }

    /// Asserts that nobody but we ended it.
    pub fn lives(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("the engine ended by itself, {status}: {said}");
        }
    }

    /// Waits until what is shown is of the current second. A round of the engine's loop begins with a beat and ends with
    /// showing what has changed, unless it showed something less than `SHOW_US` ago.
    pub fn settle(&mut self, ring: &Ring) {
        let mut beats_after = |what, us: u64| {
            until(what, || {
                self.lives();
                ring.header().beat() >= us
            });
            ring.header().beat()
        };
        let began = boottime_us() / 1_000_000 * 1_000_000;
        let first = beats_after("the engine to beat in this second", began.max(boottime_us() - SHOW_US));
        let showing = beats_after("the engine to have to show what it knows", first + SHOW_US);
        beats_after("the engine to beat again", showing + 1);
    }

    /// Kills it and waits for its end, which frees its locks.
    pub fn kill(&mut self) {
        self.lives();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}
