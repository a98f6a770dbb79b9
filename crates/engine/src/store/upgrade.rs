//! From older versions of the tables to this one, in the transaction that then makes what is missing.

use rusqlite::Connection;

use super::Result;
use super::partition::{Partitions, name};

/// The old tables of days are looked for by their names, before the new ones are made.
pub(super) fn from_1(db: &Connection) -> Result<()> {
    db.execute_batch(
        "ALTER TABLE clock ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE pages ADD COLUMN post_type TEXT NOT NULL DEFAULT '';
         ALTER TABLE pages ADD COLUMN author TEXT NOT NULL DEFAULT '';
         ALTER TABLE pages ADD COLUMN category TEXT NOT NULL DEFAULT '';
         ALTER TABLE minutes ADD COLUMN visitors_today INTEGER;
         ALTER TABLE minutes ADD COLUMN views_today INTEGER;
         CREATE INDEX pages_path ON pages (site, path);",
    )?;
    for day in Partitions::load(db)?.days() {
        let day = name(day);
        db.execute_batch(&format!(
            "ALTER TABLE views_{day} ADD COLUMN profile INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE requests_{day} RENAME TO old_requests;
             DROP INDEX requests_{day}_site_at;"
        ))?;
        db.execute_batch(&include_str!("day.sql").replace("{day}", &day))?;
        // The bits of `flags` were those of the record: 64 = ended by a fatal error.
        db.execute_batch(&format!(
            "INSERT INTO requests_{day}
               SELECT old.site, old.at, old.rowid, 0, ifnull(pages.page, 0),
                 CASE WHEN old.status = 404 OR old.status >= 500 OR old.flags & 64 THEN old.page END,
                 0, old.status, (old.flags & 64) / 64, 0, old.generation, old.queries
               FROM old_requests AS old LEFT JOIN pages ON pages.site = old.site AND pages.path = old.page;
             DROP TABLE old_requests;"
        ))?;
    }
    Ok(())
}

/// Hours had the sums of each feature of profiles alone. They are summed up anew, in the background, from their minutes.
pub(super) fn from_2(db: &Connection) -> Result<()> {
    db.execute_batch(
        "INSERT OR IGNORE INTO stale (site, what, number) SELECT DISTINCT site, 0, hour FROM hours;
         DELETE FROM hours WHERE dim BETWEEN 2 AND 9;",
    )?;
    Ok(())
}
