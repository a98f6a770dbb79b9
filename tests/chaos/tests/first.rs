//! The first engine of all, started by the first event: WordPress tells it of its site a moment later.

use qahm_chaos::ledger::Ledger;
use qahm_chaos::record::Numbered;
use qahm_chaos::report::Told;
use qahm_chaos::scene::Scene;
use qahm_chaos::until;
use qahm_event::RECORD_MAX;

#[test]
fn what_was_accepted_before_the_first_site_is_known_is_not_lost() {
    let scene = Scene::new(256);
    let mut engine = scene.start();
    let ring = scene.ring();
    let mut buffer = [0; RECORD_MAX];
    for number in 0..40 {
        ring.push(Numbered { producer: 0, number }.encode(&mut buffer)).unwrap();
    }
    scene.report().tell(0, Told { accepted: 40, refused: 0 });
    engine.settle(&ring);
    scene.configure();
    until("everything to be committed", || {
        engine.lives();
        ring.header().freed() == 40
    });
    assert_eq!(Ledger::read(scene.data()).check(1, &scene.report()).committed, 40);
}
