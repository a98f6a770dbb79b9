//! Producers and engine, killed from outside at any instant: nothing lost, nothing twice, the same visitors.

use std::time::Instant;

use qahm_chaos::engine::Engine;
use qahm_chaos::ledger::Ledger;
use qahm_chaos::producers::{Producers, seconds};
use qahm_chaos::random::Random;
use qahm_chaos::scene::Scene;
use qahm_chaos::until;
use qahm_ring::{Ring, boottime_us, chaos};
use serde_json::Value;

/// Kills at least.
const PRODUCERS: u32 = 5000;
const ENGINES: u32 = 500;
/// Engine kills between two moments of peace.
const CALM: u32 = 50;
/// Bytes that the journal stays below: half of what the storm writes into it. The engine keeps 2.7 MB of it.
const JOURNAL: u64 = 5 << 20;
/// Living producers at once.
const CROWD: usize = 4;

/// The storm: who lives, and what has been measured.
struct Storm {
    scene: Scene,
    ring: Ring,
    random: Random,
    producers: Producers,
    engine: Engine,
    /// Engines that began to beat: after how many µs.
    starts: Vec<u64>,
    noted: bool,
    kills: u32,
    /// When the engine is killed next: so long after it was started, or after it began to beat (µs).
    due: Due,
}

enum Due {
    AfterStart(u64),
    AfterBeat(u64, Option<u64>),
}

#[test]
fn nothing_is_lost_nothing_counted_twice_and_a_restarted_engine_shows_the_same() {
    let began = Instant::now();
    let mut random = Random::seeded("storm");
    let scene = Scene::new(1024);
    let engine = scene.begin();
    let mut storm = Storm {
        ring: scene.ring(),
        producers: Producers::new(env!("CARGO_BIN_EXE_producer"), &scene),
        due: Due::new(&mut random),
        starts: Vec::new(),
        noted: true,
        kills: 0,
        engine,
        scene,
        random,
    };
    let mut calm = CALM;
    while storm.kills < ENGINES || storm.producers.kills < PRODUCERS {
        storm.rage();
        if storm.kills >= calm {
            storm.check();
            calm = storm.kills + CALM;
        }
    }
    let views = storm.check();

    let ledger = Ledger::read(storm.scene.data());
    let sums = ledger.check(storm.producers.started, &storm.scene.report());
    assert_eq!(views, ledger.views, "views_today against rows");
    assert_eq!(storm.ring.header().torn(), 0);
    // Each engine lived too shortly to make it short alone: it must go on where the one before it ended.
    assert!(ledger.journal < JOURNAL, "the journal has grown to {} bytes", ledger.journal);
    // How many depends on who else has work for the processors: producers that run while the engine waits fill the ring.
    assert!(sums.refused / 4 < sums.accepted, "many were to be accepted: {sums:?}");
    storm.starts.sort_unstable();
    println!(
        "storm: {} producers and {} engines killed, {} producers killed themselves; {sums:?}; {:.1} s",
        storm.producers.kills,
        storm.kills,
        storm.producers.suicides,
        seconds(began)
    );
    println!(
        "storm: {} KiB of journal; an engine beat after {} µs (half of {}), {} µs at the latest",
        ledger.journal >> 10,
        storm.starts[storm.starts.len() / 2],
        storm.starts.len(),
        storm.starts[storm.starts.len() - 1]
    );
}

impl Due {
    /// Any instant of an engine's life: while it starts and recovers, in its first breaths, at work.
    fn new(random: &mut Random) -> Due {
        match random.below(4) {
            0 => Due::AfterStart(random.below(30_000)),
            1 => Due::AfterBeat(random.below(2_000), None),
            _ => Due::AfterBeat(random.below(120_000), None),
        }
    }

    fn has_come(&mut self, engine: &mut Engine, ring: &Ring) -> bool {
        match self {
            Due::AfterStart(us) => engine.age_us() >= *us,
            Due::AfterBeat(us, at) => {
                if at.is_none() && engine.is_up(ring) {
                    *at = Some(boottime_us() + *us);
                }
                at.is_some_and(|at| boottime_us() >= at)
            }
        }
    }
}

impl Storm {
    /// Starts who is missing, kills who is due.
    fn rage(&mut self) {
        while self.producers.living() < CROWD {
            match self.random.below(10) {
                0 => {
                    let (count, point) = (self.random.below(100), 1 + self.random.below(6) as u32);
                    assert!(point <= chaos::PUBLISHED_TAIL_NOT_MOVED);
                    self.producers.doom(count, point);
                }
                _ => self.producers.start(),
            }
        }
        self.watch();
        // So that both numbers are reached at about the same time.
        if self.producers.kills * ENGINES <= self.kills * PRODUCERS + PRODUCERS {
            self.producers.kill_one(&mut self.random);
        } else {
            std::thread::sleep(self.random.micros(2000));
        }
        self.producers.bury();
    }

    /// Looks after the engine: kills it if it is time.
    fn watch(&mut self) {
        if !self.noted && self.engine.is_up(&self.ring) {
            self.starts.push(self.engine.age_us());
            self.noted = true;
        }
        if self.due.has_come(&mut self.engine, &self.ring) {
            self.restart();
        }
    }

    fn restart(&mut self) {
        self.engine.kill();
        self.engine = Engine::start(&self.scene);
        self.kills += 1;
        self.noted = false;
        self.due = Due::new(&mut self.random);
    }

    /// Peace: no producer lives and everything is committed. Then an engine that is killed and its successor must show
    /// the same. Answers the views of today.
    fn check(&mut self) -> u64 {
        self.producers.end(&mut self.random);
        let (engine, ring) = (&mut self.engine, &self.ring);
        until("the engine to commit everything", || {
            engine.is_up(ring) && ring.header().freed() == ring.header().claimed()
        });
        engine.settle(ring);
        assert_eq!(ring.header().freed(), ring.header().claimed(), "a slot was found after the last one");
        // Numbers change with time too, but only between whole seconds: both answers must fall into one.
        for _ in 0..50 {
            let (second, before) = self.live();
            self.restart();
            until("the new engine to answer", || {
                self.engine.lives();
                self.scene.live().is_some()
            });
            let (then, after) = self.live();
            if second == then {
                let other = differences(&before, &after);
                assert!(other.is_empty(), "the restarted engine shows something else: {other:#?}");
                assert!(before["active"].as_u64().unwrap() > 0, "nobody is there: {before}");
                return after["views_today"].as_u64().unwrap();
            }
        }
        panic!("no restart took less than a second");
    }

    /// The numbers, and the second they are of: not one that is about to end.
    fn live(&mut self) -> (u64, Value) {
        loop {
            let second = boottime_us() / 1_000_000;
            self.engine.settle(&self.ring);
            let live = self.scene.live().expect("an answer");
            if boottime_us() / 1_000_000 == second {
                return (second, live);
            }
        }
    }
}

/// What two frames do not agree in.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            assert!(one.keys().eq(other.keys()));
            let inner = one.iter().flat_map(|(name, value)| {
                differences(value, &other[name]).into_iter().map(move |text| format!("{name} {text}"))
            });
            inner.collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).flat_map(|(one, other)| differences(one, other)).collect()
        }
        _ if before == after => Vec::new(),
        _ => vec![format!("{before} -> {after}")],
    }
}
