//! Timings of a stretch of time: p50, p75, p95 from the sketches of hours and minutes, and from the rows of the last minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rusqlite::params;
use serde_json::{Map, Value, json};

use super::Result;
use super::question::Span;
use super::sums::Site;
use crate::store::sketch::{SERIES_NAMES, Set, absorb_pages, absorb_set, merge_set};
use crate::store::stale::What;
use crate::store::summary::minute::Minute;

/// What is wanted of pages: page → row.
pub(super) type Wanted = HashMap<u32, u32>;

/// The timings of a minute: bytes of the site and of its pages, or what was read row by row.
enum Found<'a> {
    Summed(&'a [u8], &'a [u8]),
    Read(&'a Minute),
}

impl Site<'_> {
    /// The timings of the site in each step.
    pub(super) fn timing_steps(&self, span: Span) -> Result<Vec<Set>> {
        let mut steps = vec![Set::default(); span.steps()];
        if span.step == 60 {
            self.timing_hours(span.from, span.to, |hour, whole, _| {
                if let Some(set) = span.step_of(hour * 60).and_then(|n| steps.get_mut(n)) {
                    absorb_set(set, whole, |_| true);
                }
            })?;
        }
        let loose = match span.step {
            60 => self.loose(What::Timings, span.from, span.to),
            _ => vec![(span.from, span.to)],
        };
        for (from, to) in loose {
            self.timing_minutes(from, to, false, |minute, timings| {
                let Some(set) = span.step_of(minute).and_then(|n| steps.get_mut(n)) else { return };
                match timings {
                    Found::Summed(whole, _) => {
                        absorb_set(set, whole, |_| true);
                    }
                    Found::Read(minute) => merge_set(set, &minute.whole),
                }
            })?;
        }
        Ok(steps)
    }

    /// The timings of the wanted pages, by row.
    pub(super) fn timing_pages(&self, from: i64, to: i64, wanted: &Wanted) -> Result<HashMap<u32, Set>> {
        let mut sets = HashMap::new();
        if wanted.is_empty() {
            return Ok(sets);
        }
        self.timing_hours(from, to, |_, _, pages| {
            absorb_pages(pages, &mut sets, |page| wanted.get(&page).copied());
        })?;
        for (from, to) in self.loose(What::Timings, from, to) {
            self.timing_minutes(from, to, true, |_, timings| match timings {
                // Only what is wanted is taken apart.
                Found::Summed(_, pages) => {
                    absorb_pages(pages, &mut sets, |page| wanted.get(&page).copied());
                }
                Found::Read(minute) => {
                    for (page, set) in &minute.pages {
                        if let Some(row) = wanted.get(page) {
                            merge_set(sets.entry(*row).or_default(), set);
                        }
                    }
                }
            })?;
        }
        Ok(sets)
    }

    /// Whole hours that are summed up: hour, bytes of the site, bytes of its pages.
    fn timing_hours(&self, from: i64, to: i64, mut each: impl FnMut(i64, &[u8], &[u8])) -> Result<()> {
        let mut query = self.db.prepare_cached(
            "SELECT number, whole, pages FROM sketches WHERE site = ?1 AND span = 3600 AND number >= ?2 AND number < ?3",
        )?;
        let mut rows = query.query(params![self.site, (from + 59).div_euclid(60), to.div_euclid(60)])?;
        while let Some(row) = rows.next()? {
            let hour = row.get(0)?;
            if !self.stale(What::Timings, hour) {
                let blob = |n| row.get_ref(n).map(|b| b.as_blob().unwrap_or_default());
                each(hour, blob(1)?, blob(2)?);
            }
        }
        Ok(())
    }

    /// Minutes: what is not summed up, or has no pages any more, is read row by row.
    fn timing_minutes(
        &self,
        from: i64,
        to: i64,
        with_pages: bool,
        mut each: impl FnMut(i64, Found),
    ) -> Result<()> {
        let mut raw = Vec::new();
        let mut query = self.db.prepare_cached(
            "SELECT number, whole, CASE WHEN ?4 THEN pages END FROM sketches
             WHERE site = ?1 AND span = 60 AND number >= ?2 AND number < ?3",
        )?;
        let mut rows = query.query(params![self.site, from, to, with_pages])?;
        while let Some(row) = rows.next()? {
            let minute = row.get(0)?;
            let pages = row.get_ref(2)?.as_blob().ok();
            if self.stale(What::Minute, minute) || (with_pages && pages.is_none()) {
                raw.push(minute);
                continue;
            }
            let whole = row.get_ref(1)?.as_blob().unwrap_or_default();
            each(minute, Found::Summed(whole, pages.unwrap_or_default()));
        }
        raw.extend((from..to).filter(|m| self.stale(What::Minute, *m)));
        raw.sort_unstable();
        raw.dedup();
        for number in raw {
            let mut minute = Minute::new(self.site as u64, number, &self.days);
            minute.go_on(self.db, Instant::now() + Duration::from_secs(3600))?;
            each(number, Found::Read(&minute));
        }
        Ok(())
    }
}

/// `{"load":{"n","p50","p75","p95"},…}`: ms, cls as it is, generation in ms; only what there are values of.
pub(super) fn quantiles(set: &Set) -> Value {
    let mut all = Map::new();
    for ((n, sketch), name) in set.iter().enumerate().zip(SERIES_NAMES) {
        let count = sketch.count();
        if count > 0 {
            let at = |q| sketch.quantile(q).map(|v| shown(n, v));
            all.insert(name.into(), json!({"n": count, "p50": at(0.5), "p75": at(0.75), "p95": at(0.95)}));
        }
    }
    Value::Object(all)
}

/// A value in the unit it is shown in, with three digits.
pub(super) fn shown(series: usize, value: f64) -> f64 {
    let value = match SERIES_NAMES.get(series) {
        Some(&"cls" | &"generation") => value / 1000.0,
        _ => value,
    };
    (value * 1000.0).round() / 1000.0
}
