//! One record: from bytes of the ring to touches of the live state and rows of the store.

use qahm_event::{Flags, Head, Kind, Micros, Record, SiteId, Tag};

use super::Pipeline;
use crate::enrich::{path, visitor::private_key};
use crate::live::Second;
use crate::live::apply::Outcome;
use crate::live::facts::Request;
use crate::live::pages::{OTHER, PageId};
use crate::live::profiles::ProfileId;
use crate::live::touch::{Touch, TouchKind};
use crate::live::visitor::VisitorKey;
use crate::store::batch::{RequestRow, ViewRow};

/// A record from further ahead than this (µs) did not come from our clock.
const AHEAD_US: u64 = 2_000_000;
/// Nor did one from longer ago than this (s): no ring holds events that long.
const BEHIND: Second = 86_400;
/// Longest referrer stored, in bytes.
const REFERRER_MAX: usize = 300;

impl Pipeline {
    /// Takes one record in. Whatever it holds, the worst it can do is to be counted as dropped.
    pub(super) fn take(&mut self, bytes: &[u8], now_us: u64) {
        self.events += 1;
        let record = match Record::decode(bytes) {
            Ok(record) => record,
            Err(_) => {
                self.unreadable += 1;
                return;
            }
        };
        let head = record.head;
        let Some(config) = self.configs.get(&head.site) else {
            self.strangers += 1;
            return;
        };
        let at = self.clock.second(head.time);
        // `now_us` may be seconds old itself, if the disk or the processor kept us waiting since.
        let ahead = |now_us: u64| head.time.0 > now_us + AHEAD_US;
        if (ahead(now_us) && ahead(Micros::now().0)) || at + BEHIND < self.live.now() {
            self.drop_event(head.site, "time");
            return;
        }
        let private = (config.respect_dnt && head.flags.contains(Flags::PRIVATE))
            || (config.consent == "limited" && !head.flags.contains(Flags::CONSENT));
        if config.consent == "wait" && touch_without_consent(&head) {
            // A page cached before consent was asked for still has the script that does not ask.
            return self.exclude(head.site, "consent");
        }
        self.live.advance(at);
        match head.kind {
            Kind::Request => self.take_request(&record),
            Kind::Excluded => self.take_excluded(&record),
            kind => {
                if let Some(kind) = TouchKind::of(kind) {
                    self.take_touch(&record, kind, private, at);
                }
            }
        }
    }

