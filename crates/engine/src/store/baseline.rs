//! V3, V4: what the minutes of each local hour were like, noted when the hour is over.

use std::collections::HashMap;
use std::time::Instant;

use qahm_event::SiteId;
use rusqlite::{Connection, OptionalExtension, params};

use super::batch::Batch;
use super::usual::{Baseline, Usual, usual};
use super::{Result, Store};
use crate::calendar::Calendar;

/// An hour needs this many known minutes, or tells nothing of what is usual.
const MINUTES: i64 = 30;
/// Totals of minutes are kept this long (s): hours before that cannot be noted any more.
const BACK: i64 = 8 * 86_400;

/// From which moment (Unix seconds) on hours are to be noted, by site. After a start, from the last one that was.
#[derive(Debug, Default)]
pub(super) struct Baselines {
    next: HashMap<u64, i64>,
}

impl Baselines {
    /// A minute of an hour that was noted has changed: the clock was set back.
    pub(super) fn touched(&mut self, batch: &Batch) {
        for (site, minute) in batch.minutes.keys() {
            if let Some(next) = self.next.get_mut(&site.0) {
                *next = (*next).min(minute * 60);
            }
        }
    }

    pub(super) fn forget(&mut self, site: u64) {
        self.next.remove(&site);
    }
}

impl Store {
    /// Notes the hours that are over; answers whether time is left.
    pub(super) fn note_usual(
        &mut self,
        site: SiteId,
        calendar: &Calendar,
        over: i64,
        end: Instant,
    ) -> Result<bool> {
        let mut from = match self.baselines.next.get(&site.0) {
            Some(next) => *next,
            None => self.first_unnoted(site, over)?,
        };
        // A clock that was far ahead has left a mark that would never come.
        from = calendar.hour(from.clamp(over - BACK, over)).began;
        let mut next = calendar.next_hour(from);
        while next <= over {
            self.note(site, calendar, from, next)?;
            (from, next) = (next, calendar.next_hour(next));
            self.baselines.next.insert(site.0, from);
            if Instant::now() > end {
                return Ok(false);
            }
        }
        self.baselines.next.insert(site.0, from);
        Ok(true)
    }

    fn first_unnoted(&self, site: SiteId, over: i64) -> Result<i64> {
        let first: Option<i64> = self.db.query_row(
            "SELECT ifnull((SELECT max(began) + 3600 FROM baselines WHERE site = ?1),
                           (SELECT min(minute) * 60 FROM minutes WHERE site = ?1))",
            [site.0 as i64],
            |row| row.get(0),
        )?;
        Ok(first.unwrap_or(over))
    }

    fn note(&mut self, site: SiteId, calendar: &Calendar, from: i64, to: i64) -> Result<()> {
        let site = site.0 as i64;
        let transaction = self.db.transaction()?;
        // The bare column is that of the row with the highest V1.
        let found = transaction
            .prepare_cached(
                "SELECT count(*), avg(active), max(active), minute FROM minutes
                 WHERE site = ?1 AND minute >= ?2 AND minute < ?3 HAVING count(*) > 0",
            )?
            .query_row([site, from / 60, to / 60], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, f64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                ))
            })
            .optional()?;
        if let Some((minutes, mean, peak, minute)) = found {
            if minutes >= MINUTES {
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO baselines (site, began, value, peak) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![site, from, mean, peak])?;
            }
            transaction
                .prepare_cached(
                    "INSERT INTO records (site, day, peak, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET peak = excluded.peak, at = excluded.at WHERE excluded.peak > peak",
                )?
                .execute(params![site, calendar.day(from).number, peak, minute * 60])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// V4: what is usual in the local hour that holds `unix`.
    pub fn usual(&self, site: SiteId, calendar: &Calendar, unix: i64) -> Result<Usual> {
        Ok(usual(&baselines(&self.db, site.0 as i64, unix)?, calendar, unix))
    }
}

/// The baselines of the 8 weeks before a moment.
pub(crate) fn baselines(db: &Connection, site: i64, unix: i64) -> Result<Vec<Baseline>> {
    let mut query = db.prepare_cached(
        "SELECT began, value FROM baselines WHERE site = ?1 AND began >= ?2 AND began <= ?3",
    )?;
    let rows = query.query_map([site, unix - 57 * 86_400, unix], |row| {
        Ok(Baseline { began: row.get(0)?, value: row.get(1)? })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
