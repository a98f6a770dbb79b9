//! What the fuzz target `handshake` plays for minutes, for a second: the inputs that are kept, and random changes of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

#[allow(dead_code)]
#[path = "reference/random.rs"]
mod random;
mod stranger;

use random::Random;
use stranger::{House, Time};
use tokio::runtime::Builder;

/// Changed scripts that are played.
const CHANGED: usize = 1000;
/// Bytes of a script at most, as in fuzz/run.
const LONGEST: usize = 4200;

fn kept() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/handshake");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    // The changes are to be the same on every machine.
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A script with some pieces cut out, put in, changed, or taken from another.
fn changed(kept: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut below = |limit: usize| (random.next() % limit as u64) as usize;
    let mut script = kept[below(kept.len())].clone();
    for _ in 0..=below(4) {
        let at = below(script.len() + 1);
        let end = (at + below(12)).min(script.len());
        let piece = match below(5) {
            0 => Vec::new(),
            1 => script[at..end].iter().map(|byte| byte ^ (1 << below(8))).collect(),
            2 => script[at..end].repeat(3),
            3 => (0..below(6)).map(|_| below(256) as u8).collect(),
            _ => {
                let other = &kept[below(kept.len())];
                other[below(other.len() + 1)..].to_vec()
            }
        };
        script.splice(at..end, piece);
    }
    script.truncate(LONGEST);
    script
}

#[test]
fn strangers_are_not_let_in_whatever_they_send_and_nothing_of_theirs_is_left() {
    // A panic of a task would be caught, and nobody would hear of it.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
    let dir = tempfile::tempdir().unwrap();
    let house = House::at(&dir.path().join("house"));
    let kept = kept();
    let mut random = Random::new(20);
    let play = |script: &[u8]| {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        house.visit(&runtime, Time::Real, script)
    };
    let let_in = kept.iter().filter(|script| play(script)).count();
    assert!((5..kept.len()).contains(&let_in), "with a good token one is let in: {let_in}");
    for _ in 0..CHANGED {
        play(&changed(&kept, &mut random));
    }
}
