//! What the engine committed, read from SQLite, against what the producers were told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};

use crate::record::Numbered;
use crate::report::Report;

/// Every numbered record in the database and how often it is there.
#[derive(Debug, Default)]
pub struct Ledger {
    rows: BTreeMap<Numbered, u32>,
    /// Rows that are views.
    pub views: u64,
    /// Bytes of the journal that a start replays.
    pub journal: u64,
}

/// The sums of a comparison that found no fault.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records reported accepted.
    pub accepted: u64,
    /// Records committed.
    pub committed: u64,
    /// Producers that were killed after publishing and before saying so: one more record each.
    pub further: u64,
    /// Times the ring was full.
    pub refused: u64,
}

impl Ledger {
    /// Reads the database of the only user in a data directory.
    pub fn read(data: &Path) -> Ledger {
        let db = open(data);
        let journal = db
            .query_row("SELECT ifnull(sum(length(touches)), 0) FROM journal", [], |row| row.get::<_, i64>(0));
        let mut ledger = Ledger { journal: journal.unwrap() as u64, ..Ledger::default() };
        for path in column::<String>(&db, "requests", "path") {
            let record = Numbered::of_path(&path).filter(|record| !record.is_view());
            *ledger.rows.entry(record.unwrap_or_else(|| panic!("invented: {path}"))).or_default() += 1;
        }
        for view in views(data) {
            let record = Numbered::of_view(view).filter(|record| record.is_view());
            *ledger.rows.entry(record.unwrap_or_else(|| panic!("invented: view {view:x}"))).or_default() += 1;
            ledger.views += 1;
        }
        ledger
    }

    /// Checks that producers 0 … `producers` − 1 have exactly what they were told was accepted, and at most one record
    /// more each: the one that was published in the instant of their death.
    pub fn check(&self, producers: u32, report: &Report) -> Sums {
        let twice: Vec<_> = self.rows.iter().filter(|(_, times)| **times > 1).take(10).collect();
        assert!(twice.is_empty(), "counted twice: {twice:?}");
        let mut committed: BTreeMap<u32, u64> = BTreeMap::new();
        for record in self.rows.keys() {
            assert!(record.producer < producers, "invented: {record:?}");
            // In order and without a gap: number n is the n-th there is.
            let next = committed.entry(record.producer).or_default();
            let told = report.of(record.producer).accepted;
            assert_eq!(u64::from(record.number), *next, "lost: producer {} was told {told}", record.producer);
            *next += 1;
        }
        let mut sums = Sums::default();
        for producer in 0..producers {
            let told = report.of(producer);
            let there = committed.get(&producer).copied().unwrap_or(0);
            assert!(there >= told.accepted, "lost: of producer {producer}'s {told:?} only {there} are there");
            assert!(
                there <= told.accepted + 1,
                "invented: producer {producer} has {there}, was told {told:?}"
            );
            sums.accepted += told.accepted;
            sums.refused += told.refused;
            sums.committed += there;
            sums.further += there - told.accepted;
        }
        sums
    }

    /// How many records of a producer are committed.
    pub fn of(&self, producer: u32) -> u64 {
        let number = |number| Numbered { producer, number };
        self.rows.range(number(0)..=number(u32::MAX)).count() as u64
    }
}

/// Every view in the database of the only user in a data directory, as often as it is there.
pub fn views(data: &Path) -> Vec<u64> {
    column::<i64>(&open(data), "views", "view").into_iter().map(|view| view as u64).collect()
}

/// Keeps everybody else from writing until it is dropped.
pub fn lock(data: &Path) -> Connection {
    let db = Connection::open_with_flags(file(data), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

fn open(data: &Path) -> Connection {
    Connection::open_with_flags(file(data), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn file(data: &Path) -> PathBuf {
    let own = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path().join("realtime.db"));
    own.into_iter().find(|file| file.exists()).expect("a database")
}

/// One column of all tables of a kind, whatever their day.
fn column<T: FromSql>(db: &Connection, kind: &str, column: &str) -> Vec<T> {
    let mut query =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?1").unwrap();
    let tables = query.query_map([format!("{kind}_*")], |row| row.get::<_, String>(0)).unwrap();
    let mut values = Vec::new();
    for table in tables {
        let mut query = db.prepare(&format!("SELECT {column} FROM {}", table.unwrap())).unwrap();
        values.extend(query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap));
    }
    values
}
