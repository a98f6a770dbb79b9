//! Of whom an answer is: of everybody, of a page, or of visits by where they came from and on what.

use std::collections::HashSet;

use rusqlite::params;

use super::question::{Dimension, HistoryQuestion};
use super::sums::Site;
use super::{Error, Result};
use crate::live::profiles::OTHER;
use crate::report::Words;

/// Sums are kept by page, and by everything that profiles say; not by both at once: that would be as many as there are views.
pub(super) enum Scope<'a> {
    Everybody,
    /// The numbers the page has had.
    Page(HashSet<u32>),
    /// Visits whose profile fits.
    Visits(&'a Words),
}

impl<'a> Scope<'a> {
    /// `Bad` for what is not kept.
    pub(super) fn new(
        site: &Site,
        question: &'a HistoryQuestion,
        dimension: Option<Dimension>,
    ) -> Result<Scope<'a>> {
        let words = &question.filter;
        let about_visits = words.features().next().is_some();
        match (question.page(), dimension) {
            (Some(_), _) if about_visits => Err(Error::Bad(
                "filter: the past is kept by page, and by country, device, source and channel together, but not by both",
            )),
            (Some(_), Some(Dimension::Feature(_) | Dimension::Name(_))) => {
                Err(Error::Bad("dimension: of one page, only page, post_type, author and category are kept"))
            }
            (None, Some(Dimension::Page(_) | Dimension::Name(_))) if about_visits => Err(Error::Bad(
                "dimension: of one country, device, source or channel, only country, city, channel, source, campaign, device, browser and os are kept",
            )),
            (Some(page), _) => Ok(Scope::Page(site.numbers_of(page)?)),
            (None, _) if about_visits => Ok(Scope::Visits(words)),
            (None, _) => Ok(Scope::Everybody),
        }
    }

    pub(super) fn is_everybody(&self) -> bool {
        matches!(self, Scope::Everybody)
    }

    /// Whether a page is spoken of.
    pub(super) fn has(&self, page: u32) -> bool {
        match self {
            Scope::Page(pages) => pages.contains(&page),
            _ => true,
        }
    }
}

impl Site<'_> {
    /// The numbers a path has had; 0 is of pages there was no room for.
    pub(super) fn numbers_of(&self, path: &str) -> Result<HashSet<u32>> {
        let mut query = self.db.prepare_cached("SELECT page FROM pages WHERE site = ?1 AND path = ?2")?;
        let rows = query.query_map(params![self.site, path], |row| row.get(0))?;
        let mut numbers = rows.collect::<std::result::Result<HashSet<u32>, _>>()?;
        if path == OTHER {
            numbers.insert(0);
        }
        Ok(numbers)
    }
}
