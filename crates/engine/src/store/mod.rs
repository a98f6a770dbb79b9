//! SQLite: the one durable place. Only the pipeline thread uses it.
//!
//! Everything a commit changes — rows, journal, cursors of the rings — goes in one transaction, so that a record is
//! either taken in wholly or not at all, whatever dies.
//!
//! - `batch` what the next commit will write · `writer` writes it · `schema.sql`, `day.sql` the tables
//! - `rows` the rows of a day · `stale` what its summary does not know yet · `upgrade` tables of an older engine
//! - `recover`, `recent` give the live state back · `retention` lets old rows go, a little at a time · `scrub` GDPR mode
//! - `summary` hours and timings, made in the background · `cells`, `crossed`, `sketch` how they are kept · `words` profiles
//! - `baseline`, `usual` what is usual · `revocations` whose tokens hold no more

pub(crate) mod baseline;
pub mod batch;
pub(crate) mod cells;
pub(crate) mod crossed;
pub(crate) mod partition;
mod recent;
mod recover;
mod retention;
mod revocations;
pub(crate) mod rows;
pub mod scrub;
pub(crate) mod sketch;
pub(crate) mod stale;
pub mod summary;
mod upgrade;
pub mod usual;
pub(crate) mod words;
mod writer;

use std::path::{Path, PathBuf};

use qahm_event::SiteId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::clock::Mark;
use crate::live::snapshot::BUCKETS;
use crate::live::touch::TOUCH_BYTES;
use crate::live::{Live, Second};
pub use recent::Recent;
pub use recover::Recovered;

/// Name of the database in the data directory.
pub(crate) const FILE: &str = "realtime.db";

/// The version of `schema.sql`.
const SCHEMA: i64 = 3;

