//! What has rows that its summary does not know yet.
//!
//! A commit that writes a row writes with it that the row's minute or hour is stale; the summary, once made, deletes that
//! in the transaction that stores it. Late rows, a clock set back and a crash are therefore all the same case.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, params};

use super::Result;
use super::batch::Batch;

/// What can be stale. The numbers are those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum What {
    /// The sums of an hour.
    Cells = 0,
    /// The timings of an hour.
    Timings = 1,
    /// The timings of a minute.
    Minute = 2,
}

/// A site, what, and the hour's or minute's number (since 1970).
pub(crate) type Mark = (u64, What, i64);

/// Everything stale, as the table has it.
#[derive(Debug, Default)]
pub(super) struct Stale {
    marks: BTreeSet<Mark>,
}

/// Hours and minutes a batch has rows of.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// With sums.
    cells: Vec<(u64, i64)>,
    /// With timings or requests.
    minutes: Vec<(u64, i64)>,
}

impl Touched {
    pub(super) fn by(batch: &Batch) -> Touched {
        let mut touched = Touched::default();
        for (site, cell) in batch.rollups.keys() {
            push(&mut touched.cells, (site.0, cell.minute.div_euclid(60)));
        }
        let times = batch.times.iter().map(|row| (row.site, row.at));
        for (site, at) in times.chain(batch.requests.iter().map(|row| (row.site, row.at))) {
            push(&mut touched.minutes, (site.0, at.div_euclid(60_000)));
        }
        for list in [&mut touched.cells, &mut touched.minutes] {
            list.sort_unstable();
            list.dedup();
        }
        touched
    }

    /// Whether what is summed up there has rows among these.
    pub(super) fn concerns(&self, site: u64, what: What, number: i64) -> bool {
        match what {
            What::Cells => self.cells.contains(&(site, number)),
            What::Minute => self.minutes.contains(&(site, number)),
            What::Timings => self.minutes.iter().any(|(s, m)| *s == site && m.div_euclid(60) == number),
        }
    }
}

/// Rows of one site and minute come one after the other.
fn push(list: &mut Vec<(u64, i64)>, value: (u64, i64)) {
    if list.last() != Some(&value) {
        list.push(value);
    }
}

impl Stale {
    pub(super) fn load(db: &Connection) -> Result<Stale> {
        let mut query = db.prepare("SELECT site, what, number FROM stale")?;
        let mut rows = query.query([])?;
        let mut marks = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let what = match row.get::<_, u8>(1)? {
                0 => What::Cells,
                1 => What::Timings,
                _ => What::Minute,
            };
            marks.insert((row.get::<_, i64>(0)? as u64, what, row.get(2)?));
        }
        Ok(Stale { marks })
    }

    /// What becomes stale with these rows and is not yet.
    pub(super) fn fresh(&self, touched: &Touched) -> Vec<Mark> {
        let mut fresh = Vec::new();
        for (site, hour) in &touched.cells {
            fresh.push((*site, What::Cells, *hour));
        }
        for (site, minute) in &touched.minutes {
            let hour = minute.div_euclid(60);
            // The hour is summed up from all its minutes, whose pages were deleted when it was last.
            if !self.marks.contains(&(*site, What::Timings, hour)) {
                fresh.push((*site, What::Timings, hour));
                fresh.extend((hour * 60..hour * 60 + 60).map(|m| (*site, What::Minute, m)));
            }
            fresh.push((*site, What::Minute, *minute));
        }
        fresh.sort_unstable();
        fresh.dedup();
        fresh.retain(|mark| !self.marks.contains(mark));
        fresh
    }

    /// Writes marks; call `add` once the transaction is committed.
    pub(super) fn write(transaction: &Transaction, marks: &[Mark]) -> Result<()> {
        let mut insert = transaction
            .prepare_cached("INSERT OR IGNORE INTO stale (site, what, number) VALUES (?1, ?2, ?3)")?;
        for (site, what, number) in marks {
            insert.execute(params![*site as i64, *what as u8, number])?;
        }
        Ok(())
    }

    pub(super) fn add(&mut self, marks: Vec<Mark>) {
        self.marks.extend(marks);
    }

    pub(super) fn done(&mut self, mark: Mark) {
        self.marks.remove(&mark);
    }

    pub(super) fn forget(&mut self, site: u64) {
        self.marks.retain(|mark| mark.0 != site);
    }

    /// The first of a kind whose time is over: the number is below `number`.
    pub(super) fn first(&self, site: u64, what: What, number: i64) -> Option<i64> {
        let range = (site, what, i64::MIN)..(site, what, number);
        self.marks.range(range).next().map(|mark| mark.2)
    }
}
