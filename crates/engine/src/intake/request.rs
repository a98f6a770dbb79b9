//! Requests that WordPress answered: never a visitor, a view or a visit, but times and errors.

use qahm_event::{Flags, Record, Tag};

use super::Intake;
use super::who::{address_set_aside, bot};
use crate::enrich::{bare, path};
use crate::live::facts::{EntryKind, Request};
use crate::live::feed::Origin;
use crate::live::names::{NameId, NameKind, PART};
use crate::live::pages::OTHER;
use crate::store::batch::RequestRow;

/// A number that was not told.
const UNTOLD: u32 = u32::MAX;
const NOT_FOUND: u16 = 404;

impl Intake {
    pub(super) fn take_request(&mut self, record: &Record, private: bool) {
        let head = record.head;
        let site = head.site;
        // What we cost a page we cost whoever asked for it.
        let now = self.live.now();
        if let (Some(state), Some(micros)) = (self.live.site_mut(site), record.number(Tag::Added)) {
            state.costs.add(now, u32::try_from(micros).unwrap_or(u32::MAX));
        }
        let client = self.client(record);
        let address = self.address(record);
        let Some(config) = self.configs.get(&site) else { return };
        let url = record.text(Tag::Url).unwrap_or_default();
        let path = config.page(&url).into_owned();
        // Not counted as excluded either: the view of the same page is, once.
        let aside = address.and_then(|address| address_set_aside(config, address, &self.geo));
        if config.excludes_path(&path) || aside.is_some() {
            return;
        }
        let bot = bot(record, &client).is_some();
        let number = |tag| record.number(tag).map_or(UNTOLD, |n| u32::try_from(n).unwrap_or(UNTOLD - 1));
        let status = record.number(Tag::Status).map_or(0, |n| n.min(999) as u16);
        // A page that is there gets a number; what is invented gets none.
        let page = self.live.site_mut(site).map_or(OTHER, |state| match status {
            200..300 if !bot => state.pages.number(&path, ""),
            _ => state.pages.known(&path).unwrap_or(OTHER),
        });
        let origin = match (private, address) {
            (false, Some(address)) => match self.key_of(record, address) {
                Some(key) => self.live.origin_of_key(site, key, page),
                None => Origin { page, ..Origin::default() },
            },
            _ => Origin { page, ..Origin::default() },
        };
        let request = Request {
            at: self.live.now(),
            page,
            profile: origin.profile,
            status,
            fatal: head.flags.contains(Flags::FATAL),
            bot,
            generation: number(Tag::Generation),
            queries: number(Tag::Queries),
        };
        self.live.request(site, request);
        if !bot && status == NOT_FOUND {
            let referrer = record.text(Tag::Referrer).unwrap_or_default();
            let own = self.configs.get(&site).is_some_and(|c| path::own(&referrer, &c.hosts).is_some());
            // Where somebody who asked not to be followed came from is nobody's business.
            let linker = if private && !own { "" } else { bare::address(&referrer) };
            let name = self.live.name(site, NameKind::Linker, &format!("{path}{PART}{linker}"));
            self.live.tell(site, origin, EntryKind::NotFound, 0, name, status.into());
        }
        if !bot && request.failed() {
            let name = self.live.name(site, NameKind::Broken, &path);
            self.live.tell(site, origin, EntryKind::Failed, request.fatal.into(), name, status.into());
        }
        let kept = status == NOT_FOUND || request.failed();
        let at = self.live.unix() * 1000;
        self.batch.requests.push(RequestRow { site, at, request, path: kept.then_some(path) });
    }

    /// The origin of a signal: the visitor that is in memory under the request's key, if it is not private.
    pub(super) fn origin_of_request(&mut self, record: &Record, private: bool) -> Origin {
        let site = record.head.site;
        let url = record.text(Tag::Url).unwrap_or_default();
        let page =
            self.configs.get(&site).and_then(|config| self.live.site(site)?.pages.known(&config.page(&url)));
        let page = page.unwrap_or(OTHER);
        let address = self.address(record).filter(|_| !private);
        match address.and_then(|address| self.key_of(record, address)) {
            Some(key) => self.live.origin_of_key(site, key, page),
            None => Origin { page, ..Origin::default() },
        }
    }

    /// Whether a request or signal is from an address or a country that is not counted.
    pub(super) fn is_excluded_address(&mut self, record: &Record) -> bool {
        let address = self.address(record);
        let config = self.configs.get(&record.head.site);
        let aside = config.zip(address).and_then(|(config, a)| address_set_aside(config, a, &self.geo));
        aside.is_some()
    }

    /// Whether a request or signal is from a bot.
    pub(super) fn is_bot(&mut self, record: &Record) -> bool {
        let client = self.client(record);
        bot(record, &client).is_some()
    }

    /// The number of a name, 0 for a text that is empty.
    pub(super) fn named(&mut self, record: &Record, kind: NameKind, text: &str) -> NameId {
        self.live.name(record.head.site, kind, text)
    }
}
