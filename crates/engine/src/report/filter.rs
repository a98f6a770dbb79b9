//! Whom a question is about: visitors by the profile of their visit, and by page.

use std::collections::HashSet;

use super::question::Words;
use crate::config::SiteConfig;
use crate::live::facts::Entry;
use crate::live::pages::{OTHER, PageId};
use crate::live::profiles::ProfileId;
use crate::live::site::Site;
use crate::live::visitor::{View, Visitor};

/// A filter, resolved for one site at one instant.
pub(super) struct Filter {
    /// The profiles that fit; `None` = all.
    profiles: Option<HashSet<ProfileId>>,
    /// The page; `Some(None)` = one that nobody is known to have visited.
    page: Option<Option<PageId>>,
}

impl Filter {
    pub(super) fn new(words: &Words, site: &Site, config: &SiteConfig) -> Filter {
        let profiles = words.features().next().is_some().then(|| {
            let fitting = site.profiles.iter().filter(|(_, profile)| words.fits(profile));
            fitting.map(|(id, _)| ProfileId(id)).collect()
        });
        let page = words.page.as_ref().map(|page| match site.pages.get(OTHER) {
            Some(other) if *other.path == **page => Some(OTHER),
            _ => site.pages.known(&config.page(page)),
        });
        Filter { profiles, page }
    }

    /// Everybody is asked about.
    pub(super) fn is_open(&self) -> bool {
        self.profiles.is_none() && self.page.is_none()
    }

    pub(super) fn about_a_page(&self) -> bool {
        self.page.is_some()
    }

    pub(super) fn profile(&self, id: ProfileId) -> bool {
        self.profiles.as_ref().is_none_or(|profiles| profiles.contains(&id))
    }

    pub(super) fn page(&self, id: PageId) -> bool {
        self.page.is_none_or(|page| page == Some(id))
    }

    /// A visit that saw the page.
    pub(super) fn visitor(&self, visitor: &Visitor) -> bool {
        let saw = || visitor.visit != 0 && visitor.pages().any(|page| self.page(page));
        self.profile(visitor.profile) && (self.page.is_none() || saw())
    }

    /// A visitor who saw the page in the last half hour, or in its visit: some are known by their views alone.
    pub(super) fn saw(&self, visitor: &Visitor, views: &[&View]) -> bool {
        let viewed = || views.iter().any(|view| self.page(view.page));
        self.visitor(visitor) || (self.profile(visitor.profile) && visitor.visit == 0 && viewed())
    }

    /// Something that happened on the page.
    pub(super) fn entry(&self, entry: &Entry) -> bool {
        self.profile(entry.profile) && self.page(entry.page)
    }
}
