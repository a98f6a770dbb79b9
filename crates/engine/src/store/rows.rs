//! The rows of a day: views, requests, events, times, and the sums per minute.
//!
//! This is what a flood of events costs: statements are prepared once, and a row is bound without being copied.

use std::sync::LazyLock;

use rusqlite::{Statement, ToSql, Transaction, params};

use super::Result;
use super::batch::{Batch, EventRow, RequestRow, TimingRow, ViewRow};
use super::partition::name;
use crate::live::facts::{METRICS, UNTOLD};

const DAY_MS: i64 = 86_400_000;
const DAY_MINUTES: i64 = 1440;

/// The columns of `facts::Metric`, in its order.
pub(crate) const COLUMNS: [&str; METRICS] = [
    "views",
    "visits",
    "leaves",
    "bounces",
    "engaged",
    "clicks",
    "scroll",
    "scrolled",
    "failed_views",
    "requests",
    "failed_requests",
    "not_found",
    "conversions",
    "forms_started",
    "forms_abandoned",
    "forms_submitted",
    "searches",
    "count",
    "saw",
    "saw_left",
    "time",
];

/// What follows the table's name when a sum is added to what is stored.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<String> = (5..5 + METRICS).map(|n| format!("?{n}")).collect();
    let sums: Vec<String> = COLUMNS.iter().map(|c| format!("{c} = {c} + excluded.{c}")).collect();
    format!(
        "(site, dim, minute, key, {}) VALUES (?1, ?2, ?3, ?4, {}) ON CONFLICT DO UPDATE SET {}",
        COLUMNS.join(", "),
        places.join(", "),
        sums.join(", ")
    )
});

/// The UTC days the batch has rows of.
pub(super) fn days(batch: &Batch) -> Vec<i64> {
    let mut days = Vec::new();
    let mut add = |day| {
        if days.last() != Some(&day) {
            days.push(day);
        }
    };
    batch.views.iter().for_each(|r| add(r.at.div_euclid(DAY_MS)));
    batch.requests.iter().for_each(|r| add(r.at.div_euclid(DAY_MS)));
    batch.events.iter().for_each(|r| add(r.at.div_euclid(DAY_MS)));
    batch.undone.iter().for_each(|r| add(r.2.div_euclid(DAY_MS)));
    batch.times.iter().for_each(|r| add(r.at.div_euclid(DAY_MS)));
    batch.rollups.keys().for_each(|(_, cell)| add(cell.minute.div_euclid(DAY_MINUTES)));
    days.sort_unstable();
    days.dedup();
    days
}

/// Writes all of them. `number` is the commit's: with the place in the batch it tells apart rows of the same moment.
pub(super) fn write(transaction: &Transaction, batch: &Batch, number: i64) -> Result<()> {
    by_day(transaction, &batch.views, |r| r.at, VIEW, |insert, row, _| view(insert, row))?;
    let first = number << 24;
    by_day(transaction, &batch.requests, |r| r.at, REQUEST, |i, row, n| request(i, row, first + n))?;
    by_day(transaction, &batch.events, |r| r.at, EVENT, |insert, row, _| event(insert, row))?;
    by_day(transaction, &batch.times, |r| r.at, TIMES, |i, row, n| times(i, row, first + n))?;
    by_day(
        transaction,
        &batch.undone,
        |r| r.2,
        UNDO,
        |update, (site, id, at), _| Ok(update.execute(params![site.0 as i64, at, *id as i64])?),
    )?;
    rollups(transaction, batch)
}

/// Runs a statement for each row; `{day}` in it is the row's day.
fn by_day<R>(
    transaction: &Transaction,
    rows: &[R],
    at: impl Fn(&R) -> i64,
    sql: &str,
    mut run: impl FnMut(&mut Statement, &R, i64) -> Result<usize>,
) -> Result<()> {
    let day = |row: &R| at(row).div_euclid(DAY_MS);
    let mut n = 0;
    for same_day in rows.chunk_by(|a, b| day(a) == day(b)) {
        let Some(first) = same_day.first() else { continue };
        let mut statement = transaction.prepare_cached(&sql.replace("{day}", &name(day(first))))?;
        for row in same_day {
            run(&mut statement, row, n)?;
            n += 1;
        }
    }
    Ok(())
}

