//! Stands in for a PHP worker: pushes numbered records until it is killed, and says after each that it was accepted.
//!
//! `producer SCENE ID` waits to be killed; `producer SCENE ID COUNT POINT` kills itself at that point inside the push
//! after COUNT records.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use qahm_chaos::random::Random;
use qahm_chaos::record::Numbered;
use qahm_chaos::report::{Report, Told};
use qahm_chaos::scene;
use qahm_event::{Kind, RECORD_MAX};
use qahm_ring::{Ring, chaos};

/// Who is not killed stops here, so that a slow machine does not fill its disk.
const MOST: u64 = 2000;
/// Records in a row; then a pause in which the engine can catch up.
const BURST: u64 = 48;

struct Producer {
    ring: Ring,
    report: Report,
    id: u32,
    told: Told,
    buffer: Box<[u8; RECORD_MAX]>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let scene = Path::new(&arguments[1]);
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u32>().unwrap());
    let id = number(2).unwrap();
    let mut producer = Producer {
        ring: scene::ring(scene),
        report: Report::open(&scene.join(scene::REPORT)),
        id,
        told: Told::default(),
        buffer: Box::new([0; RECORD_MAX]),
    };
    match (number(3), number(4)) {
        (Some(count), Some(point)) => producer.die_at(u64::from(count), point),
        _ => producer.go_on(),
    }
}

impl Producer {
    fn die_at(&mut self, count: u64, point: u32) {
        while self.told.accepted < count {
            self.next();
        }
        chaos::DIE.store(point, Relaxed);
        loop {
            self.next();
        }
    }

    fn go_on(&mut self) {
        let mut random = Random::of(u64::from(self.id));
        loop {
            for _ in 0..BURST {
                self.next();
            }
            if self.told.accepted < MOST {
                std::thread::sleep(random.micros(600));
            } else {
                std::thread::sleep(Duration::from_secs(3600));
            }
        }
    }

    /// Pushes the next record, as often as it takes.
    fn next(&mut self) {
        let record = Numbered { producer: self.id, number: self.told.accepted as u32 };
        while self.ring.push(record.encode(&mut self.buffer)).is_err() {
            self.told.refused += 1;
            self.report.tell(self.id, self.told);
            std::thread::sleep(Duration::from_micros(300));
        }
        self.told.accepted += 1;
        self.report.tell(self.id, self.told);
        // Some views are closed, hidden or heard of again. Nobody counts these, but the visitors follow from them.
        if record.is_view() {
            let kind = [Kind::Beat, Kind::Hidden, Kind::Leave, Kind::View][record.number as usize / 16 % 4];
            let _full = self.ring.push(record.touch(kind, 1, &mut self.buffer));
        }
    }
}
