//! Old rows go a little at a time: no step may hold up the events behind it.

use std::time::{Duration, Instant};

use qahm_event::SiteId;
use rusqlite::params;

use super::partition::{KINDS, name};
use super::{Result, Store};

/// Rows deleted by one statement; a few ms.
const ROWS: i64 = 2000;
/// A step ends after this long.
const STEP: Duration = Duration::from_millis(15);
/// Days the per-minute totals are kept, whatever the retention.
const MINUTES_DAYS: i64 = 8;
/// Days a path is remembered after its last view.
const PAGES_DAYS: i64 = 30;

impl Store {
    /// One step: deletes what is older than each site's retention (hours), drops days that nobody needs. Answers
    /// whether more is waiting.
    pub fn expire(&mut self, unix: i64, retention: &[(SiteId, u32)]) -> Result<bool> {
        let end = Instant::now() + STEP;
        let longest = retention.iter().map(|r| i64::from(r.1)).max().unwrap_or(24) * 3600;
        for day in self.partitions.days().collect::<Vec<_>>() {
            let over = (day + 1) * 86_400 <= unix - longest;
            for kind in KINDS {
                let table = format!("{kind}_{}", name(day));
                // A day that nobody needs is emptied first: dropping a full table would take long.
                let any = format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT ?1)");
                if over && !self.delete_until(end, &any, [ROWS])? {
                    return Ok(true);
                }
                let old = format!(
                    "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE site = ?2 AND at < ?3 LIMIT ?1)"
                );
                for (site, hours) in retention {
                    let before = unix - i64::from(*hours) * 3600;
                    let some = !over && day * 86_400 < before;
                    if some && !self.delete_until(end, &old, params![ROWS, site.0 as i64, before * 1000])? {
                        return Ok(true);
                    }
                }
            }
            if over {
                for kind in KINDS {
                    self.db.execute_batch(&format!("DROP TABLE IF EXISTS {kind}_{}", name(day)))?;
                }
                self.partitions.dropped(day);
            }
        }
        let minute = unix.div_euclid(60) - MINUTES_DAYS * 1440;
        let minutes = self.delete(
            "DELETE FROM minutes WHERE (site, minute) IN (SELECT site, minute FROM minutes WHERE minute < ?2 LIMIT ?1)",
            params![ROWS, minute],
        )?;
        let pages = self.delete(
            "DELETE FROM pages WHERE (site, page) IN (SELECT site, page FROM pages WHERE day < ?2 LIMIT ?1)",
            params![ROWS, unix.div_euclid(86_400) - PAGES_DAYS],
        )?;
        // A ring that has not been heard of for a month was lost with an earlier boot of the machine.
        self.delete("DELETE FROM ring_cursor WHERE unix < ?1", [unix - 30 * 86_400])?;
        Ok(minutes == ROWS as usize || pages == ROWS as usize)
    }

    /// Repeats a deletion until nothing is left (`true`) or the time is over.
    fn delete_until(&self, end: Instant, sql: &str, values: impl rusqlite::Params + Copy) -> Result<bool> {
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
