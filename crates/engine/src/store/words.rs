//! What profiles say, as the keys of sums: one text for each dimension.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;
use super::summary::By;
use crate::live::names::PART;
use crate::live::profiles::{Profile, channel, device};

/// The dimensions a profile has.
pub(crate) const BY: [By; 8] =
    [By::Country, By::City, By::Channel, By::Source, By::Campaign, By::Device, By::Browser, By::Os];

/// The key of what nothing is known of.
pub(crate) const OTHER: &str = "(other)";
/// The channel of a private view.
pub(crate) const PRIVATE: &str = "private";

pub(crate) const PROFILE: &str =
    "private, country, city, channel, source, utm_source, utm_medium, utm_campaign, device, browser, os";

/// Hands out the key of a profile in a dimension; none for a visit without campaign, and `OTHER` for no profile.
pub(crate) fn with(by: By, profile: Option<&Profile>, mut each: impl FnMut(&str)) {
    let Some(profile) = profile else { return each(OTHER) };
    match by {
        By::Country => each(profile.country_str()),
        By::City if profile.city.is_empty() => each(""),
        By::City => each(&format!("{}{PART}{}", profile.country_str(), profile.city)),
        By::Channel if profile.private => each(PRIVATE),
        By::Channel => each(channel(profile.channel)),
        By::Source => each(&profile.source),
        By::Campaign => {
            let [source, medium, name] = [&profile.utm_source, &profile.utm_medium, &profile.utm_campaign];
            if !(source.is_empty() && medium.is_empty() && name.is_empty()) {
                each(&format!("{source}{PART}{medium}{PART}{name}"));
            }
        }
        By::Device => each(device(profile.device)),
        By::Browser => each(&profile.browser),
        By::Os => each(&profile.os),
        _ => {}
    }
}

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
