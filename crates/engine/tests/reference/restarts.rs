//! A restart changes no number: an engine that is killed again and again beside one that never is.

use qahm_engine::live::Live;

use super::journal::{Engine, some_buckets, visitors};
use super::play::{AMPLE, shown};
use super::random::Random;
use super::scenario::{Happening, Scenario, What};

/// Plays a scenario on an engine that is never interrupted and on one that is killed again and again; the number of
/// restarts, or the first difference.
pub(crate) fn restarts(scenario: &Scenario) -> Result<usize, String> {
    let mut random = Random::new(scenario.seed ^ 0x5A5A);
    let [mut whole, mut killed] = [Engine::new(scenario, AMPLE), Engine::new(scenario, AMPLE)];
    let ids: Vec<_> = scenario.places.iter().map(|p| p.id).collect();
    let mut count = 0;
    // What was drained since the last commit: the ring still has it.
    let mut ring: Vec<Happening> = Vec::new();
    let same = |whole: &mut Engine, killed: &mut Engine, when: &str| {
        let at = whole.live.now() - scenario.start;
        for id in &ids {
            let [a, b] = [&mut *whole, &mut *killed].map(|e| shown(&mut e.live, *id, None));
            if a != b {
                return Err(format!("+{at} {when}: site {id} uninterrupted\n{a:?}\nrestarted\n{b:?}"));
            }
            let [a, b] = [&whole.live, &killed.live].map(|l| l.site(*id).unwrap());
            if (&a.kept, &a.seen, a.visitors) != (&b.kept, &b.seen, b.visitors) {
                let (a, b) = ((&a.kept, &a.seen), (&b.kept, &b.seen));
                return Err(format!("+{at} {when}: site {id} keeps\n{a:?}\nrestarted\n{b:?}"));
            }
        }
        if visitors(&whole.live) != visitors(&killed.live) || whole.live.bytes() != killed.live.bytes() {
            let bytes = [&whole.live, &killed.live].map(Live::bytes);
            let mut told = Vec::new();
            for id in &ids {
                for engine in [&*whole, &*killed] {
                    engine.live.each_visitor(*id, |v, views| told.push(format!("{v:?} {views:?}")));
                }
            }
            return Err(format!(
                "+{at} {when}: other visitors are in memory; bytes {bytes:?}\n{}",
                told.join("\n")
            ));
        }
        Ok(())
    };
    let kill = random.pick(&[1, 3, 10]);
    for (n, happening) in scenario.happenings.iter().enumerate() {
        let What::Touch(touch) = &happening.what else { continue };
        // What happens after an event does not depend on those before, so that a failure can be shrunk.
        let place = u64::from(touch.at) << 32 ^ touch.view << 8 ^ u64::from(touch.sequence);
        let mut random = Random::new(scenario.seed ^ place);
        let outcomes = [&mut whole, &mut killed].map(|e| e.take(happening.second, touch));
        if outcomes[0] != outcomes[1] {
            return Err(format!("{touch:?}: {outcomes:?}"));
        }
        ring.push(happening.clone());
        if random.chance(20) {
            if random.chance(30) {
                let later = happening.second + random.pick(&[0, 1, 2, 10, 59]);
                if scenario.happenings.get(n + 1).is_none_or(|next| later <= next.second) {
                    whole.live.advance(later);
                    killed.live.advance(later);
                }
            }
            killed.commit(some_buckets(&mut random));
            whole.commit(0);
            ring.clear();
        }
        if random.chance(kill) {
            killed.restart();
            for happening in &ring {
                let What::Touch(touch) = &happening.what else { continue };
                killed.take(happening.second, touch);
            }
            killed.live.advance(whole.live.now());
            count += 1;
            same(&mut whole, &mut killed, "after a restart")?;
        } else if random.chance(5) {
            same(&mut whole, &mut killed, "later")?;
        }
    }
    for later in [1, 2, 3, 10, 60, 300, 1000, 1860, 40_000, 86_400] {
        let now = whole.live.now() + later;
        whole.live.advance(now);
        killed.live.advance(now);
        same(&mut whole, &mut killed, "in the end")?;
    }
    whole.commit(0);
    killed.commit(0);
    if whole.minutes() != killed.minutes() {
        return Err(format!("minutes stored: {:?}\nrestarted: {:?}", whole.minutes(), killed.minutes()));
    }
    Ok(count)
}
