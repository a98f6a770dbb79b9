//! One commit: rows, journal, cursors.

use rusqlite::{Transaction, params};

use super::batch::Batch;
use super::stale::{Stale, Touched};
use super::{Result, Store, rows};
use crate::clock::Mark;
use crate::live::snapshot::BUCKETS;
use crate::live::{Live, Second, THIRTY};

/// A bucket is written after this many touches at least, or after a sixteenth of the visitors were touched. A start
/// replays BUCKETS times as many at most: about a tenth of a second.
const TOUCHES_PER_BUCKET: usize = 1024;

/// Or after this many seconds: within half an hour every bucket is new, and the journal holds nothing older.
const BUCKET_EVERY: Second = THIRTY / BUCKETS as Second;

/// Unix time minus engine second may differ from the last one by rounding; more (s) is a clock that was set.
const SHIFT: i64 = 1;

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
        let days = rows::days(batch);
        let touched = Touched::by(batch);
        let stale = self.stale.fresh(&touched);
        let shift = mark.unix - i64::from(mark.second);

        let transaction = self.db.transaction()?;
        for day in &days {
            self.partitions.ensure(&transaction, *day)?;
        }
        rows::write(&transaction, batch, number)?;
        Stale::write(&transaction, &stale)?;
        write_words(&transaction, batch)?;
        write_state(&transaction, batch)?;
        if (shift - self.shift).abs() > SHIFT {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO offsets (second, shift) VALUES (?1, ?2)")?
                .execute(params![mark.second, shift])?;
        }
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
                "INSERT OR REPLACE INTO clock (one, boot, shift, second, unix, batch) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![mark.boot, mark.shift, mark.second, mark.unix, number])?;
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
        self.stale.add(stale);
        self.summary.touched(&touched);
        self.baselines.touched(batch);
        if (shift - self.shift).abs() > SHIFT {
            self.shift = shift;
        }
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

/// What rows refer to by number.
fn write_words(transaction: &Transaction, batch: &Batch) -> Result<()> {
    for (site, page) in &batch.pages {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO pages (site, page, path, title, post_type, author, category, day)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                site.0 as i64,
                page.id.0,
                page.path,
                page.title,
                page.meta.post_type,
                page.meta.author,
                page.meta.category,
                page.day
            ])?;
    }
    for (site, id, kind, text, day) in &batch.names {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO names (site, id, kind, text, day) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![site.0 as i64, id.0, *kind as u8, text, day])?;
    }
    for (site, id, profile, day) in &batch.profiles {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO profiles (site, id, private, country, city, channel, source,
                   utm_source, utm_medium, utm_campaign, device, browser, os, day)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                site.0 as i64,
                id,
                profile.private,
                profile.country_str(),
                profile.city,
                profile.channel,
                profile.source,
                profile.utm_source,
                profile.utm_medium,
                profile.utm_campaign,
                profile.device,
                profile.browser,
                profile.os,
                day
            ])?;
    }
    Ok(())
}

fn write_state(transaction: &Transaction, batch: &Batch) -> Result<()> {
    for ((site, _), minute) in &batch.minutes {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO minutes (site, minute, active, views, visitors_today, views_today)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                site.0 as i64,
                minute.number,
                minute.active,
                minute.views,
                minute.today as i64,
                minute.views_total as i64
            ])?;
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
