//! The timings of a minute, of the site and by page, from the rows of times and requests.

use std::collections::HashMap;
use std::time::Instant;

use rusqlite::{Connection, Row, Transaction, params};

use super::super::Result;
use super::super::partition::{Partitions, name};
use super::super::sketch::{Set, encode_pages, encode_set, merge_set, samples};
use super::CHUNK;

/// Pages that are told apart in a minute: those with the most samples.
const PAGES: usize = 500;

const TIMES: &str = "SELECT at, n, page, load, ttfb, fcp, lcp, inp, cls, NULL, NULL FROM times_{day}
    WHERE site = ?1 AND (at, n) > (?2, ?3) AND at < ?4 ORDER BY at, n LIMIT ?5";
/// What a bot waited for is no visitor's experience.
const REQUESTS: &str = "SELECT at, n, page, NULL, NULL, NULL, NULL, NULL, NULL,
      CASE WHEN bot = 0 THEN generation END, CASE WHEN bot = 0 THEN queries END FROM requests_{day}
    WHERE site = ?1 AND (at, n) > (?2, ?3) AND at < ?4 ORDER BY at, n LIMIT ?5";

/// The timings of a minute, as far as they are read.
#[derive(Debug)]
pub(crate) struct Minute {
    site: i64,
    number: i64,
    /// What is still to be read, the next one last.
    queries: Vec<String>,
    /// The last row read.
    at: i64,
    n: i64,
    pub(crate) whole: Set,
    pub(crate) pages: HashMap<u32, Set>,
}

impl Minute {
    pub(crate) fn new(site: u64, number: i64, days: &Partitions) -> Minute {
        let day = number.div_euclid(1440);
        let queries = match days.days().any(|d| d == day) {
            true => [REQUESTS, TIMES].iter().map(|sql| sql.replace("{day}", &name(day))).collect(),
            false => Vec::new(),
        };
        Minute {
            site: site as i64,
            number,
            queries,
            at: number * 60_000,
            n: i64::MIN,
            whole: Set::default(),
            pages: HashMap::new(),
        }
    }

    pub(crate) fn go_on(&mut self, db: &Connection, end: Instant) -> Result<bool> {
        while let Some(sql) = self.queries.last() {
            let mut query = db.prepare_cached(sql)?;
            let mut rows =
                query.query(params![self.site, self.at, self.n, (self.number + 1) * 60_000, CHUNK])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                (self.at, self.n) = (row.get(0)?, row.get(1)?);
                add(row, &mut self.whole, self.pages.entry(row.get(2)?).or_default())?;
                count += 1;
            }
            if count < CHUNK {
                self.queries.pop();
                (self.at, self.n) = (self.number * 60_000, i64::MIN);
            }
            if Instant::now() > end && !self.queries.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn store(&self, transaction: &Transaction) -> Result<()> {
        if samples(&self.whole) == 0 {
            transaction
                .prepare_cached("DELETE FROM sketches WHERE site = ?1 AND span = 60 AND number = ?2")?
                .execute([self.site, self.number])?;
            return Ok(());
        }
        transaction
            .prepare_cached(
                "INSERT INTO sketches (site, span, number, whole, pages) VALUES (?1, 60, ?2, ?3, ?4)
                 ON CONFLICT (site, span, number) DO UPDATE SET whole = excluded.whole, pages = excluded.pages",
            )?
            .execute(params![
                self.site,
                self.number,
                encode_set(&self.whole),
                pages_blob(&self.pages, PAGES)
            ])?;
        Ok(())
    }
}

fn add(row: &Row, whole: &mut Set, page: &mut Set) -> Result<()> {
    for (n, (whole, page)) in whole.iter_mut().zip(page).enumerate() {
        if let Some(value) = row.get::<_, Option<u32>>(3 + n)? {
            whole.add(value);
            page.add(value);
        }
    }
    Ok(())
}

/// The sets of the `most` pages with the most samples, the rest under "(other)", in a fixed order.
pub(super) fn pages_blob(pages: &HashMap<u32, Set>, most: usize) -> Vec<u8> {
    let mut sorted: Vec<(u64, u32, &Set)> =
        pages.iter().map(|(page, set)| (samples(set), *page, set)).filter(|p| p.0 > 0).collect();
    sorted.sort_unstable_by_key(|(samples, page, _)| (std::cmp::Reverse(*samples), *page));
    let mut other = Set::default();
    let (mut kept, mut rest) = (Vec::new(), 0);
    for (samples, page, set) in sorted {
        if page == 0 || kept.len() >= most {
            merge_set(&mut other, set);
            rest += samples;
        } else {
            kept.push((page, set));
        }
    }
    if rest > 0 {
        kept.push((0, &other));
    }
    kept.sort_unstable_by_key(|(page, _)| *page);
    encode_pages(kept.into_iter())
}
