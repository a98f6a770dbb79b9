//! Events of a view: begins, shown, hidden, heard, left, and what is done on it.

use std::borrow::Cow;

use qahm_event::{Flags, Kind, Record, Tag};

use super::Intake;
use super::pace::Sign;
use super::who::Who;
use crate::enrich::path;
use crate::live::Second;
use crate::live::apply::Outcome;
use crate::live::pages::{Meta, OTHER, PageId};
use crate::live::profiles::ProfileId;
use crate::live::touch::{Detail, Touch, TouchKind};
use crate::live::visitor::VisitorKey;
use crate::store::batch::ViewRow;

impl Intake {
    pub(super) fn take_view(&mut self, record: &Record, private: bool, at: Second, mut detail: Detail) {
        let head = record.head;
        let Some(kind) = touch_kind(record) else { return };
        let known = self.live.known_view(head.site, head.view.0);
        let (mut page, mut from, mut profile) = (OTHER, OTHER, ProfileId(0));
        // Only a view that begins, or is new to us, needs to know who and where.
        let (key, private) = match known {
            Some(known) if kind != TouchKind::View => {
                self.is_paced(record, known, detail);
                known
            }
            _ => {
                let who = match self.who(record, private) {
                    Who::Somebody(key, client, address) => (key, client, address),
                    Who::SetAside(reason) => return self.set_aside(record, reason),
                    Who::Unknown => return self.drop_event(head.site, "address"),
                };
                if known.is_none() && self.is_paced(record, (who.0, private), detail) {
                    return self.set_aside(record, "bot");
                }
                let internal;
                (page, from, internal) = self.pages(record);
                if kind == TouchKind::View {
                    detail = Detail::of_view(detail.view_kind(), internal);
                }
                let (key, private) = known.unwrap_or((who.0, private));
                profile = self.profile(record, key, private, &who.1, who.2);
                (key, private)
            }
        };
        let touch = Touch {
            site: head.site,
            kind,
            on: match kind {
                TouchKind::View => head.flags.contains(Flags::VISIBLE),
                _ => head.flags.contains(Flags::LINK),
            },
            private,
            at: at.min(self.live.now()),
            sequence: head.sequence,
            key,
            view: head.view.0,
            page,
            from,
            profile,
            detail,
        };
        match self.live.apply(&touch) {
            Outcome::Duplicate => return self.drop_event(head.site, "duplicate"),
            Outcome::NoSite => return,
            Outcome::Taken => {}
            Outcome::View { visit, .. } => {
                let offset = self.live.unix() - i64::from(self.live.now());
                let visit = (visit != 0).then(|| (key.0, i64::from(visit) + offset));
                self.add_view(record, at, page, visit);
                self.reach(head.site, head.view.0);
            }
        }
        self.batch.touch(&touch, self.live.now());
        self.act(record, private);
    }

    /// Whether a view is set aside because its key begins them faster than people do.
    fn is_paced(&mut self, record: &Record, (key, private): (VisitorKey, bool), detail: Detail) -> bool {
        let head = record.head;
        let Some(config) = self.configs.get(&head.site).filter(|c| c.exclude_bots && !private) else {
            return false;
        };
        let (site, view, now) = (head.site, head.view.0, self.live.now());
        let sign = match head.kind {
            Kind::View => return self.pace.begin(site, key, view, now, config.active_window),
            Kind::Engage if detail.engaged() > 0 => Sign::Person,
            Kind::Click | Kind::Form => Sign::Person,
            Kind::Leave if head.flags.contains(Flags::LINK) => Sign::Person,
            Kind::Leave => Sign::Ended,
            Kind::Beat | Kind::Visible => Sign::Alive,
            _ => Sign::None,
        };
        self.pace.hear(site, key, view, now, sign)
    }

    /// The page of a record, the page of the site it came from, and whether it came from the site at all.
    fn pages(&mut self, record: &Record) -> (PageId, PageId, bool) {
        let Some(config) = self.configs.get(&record.head.site) else { return (OTHER, OTHER, false) };
        let Some(site) = self.live.site_mut(record.head.site) else { return (OTHER, OTHER, false) };
        let referrer = record.text(Tag::Referrer).unwrap_or_default();
        let own = path::own(&referrer, &config.hosts);
        let from = own.and_then(|url| site.pages.known(&config.page(url)));
        let url = record.text(Tag::Url).unwrap_or_default();
        // WordPress's title of a search says what was searched for, by whomever: it is nobody else's to read.
        let title = match record.head.kind {
            Kind::View if !config.is_search(&url) => record.text(Tag::Title).unwrap_or_default(),
            // An error's title is its message.
            _ => Cow::Borrowed(""),
        };
        let [post_type, author, category] = record.meta();
        let page = site.pages.number(&config.page(&url), &title);
        if !(post_type.is_empty() && author.is_empty() && category.is_empty()) {
            site.pages.describe(
                page,
                &Meta { post_type: post_type.into(), author: author.into(), category: category.into() },
            );
        }
        (page, from.unwrap_or(OTHER), own.is_some())
    }

    fn add_view(&mut self, record: &Record, at: Second, page: PageId, visit: Option<(u64, i64)>) {
        let head = record.head;
        let Some(config) = self.configs.get(&head.site) else { return };
        let profile = self.live.origin_of_view(head.site, head.view.0).map_or(0, |o| o.profile.0);
        self.batch.views.push(ViewRow {
            site: head.site,
            at: self.unix_ms(&head, at),
            view: head.view.0,
            // GDPR mode keeps no row per visit.
            visit: visit.filter(|_| !config.gdpr_mode),
            page: page.0,
            profile,
        });
    }
}

/// The touch an event makes; a JavaScript error of the site's own files makes the view a failed one.
fn touch_kind(record: &Record) -> Option<TouchKind> {
    match record.head.kind {
        Kind::Error if record.number(Tag::Own) == Some(1) => Some(TouchKind::Fail),
        kind => TouchKind::of(kind),
    }
}
