//! Memory ends: who was heard from longest ago goes, and what was counted stays counted.

use qahm_engine::live::apply::Outcome;
use qahm_engine::live::touch::Touch;
use qahm_engine::live::visitor::VisitorKey;

use super::journal::{Engine, some_buckets};
use super::numbers::Reference;
use super::play::{AMPLE, shown};
use super::random::Random;
use super::scenario::{PAGES, Scenario, What};
use super::{FIVE, THIRTY};

/// A visitor put out of memory leaves a window with its slice, up to this much early (s).
const SLICE: u32 = 30;

/// A budget that this scenario exceeds: somewhere between what its sites take alone and the most it ever takes.
fn tight(scenario: &Scenario, random: &mut Random) -> usize {
    let mut engine = Engine::new(scenario, AMPLE);
    let alone = engine.live.bytes();
    let mut most = alone;
    for happening in &scenario.happenings {
        if let What::Touch(touch) = &happening.what {
            engine.take(happening.second, touch);
            most = most.max(engine.live.bytes());
        }
    }
    alone + (most - alone) * random.between(5, 70) as usize / 100
}

/// Plays a scenario with too little memory; the number of visitors evicted.
pub(crate) fn evictions(scenario: &Scenario) -> Result<usize, String> {
    let mut random = Random::new(scenario.seed);
    let budget = tight(scenario, &mut random);
    let mut engine = Engine::new(scenario, budget);
    let mut references: Vec<Reference> = scenario
        .places
        .iter()
        .map(|p| Reference::new(scenario.start, scenario.offset, p.zone, p.window, PAGES))
        .collect();
    let mut evicted = 0;
    for happening in &scenario.happenings {
        let What::Touch(touch) = &happening.what else { continue };
        let Some(n) = scenario.places.iter().position(|p| p.id == touch.site) else { continue };
        // Whoever is forgotten is forgotten with the sequences heard and the keys of the views: duplicates would be taken
        // as new, and visitors who change the network would be others.
        let key = VisitorKey(references[n].owner(happening.second, touch));
        if references[n].hear(happening.second, touch) == Outcome::Duplicate {
            continue;
        }
        engine.take(happening.second, &Touch { key, ..*touch });
        let before: Vec<_> = scenario.places.iter().map(|p| shown(&mut engine.live, p.id, None)).collect();
        let count = engine.evict();
        evicted += count;
        if engine.live.bytes() > budget {
            return Err(format!("{} bytes of {budget}", engine.live.bytes()));
        }
        if !random.chance(if count > 0 { 10 } else { 2 }) {
            continue;
        }
        let now = engine.live.now();
        for ((place, reference), before) in scenario.places.iter().zip(&references).zip(before) {
            let is = shown(&mut engine.live, place.id, None);
            let should = reference.numbers(now);
            let told =
                || format!("+{}: the engine says\n{is:?}, the reference\n{should:?}", now - scenario.start);
            // Nothing of today, of the visits or of the minutes goes with a visitor.
            if (is.today, is.views_today, is.visits_today, is.peak, &is.minutes)
                != (before.today, before.views_today, before.visits_today, before.peak, &before.minutes)
            {
                return Err(format!("before the eviction\n{before:?}\n{}", told()));
            }
            // What a key counted as at midnight may be forgotten, not that it counts.
            let fewer = is.today < reference.keys(now, now + 1 - reference.midnight(now))
                || is.views_today < should.views_today
                || is.visits_today < should.visits_today
                || is.five < reference.keys(now, FIVE - SLICE)
                || is.thirty < reference.keys(now, THIRTY - SLICE);
            if fewer {
                return Err(told());
            }
            let site = engine.live.site(place.id).ok_or("the site is gone")?;
            let exact = |n: &super::numbers::Numbers| (n.active, n.five, n.thirty, n.today, n.views_today);
            // A key that today has no room to remember makes today approximate without an eviction.
            if exact(&is) != exact(&should) && site.kept.evicted == 0 && !is.approximate {
                return Err(format!("nobody was evicted, but {}", told()));
            }
            if exact(&is) != exact(&before) && !is.approximate {
                return Err(format!("not said to be approximate: {}", told()));
            }
        }
    }
    Ok(evicted)
}

/// Evicts, commits and restarts once, at a random moment; the number of visitors evicted.
pub(crate) fn restart_after_eviction(scenario: &Scenario) -> Result<usize, String> {
    let mut random = Random::new(scenario.seed);
    let mut engine = Engine::new(scenario, tight(scenario, &mut random));
    let mut evicted = 0;
    let last = random.between(1, scenario.happenings.len().max(1) as u32) as usize;
    for happening in scenario.happenings.iter().take(last) {
        let What::Touch(touch) = &happening.what else { continue };
        engine.take(happening.second, touch);
        evicted += engine.evict();
        if random.chance(20) {
            engine.commit(some_buckets(&mut random));
        }
    }
    engine.commit(0);
    let numbers = |engine: &mut Engine| -> Vec<_> {
        let ids = scenario.places.iter().map(|p| p.id);
        ids.map(|id| {
            let n = shown(&mut engine.live, id, None);
            // Visitors who were evicted are in the windows of 5 and 30 minutes until the restart only.
            let kept = engine.live.site(id).map(|s| (s.kept.clone(), s.visitors));
            (n.active, n.today, n.pages, n.minutes, kept)
        })
        .collect()
    };
    let before = numbers(&mut engine);
    engine.restart();
    let after = numbers(&mut engine);
    if before != after {
        return Err(format!("before the restart\n{before:?}\nafter\n{after:?}"));
    }
    Ok(evicted)
}
