//! One commit: rows, journal, cursors.

use rusqlite::{Transaction, params};

use super::batch::Batch;
use super::partition::name;
use super::{Result, Store};
use crate::clock::Mark;
use crate::live::snapshot::BUCKETS;
use crate::live::{Live, Second, THIRTY};

/// A bucket is written after this many touches at least, or after a sixteenth of the visitors were touched. A start
/// replays BUCKETS times as many at most: about a tenth of a second.
const TOUCHES_PER_BUCKET: usize = 1024;

/// Or after this many seconds: within half an hour every bucket is new, and the journal holds nothing older.
const BUCKET_EVERY: Second = THIRTY / BUCKETS as Second;

const DAY_MS: i64 = 86_400_000;

impl Store {
    /// Whether a bucket is to be written although few touches came: what left the live state must leave the store, too.
    pub fn bucket_due(&self, now: Second) -> bool {
        self.quiet < BUCKETS && now >= self.bucket_at.saturating_add(BUCKET_EVERY)
    }

    /// Writes a batch in one transaction. On an error nothing of it is written, and the same batch can be tried again.
    pub fn commit(&mut self, batch: &Batch, live: &Live, mark: &Mark) -> Result<()> {
        let number = self.batch + 1;
        let unwritten = self.unwritten + batch.count;
        let enough = unwritten >= TOUCHES_PER_BUCKET.max(live.visitors() / 16);
        let bucket = (enough || self.bucket_due(live.now())).then_some(self.next_bucket);
        let days = days(batch);

        let transaction = self.db.transaction()?;
        for day in &days {
            self.partitions.ensure(&transaction, *day)?;
        }
        write_rows(&transaction, batch)?;
        write_state(&transaction, batch)?;
        if batch.count > 0 {
            let mut insert =
                transaction.prepare_cached("INSERT INTO journal (batch, touches) VALUES (?1, ?2)")?;
            insert.execute(params![number, batch.touches])?;
        }
        let mut empty = true;
        if let Some(bucket) = bucket {
            empty = write_bucket(&transaction, bucket, number, live)?;
            // Below the oldest bucket nothing of the journal is needed any more.
            transaction
                .prepare_cached(
                    "DELETE FROM journal WHERE batch <=
                       (SELECT CASE WHEN count(*) = ?1 THEN min(batch) ELSE 0 END FROM buckets)",
                )?
                .execute([BUCKETS as i64])?;
        }
        for (epoch, position) in &batch.cursors {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO ring_cursor (epoch, position, unix) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![*epoch as i64, *position as i64, mark.unix])?;
        }
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO clock (one, boot, shift, second, unix) VALUES (1, ?1, ?2, ?3, ?4)",
            )?
            .execute(params![mark.boot, mark.shift, mark.second, mark.unix])?;
        transaction.commit()?;

        self.batch = number;
        self.unwritten = if bucket.is_some() { 0 } else { unwritten };
        if bucket.is_some() {
            self.next_bucket = (self.next_bucket + 1) % BUCKETS;
            self.bucket_at = live.now();
            self.quiet += 1;
        }
        if batch.count > 0 || !empty {
            self.quiet = 0;
        }
        days.into_iter().for_each(|day| self.partitions.made(day));
        Ok(())
    }
}

/// Writes the visitors of a bucket as they are after commit `number`. Answers whether there are none.
pub(super) fn write_bucket(transaction: &Transaction, bucket: u64, number: i64, live: &Live) -> Result<bool> {
    let state = live.encode_bucket(bucket);
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO buckets (bucket, batch, second, state) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![bucket as i64, number, live.now(), state])?;
    // An empty bucket is its version alone.
    Ok(state.len() <= 1)
}

/// The UTC days the batch has rows of.
fn days(batch: &Batch) -> Vec<i64> {
    let views = batch.views.iter().map(|r| r.at);
    let mut days: Vec<i64> =
        views.chain(batch.requests.iter().map(|r| r.at)).map(|at| at.div_euclid(DAY_MS)).collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn write_rows(transaction: &Transaction, batch: &Batch) -> Result<()> {
    for same_day in batch.views.chunk_by(|a, b| a.at.div_euclid(DAY_MS) == b.at.div_euclid(DAY_MS)) {
        let Some(first) = same_day.first() else { continue };
        let mut insert = transaction.prepare_cached(&format!(
            "INSERT INTO views_{} (site, at, view, visitor, visit, page, referrer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            name(first.at.div_euclid(DAY_MS))
        ))?;
        for row in same_day {
            let referrer = Some(row.referrer.as_str()).filter(|r| !r.is_empty());
            insert.execute(params![
                row.site.0 as i64,
                row.at,
                row.view as i64,
                row.visit.map(|v| v.0 as i64),
                row.visit.map(|v| v.1),
                row.page,
                referrer
            ])?;
        }
    }
    for same_day in batch.requests.chunk_by(|a, b| a.at.div_euclid(DAY_MS) == b.at.div_euclid(DAY_MS)) {
        let Some(first) = same_day.first() else { continue };
        let mut insert = transaction.prepare_cached(&format!(
            "INSERT INTO requests_{} (site, at, page, status, generation, queries, flags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            name(first.at.div_euclid(DAY_MS))
        ))?;
        for row in same_day {
            insert.execute(params![
                row.site.0 as i64,
                row.at,
                row.path.as_deref().unwrap_or(""),
                row.request.status,
                row.request.generation,
                row.request.queries,
                u16::from(row.request.fatal)
            ])?;
        }
    }
    Ok(())
}

fn write_state(transaction: &Transaction, batch: &Batch) -> Result<()> {
    for (site, page) in &batch.pages {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO pages (site, page, path, title, day) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![site.0 as i64, page.id.0, page.path, page.title, page.day])?;
    }
    for ((site, _), minute) in &batch.minutes {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO minutes (site, minute, active, views) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![site.0 as i64, minute.number, minute.active, minute.views])?;
    }
    for (column, values) in [("kept", &batch.kept), ("alerts", &batch.alerts)] {
        for (site, json) in values {
            transaction
                .prepare_cached(&format!("UPDATE sites SET {column} = ?2 WHERE site = ?1"))?
                .execute(params![site.0 as i64, json])?;
        }
    }
    for (id, entry) in &batch.outbox {
        match entry {
            Some((site, json)) => transaction
                .prepare_cached("INSERT OR REPLACE INTO outbox (id, site, entry) VALUES (?1, ?2, ?3)")?
                .execute(params![id, site.0 as i64, json])?,
            None => transaction.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?,
        };
    }
    Ok(())
}
