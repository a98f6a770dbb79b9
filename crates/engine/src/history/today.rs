//! Today against other days: V3, V4, yesterday to the same time, changes of the site.

use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::question::Span;
use super::sums::Site;
use super::{Asked, Result};
use crate::live::facts::EntryKind;
use crate::live::names::part;
use crate::store::baseline::baselines;
use crate::store::partition::name;
use crate::store::usual::{grid, usual};

/// Changes shown at most, the latest.
const CHANGES: i64 = 100;

impl Site<'_> {
    /// `usual` (V4).
    pub(super) fn usual(&self, asked: &Asked) -> Result<Value> {
        let known = usual(&baselines(self.db, self.site, asked.unix)?, asked.calendar, asked.unix);
        let active = asked.now.map(|now| now.active).or(self.active(asked.unix)?);
        Ok(known.json(active))
    }

    /// The last known V1, of the minute.
    fn active(&self, unix: i64) -> Result<Option<u32>> {
        let mut query =
            self.db.prepare_cached("SELECT active FROM minutes WHERE site = ?1 AND minute = ?2")?;
        Ok(query.query_row(params![self.site, unix.div_euclid(60)], |row| row.get(0)).optional()?)
    }

    /// S2: seven days of 24 hours from Monday; `[median, weeks]` or null.
    pub(super) fn grid(&self, asked: &Asked) -> Result<Value> {
        let cells = grid(&baselines(self.db, self.site, asked.unix)?, asked.calendar, asked.unix);
        let cell = |(median, weeks): &(Option<f64>, usize)| {
            median.map_or(Value::Null, |median| json!([(median * 10.0).round() / 10.0, weeks]))
        };
        Ok(cells.iter().map(|day| day.iter().map(cell).collect::<Value>()).collect())
    }

    /// V3: the highest V1 of the day, by what is stored if nobody says what is.
    pub(super) fn peak(&self, asked: &Asked) -> Result<Value> {
        if let Some(now) = asked.now {
            return Ok(json!({"value": now.peak, "time": now.peak_at}));
        }
        let day = asked.calendar.day(asked.unix).began.div_euclid(60);
        let mut query = self.db.prepare_cached(
            "SELECT minute * 60, max(active) FROM minutes WHERE site = ?1 AND minute >= ?2 AND minute <= ?3",
        )?;
        let found: (Option<i64>, Option<u32>) = query
            .query_row(params![self.site, day, asked.unix.div_euclid(60)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(match found {
            (Some(time), Some(value)) => json!({"value": value, "time": time}),
            _ => Value::Null,
        })
    }

    /// V3: the highest V1 of any earlier day.
    pub(super) fn record(&self, asked: &Asked) -> Result<Value> {
        let mut query = self.db.prepare_cached(
            "SELECT peak, day FROM records WHERE site = ?1 AND day < ?2 ORDER BY peak DESC, day DESC LIMIT 1",
        )?;
        let today = asked.calendar.day(asked.unix).number;
        let found =
            query.query_row(params![self.site, today], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(found.map_or(Value::Null, |(peak, day): (u32, i64)| {
            let text = name(day);
            let date =
                [text.get(0..4), text.get(4..6), text.get(6..8)].map(Option::unwrap_or_default).join("-");
            json!({"value": peak, "date": date})
        }))
    }

    /// What today has counted so far.
    pub(super) fn today(&self, asked: &Asked) -> Result<Value> {
        match asked.now {
            Some(now) => Ok(json!({"visitors": now.visitors, "views": now.views})),
            None => self.counted(asked, asked.unix),
        }
    }

    /// What the day before had counted when its clocks showed the same time: at the end of the last whole minute.
    pub(super) fn yesterday(&self, asked: &Asked) -> Result<Value> {
        self.counted(asked, asked.calendar.days_before(asked.unix, 1) - 60)
    }

    fn counted(&self, asked: &Asked, unix: i64) -> Result<Value> {
        let day = asked.calendar.day(unix).began.div_euclid(60);
        let mut query = self.db.prepare_cached(
            "SELECT visitors_today, views_today FROM minutes WHERE site = ?1 AND minute >= ?2 AND minute <= ?3
             ORDER BY minute DESC LIMIT 1",
        )?;
        let found: Option<(Option<i64>, Option<i64>)> = query
            .query_row(params![self.site, day, unix.div_euclid(60)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (visitors, views) = found.unwrap_or((None, None));
        Ok(json!({"visitors": visitors, "views": views}))
    }

    /// E8 in the stretch, oldest first.
    pub(super) fn changes(&self, span: Span) -> Result<Value> {
        let mut changes: Vec<(i64, String)> = Vec::new();
        for day in span.from.div_euclid(1440)..=(span.to - 1).div_euclid(1440) {
            if !self.days.days().any(|d| d == day) {
                continue;
            }
            let sql = changes_of(&name(day));
            let mut query = self.db.prepare_cached(&sql)?;
            let rows = query
                .query_map(params![self.site, span.from * 60_000, span.to * 60_000, CHANGES], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            for row in rows {
                changes.push(row?);
            }
        }
        changes.sort_unstable();
        let late = changes.len().saturating_sub(CHANGES as usize);
        let shown = changes.iter().skip(late).map(
            |(at, text)| json!({"time": at.div_euclid(1000), "what": part(text, 0), "name": part(text, 1)}),
        );
        Ok(shown.collect())
    }
}

/// The number is in the text of the query: only so its index can be used. Left to itself, SQLite would read all events.
pub(super) fn changes_of(day: &str) -> String {
    format!(
        "SELECT at, ifnull((SELECT text FROM names WHERE names.site = events.site AND names.id = events.name), '')
         FROM events_{day} AS events INDEXED BY events_{day}_changes WHERE site = ?1 AND at >= ?2 AND at < ?3 AND kind = {}
         ORDER BY at DESC LIMIT ?4",
        EntryKind::Change as u8
    )
}
