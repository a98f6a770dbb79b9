//! A database that keeps the engine waiting for seconds, as a slow disk does.

use qahm_chaos::ledger::{self, Ledger};
use qahm_chaos::record::Numbered;
use qahm_chaos::report::Told;
use qahm_chaos::scene::Scene;
use qahm_chaos::until;
use qahm_event::RECORD_MAX;
use qahm_ring::boottime_us;

/// The engine looks at the clock, then carries out an order, which takes long, then drains: what was recorded meanwhile
/// is of seconds after its look at the clock, and must not be taken for invented.
#[test]
fn what_is_recorded_while_an_order_waits_for_the_disk_is_not_lost() {
    let scene = Scene::new(256);
    let mut engine = scene.begin();
    let ring = scene.ring();
    let header = ring.header();
    let lock = ledger::lock(scene.data());
    std::thread::scope(|scope| {
        // Answered late, or not at all: who asks is not the point.
        scope.spawn(|| scene.order());
        until("the engine to wait for the lock", || {
            engine.lives();
            header.beat_age_us(boottime_us()) > Some(500_000)
        });
        until("the clock to go on", || header.beat_age_us(boottime_us()) > Some(2_500_000));
        let mut buffer = [0; RECORD_MAX];
        for number in 0..40 {
            ring.push(Numbered { producer: 0, number }.encode(&mut buffer)).unwrap();
        }
        scene.report().tell(0, Told { accepted: 40, refused: 0 });
        drop(lock);
    });
    until("everything to be freed", || {
        engine.lives();
        header.freed() == 40
    });
    assert_eq!(Ledger::read(scene.data()).check(1, &scene.report()).committed, 40);
}
