//! Plays a scenario on the engine and on the reference and compares them.

use std::collections::{BTreeMap, BTreeSet};

use qahm_engine::calendar::Calendar;
use qahm_engine::live::apply::Outcome;
use qahm_engine::live::pages::PageId;
use qahm_engine::live::{Live, Second};
use qahm_event::SiteId;

use super::numbers::{Numbers, Reference};
use super::random::Random;
use super::scenario::{Happening, PAGES, Place, Scenario, What};

/// Far more than any scenario needs.
pub(crate) const AMPLE: usize = 64 << 20;

/// Minutes as the store would have them: number → (highest V1, views).
pub(crate) type Stored = BTreeMap<i64, (u32, u32)>;

/// Where to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// After some events, and at random moments, among them those where a window of some event ends.
    Often,
    /// After every event and at every second.
    Always,
}

/// Plays the scenario; the number of comparisons, or the first difference in words.
pub(crate) fn play(scenario: &Scenario, look: Look) -> Result<usize, String> {
    let mut random = Random::new(scenario.seed ^ 0xA5A5);
    let mut live = Live::new(scenario.start, scenario.offset, AMPLE);
    let mut sites: Vec<Option<Known>> = Vec::new();
    for place in &scenario.places {
        sites.push(Some(Known::add(&mut live, scenario, place)));
    }
    let mut compared = 0;
    let mut compare = |live: &mut Live, sites: &mut Vec<Option<Known>>| {
        for known in sites.iter_mut().flatten() {
            let (is, should) =
                (shown(live, known.id, Some(&mut known.stored)), known.reference.numbers(live.now()));
            compared += 1;
            if is != should {
                let (id, at) = (known.id, live.now() - scenario.start);
                return Err(format!(
                    "site {id} at +{at}: the engine says\n{is:?}, the reference\n{should:?}"
                ));
            }
        }
        Ok(())
    };

    // Moments still to be looked at.
    let mut asked: BTreeSet<Second> = BTreeSet::new();
    for Happening { second, what } in &scenario.happenings {
        if look == Look::Always {
            asked.extend(live.now() + 1..*second);
        }
        while let Some(moment) = asked.first().copied().filter(|m| m < second) {
            asked.pop_first();
            live.advance(moment);
            compare(&mut live, &mut sites)?;
        }
        live.advance(*second);
        match what {
            What::Touch(touch) => {
                let known = sites.iter_mut().flatten().find(|k| k.id == touch.site);
                let should = known.map_or(Outcome::NoSite, |k| k.reference.hear(*second, touch));
                let is = live.apply(touch);
                if is != should {
                    let at = second - scenario.start;
                    return Err(format!("+{at} {touch:?}: the engine says {is:?}, the reference {should:?}"));
                }
            }
            What::Window(n, window) => {
                if let Some(known) = &mut sites[*n] {
                    let calendar = Calendar::new(scenario.places[*n].zone.name).unwrap();
                    live.set_site(known.id, *window, calendar);
                    known.reference.set_window(*second, *window);
                }
            }
            What::Forget(n) => {
                live.forget(scenario.places[*n].id);
                sites[*n] = None;
            }
            What::Add(n) => {
                live.forget(scenario.places[*n].id);
                sites[*n] = Some(Known::add(&mut live, scenario, &scenario.places[*n]));
            }
        }
        if look == Look::Always || random.chance(4) {
            compare(&mut live, &mut sites)?;
        }
        if random.chance(6) {
            let ends = [0, 1, 2, 3, 10, 59, 60, 61, 120, 300, 599, 600, 1799, 1800, 1801, 1830, 1860, 2400];
            asked.insert(second + random.pick(&ends));
        }
        if random.chance(2) {
            asked.insert(second + random.between(0, 4000));
        }
    }
    let quiet = live.now() + 2 * 1800 + 700;
    if look == Look::Always {
        asked.extend(live.now() + 1..quiet);
    }
    for moment in asked.into_iter().chain([quiet, quiet + 86_400]) {
        live.advance(moment);
        compare(&mut live, &mut sites)?;
    }
    if live.visitors() != 0 {
        return Err(format!("{} visitors are left after half an hour of quiet", live.visitors()));
    }
    Ok(compared)
}

/// A site that the engine knows.
struct Known {
    id: SiteId,
    reference: Reference,
    stored: Stored,
}

impl Known {
    fn add(live: &mut Live, scenario: &Scenario, place: &Place) -> Known {
        add_site(live, place);
        let reference = Reference::new(live.now(), scenario.offset, place.zone, place.window, PAGES);
        Known { id: place.id, reference, stored: Stored::new() }
    }
}

pub(crate) fn add_site(live: &mut Live, place: &Place) {
    live.set_site(place.id, place.window, Calendar::new(place.zone.name).unwrap());
    for n in 1..=PAGES {
        assert_eq!(live.site_mut(place.id).unwrap().pages.number(&format!("/{n}"), ""), PageId(n));
    }
}

/// What the engine shows of a site; with the views of each minute if its unstored minutes may be taken.
pub(crate) fn shown(live: &mut Live, id: SiteId, stored: Option<&mut Stored>) -> Numbers {
    let now = live.now();
    let last = live.unix().div_euclid(60);
    let site = live.site_mut(id).unwrap();
    let minutes = site.minutes.series();
    let mut minute_views = Vec::new();
    if let Some(stored) = stored {
        stored.extend(site.minutes.take_unstored().into_iter().map(|m| (m.number, (m.active, m.views))));
        let of_store = |n: i64| stored.get(&n).copied().unwrap_or_default();
        let as_stored: Vec<u32> = (last - 29..=last).map(|n| of_store(n).0).collect();
        assert_eq!(minutes, as_stored, "the series of the screen is not the stored one");
        minute_views.extend((last - 29..=last).map(|n| of_store(n).1));
    }
    let pages: BTreeMap<u32, u32> = (0..=PAGES + 1)
        .filter_map(|n| site.pages.get(PageId(n)).map(|p| (n, p.active)))
        .filter(|p| p.1 > 0)
        .collect();
    assert_eq!(site.pages.active_sum(), u64::from(site.active), "P2 does not sum to V1");
    let top: BTreeMap<u32, u32> = site.pages.top(100).iter().map(|p| (p.id.0, p.active)).collect();
    assert_eq!(top, pages);
    Numbers {
        active: site.active,
        five: site.visitors_five(now),
        thirty: site.visitors_thirty(now),
        today: site.today,
        views_today: site.kept.views_today,
        visits_today: site.kept.visits_today,
        private_today: site.kept.private_today,
        peak: site.kept.peak,
        peak_at: site.kept.peak_at,
        day: i64::from(site.kept.day),
        pages,
        minutes,
        minute_views,
        approximate: site.approximate(now),
    }
}
