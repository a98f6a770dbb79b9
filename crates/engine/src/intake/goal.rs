//! Goals: what the site's owner wants to see reached (E6).

use qahm_event::SiteId;

use super::Intake;
use crate::live::facts::EntryKind;
use crate::live::feed::Origin;
use crate::live::names::NameKind;

/// What may reach a goal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reached<'a> {
    Page(&'a str),
    Form(&'a str),
    Event(&'a str),
    /// The tracker matched the goal's selector: the goal's name.
    Selector(&'a str),
}

impl Intake {
    /// A view has begun on a page.
    pub(super) fn reach(&mut self, site: SiteId, view: u64) {
        if self.configs.get(&site).is_none_or(|c| c.goals.is_empty()) {
            return;
        }
        let Some(origin) = self.live.origin_of_view(site, view).filter(|o| o.visit != 0) else { return };
        let page = self.live.site(site).and_then(|s| s.pages.get(origin.page));
        let Some(path) = page.map(|p| p.path.to_string()) else { return };
        self.convert(site, origin, Reached::Page(&path));
    }

    /// Enters each goal that is reached.
    pub(super) fn convert(&mut self, site: SiteId, origin: Origin, reached: Reached) {
        let Some(config) = self.configs.get(&site) else { return };
        let names: Vec<String> = config
            .goals
            .iter()
            .filter(|goal| match (goal.kind.as_str(), reached) {
                ("page", Reached::Page(path)) => match goal.value.strip_suffix('*') {
                    Some(beginning) => path.starts_with(beginning),
                    None => path.trim_end_matches('/') == goal.value.trim_end_matches('/'),
                },
                ("form", Reached::Form(form)) => goal.value == form,
                ("event", Reached::Event(name)) => goal.value == name,
                ("selector", Reached::Selector(name)) => goal.name == name,
                _ => false,
            })
            .map(|goal| goal.name.clone())
            .collect();
        for goal in names {
            let name = self.live.name(site, NameKind::Goal, &goal);
            self.live.tell(site, origin, EntryKind::Goal, 0, name, 0);
        }
    }
}
