//! Sums of a stretch of time: whole hours from their summaries, the minutes before and after from their own sums.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Row, params};

use super::Result;
use crate::live::facts::{Dim, METRICS, Metrics};
use crate::live::names::NameId;
use crate::live::profiles::{Feature, OTHER};
use crate::report::Words;
use crate::store::cells::{add, numbers};
use crate::store::crossed::Crossed;
use crate::store::partition::{Partitions, name};
use crate::store::rows::COLUMNS;
use crate::store::stale::What;
use crate::store::summary::By;
use crate::store::words;

/// One site in one moment of the database.
pub(super) struct Site<'a> {
    pub(super) db: &'a Connection,
    pub(super) site: i64,
    pub(super) days: Partitions,
    /// What has rows that its summary does not know yet.
    stale: [BTreeSet<i64>; 3],
}

impl<'a> Site<'a> {
    pub(super) fn new(db: &'a Connection, site: i64) -> Result<Site<'a>> {
        let mut stale: [BTreeSet<i64>; 3] = Default::default();
        let mut query = db.prepare_cached("SELECT what, number FROM stale WHERE site = ?1")?;
        let mut rows = query.query([site])?;
        while let Some(row) = rows.next()? {
            if let Some(set) = stale.get_mut(usize::from(row.get::<_, u8>(0)?)) {
                set.insert(row.get(1)?);
            }
        }
        Ok(Site { db, site, days: Partitions::load(db)?, stale })
    }

    pub(super) fn stale(&self, what: What, number: i64) -> bool {
        self.stale.get(what as usize).is_some_and(|set| set.contains(&number))
    }

    /// The stretches of minutes whose hour is not wholly in the stretch, or not summed up.
    pub(super) fn loose(&self, what: What, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut loose: Vec<(i64, i64)> = Vec::new();
        let mut at = from;
        while at < to {
            let hour = at.div_euclid(60);
            let end = ((hour + 1) * 60).min(to);
            if end - at < 60 || self.stale(what, hour) {
                match loose.last_mut() {
                    Some(last) if last.1 == at => last.1 = end,
                    _ => loose.push((at, end)),
                }
            }
            at = end;
        }
        loose
    }

    /// The cells of whole hours: hour and bytes.
    pub(super) fn hours(
        &self,
        by: By,
        from: i64,
        to: i64,
        mut each: impl FnMut(i64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let (first, end) = ((from + 59).div_euclid(60), to.div_euclid(60));
        let mut query = self.db.prepare_cached(
            "SELECT hour, cells FROM hours WHERE site = ?1 AND dim = ?2 AND hour >= ?3 AND hour < ?4",
        )?;
        let mut rows = query.query(params![self.site, by.number(), first, end])?;
        while let Some(row) = rows.next()? {
            let hour = row.get(0)?;
            if !self.stale(What::Cells, hour) {
                each(hour, row.get_ref(1)?.as_blob().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// The sums of minutes: minute, key, sums.
    pub(super) fn minutes(
        &self,
        dim: Dim,
        from: i64,
        to: i64,
        mut each: impl FnMut(i64, u32, &Metrics),
    ) -> Result<()> {
        for day in from.div_euclid(1440)..=(to - 1).div_euclid(1440) {
            if !self.days.days().any(|d| d == day) {
                continue;
            }
            let sql = format!(
                "{} WHERE site = ?1 AND dim = ?2 AND minute >= ?3 AND minute < ?4",
                select(&name(day))
            );
            let mut query = self.db.prepare_cached(&sql)?;
            let mut rows = query.query(params![self.site, dim as u8, from, to])?;
            while let Some(row) = rows.next()? {
                each(row.get(0)?, row.get(1)?, &metrics(row)?);
            }
        }
        Ok(())
    }

    /// Sums by number: of the site, pages or names.
    pub(super) fn by_number(&self, by: By, from: i64, to: i64) -> Result<HashMap<u32, Metrics>> {
        let mut sums = HashMap::new();
        self.hours(by, from, to, |_, bytes| {
            numbers(bytes, |key, metrics| add(sums.entry(key).or_insert([0; METRICS]), metrics));
            Ok(())
        })?;
        let (dim, kind) = match by {
            By::Site => (Dim::Site, None),
            By::Page => (Dim::Page, None),
            By::Profile => (Dim::Profile, None),
            By::Name(kind) => (Dim::Name, Some(kind)),
        };
        for (from, to) in self.loose(What::Cells, from, to) {
            self.minutes(dim, from, to, |_, key, metrics| {
                if kind.is_none() || NameId(key).kind() == kind {
                    add(sums.entry(key).or_insert([0; METRICS]), metrics);
                }
            })?;
        }
        Ok(sums)
    }

    /// Sums of visits that fit, by a feature.
    pub(super) fn by_feature(
        &self,
        by: Feature,
        words: &Words,
        from: i64,
        to: i64,
    ) -> Result<HashMap<String, Metrics>> {
        let mut sums: HashMap<String, Metrics> = HashMap::new();
        let mut put = |_: i64, name: &str, metrics: &Metrics| match sums.get_mut(name) {
            Some(sum) => add(sum, metrics),
            None => {
                sums.insert(name.to_owned(), *metrics);
            }
        };
        self.profile_hours(by, words, from, to, &mut put)?;
        for (from, to) in self.loose(What::Cells, from, to) {
            self.profile_minutes(by, words, from, to, &mut put)?;
        }
        Ok(sums)
    }

    /// Sums of visits that fit in whole hours: first minute, name by a feature, sums.
    pub(super) fn profile_hours(
        &self,
        by: Feature,
        words: &Words,
        from: i64,
        to: i64,
        mut put: impl FnMut(i64, &str, &Metrics),
    ) -> Result<()> {
        let asked: Vec<_> = words.features().collect();
        self.hours(By::Profile, from, to, |hour, bytes| {
            if let Some(crossed) = Crossed::new(bytes) {
                crossed.each(&asked, by, |name, metrics| put(hour * 60, name, metrics));
            }
            Ok(())
        })
    }

    /// The same in minutes.
    pub(super) fn profile_minutes(
        &self,
        by: Feature,
        words: &Words,
        from: i64,
        to: i64,
        mut put: impl FnMut(i64, &str, &Metrics),
    ) -> Result<()> {
        let open = words.features().next().is_none();
        // The name of a profile; none if it does not fit.
        let mut names: HashMap<u32, Option<String>> = HashMap::new();
        let mut failed = Ok(());
        self.minutes(Dim::Profile, from, to, |minute, id, metrics| {
            let name = names.entry(id).or_insert_with(|| match words::profile(self.db, self.site, id) {
                Ok(Some(profile)) => words.fits(&profile).then(|| profile.name(by).into_owned()),
                Ok(None) => open.then(|| OTHER.to_owned()),
                Err(error) => {
                    failed = Err(error);
                    None
                }
            });
            if let Some(name) = name {
                put(minute, name, metrics);
            }
        })?;
        Ok(failed?)
    }
}

/// Minute, key and all sums of a day's rows.
pub(super) fn select(day: &str) -> String {
    format!("SELECT minute, key, {} FROM rollups_{day}", COLUMNS.join(", "))
}

fn metrics(row: &Row) -> Result<Metrics> {
    let mut metrics = [0; METRICS];
    for (n, metric) in metrics.iter_mut().enumerate() {
        *metric = row.get(2 + n)?;
    }
    Ok(metrics)
}
