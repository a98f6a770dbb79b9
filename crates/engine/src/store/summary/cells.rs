//! The sums of an hour by every dimension, from the sums of its minutes: profiles become countries, sources, devices …

use std::collections::HashMap;
use std::time::Instant;

use rusqlite::{Connection, Transaction, params};

use super::super::Result;
use super::super::cells::{add, put_number};
use super::super::crossed::Crossing;
use super::super::partition::{Partitions, name};
use super::super::rows::COLUMNS;
use super::{By, CHUNK};
use crate::live::facts::{Dim, METRICS, Metrics};
use crate::live::names::NameId;
use crate::live::profiles::Profile;
use crate::store::words;

/// The sums of an hour, as far as they are read.
#[derive(Debug)]
pub(super) struct Cells {
    site: i64,
    hour: i64,
    day: Option<String>,
    /// Dimensions still to be read, the next one last; the last row read of it.
    dims: Vec<Dim>,
    minute: i64,
    key: i64,
    sums: [HashMap<u32, Metrics>; 4],
    /// Profiles that are still to be taken apart.
    profiles: Vec<(u32, Metrics)>,
    crossing: Crossing,
}

impl Cells {
    pub(super) fn new(site: u64, hour: i64, days: &Partitions) -> Cells {
        let day = hour.div_euclid(24);
        let known = days.days().any(|d| d == day);
        Cells {
            site: site as i64,
            hour,
            day: known.then(|| name(day)),
            dims: if known { vec![Dim::Name, Dim::Profile, Dim::Page, Dim::Site] } else { Vec::new() },
            minute: hour * 60,
            key: -1,
            sums: Default::default(),
            profiles: Vec::new(),
            crossing: Crossing::default(),
        }
    }

    pub(super) fn go_on(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        Ok(self.read(db, end)? && self.expand(db, end)?)
    }

    fn read(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        let Some(day) = &self.day else { return Ok(true) };
        let sql = format!(
            "SELECT minute, key, {} FROM rollups_{day} WHERE site = ?1 AND dim = ?2 AND (minute, key) > (?3, ?4)
               AND minute < ?5 ORDER BY minute, key LIMIT ?6",
            COLUMNS.join(", ")
        );
        let mut query = db.prepare_cached(&sql)?;
        while let Some(dim) = self.dims.last().copied() {
            let Some(sums) = self.sums.get_mut(dim as usize) else { break };
            let mut rows = query.query(params![
                self.site,
                dim as u8,
                self.minute,
                self.key,
                (self.hour + 1) * 60,
                CHUNK
            ])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                (self.minute, self.key) = (row.get(0)?, row.get(1)?);
                let mut metrics = [0; METRICS];
                for (n, metric) in metrics.iter_mut().enumerate() {
                    *metric = row.get(2 + n)?;
                }
                add(sums.entry(self.key as u32).or_insert([0; METRICS]), &metrics);
                count += 1;
            }
            if count < CHUNK {
                self.dims.pop();
                (self.minute, self.key) = (self.hour * 60, -1);
            }
            if Instant::now() > end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Profiles, a few at a time: a flood may bring many thousands.
    fn expand(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        let [_, _, profiles, _] = &mut self.sums;
        self.profiles.extend(profiles.drain());
        while let Some((id, metrics)) = self.profiles.pop() {
            let profile: Option<Profile> = words::profile(db, self.site, id)?;
            self.crossing.add(profile.as_ref(), &metrics);
            if self.profiles.len().is_multiple_of(64) && Instant::now() > end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn store(&self, transaction: &Transaction) -> Result<()> {
        let [site, pages, _, names] = &self.sums;
        let mut blobs: HashMap<u8, Vec<u8>> = HashMap::new();
        for (by, sums) in [(By::Site, site), (By::Page, pages)] {
            for (key, metrics) in sorted(sums) {
                put_number(blobs.entry(by.number()).or_default(), *key, metrics);
            }
        }
        for (key, metrics) in sorted(names) {
            if let Some(kind) = NameId(*key).kind() {
                put_number(blobs.entry(By::Name(kind).number()).or_default(), *key, metrics);
            }
        }
        blobs.insert(By::Profile.number(), self.crossing.encode());
        let mut delete =
            transaction.prepare_cached("DELETE FROM hours WHERE site = ?1 AND dim = ?2 AND hour = ?3")?;
        let mut insert = transaction
            .prepare_cached("INSERT INTO hours (site, dim, hour, cells) VALUES (?1, ?2, ?3, ?4)")?;
        for by in By::all().map(By::number) {
            delete.execute(params![self.site, by, self.hour])?;
            if let Some(blob) = blobs.get(&by).filter(|blob| !blob.is_empty()) {
                insert.execute(params![self.site, by, self.hour, blob])?;
            }
        }
        Ok(())
    }
}

/// In the order of keys: the same sums are the same bytes.
fn sorted(sums: &HashMap<u32, Metrics>) -> Vec<(&u32, &Metrics)> {
    let mut sorted: Vec<_> = sums.iter().filter(|(_, m)| m.iter().any(|v| *v != 0)).collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    sorted
}