    fn take_touch(&mut self, record: &Record, kind: TouchKind, private: bool, at: Second) {
        let head = record.head;
        let known = self.live.known_view(head.site, head.view.0);
        // Only a view that begins, or is new to us, needs to know who and where.
        let (key, private) = match known {
            Some(known) => known,
            None if private => (private_key(head.view.0), true),
            None => match self.key(record) {
                Some(key) => (key, false),
                None => return self.drop_event(head.site, "address"),
            },
        };
        let (mut page, mut from) = (OTHER, OTHER);
        if known.is_none() || kind == TouchKind::View {
            (page, from) = self.pages(record);
        }
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
        };
        match self.live.apply(&touch) {
            Outcome::Duplicate => return self.drop_event(head.site, "duplicate"),
            Outcome::NoSite => return,
            Outcome::Taken => {}
            Outcome::View { visit, .. } => {
                let visit = (visit != 0)
                    .then(|| (key.0, i64::from(visit) + self.live.unix() - i64::from(self.live.now())));
                self.add_view(record, page, visit);
            }
        }
        self.batch.touch(&touch, self.live.now());
    }

    /// The visitor's key: address behind trusted proxies, user agent, the day's salt.
    fn key(&mut self, record: &Record) -> Option<VisitorKey> {
        let site = record.head.site;
        let forwarded = record.text(Tag::ForwardedFor);
        let address =
            self.configs.get(&site)?.proxies.visitor(record.head.peer.to_ip()?, forwarded.as_deref());
        let agent = record.bytes(Tag::UserAgent).unwrap_or_default();
        let (now, live) = (self.live.now(), &self.live);
        let day = live.site(site)?.kept.day;
        let salts = self.salts.of(&self.runtime, site, day, now)?;
        Some(salts.key(site, address, agent, now, |key| live.visit_in_progress(site, key)))
    }

    /// The page of a record, and the page of the site it came from.
    fn pages(&mut self, record: &Record) -> (PageId, PageId) {
        let Some(config) = self.configs.get(&record.head.site) else { return (OTHER, OTHER) };
        let Some(site) = self.live.site_mut(record.head.site) else { return (OTHER, OTHER) };
        let from = record
            .text(Tag::Referrer)
            .and_then(|referrer| {
                let url = path::own(&referrer, &config.hosts)?;
                site.pages.known(&path::page(url, &config.query_keys))
            })
            .unwrap_or(OTHER);
        let url = record.text(Tag::Url).unwrap_or_default();
        let title = record.text(Tag::Title).unwrap_or_default();
        (site.pages.number(&path::page(&url, &config.query_keys), &title), from)
    }

    fn add_view(&mut self, record: &Record, page: PageId, visit: Option<(u64, i64)>) {
        let head = record.head;
        let Some(config) = self.configs.get(&head.site) else { return };
        // GDPR mode keeps no row per visit, and no query string of a referrer; a private view has no source at all.
        let mut referrer = match visit {
            Some(_) => record.text(Tag::Referrer).unwrap_or_default().into_owned(),
            None => String::new(),
        };
        if config.gdpr_mode {
            referrer.truncate(referrer.find(['?', '#']).unwrap_or(referrer.len()));
        }
        referrer.truncate(referrer.floor_char_boundary(REFERRER_MAX));
        self.batch.views.push(ViewRow {
            site: head.site,
            at: self.unix_ms(&head),
            view: head.view.0,
            visit: visit.filter(|_| !config.gdpr_mode),
            page: page.0,
            referrer,
            profile: 0,
        });
    }

    fn take_request(&mut self, record: &Record) {
        let head = record.head;
        let Some(config) = self.configs.get(&head.site) else { return };
        let number = |tag| record.number(tag).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let url = record.text(Tag::Url).unwrap_or_default();
        let path = path::page(&url, &config.query_keys).into_owned();
        let at = self.clock.second(head.time);
        let status = number(Tag::Status).map_or(0, |n| n.min(999) as u16);
        let (generation, queries) =
            (number(Tag::Generation).unwrap_or(u32::MAX), number(Tag::Queries).unwrap_or(u32::MAX));
        let page = self.live.site(head.site).and_then(|s| s.pages.known(&path)).unwrap_or(OTHER);
        let profile = ProfileId(0);
        let fatal = head.flags.contains(Flags::FATAL);
        let request = Request { at, page, profile, status, fatal, bot: false, generation, queries };
        let path = (status == 404 || request.failed()).then_some(path);
        self.batch.requests.push(RequestRow { site: head.site, at_ms: self.unix_ms(&head), request, path });
    }

    fn take_excluded(&mut self, record: &Record) {
        // Reasons are words of ours; anything else is no reason.
        let reason = match record.bytes(Tag::Reason) {
            Some(b"role") => "role",
            _ => return self.drop_event(record.head.site, "reason"),
        };
        self.exclude(record.head.site, reason);
    }

    fn exclude(&mut self, site: SiteId, reason: &str) {
        if let Some(state) = self.live.site_mut(site) {
            state.exclude(reason);
        }
    }

    fn drop_event(&mut self, site: SiteId, reason: &str) {
        if let Some(state) = self.live.site_mut(site) {
            state.drop_event(reason);
        }
    }

    /// The record's time on the wall clock of now, in ms.
    fn unix_ms(&self, head: &Head) -> i64 {
        let Micros(us) = head.time;
        (i64::from(self.clock.second(head.time)) + self.offset) * 1000 + (us % 1_000_000 / 1000) as i64
    }
}

fn touch_without_consent(head: &Head) -> bool {
    TouchKind::of(head.kind).is_some() && !head.flags.contains(Flags::CONSENT)
}
