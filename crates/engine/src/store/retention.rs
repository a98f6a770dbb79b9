//! Old rows go a little at a time: no step may hold up the events behind it.
//!
//! Rows of visitors go by the second. Sums and timings go by whole hours, so that an hour that must be summed up once more,
//! because a visitor returned, is still there wholly.

use std::time::{Duration, Instant};

use qahm_event::SiteId;
use rusqlite::params;

use super::partition::{KINDS, name};
use super::summary::By;
use super::{Result, Store};
use crate::live::facts::Dim;

/// Rows deleted by one statement; a few ms.
const ROWS: i64 = 1000;
/// A step ends after this long.
const STEP: Duration = Duration::from_millis(12);
/// Days the per-minute totals are kept, whatever the retention.
const MINUTES_DAYS: i64 = 8;
/// Days the baselines are kept: the same hour of 8 weeks, and one for the hour in between.
const BASELINES_DAYS: i64 = 57;
/// Days a page, name or profile is remembered after its last use, or as long as anything may refer to it.
const WORDS_DAYS: i64 = 30;

/// The columns that tell apart the rows of a kind, and what makes one old: `?2` the site, `?3` Unix ms.
fn keys(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "views" => ("rowid", "site = ?2 AND at < ?3"),
        "events" => ("site, at, id", "site = ?2 AND at < ?3"),
        "rollups" => ("site, dim, minute, key", "site = ?2 AND dim = ?4 AND minute < ?3 / 60000"),
        _ => ("site, at, n", "site = ?2 AND at < ?3"),
    }
}

impl Store {
    /// One step: deletes what is older than each site's retention (hours), drops days that nobody needs. Answers
    /// whether more is waiting.
    pub fn expire(&mut self, unix: i64, retention: &[(SiteId, u32)]) -> Result<bool> {
        let end = Instant::now() + STEP;
        let longest = retention.iter().map(|r| i64::from(r.1)).max().unwrap_or(24) * 3600;
        for day in self.partitions.days().collect::<Vec<_>>() {
            if !self.expire_day(end, unix, day, hour(unix - longest), retention)? {
                return Ok(true);
            }
        }
        self.expire_summaries(end, unix, retention)?;
        self.expire_totals(unix, longest)
    }

    /// `oldest`: what any site may still need (Unix seconds). Answers whether all is done.
    fn expire_day(
        &mut self,
        end: Instant,
        unix: i64,
        day: i64,
        oldest: i64,
        retention: &[(SiteId, u32)],
    ) -> Result<bool> {
        let over = (day + 1) * 86_400 <= oldest;
        for kind in KINDS {
            let table = format!("{kind}_{}", name(day));
            let (keys, old) = keys(kind);
            if over {
                // A day that nobody needs is emptied first: dropping a full table would take long.
                let any =
                    format!("DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} LIMIT ?1)");
                if !self.delete_until(end, &any, &[&ROWS])? {
                    return Ok(false);
                }
                continue;
            }
            let old = format!(
                "DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} WHERE {old} LIMIT ?1)"
            );
            for (site, hours) in retention {
                let visitors = matches!(kind, "views" | "events");
                let before = unix - i64::from(*hours) * 3600;
                let before = if visitors { before } else { hour(before) };
                if day * 86_400 >= before {
                    continue;
                }
                let (site, before) = (site.0 as i64, before * 1000);
                let dims: &[u8] = if kind == "rollups" { &DIMS } else { &[0] };
                for dim in dims {
                    let done = if kind == "rollups" {
                        self.delete_until(end, &old, &[&ROWS, &site, &before, dim])?
                    } else {
                        self.delete_until(end, &old, &[&ROWS, &site, &before])?
                    };
                    if !done {
                        return Ok(false);
                    }
                }
            }
        }
        if over {
            for kind in KINDS {
                self.db.execute_batch(&format!("DROP TABLE IF EXISTS {kind}_{}", name(day)))?;
            }
            self.partitions.dropped(day);
        }
        Ok(Instant::now() <= end)
    }

    /// Hours and timings of sites, a few at a time: every hour brings a few of each.
    fn expire_summaries(&self, end: Instant, unix: i64, retention: &[(SiteId, u32)]) -> Result<()> {
        for (site, hours) in retention {
            let (site, before) = (site.0 as i64, hour(unix - i64::from(*hours) * 3600));
            for span in [60, 3600] {
                self.delete(
                    "DELETE FROM sketches WHERE rowid IN
                       (SELECT rowid FROM sketches WHERE site = ?1 AND span = ?2 AND number < ?3 LIMIT 200)",
                    params![site, span, before / span],
                )?;
            }
            for by in By::all() {
                self.delete(
                    "DELETE FROM hours WHERE rowid IN
                       (SELECT rowid FROM hours WHERE site = ?1 AND dim = ?2 AND hour < ?3 LIMIT 20)",
                    params![site, by.number(), before / 3600],
                )?;
            }
            if Instant::now() > end {
                break;
            }
        }
        Ok(())
    }

    fn expire_totals(&self, unix: i64, longest: i64) -> Result<bool> {
        let today = unix.div_euclid(86_400);
        let words = today - WORDS_DAYS.max(longest / 86_400 + 2);
        let mut more = self.delete(
            "DELETE FROM minutes WHERE (site, minute) IN (SELECT site, minute FROM minutes WHERE minute < ?2 LIMIT ?1)",
            params![ROWS, unix.div_euclid(60) - MINUTES_DAYS * 1440],
        )? == ROWS as usize;
        for (table, key) in [("pages", "page"), ("names", "id"), ("profiles", "id")] {
            let sql = format!(
                "DELETE FROM {table} WHERE (site, {key}) IN (SELECT site, {key} FROM {table} WHERE day < ?2 LIMIT ?1)"
            );
            more |= self.delete(&sql, params![ROWS, words])? == ROWS as usize;
        }
        self.delete(
            "DELETE FROM baselines WHERE (site, began) IN (SELECT site, began FROM baselines WHERE began < ?2 LIMIT ?1)",
            params![ROWS, unix - BASELINES_DAYS * 86_400],
        )?;
        // A ring that has not been heard of for a month was lost with an earlier boot of the machine.
        self.delete("DELETE FROM ring_cursor WHERE unix < ?1", [unix - 30 * 86_400])?;
        // The last hundred clocks are more than half an hour will see.
        self.delete(
            "DELETE FROM offsets WHERE second NOT IN (SELECT second FROM offsets ORDER BY second DESC LIMIT 100)",
            [],
        )?;
        Ok(more)
    }

    /// Repeats a deletion until nothing is left (`true`) or the time is over.
    fn delete_until(&self, end: Instant, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<bool> {
        while self.delete(sql, values)? == ROWS as usize {
            if Instant::now() > end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn delete(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        Ok(self.db.prepare_cached(sql)?.execute(values)?)
    }
}

const DIMS: [u8; 4] = [Dim::Site as u8, Dim::Page as u8, Dim::Profile as u8, Dim::Name as u8];

/// The beginning of the hour that holds a moment (Unix seconds).
fn hour(unix: i64) -> i64 {
    unix.div_euclid(3600) * 3600
}
