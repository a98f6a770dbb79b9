//! GDPR mode switched on: what is stored already loses what that mode does not keep — keys of visitors and visits, query
//! strings, cities, campaigns, search terms. In steps that hold nobody up, and again from the beginning after a crash: a row
//! of `scrubs` stands for a site until nothing is left, neither in a table nor in the pages of the file that are free, nor
//! in the log beside it.

use std::time::{Duration, Instant};

use qahm_event::SiteId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::partition::name;
use super::stale::{Stale, What};
use super::{Result, Store};
use crate::config::SiteConfig;
use crate::live::names::NameKind;
use crate::live::pages::bare;

/// How long the pipeline's steps are: a step ends then, or after the chunk that took it there.
pub const STEP: Duration = Duration::from_millis(8);
/// Rows of a chunk.
const ROWS: i64 = 500;
/// Hours of a chunk: each is up to some 100 kB.
const HOURS: i64 = 5;
/// Free pages of a chunk.
const PAGES: i64 = 128;

/// One kind of work, and how far it has got.
#[derive(Debug, Clone)]
struct Work {
    what: Job,
    /// The last row seen.
    at: i64,
    id: i64,
}

#[derive(Debug, Clone)]
enum Job {
    Profiles,
    Names,
    Pages,
    Views(i64),
    Events(i64),
    Requests(i64),
    /// Sums by profile are made anew.
    Hours,
    /// Free pages of the file are filled with zeros, and free again.
    Fill,
    Empty,
    /// The log beside the file is cut off.
    Log,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Scrubs {
    sites: Vec<i64>,
    /// Of the last of them, the next work last.
    works: Vec<Work>,
}

impl Scrubs {
    pub(super) fn load(db: &Connection) -> Result<Scrubs> {
        let mut query = db.prepare("SELECT site FROM scrubs")?;
        let sites = query.query_map([], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
        Ok(Scrubs { sites, works: Vec::new() })
    }

    /// Takes over what was loaded, unless that is what it does already.
    pub(super) fn follow(&mut self, loaded: Scrubs) {
        if loaded.sites != self.sites {
            *self = loaded;
        }
    }

    pub(super) fn forget(&mut self, site: i64) {
        self.sites.retain(|known| *known != site);
        self.works.clear();
    }
}

/// Notes with a configuration whether it begins GDPR mode, or ends it.
pub(super) fn note(transaction: &Transaction, site: SiteId, config: &str) -> Result<()> {
    let gdpr = |json: &str| SiteConfig::parse(json).is_ok_and(|config| config.gdpr_mode);
    let mut query = transaction.prepare_cached("SELECT config FROM sites WHERE site = ?1")?;
    let before: Option<String> = query.query_row([site.0 as i64], |row| row.get(0)).optional()?;
    if !gdpr(config) {
        transaction.execute("DELETE FROM scrubs WHERE site = ?1", [site.0 as i64])?;
    } else if before.is_some_and(|before| !gdpr(&before)) {
        transaction.execute("INSERT OR IGNORE INTO scrubs (site) VALUES (?1)", [site.0 as i64])?;
    }
    Ok(())
}

impl Store {
    /// One step of about so long; answers whether more is waiting. What was gathered before GDPR mode began must have been committed.
    ///
    /// # Errors
    /// What could not be read or written; the step is tried again by the next call.
    pub fn scrub(&mut self, step: Duration) -> Result<bool> {
        let end = Instant::now() + step;
        while let Some(site) = self.scrubs.sites.last().copied() {
            if self.scrubs.works.is_empty() {
                // What is deleted meanwhile is overwritten in the file, too.
                self.db.execute_batch("PRAGMA secure_delete = ON")?;
                self.scrubs.works = works(self.partitions.days());
            }
            let Some(mut work) = self.scrubs.works.last().cloned() else { break };
            if self.chunk(site, &mut work)? {
                self.scrubs.works.pop();
            } else if let Some(last) = self.scrubs.works.last_mut() {
                // A log that somebody still reads is cut off by a later step.
                let waits = matches!(work.what, Job::Log);
                *last = work;
                if waits {
                    return Ok(true);
                }
            }
            if self.scrubs.works.is_empty() {
                self.db.execute("DELETE FROM scrubs WHERE site = ?1", [site])?;
                self.db.execute_batch("PRAGMA secure_delete = FAST")?;
                self.scrubs.sites.pop();
            }
            if Instant::now() >= end {
                break;
            }
        }
        Ok(!self.scrubs.sites.is_empty())
    }

