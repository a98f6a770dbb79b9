//! Producers that kill themselves at named points inside push, and the engine that goes on committing.

use std::time::Instant;

use qahm_chaos::ledger::Ledger;
use qahm_chaos::producers::{Producers, seconds};
use qahm_chaos::random::Random;
use qahm_chaos::scene::Scene;
use qahm_chaos::until;
use qahm_ring::chaos;

const POINTS: [u32; 6] = [
    chaos::CLAIMED_TAIL_NOT_MOVED,
    chaos::CLAIMED,
    chaos::HALF_WRITTEN,
    chaos::WRITTEN_NOT_PUBLISHED,
    chaos::PUBLISHED,
    chaos::PUBLISHED_TAIL_NOT_MOVED,
];
/// Deaths at each of them.
const DEATHS: u32 = 200;
/// Living producers at once.
const CROWD: usize = 4;

#[test]
fn committed_is_accepted_and_skipped_are_exactly_those_who_died_holding_a_slot() {
    let began = Instant::now();
    let mut random = Random::seeded("points");
    // Small, so that it goes round hundreds of times and is often full.
    let scene = Scene::new(256);
    let mut engine = scene.begin();
    let ring = scene.ring();
    let mut producers = Producers::new(env!("CARGO_BIN_EXE_producer"), &scene);

    let (mut expected, mut holding) = (Vec::new(), 0);
    while expected.len() < POINTS.len() * DEATHS as usize {
        if producers.living() >= CROWD {
            // Only every other time: the engine is to meet the dead as zombies, too.
            if random.below(2) == 0 {
                producers.bury();
            }
            std::thread::sleep(random.micros(1000));
            continue;
        }
        let point = POINTS[expected.len() % POINTS.len()];
        let count = random.below(120);
        let accepted = matches!(point, chaos::PUBLISHED | chaos::PUBLISHED_TAIL_NOT_MOVED);
        producers.doom(count, point);
        expected.push(count + u64::from(accepted));
        holding += u64::from(!accepted);
    }
    producers.end(&mut random);
    until("the engine to commit everything", || {
        engine.lives();
        ring.header().freed() == ring.header().claimed() && ring.header().skipped() >= holding
    });
    engine.settle(&ring);

    let header = ring.header();
    assert_eq!((header.skipped(), header.torn()), (holding, 0));
    let ledger = Ledger::read(scene.data());
    let sums = ledger.check(producers.started, &scene.report());
    let committed: Vec<u64> = (0..producers.started).map(|producer| ledger.of(producer)).collect();
    assert_eq!(committed, expected);
    assert_eq!(producers.suicides, POINTS.len() as u32 * DEATHS);
    println!(
        "points: {} deaths at {} points, {} skipped; {sums:?}; {:.1} s",
        producers.suicides,
        POINTS.len(),
        header.skipped(),
        seconds(began)
    );
}

#[test]
fn a_ring_in_which_nothing_but_the_dead_hold_slots_is_emptied() {
    let mut random = Random::seeded("dead");
    let scene = Scene::new(256);
    let mut engine = scene.begin();
    let ring = scene.ring();
    let mut producers = Producers::new(env!("CARGO_BIN_EXE_producer"), &scene);
    // None of them ever publishes a record: nothing but their deaths can tell the engine to free a slot. (A new minute is
    // stored, too, and all that was read is freed then: but that is a minute between two fillings of the ring.)
    let deaths = 4 * ring.slots();
    until("enough producers to find a slot and die", || {
        if producers.living() < CROWD {
            producers.doom(0, chaos::CLAIMED);
        }
        producers.bury();
        producers.started == deaths
    });
    producers.end(&mut random);
    until("the engine to free every slot", || {
        engine.lives();
        ring.header().freed() == u64::from(deaths)
    });
    assert_eq!((ring.header().skipped(), ring.header().torn()), (u64::from(deaths), 0));
    assert_eq!(Ledger::read(scene.data()).check(deaths, &scene.report()).committed, 0);
    println!("dead: {deaths} deaths");
}
