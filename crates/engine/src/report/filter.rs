//! Whom a question is about: visitors by the profile of their visit, and by page.

use std::collections::HashSet;

use super::question::Words;
use crate::enrich::path;
use crate::live::facts::Entry;
use crate::live::pages::{OTHER, PageId};
use crate::live::profiles::{Profile, ProfileId, channel, device};
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
    pub(super) fn new(words: &Words, site: &Site, query_keys: &[String]) -> Filter {
        let about_visits = words.country.is_some()
            || words.device.is_some()
            || words.source.is_some()
            || words.channel.is_some();
        let profiles = about_visits.then(|| {
            let fitting = site.profiles.iter().filter(|(_, profile)| fits(words, profile));
            fitting.map(|(id, _)| ProfileId(id)).collect()
        });
        let page = words.page.as_ref().map(|page| match site.pages.get(OTHER) {
            Some(other) if *other.path == **page => Some(OTHER),
            _ => site.pages.known(&path::page(page, query_keys)),
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

/// A private profile fits no filter: nothing is known of it.
fn fits(words: &Words, profile: &Profile) -> bool {
    let is = |wanted: &Option<String>, value: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    !profile.private
        && is(&words.country, profile.country_str())
        && is(&words.device, device_name(profile))
        && is(&words.source, &profile.source)
        && is(&words.channel, channel_name(profile))
}

/// The name of a profile's device.
pub(super) fn device_name(profile: &Profile) -> &'static str {
    if profile.private { "private" } else { device(profile.device) }
}

/// The name of a profile's channel.
pub(super) fn channel_name(profile: &Profile) -> &'static str {
    if profile.private { "private" } else { channel(profile.channel) }
}
