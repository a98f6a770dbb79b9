//! Who is behind a record: address, key, client, place, source; and whether it is set aside.

use std::net::IpAddr;
use std::sync::Arc;

use qahm_enrich::address::anonymize;
use qahm_enrich::client::{Bot, Client};
use qahm_enrich::source::Source;
use qahm_event::{Flags, Record, SiteId, Tag};

use super::Intake;
use crate::config::SiteConfig;
use crate::enrich::visitor::private_key;
use crate::live::Second;
use crate::live::profiles::{Profile, ProfileId};
use crate::live::visitor::VisitorKey;

/// Whom a record is from.
pub(super) enum Who {
    Somebody(VisitorKey, Arc<Client>, IpAddr),
    /// Neither counted nor listed, for this reason.
    SetAside(&'static str),
    /// There is no address.
    Unknown,
}

/// The addresses that brought the last hundred forwarded hits of a proxy that is not trusted. One of them may be that of a
/// visitor who writes the header: so none is held for longer than an hour, in memory only.
#[derive(Debug, Default)]
pub struct Senders {
    seen: std::collections::VecDeque<(SiteId, Option<IpAddr>, Second)>,
}

/// Hits that are looked at.
const HITS: usize = 100;
/// An address is known for this long (s).
const HELD: Second = 3600;
/// Proxies that bring most of the hits.
const FEW: usize = 3;

impl Senders {
    fn note(&mut self, site: SiteId, peer: Option<IpAddr>, now: Second) {
        self.age(now);
        if self.seen.len() >= HITS {
            self.seen.pop_front();
        }
        self.seen.push_back((site, peer, now));
    }

    /// Forgets the addresses of an hour ago.
    pub fn age(&mut self, now: Second) {
        while self.seen.pop_front_if(|(_, _, at)| *at + HELD <= now).is_some() {}
    }

