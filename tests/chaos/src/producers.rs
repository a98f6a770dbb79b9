//! Producers that live and die: a few at a time, hundreds a second.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::report::Report;
use crate::scene::Scene;
use crate::until;

/// All producers of a test.
pub struct Producers {
    program: PathBuf,
    scene: PathBuf,
    report: Report,
    /// Waiting to be killed.
    living: Vec<(u32, Child)>,
    /// Killing themselves.
    doomed: Vec<Child>,
    /// Killed, and still zombies.
    dead: Vec<Child>,
    /// So many were started; the next one's id.
    pub started: u32,
    /// So many were killed by us, and by themselves.
    pub kills: u32,
    pub suicides: u32,
}

impl Producers {
    /// None yet. `program`: the producer's path, which only an integration test knows.
    pub fn new(program: &str, scene: &Scene) -> Producers {
        Producers {
            program: Path::new(program).to_owned(),
            scene: scene.dir().to_owned(),
            report: scene.report(),
            living: Vec::new(),
            doomed: Vec::new(),
            dead: Vec::new(),
            started: 0,
            kills: 0,
            suicides: 0,
        }
    }

    /// Living ones, of both sorts.
    pub fn living(&self) -> usize {
        self.living.len() + self.doomed.len()
    }

    /// Starts one that waits to be killed.
    pub fn start(&mut self) {
        let child = self.spawn(&[]);
        self.living.push((self.started - 1, child));
    }

    /// Starts one that dies at a point inside the push after `count` records. Answers its id.
    pub fn doom(&mut self, count: u64, point: u32) -> u32 {
        let child = self.spawn(&[count.to_string(), point.to_string()]);
        self.doomed.push(child);
        self.started - 1
    }

    fn spawn(&mut self, more: &[String]) -> Child {
        let id = self.started;
        self.started += 1;
        let mut command = Command::new(&self.program);
        command.arg(&self.scene).arg(id.to_string()).args(more).stdin(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()))
    }

    /// Kills one of those that wait for it. Most are first given the time to push; one in eight dies while it starts.
    pub fn kill_one(&mut self, random: &mut Random) {
        if self.living.is_empty() {
            return;
        }
        let (id, mut child) = self.living.swap_remove(random.below(self.living.len() as u64) as usize);
        if random.below(8) != 0 {
            until("a producer's first record", || {
                assert_eq!(child.try_wait().unwrap(), None, "producer {id} ended by itself");
                let told = self.report.of(id);
                told.accepted + told.refused > 0
            });
            // It pushes in bursts: hit it in one of them, at any instant.
            let end = Instant::now() + random.micros(400);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        }
        child.kill().unwrap();
        self.kills += 1;
        self.dead.push(child);
        // Only sometimes: the engine is to meet the dead as zombies, too.
        if random.below(4) == 0 {
            self.bury();
        }
    }

    /// Reaps the dead, and those of the doomed that have met their end. Answers how many of these there were.
    pub fn bury(&mut self) -> u32 {
        for mut child in self.dead.drain(..) {
            child.wait().unwrap();
        }
        let before = self.suicides;
        let suicides = &mut self.suicides;
        self.doomed.retain_mut(|child| match child.try_wait().unwrap() {
            None => true,
            Some(status) => {
                use std::os::unix::process::ExitStatusExt;
                assert_eq!(status.signal(), Some(9), "a producer failed");
                *suicides += 1;
                false
            }
        });
        self.suicides - before
    }

    /// Waits for the doomed, kills all others. An engine must run, or the ring may stay full.
    pub fn end(&mut self, random: &mut Random) {
        until("the producers to kill themselves", || {
            self.bury();
            self.doomed.is_empty()
        });
        while !self.living.is_empty() {
            self.kill_one(random);
        }
        self.bury();
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        for child in self.living.iter_mut().map(|l| &mut l.1).chain(&mut self.doomed).chain(&mut self.dead) {
            let _dead = child.kill();
            let _reaped = child.wait();
        }
    }
}

/// How long it takes to wait for something, for those who wonder where the time goes.
pub fn seconds(since: Instant) -> f64 {
    Duration::as_secs_f64(&since.elapsed())
}
