//! The timings of an hour: those of its minutes.

use std::collections::HashMap;
use std::time::Instant;

use rusqlite::{Connection, Transaction, params};

use super::super::Result;
use super::super::sketch::{Set, absorb_pages, absorb_set, encode_set, samples};
use super::minute::pages_blob;

/// Pages that are told apart in an hour: those with the most samples.
const PAGES: usize = 200;

/// A minute has its pages for so many hours: a screen of the last 24 begins within one.
const PAGES_HOURS: i64 = 26;

/// The timings of an hour, as far as they are read.
#[derive(Debug)]
pub(super) struct Timings {
    site: i64,
    hour: i64,
    /// The next minute.
    minute: i64,
    whole: Set,
    pages: HashMap<u32, Set>,
}

impl Timings {
    pub(super) fn new(site: u64, hour: i64) -> Timings {
        Timings { site: site as i64, hour, minute: hour * 60, whole: Set::default(), pages: HashMap::new() }
    }

    pub(super) fn go_on(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        let mut query = db.prepare_cached(
            "SELECT whole, pages FROM sketches WHERE site = ?1 AND span = 60 AND number = ?2",
        )?;
        while self.minute < (self.hour + 1) * 60 {
            let mut rows = query.query(params![self.site, self.minute])?;
            if let Some(row) = rows.next()? {
                let blob = |n| row.get_ref(n).map(|b| b.as_blob().unwrap_or_default());
                absorb_set(&mut self.whole, blob(0)?, |_| true);
                absorb_pages(blob(1)?, &mut self.pages, Some);
            }
            self.minute += 1;
            if Instant::now() > end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn store(&self, transaction: &Transaction) -> Result<()> {
        if samples(&self.whole) == 0 {
            transaction
                .prepare_cached("DELETE FROM sketches WHERE site = ?1 AND span = 3600 AND number = ?2")?
                .execute([self.site, self.hour])?;
            return Ok(());
        }
        transaction
            .prepare_cached(
                "INSERT INTO sketches (site, span, number, whole, pages) VALUES (?1, 3600, ?2, ?3, ?4)
                 ON CONFLICT (site, span, number) DO UPDATE SET whole = excluded.whole, pages = excluded.pages",
            )?
            .execute(params![
                self.site,
                self.hour,
                encode_set(&self.whole),
                pages_blob(&self.pages, PAGES)
            ])?;
        transaction
            .prepare_cached(
                "UPDATE sketches SET pages = NULL
                 WHERE site = ?1 AND span = 60 AND pages IS NOT NULL AND number < ?2",
            )?
            .execute([self.site, (self.hour - PAGES_HOURS) * 60])?;
        Ok(())
    }
}