/// The tables that have rows of sites, beside those of days.
const TABLES: [&str; 13] = [
    "sites",
    "pages",
    "names",
    "profiles",
    "minutes",
    "outbox",
    "stale",
    "hours",
    "sketches",
    "baselines",
    "records",
    "revocations",
    "scrubs",
];

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database is of version {0}, this engine knows version {SCHEMA}: install the newer engine")]
    Newer(i64),
    #[error("a stored value could not be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// In words a site owner can act on.
    pub fn explain(&self) -> String {
        let Error::Sqlite(rusqlite::Error::SqliteFailure(code, _)) = self else { return self.to_string() };
        match code.code {
            rusqlite::ErrorCode::DiskFull => "the disk of the data directory is full".into(),
            rusqlite::ErrorCode::ReadOnly => "the data directory cannot be written to (read-only)".into(),
            rusqlite::ErrorCode::CannotOpen => {
                "the database cannot be opened: is the data directory writable?".into()
            }
            rusqlite::ErrorCode::SystemIoFailure => format!("the disk of the data directory fails: {self}"),
            _ => self.to_string(),
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// What the store knows of alerts, as their owner wrote it.
#[derive(Debug)]
pub struct StoredAlerts {
    /// Per site the state of its alerts.
    pub states: Vec<(SiteId, String)>,
    /// Transitions on the way, oldest first.
    pub entries: Vec<String>,
}

/// The open database.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    /// Number of the last commit.
    batch: i64,
    /// The bucket to be written next, and touches since one was written.
    next_bucket: u64,
    unwritten: usize,
    /// When a bucket was last written, and how many in a row held nothing while nothing was touched.
    bucket_at: Second,
    quiet: u64,
    /// Days whose tables exist.
    partitions: partition::Partitions,
    /// Unix time minus engine second, as last stored.
    shift: i64,
    stale: stale::Stale,
    /// The summary that is being made.
    summary: summary::Progress,
    baselines: baseline::Baselines,
    /// Sites whose rows lose what GDPR mode does not keep.
    scrubs: scrub::Scrubs,
}

impl Store {
    /// Opens or makes `realtime.db` in the data directory; the directory is ours alone, the file becomes 0600 by the
    /// engine's umask.
    pub fn open(directory: &Path) -> Result<Store> {
        let file: PathBuf = directory.join(FILE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let db = Connection::open_with_flags(file, flags)?;
        // NORMAL: durable against the death of any process; a power cut may cost the last commits, as it costs the ring.
        db.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -3072;
             PRAGMA wal_autocheckpoint = 2000;
             PRAGMA journal_size_limit = 16777216;
             PRAGMA secure_delete = FAST;",
        )?;
        db.set_prepared_statement_cache_capacity(192);
        let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > SCHEMA {
            return Err(Error::Newer(version));
        }
        let transaction = db.unchecked_transaction()?;
        match version {
            1 => upgrade::from_1(&transaction)?,
            2 => upgrade::from_2(&transaction)?,
            _ => {}
        }
        transaction
            .execute_batch(&format!("{}\nPRAGMA user_version = {SCHEMA};", include_str!("schema.sql")))?;
        transaction.commit()?;
        let batch = db.query_row(
            "SELECT max(ifnull((SELECT max(batch) FROM journal), 0), ifnull((SELECT max(batch) FROM buckets), 0),
               ifnull((SELECT batch FROM clock), 0))",
            [],
            |row| row.get(0),
        )?;
        let shift: Option<i64> = db
            .query_row("SELECT shift FROM offsets ORDER BY second DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        let partitions = partition::Partitions::load(&db)?;
        let (next_bucket, unwritten) = buckets_so_far(&db)?;
        let stale = stale::Stale::load(&db)?;
        let scrubs = scrub::Scrubs::load(&db)?;
        Ok(Store {
            db,
            batch,
            next_bucket,
            unwritten,
            bucket_at: 0,
            quiet: 0,
            partitions,
            shift: shift.unwrap_or(i64::MIN / 2),
            stale,
            summary: summary::Progress::default(),
            baselines: baseline::Baselines::default(),
            scrubs,
        })
    }

    /// How the last run's clock can be continued.
    pub fn mark(&self) -> Result<Option<Mark>> {
        let row = self.db.query_row("SELECT boot, shift, second, unix FROM clock", [], |row| {
            Ok(Mark { boot: row.get(0)?, shift: row.get(1)?, second: row.get(2)?, unix: row.get(3)? })
        });
        Ok(row.optional()?)
    }

    /// The durable position in the ring of this epoch.
    pub fn cursor(&self, epoch: u64) -> Result<Option<u64>> {
        let found =
            self.db.query_row("SELECT position FROM ring_cursor WHERE epoch = ?1", [epoch as i64], |row| {
                row.get::<_, i64>(0)
            });
        Ok(found.optional()?.map(|p| p as u64))
    }

    /// Every site with its configuration.
    pub fn sites(&self) -> Result<Vec<(SiteId, String)>> {
        let mut query = self.db.prepare("SELECT site, config FROM sites")?;
        let rows = query.query_map([], |row| Ok((SiteId(row.get::<_, i64>(0)? as u64), row.get(1)?)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Stores a configuration at once: the site's row in shared memory is published only after it. One that begins GDPR
    /// mode has what is stored scrubbed.
    pub fn set_config(&mut self, site: SiteId, config: &str) -> Result<()> {
        let transaction = self.db.transaction()?;
        scrub::note(&transaction, site, config)?;
        transaction.execute(
            "INSERT INTO sites (site, config) VALUES (?1, ?2) ON CONFLICT (site) DO UPDATE SET config = excluded.config",
            params![site.0 as i64, config],
        )?;
        transaction.commit()?;
        self.scrubs.follow(scrub::Scrubs::load(&self.db)?);
        Ok(())
    }

    /// Deletes everything of a site. The journal and the buckets hold visitors of all sites: the buckets are written anew
    /// from a live state that has forgotten the site, and nothing may be waiting to be committed.
    pub fn forget(&mut self, site: SiteId, live: &Live) -> Result<()> {
        let days = self.partitions.names();
        let number = self.batch + 1;
        let transaction = self.db.transaction()?;
        for table in TABLES.into_iter().chain(days.iter().map(String::as_str)) {
            transaction.execute(&format!("DELETE FROM {table} WHERE site = ?1"), [site.0 as i64])?;
        }
        for bucket in 0..BUCKETS {
            writer::write_bucket(&transaction, bucket, number, live)?;
        }
        transaction.execute("DELETE FROM journal", [])?;
        transaction.commit()?;
        self.batch = number;
        self.stale.forget(site.0);
        self.summary.forget(site.0);
        self.baselines.forget(site.0);
        self.scrubs.forget(site.0 as i64);
        Ok(())
    }

    /// Deletes the database of a directory, when no site is left that it could be about.
    pub fn destroy(directory: &Path) {
        for suffix in ["", "-wal", "-shm"] {
            // Gone already is as good.
            let _gone = std::fs::remove_file(directory.join(format!("{FILE}{suffix}")));
        }
    }

    /// The alerts of every site, and their transitions on the way.
    pub fn alerts(&self) -> Result<StoredAlerts> {
        let mut query = self.db.prepare("SELECT site, alerts FROM sites WHERE alerts IS NOT NULL")?;
        let states = query
            .query_map([], |row| Ok((SiteId(row.get::<_, i64>(0)? as u64), row.get(1)?)))?
            .collect::<std::result::Result<_, _>>()?;
        let mut query = self.db.prepare("SELECT entry FROM outbox ORDER BY id")?;
        let entries = query.query_map([], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
        Ok(StoredAlerts { states, entries })
    }
}

/// The bucket after the one written last, and the touches since. An engine goes on where the one before it ended: if each
/// began anew, those that live shortly would write no bucket ever, and the journal, with it every start, would grow.
fn buckets_so_far(db: &Connection) -> Result<(u64, usize)> {
    let last: Option<i64> = db
        .query_row("SELECT bucket FROM buckets ORDER BY batch DESC, bucket DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    let bytes: i64 = db.query_row(
        "SELECT ifnull(sum(length(touches)), 0) FROM journal
         WHERE batch > (SELECT ifnull(max(batch), 0) FROM buckets)",
        [],
        |row| row.get(0),
    )?;
    Ok((last.map_or(0, |bucket| (bucket as u64 + 1) % BUCKETS), bytes as usize / TOUCH_BYTES))
}