const VIEW: &str = "INSERT INTO views_{day} (site, at, view, visitor, visit, page, profile)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

fn view(insert: &mut Statement, row: &ViewRow) -> Result<usize> {
    Ok(insert.execute(params![
        row.site.0 as i64,
        row.at,
        row.view as i64,
        row.visit.map(|v| v.0 as i64),
        row.visit.map(|v| v.1),
        row.page,
        row.profile,
    ])?)
}

const REQUEST: &str = "INSERT OR REPLACE INTO requests_{day}
    (site, at, n, second, page, path, profile, status, fatal, bot, generation, queries)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

fn request(insert: &mut Statement, row: &RequestRow, n: i64) -> Result<usize> {
    let told = |value: u32| Some(value).filter(|v| *v != u32::MAX);
    let request = &row.request;
    Ok(insert.execute(params![
        row.site.0 as i64,
        row.at,
        n,
        request.at,
        request.page.0,
        row.path,
        request.profile.0,
        request.status,
        request.fatal,
        request.bot,
        told(request.generation),
        told(request.queries),
    ])?)
}

const EVENT: &str = "INSERT OR REPLACE INTO events_{day}
    (site, at, id, second, kind, sub, undone, page, profile, name, value, key, visit, view)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

fn event(insert: &mut Statement, row: &EventRow) -> Result<usize> {
    let entry = &row.entry;
    Ok(insert.execute(params![
        row.site.0 as i64,
        row.at,
        entry.id as i64,
        entry.at,
        entry.kind as u8,
        entry.sub,
        entry.undone,
        entry.page.0,
        entry.profile.0,
        entry.name.0,
        entry.value,
        Some(entry.key.0 as i64).filter(|key| *key != 0),
        Some(entry.visit).filter(|visit| *visit != 0),
        Some(entry.view as i64).filter(|view| *view != 0),
    ])?)
}

const UNDO: &str = "UPDATE events_{day} SET undone = 1 WHERE site = ?1 AND at = ?2 AND id = ?3";

const TIMES: &str = "INSERT OR REPLACE INTO times_{day}
    (site, at, n, second, page, profile, internal, load, ttfb, fcp, lcp, inp, cls)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn times(insert: &mut Statement, row: &TimingRow, n: i64) -> Result<usize> {
    let timing = &row.timing;
    let [load, ttfb, fcp, lcp, inp, cls] = timing.values.map(|v| Some(v).filter(|v| *v != UNTOLD));
    Ok(insert.execute(params![
        row.site.0 as i64,
        row.at,
        n,
        timing.at,
        timing.page.0,
        timing.profile.0,
        timing.internal,
        load,
        ttfb,
        fcp,
        lcp,
        inp,
        cls,
    ])?)
}

fn rollups(transaction: &Transaction, batch: &Batch) -> Result<()> {
    let mut cells: Vec<_> = batch.rollups.iter().collect();
    // In the order of the table: neighbours share its pages.
    cells.sort_unstable_by_key(|((site, cell), _)| (cell.minute, *site, cell.dim, cell.key));
    let day = |minute: i64| minute.div_euclid(DAY_MINUTES);
    for same_day in cells.chunk_by(|a, b| day(a.0.1.minute) == day(b.0.1.minute)) {
        let Some(((_, first), _)) = same_day.first() else { continue };
        let sql = format!("INSERT INTO rollups_{} {}", name(day(first.minute)), *ADD);
        let mut add = transaction.prepare_cached(&sql)?;
        for ((site, cell), metrics) in same_day {
            let (site, dim) = (site.0 as i64, cell.dim as u8);
            let key: [&dyn ToSql; 4] = [&site, &dim, &cell.minute, &cell.key];
            for (n, value) in key.into_iter().chain(metrics.iter().map(|m| m as &dyn ToSql)).enumerate() {
                add.raw_bind_parameter(n + 1, value)?;
            }
            add.raw_execute()?;
        }
    }
    Ok(())
}
