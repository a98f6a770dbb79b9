//! Summaries: what screens of hours and days read, made of rows when their minute or hour is over.
//!
//! In steps that hold nobody up: what is being made is in memory until it is stored whole, in the transaction that deletes
//! the mark that it was stale. A crash forgets what was not stored, and it is made again from the same rows; rows that come
//! meanwhile begin it anew.
//!
//! - `cells` the sums of an hour · `minute` the timings of a minute · `timings` those of an hour, of its minutes

mod cells;
pub(crate) mod minute;
mod timings;

use std::time::{Duration, Instant};

use qahm_event::SiteId;
use rusqlite::{Connection, Transaction};

use super::stale::{Touched, What};
use super::{Result, Store};
use crate::calendar::Calendar;
use crate::live::names::NameKind;

/// A step ends after this long, or after the chunk that took it there: some 2,000 rows, or what is stored of an hour.
const STEP: Duration = Duration::from_millis(10);
/// Rows read between two looks at the time.
pub(crate) const CHUNK: i64 = 1000;
/// A minute's last rows are committed this much (s) after its end at the latest, if nothing is behind.
const GRACE: i64 = 2;

/// What the sums of an hour speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Site,
    Page,
    /// Everything that profiles say at once: `crossed`.
    Profile,
    Name(NameKind),
}

impl By {
    pub(crate) fn all() -> impl Iterator<Item = By> {
        [By::Site, By::Page, By::Profile].into_iter().chain(NameKind::ALL.map(By::Name))
    }

    /// The number in the store.
    pub(crate) fn number(self) -> u8 {
        match self {
            By::Site => 0,
            By::Page => 1,
            By::Profile => 2,
            By::Name(kind) => 16 + kind as u8,
        }
    }
}

/// The summary that is being made.
#[derive(Debug, Default)]
pub(super) struct Progress {
    job: Option<Job>,
}

#[derive(Debug)]
struct Job {
    site: u64,
    what: What,
    number: i64,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Cells(cells::Cells),
    Timings(timings::Timings),
    Minute(minute::Minute),
}

impl Work {
    /// Goes on until `end`; answers whether nothing is left to be read.
    fn go_on(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        match self {
            Work::Cells(work) => work.go_on(db, end),
            Work::Timings(work) => work.go_on(db, end),
            Work::Minute(work) => work.go_on(db, end),
        }
    }

    fn store(&self, transaction: &Transaction) -> Result<()> {
        match self {
            Work::Cells(work) => work.store(transaction),
            Work::Timings(work) => work.store(transaction),
            Work::Minute(work) => work.store(transaction),
        }
    }
}

impl Progress {
    /// Rows came: what is made of their hour begins anew.
    pub(super) fn touched(&mut self, touched: &Touched) {
        if self.job.as_ref().is_some_and(|job| touched.concerns(job.site, job.what, job.number)) {
            self.job = None;
        }
    }

    pub(super) fn forget(&mut self, site: u64) {
        if self.job.as_ref().is_some_and(|job| job.site == site) {
            self.job = None;
        }
    }
}

impl Store {
    /// One step of the summaries of what is over at `unix` (Unix seconds): timings, sums, what is usual. Answers whether
    /// more is waiting.
    ///
    /// # Errors
    /// What could not be read or written; the step is tried again by the next call.
    pub fn summarise<'a>(
        &mut self,
        unix: i64,
        sites: impl IntoIterator<Item = (SiteId, &'a Calendar)>,
    ) -> Result<bool> {
        let end = Instant::now() + STEP;
        let over = unix - GRACE;
        for (site, calendar) in sites {
            while let Some(job) = self.job(site.0, over) {
                if !self.work(job, end)? {
                    return Ok(true);
                }
            }
            if !self.note_usual(site, calendar, over, end)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The job that was begun, if it is the site's, or the next one.
    fn job(&mut self, site: u64, over: i64) -> Option<Job> {
        if let Some(job) = self.summary.job.take_if(|job| job.site == site) {
            return Some(job);
        }
        let (minute, hour) = (over.div_euclid(60), over.div_euclid(3600));
        let new = |what, number, work| Some(Job { site, what, number, work });
        if let Some(number) = self.stale.first(site, What::Minute, minute) {
            return new(
                What::Minute,
                number,
                Work::Minute(minute::Minute::new(site, number, &self.partitions)),
            );
        }
        if let Some(number) = self.stale.first(site, What::Timings, hour) {
            return new(What::Timings, number, Work::Timings(timings::Timings::new(site, number)));
        }
        let number = self.stale.first(site, What::Cells, hour)?;
        new(What::Cells, number, Work::Cells(cells::Cells::new(site, number, &self.partitions)))
    }

    /// Goes on with a job; answers whether time is left.
    fn work(&mut self, mut job: Job, end: Instant) -> Result<bool> {
        if job.work.go_on(&self.db, end)? {
            let transaction = self.db.transaction()?;
            job.work.store(&transaction)?;
            transaction
                .prepare_cached("DELETE FROM stale WHERE site = ?1 AND what = ?2 AND number = ?3")?
                .execute(rusqlite::params![job.site as i64, job.what as u8, job.number])?;
            transaction.commit()?;
            self.stale.done((job.site, job.what, job.number));
        } else {
            self.summary.job = Some(job);
        }
        Ok(Instant::now() < end)
    }
}