    /// A chunk of one work; answers whether it is done.
    fn chunk(&mut self, site: i64, work: &mut Work) -> Result<bool> {
        if let Job::Hours = work.what {
            return self.chunk_of_hours(site, work);
        }
        if let Job::Log = work.what {
            return cut_log(&self.db);
        }
        let transaction = self.db.transaction()?;
        let done = match &work.what {
            Job::Profiles => profiles(&transaction, site, &mut work.id)?,
            Job::Names => names(&transaction, site, &mut work.id)?,
            Job::Pages => pages(&transaction, site, &mut work.id)?,
            Job::Views(day) => views(&transaction, site, &name(*day), &mut work.id)?,
            Job::Events(day) => events(&transaction, site, &name(*day), &mut work.at, &mut work.id)?,
            Job::Requests(day) => requests(&transaction, site, &name(*day), &mut work.at, &mut work.id)?,
            Job::Fill => fill(&transaction)?,
            Job::Empty => empty(&transaction)?,
            Job::Hours | Job::Log => true,
        };
        transaction.commit()?;
        Ok(done)
    }

    /// Sums by profile have the texts of profiles: they are deleted, and summed up anew in the background.
    fn chunk_of_hours(&mut self, site: i64, work: &mut Work) -> Result<bool> {
        // What is being summed up may have read profiles as they were.
        self.summary.forget(site as u64);
        let transaction = self.db.transaction()?;
        let mut query = transaction.prepare_cached(
            "SELECT hour FROM hours WHERE site = ?1 AND dim = 2 AND hour > ?2 ORDER BY hour LIMIT ?3",
        )?;
        let hours: Vec<i64> = query
            .query_map(params![site, work.at, HOURS], |row| row.get(0))?
            .collect::<std::result::Result<_, _>>()?;
        drop(query);
        let marks: Vec<_> = hours.iter().map(|hour| (site as u64, What::Cells, *hour)).collect();
        Stale::write(&transaction, &marks)?;
        for hour in &hours {
            transaction
                .prepare_cached("DELETE FROM hours WHERE site = ?1 AND dim = 2 AND hour = ?2")?
                .execute([site, *hour])?;
        }
        transaction.commit()?;
        self.stale.add(marks);
        work.at = hours.last().copied().unwrap_or(work.at);
        Ok(hours.len() < HOURS as usize)
    }
}

/// All there is to do; the last is the first.
fn works(days: impl Iterator<Item = i64>) -> Vec<Work> {
    let days = days.flat_map(|day| [Job::Requests(day), Job::Events(day), Job::Views(day)]);
    let last = [Job::Log, Job::Empty, Job::Fill, Job::Hours];
    let jobs = last.into_iter().chain(days).chain([Job::Pages, Job::Names, Job::Profiles]);
    jobs.map(|what| Work { what, at: i64::MIN, id: i64::MIN }).collect()
}

/// Up to which row a chunk goes; answers whether it is the last.
fn bound(transaction: &Transaction, sql: &str, values: impl rusqlite::Params, at: &mut i64) -> Result<bool> {
    let mut query = transaction.prepare_cached(sql)?;
    let (last, count): (Option<i64>, i64) = query.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    *at = last.unwrap_or(*at);
    Ok(count < ROWS)
}

fn profiles(transaction: &Transaction, site: i64, at: &mut i64) -> Result<bool> {
    let from = *at;
    let next = "SELECT max(id), count(*) FROM (SELECT id FROM profiles WHERE site = ?1 AND id > ?2 ORDER BY id LIMIT ?3)";
    let done = bound(transaction, next, params![site, from, ROWS], at)?;
    transaction
        .prepare_cached(
            "UPDATE profiles SET city = '', utm_source = '', utm_medium = '', utm_campaign = ''
             WHERE site = ?1 AND id > ?2 AND id <= ?3
               AND (city <> '' OR utm_source <> '' OR utm_medium <> '' OR utm_campaign <> '')",
        )?
        .execute([site, from, *at])?;
    Ok(done)
}

fn names(transaction: &Transaction, site: i64, at: &mut i64) -> Result<bool> {
    let mut query = transaction.prepare_cached(
        "SELECT id, kind, text FROM names WHERE site = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut update = transaction.prepare_cached("UPDATE names SET text = ?3 WHERE site = ?1 AND id = ?2")?;
    let mut rows = query.query(params![site, *at, ROWS])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        *at = row.get(0)?;
        count += 1;
        let text = row.get_ref(2)?.as_str().unwrap_or_default();
        if let Some(bare) = NameKind::from_u8(row.get(1)?).map(|kind| kind.bare(text)).filter(|b| *b != text)
        {
            update.execute(params![site, *at, bare])?;
        }
    }
    Ok(count < ROWS)
}

fn pages(transaction: &Transaction, site: i64, at: &mut i64) -> Result<bool> {
    let mut query = transaction.prepare_cached(
        "SELECT page, path, title FROM pages WHERE site = ?1 AND page > ?2 ORDER BY page LIMIT ?3",
    )?;
    let mut update =
        transaction.prepare_cached("UPDATE pages SET path = ?3, title = ?4 WHERE site = ?1 AND page = ?2")?;
    let mut rows = query.query(params![site, *at, ROWS])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        *at = row.get(0)?;
        count += 1;
        let text = |n| row.get_ref(n).map(|text| text.as_str().unwrap_or_default());
        let (path, title) = (text(1)?, text(2)?);
        let (bare_path, bare_title) = bare(path, title);
        if *bare_path != *path || bare_title != title {
            update.execute(params![site, *at, bare_path, bare_title])?;
        }
    }
    Ok(count < ROWS)
}

fn views(transaction: &Transaction, site: i64, day: &str, at: &mut i64) -> Result<bool> {
    let from = *at;
    let next = format!(
        "SELECT max(rowid), count(*) FROM (SELECT rowid FROM views_{day} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
    );
    let done = bound(transaction, &next, params![from, ROWS], at)?;
    transaction
        .prepare_cached(&format!(
            "UPDATE views_{day} SET visitor = NULL, visit = NULL
             WHERE rowid > ?2 AND rowid <= ?3 AND site = ?1 AND (visitor IS NOT NULL OR visit IS NOT NULL)"
        ))?
        .execute([site, from, *at])?;
    Ok(done)
}

fn events(transaction: &Transaction, site: i64, day: &str, at: &mut i64, id: &mut i64) -> Result<bool> {
    let mut query = transaction.prepare_cached(&format!(
        "SELECT at, id FROM events_{day} WHERE site = ?1 AND (at, id) > (?2, ?3) ORDER BY at, id LIMIT 1 OFFSET ?4"
    ))?;
    let next: Option<(i64, i64)> = query
        .query_row(params![site, *at, *id, ROWS - 1], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (last, last_id) = next.unwrap_or((i64::MAX, i64::MAX));
    transaction
        .prepare_cached(&format!(
            "UPDATE events_{day} SET key = NULL, visit = NULL, view = NULL
             WHERE site = ?1 AND (at, id) > (?2, ?3) AND (at, id) <= (?4, ?5)
               AND (key IS NOT NULL OR visit IS NOT NULL OR view IS NOT NULL)"
        ))?
        .execute([site, *at, *id, last, last_id])?;
    (*at, *id) = (last, last_id);
    Ok(next.is_none())
}

fn requests(transaction: &Transaction, site: i64, day: &str, at: &mut i64, n: &mut i64) -> Result<bool> {
    let mut query = transaction.prepare_cached(&format!(
        "SELECT at, n, path FROM requests_{day} WHERE site = ?1 AND (at, n) > (?2, ?3) ORDER BY at, n LIMIT ?4"
    ))?;
    let mut update = transaction.prepare_cached(&format!(
        "UPDATE requests_{day} SET path = ?4 WHERE site = ?1 AND at = ?2 AND n = ?3"
    ))?;
    let mut rows = query.query(params![site, *at, *n, ROWS])?;
    let (mut count, mut found) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        (*at, *n) = (row.get(0)?, row.get(1)?);
        count += 1;
        let path = row.get_ref(2)?.as_str().unwrap_or_default();
        let (kept, _) = bare(path, "");
        if *kept != *path {
            found.push((*at, *n, kept.into_owned()));
        }
    }
    for (at, n, path) in found {
        update.execute(params![site, at, n, path])?;
    }
    Ok(count < ROWS)
}

/// What was deleted before stands in free pages still: they are used once, for zeros.
fn fill(transaction: &Transaction) -> Result<bool> {
    let free: i64 = transaction.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    if free == 0 {
        return Ok(true);
    }
    let size: i64 = transaction.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    // A page of a long value holds four bytes less.
    let bytes = (free.min(PAGES) - 1).max(1) * (size - 4);
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS filler (n INTEGER PRIMARY KEY, zeros BLOB)")?;
    transaction.execute("INSERT INTO filler (zeros) VALUES (zeroblob(?1))", [bytes])?;
    Ok(false)
}

fn empty(transaction: &Transaction) -> Result<bool> {
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS filler (n INTEGER PRIMARY KEY, zeros BLOB)")?;
    if transaction.execute("DELETE FROM filler WHERE n IN (SELECT n FROM filler LIMIT 1)", [])? > 0 {
        return Ok(false);
    }
    transaction.execute_batch("DROP TABLE filler")?;
    Ok(true)
}

/// Everything goes into the file itself, and the log is emptied; not while somebody reads.
fn cut_log(db: &Connection) -> Result<bool> {
    db.busy_timeout(Duration::ZERO)?;
    let busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(busy? == 0)
}
