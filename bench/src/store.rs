//! What the engine committed.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::Result;

/// Sums over the database.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) views: u64,
    pub(crate) requests: u64,
    pub(crate) times: u64,
    /// Entries of the feed.
    pub(crate) events: u64,
    /// Slots of the ring taken in.
    pub(crate) cursor: u64,
    /// Why events changed nothing, as JSON; "{}" when all did.
    pub(crate) dropped: String,
}

impl Stored {
    /// Reads the database in a user's data directory.
    pub(crate) fn read(directory: &Path) -> Result<Stored> {
        let db =
            Connection::open_with_flags(directory.join("realtime.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let kept: String = db.query_row("SELECT kept FROM sites", [], |row| row.get(0))?;
        let kept: serde_json::Value = serde_json::from_str(&kept)?;
        Ok(Stored {
            views: count(&db, "views")?,
            requests: count(&db, "requests")?,
            times: count(&db, "times")?,
            events: count(&db, "events")?,
            cursor: db.query_row("SELECT sum(position) FROM ring_cursor", [], |row| row.get::<_, i64>(0))?
                as u64,
            dropped: kept["dropped"].to_string(),
        })
    }
}

/// Rows in the tables of all days.
fn count(db: &Connection, prefix: &str) -> Result<u64> {
    let mut query = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?1")?;
    let names = query.query_map([format!("{prefix}_*")], |row| row.get::<_, String>(0))?;
    let mut sum = 0;
    for name in names {
        sum +=
            db.query_row(&format!("SELECT count(*) FROM {}", name?), [], |row| row.get::<_, i64>(0))? as u64;
    }
    Ok(sum)
}
