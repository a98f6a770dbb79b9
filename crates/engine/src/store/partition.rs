//! Tables by UTC day: made when the first row of a day comes, dropped when nobody needs the day.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};

use super::Result;

/// The kinds of row that are kept by day.
pub(crate) const KINDS: [&str; 5] = ["views", "requests", "events", "times", "rollups"];

/// The days (since 1970) whose tables exist.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    days: BTreeSet<i64>,
}

impl Partitions {
    pub(crate) fn load(db: &Connection) -> Result<Partitions> {
        let mut query = db.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'views_[0-9]*'",
        )?;
        let names = query
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Partitions { days: names.iter().filter_map(|n| day_of(n.get(6..)?)).collect() })
    }

    /// Makes the tables of a day if they are missing. Call `made` once the transaction is committed.
    pub(super) fn ensure(&self, transaction: &Transaction, day: i64) -> Result<()> {
        if !self.days.contains(&day) {
            transaction.execute_batch(&include_str!("day.sql").replace("{day}", &name(day)))?;
        }
        Ok(())
    }

    pub(super) fn made(&mut self, day: i64) {
        self.days.insert(day);
    }

    pub(super) fn dropped(&mut self, day: i64) {
        self.days.remove(&day);
    }

    pub(crate) fn days(&self) -> impl Iterator<Item = i64> {
        self.days.iter().copied()
    }

    /// The names of all tables.
    pub(super) fn names(&self) -> Vec<String> {
        self.days.iter().flat_map(|d| KINDS.map(|kind| format!("{kind}_{}", name(*d)))).collect()
    }
}

/// `20261122` for a day since 1970.
pub(crate) fn name(day: i64) -> String {
    let date = i32::try_from(day).ok().and_then(|days| {
        jiff::civil::Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
    });
    date.map_or_else(|| "19700101".into(), |d| format!("{:04}{:02}{:02}", d.year(), d.month(), d.day()))
}

fn day_of(name: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| name.get(range)?.parse::<i16>().ok();
    let date = jiff::civil::Date::new(part(0..4)?, part(4..6)? as i8, part(6..8)? as i8).ok()?;
    let days = date.since(jiff::civil::Date::constant(1970, 1, 1)).ok()?.get_days();
    Some(i64::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_its_name() {
        assert_eq!(name(0), "19700101");
        assert_eq!(name(20_779), "20261122");
        for day in [0, 59, 20_779, 30_000] {
            assert_eq!(day_of(&name(day)), Some(day));
        }
        assert_eq!(day_of("nonsense"), None);
    }
}