    /// The addresses, at most three, that brought more than half of the last hundred hits with a forwarded address that
    /// was not believed: likely the site's own proxies.
    pub fn likely_proxies(&self) -> Vec<IpAddr> {
        if self.seen.len() < HITS {
            return Vec::new();
        }
        let mut counts: Vec<(IpAddr, usize)> = Vec::new();
        for peer in self.seen.iter().filter_map(|(_, peer, _)| *peer) {
            match counts.iter_mut().find(|(known, _)| *known == peer) {
                Some((_, count)) => *count += 1,
                None => counts.push((peer, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.truncate(FEW);
        let brought: usize = counts.iter().map(|(_, count)| count).sum();
        // One that brings hardly any is a visitor who writes the header.
        counts.retain(|(_, count)| *count >= HITS / 10);
        if brought > HITS / 2 { counts.into_iter().map(|(peer, _)| peer).collect() } else { Vec::new() }
    }
}

impl Intake {
    /// Whom a record of a view is from.
    pub(super) fn who(&mut self, record: &Record, private: bool) -> Who {
        let site = record.head.site;
        let Some(address) = self.address(record) else { return Who::Unknown };
        let client = self.client(record);
        let Some(config) = self.configs.get(&site) else { return Who::Unknown };
        if let Some(reason) = set_aside(config, record, &client, address, &self.geo) {
            return Who::SetAside(reason);
        }
        let key = match private {
            true => Some(private_key(record.head.view.0)),
            false => self.key_of(record, address),
        };
        key.map_or(Who::Unknown, |key| Who::Somebody(key, client, address))
    }

    /// The address behind trusted proxies; who forwarded it is noted.
    pub(super) fn address(&mut self, record: &Record) -> Option<IpAddr> {
        let site = record.head.site;
        if record.bytes(Tag::ForwardedFor).is_some() {
            let peer = record.head.peer.to_ip()?;
            let trusted = self.configs.get(&site)?.proxies.trusts(peer);
            self.senders.note(site, (!trusted).then_some(peer), self.live.now());
        }
        self.behind_proxies(record)
    }

    /// The address behind trusted proxies.
    pub(super) fn behind_proxies(&self, record: &Record) -> Option<IpAddr> {
        let peer = record.head.peer.to_ip()?;
        let proxies = &self.configs.get(&record.head.site)?.proxies;
        Some(proxies.visitor(peer, record.text(Tag::ForwardedFor).as_deref()))
    }

    pub(super) fn client(&mut self, record: &Record) -> Arc<Client> {
        let agent = record.bytes(Tag::UserAgent).unwrap_or_default();
        self.clients.of(agent, record.bytes(Tag::ClientHints).unwrap_or_default())
    }

    /// The visitor's key: address, user agent, the day's salt.
    pub(super) fn key_of(&mut self, record: &Record, address: IpAddr) -> Option<VisitorKey> {
        let site = record.head.site;
        let agent = record.bytes(Tag::UserAgent).unwrap_or_default();
        let (now, live) = (self.live.now(), &self.live);
        let day = live.site(site)?.kept.day;
        let salts = self.salts.of(site, day, now)?;
        Some(salts.key(site, address, agent, now, |key| live.visit_in_progress(site, key)))
    }

    /// The key a visitor would have, for who only asks: no salt is made, turned or marked as used by it.
    pub(super) fn key_asked(&self, record: &Record, address: IpAddr) -> Option<VisitorKey> {
        let site = record.head.site;
        let agent = record.bytes(Tag::UserAgent).unwrap_or_default();
        let in_progress = |key| self.live.visit_in_progress(site, key);
        Some(self.salts.known(site)?.look(site, address, agent, in_progress).0)
    }

    /// The profile a visit that begins now would have; 0 if the key's visit goes on, which keeps its own.
    pub(super) fn profile(
        &mut self,
        record: &Record,
        key: VisitorKey,
        private: bool,
        client: &Client,
        address: IpAddr,
    ) -> ProfileId {
        let site = record.head.site;
        if !private && self.live.visit_goes_on(site, key) {
            return ProfileId(0);
        }
        let Some(config) = self.configs.get(&site) else { return ProfileId(0) };
        let profile = match private {
            true => Profile { private: true, ..Profile::default() },
            false => describe(config, record, client, self.geo.lookup(located(config, address))),
        };
        let now = self.live.now();
        self.live.site_mut(site).map_or(ProfileId(0), |state| state.profile(&profile, now))
    }
}

/// The address that a place is looked up for.
pub(super) fn located(config: &SiteConfig, address: IpAddr) -> IpAddr {
    if config.anonymize_ip || config.gdpr_mode { anonymize(address) } else { address }
}

/// Why a record is neither counted nor listed (FEATURES C).
pub(super) fn set_aside(
    config: &SiteConfig,
    record: &Record,
    client: &Client,
    address: IpAddr,
    geo: &qahm_enrich::geo::Geo,
) -> Option<&'static str> {
    if config.exclude_bots && bot(record, client).is_some() {
        return Some("bot");
    }
    let url = record.text(Tag::Url).unwrap_or_default();
    if config.excludes_path(&config.page(&url)) {
        return Some("path");
    }
    address_set_aside(config, address, geo)
}

/// Why nobody at this address is counted: the address itself, or the country it is in. The same for the views of a
/// visitor and for what WordPress tells of their requests.
pub(super) fn address_set_aside(
    config: &SiteConfig,
    address: IpAddr,
    geo: &qahm_enrich::geo::Geo,
) -> Option<&'static str> {
    if config.excluded_networks.contains(address) {
        return Some("ip");
    }
    if config.exclude_countries.is_empty() && config.only_countries.is_empty() {
        return None;
    }
    let country = geo.lookup(located(config, address)).country;
    let named = |list: &[String]| {
        list.iter().any(|code| country.is_some_and(|c| code.as_bytes().eq_ignore_ascii_case(&c)))
    };
    let outside = !config.only_countries.is_empty() && !named(&config.only_countries);
    (outside || named(&config.exclude_countries)).then_some("country")
}

/// What kind of bot a record is from, if it is from one.
pub(super) fn bot(record: &Record, client: &Client) -> Option<Bot> {
    client.bot.or(record.head.flags.contains(Flags::WEBDRIVER).then_some(Bot::Headless))
}

fn describe(
    config: &SiteConfig,
    record: &Record,
    client: &Client,
    place: qahm_enrich::geo::Place,
) -> Profile {
    let referrer = record.text(Tag::Referrer).unwrap_or_default();
    let url = record.text(Tag::Url).unwrap_or_default();
    let source = Source::of(&referrer, &url, &config.hosts);
    // GDPR mode: country only, and nothing of a campaign.
    let open = |text: Box<str>| if config.gdpr_mode { Box::default() } else { text };
    Profile {
        private: false,
        country: place.country,
        city: open(place.city.unwrap_or_default()),
        channel: source.channel as u8,
        source: source.host,
        utm_source: open(source.utm_source),
        utm_medium: open(source.utm_medium),
        utm_campaign: open(source.utm_campaign),
        device: client.device as u8,
        browser: client.browser.clone(),
        os: client.os.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_nobody_told_us_of_is_found() {
        let mut senders = Senders::default();
        let [proxy, other]: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 9].into()];
        for n in 0..HITS {
            senders.note(SiteId(1), if n % 3 == 0 { None } else { Some(proxy) }, 7);
        }
        assert_eq!(senders.likely_proxies(), [proxy]);
        senders.note(SiteId(1), Some(other), 8);
        assert_eq!(senders.likely_proxies(), [proxy], "one visitor who writes the header is no proxy");
        (0..HITS).for_each(|_| senders.note(SiteId(1), None, 9));
        assert!(senders.likely_proxies().is_empty());
    }

    #[test]
    fn no_sender_is_held_for_longer_than_an_hour() {
        let mut senders = Senders::default();
        (0..HITS).for_each(|_| senders.note(SiteId(1), Some([192, 0, 2, 1].into()), 7));
        senders.age(7 + HELD - 1);
        assert_eq!(senders.seen.len(), HITS);
        senders.age(7 + HELD);
        assert!(senders.seen.is_empty());
    }
}
