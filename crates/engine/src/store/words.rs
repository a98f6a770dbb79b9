//! Profiles as the store has them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use crate::live::profiles::Profile;

pub(crate) const PROFILE: &str =
    "private, country, city, channel, source, utm_source, utm_medium, utm_campaign, device, browser, os";

/// A stored profile; `None` for number 0 and what is forgotten.
pub(crate) fn profile(db: &Connection, site: i64, id: u32) -> Result<Option<Profile>> {
    let sql = format!("SELECT {PROFILE} FROM profiles WHERE site = ?1 AND id = ?2");
    let mut query = db.prepare_cached(&sql)?;
    Ok(query.query_row(params![site, id], |row| read(row, 0)).optional()?)
}

/// Reads the columns of `PROFILE` from the `first` on.
pub(crate) fn read(row: &Row, first: usize) -> rusqlite::Result<Profile> {
    let text = |n| row.get_ref(first + n).map(|text| Box::from(text.as_str().unwrap_or_default()));
    let country: Box<str> = text(1)?;
    Ok(Profile {
        private: row.get(first)?,
        country: country.as_bytes().try_into().ok(),
        city: text(2)?,
        channel: row.get(first + 3)?,
        source: text(4)?,
        utm_source: text(5)?,
        utm_medium: text(6)?,
        utm_campaign: text(7)?,
        device: row.get(first + 8)?,
        browser: text(9)?,
        os: text(10)?,
    })
}
