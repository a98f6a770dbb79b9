//! The rows of the last half hour, for the logs of the live state.

use qahm_event::SiteId;
use rusqlite::{Row, params};

use super::partition::name;
use super::{Result, Store};
use crate::live::facts::{Entry, EntryKind, Request, Timing, UNTOLD};
use crate::live::names::NameId;
use crate::live::pages::PageId;
use crate::live::profiles::ProfileId;
use crate::live::visitor::VisitorKey;
use crate::live::{Second, THIRTY};

/// A late viewer sees this many events, whatever their age.
const EVENTS: usize = 200;

/// An event may have been taken in this long (s) after the moment it is stored with.
const LATE: i64 = 60;

/// What came back, oldest first.
#[derive(Debug, Default)]
pub struct Recent {
    pub events: Vec<Entry>,
    pub times: Vec<Timing>,
    pub requests: Vec<Request>,
}

impl Store {
    /// The rows of a site in the half hour that ends with second `now` (by engine second; `offset` = Unix time minus engine
    /// second), and at least the last 200 events.
    pub fn recent(&self, site: SiteId, now: Second, offset: i64) -> Result<Recent> {
        let first = now.saturating_sub(THIRTY - 1);
        // A clock that was set meanwhile gave the older of them another time.
        let shift: Option<i64> = self.db.query_row(
            "SELECT min(shift) FROM offsets WHERE second >=
               ifnull((SELECT max(second) FROM offsets WHERE second <= ?1), 0)",
            [first],
            |row| row.get(0),
        )?;
        let from = (i64::from(first) + shift.map_or(offset, |s| s.min(offset)) - LATE) * 1000;
        let site = site.0 as i64;
        let mut recent = Recent::default();
        for day in self.partitions.days().filter(|day| (day + 1) * 86_400_000 > from) {
            let day = name(day);
            let mut query = self.db.prepare(&format!(
                "{ENTRY} FROM events_{day} WHERE site = ?1 AND at >= ?2 AND second >= ?3 ORDER BY at, id"
            ))?;
            let mut rows = query.query(params![site, from, first])?;
            while let Some(row) = rows.next()? {
                recent.events.extend(entry(row)?);
            }
            let mut query = self.db.prepare(&format!(
                "SELECT second, page, profile, internal, load, ttfb, fcp, lcp, inp, cls FROM times_{day}
                 WHERE site = ?1 AND at >= ?2 AND second >= ?3 ORDER BY at, n"
            ))?;
            let mut rows = query.query(params![site, from, first])?;
            while let Some(row) = rows.next()? {
                recent.times.push(timing(row)?);
            }
            let mut query = self.db.prepare(&format!(
                "SELECT second, page, profile, status, fatal, bot, generation, queries FROM requests_{day}
                 WHERE site = ?1 AND at >= ?2 AND second >= ?3 ORDER BY at, n"
            ))?;
            let mut rows = query.query(params![site, from, first])?;
            while let Some(row) = rows.next()? {
                recent.requests.push(request(row)?);
            }
        }
        if recent.events.len() < EVENTS {
            let last = self.last_events(site)?;
            recent.events.extend(last);
        }
        recent.events.sort_unstable_by_key(|entry| entry.id);
        recent.events.dedup_by_key(|entry| entry.id);
        recent.times.sort_by_key(|timing| timing.at);
        recent.requests.sort_by_key(|request| request.at);
        Ok(recent)
    }

    fn last_events(&self, site: i64) -> Result<Vec<Entry>> {
        let mut events = Vec::new();
        for day in self.partitions.days().collect::<Vec<_>>().into_iter().rev() {
            let mut query = self.db.prepare(&format!(
                "{ENTRY} FROM events_{} WHERE site = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
                name(day)
            ))?;
            let mut rows = query.query(params![site, (EVENTS - events.len()) as i64])?;
            while let Some(row) = rows.next()? {
                events.extend(entry(row)?);
            }
            if events.len() >= EVENTS {
                break;
            }
        }
        Ok(events)
    }
}

const ENTRY: &str = "SELECT id, second, kind, sub, undone, page, profile, name, value, ifnull(key, 0), ifnull(visit, 0), ifnull(view, 0)";

/// `None` for a kind a newer engine wrote.
fn entry(row: &Row) -> Result<Option<Entry>> {
    let Some(kind) = EntryKind::from_u8(row.get(2)?) else { return Ok(None) };
    Ok(Some(Entry {
        id: row.get::<_, i64>(0)? as u64,
        at: row.get(1)?,
        kind,
        sub: row.get(3)?,
        undone: row.get(4)?,
        page: PageId(row.get(5)?),
        profile: ProfileId(row.get(6)?),
        name: NameId(row.get(7)?),
        value: row.get(8)?,
        key: VisitorKey(row.get::<_, i64>(9)? as u64),
        visit: row.get(10)?,
        view: row.get::<_, i64>(11)? as u64,
    }))
}

fn timing(row: &Row) -> Result<Timing> {
    let mut values = [UNTOLD; 6];
    for (n, value) in values.iter_mut().enumerate() {
        *value = row.get::<_, Option<u16>>(4 + n)?.unwrap_or(UNTOLD);
    }
    Ok(Timing {
        at: row.get(0)?,
        page: PageId(row.get(1)?),
        profile: ProfileId(row.get(2)?),
        internal: row.get(3)?,
        values,
    })
}

fn request(row: &Row) -> Result<Request> {
    Ok(Request {
        at: row.get(0)?,
        page: PageId(row.get(1)?),
        profile: ProfileId(row.get(2)?),
        status: row.get(3)?,
        fatal: row.get(4)?,
        bot: row.get(5)?,
        generation: row.get::<_, Option<u32>>(6)?.unwrap_or(u32::MAX),
        queries: row.get::<_, Option<u32>>(7)?.unwrap_or(u32::MAX),
    })
}
