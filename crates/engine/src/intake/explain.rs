//! Explain: why the events of a beacon would be counted or not. Nothing changes by asking.

use qahm_enrich::client::Bot;
use qahm_enrich::source::Source;
use qahm_event::{Flags, Record, Tag};
use serde_json::{Value, json};

use super::Intake;
use super::honest;
use super::who::{bot, located, set_aside};

impl Intake {
    /// What would become of the first event of a beacon.
    pub fn explain(&mut self, bytes: &[u8]) -> Value {
        let no = |reason: &str| json!({ "counted": false, "reason": reason });
        let Ok(record) = Record::decode(bytes) else { return no("the record could not be read") };
        let site = record.head.site;
        match record.bytes(Tag::Reason) {
            None => {}
            Some(b"opt-out") => return no("the visitor opted out"),
            Some(_) => return no("the visitor's role is excluded"),
        }
        if honest::detail(&record).is_none() {
            return no("no tracker sends such a value");
        }
        let Some(config) = self.configs.get(&site) else { return no("the site is not known") };
        let asks = config.respect_dnt && record.head.flags.contains(Flags::PRIVATE);
        let consented = record.head.flags.contains(Flags::CONSENT);
        let private = asks || (config.consent == "limited" && !consented);
        let Some(address) = self.behind_proxies(&record) else { return no("the request has no address") };
        let client = self.client(&record);
        let key = if private { None } else { self.key_asked(&record, address) };
        let Some(config) = self.configs.get(&site) else { return no("the site is not known") };
        let url = record.text(Tag::Url).unwrap_or_default();
        let referrer = record.text(Tag::Referrer).unwrap_or_default();
        let source = Source::of(&referrer, &url, &config.hosts);
        let quick = |key| self.pace.judge(site, key, self.live.now(), config.active_window);
        let reason = match set_aside(config, &record, &client, address, &self.geo) {
            Some("bot") => format!("a bot: {}", bot(&record, &client).map_or("", Bot::as_str)),
            Some("path") => "the path is excluded".into(),
            Some("ip") => "the address is excluded".into(),
            Some(_) => "the country is excluded".into(),
            None if config.consent == "wait" && !consented => "the visitor has not consented".into(),
            None if asks => "counted without a key: the browser asks not to be tracked".into(),
            None if private => "counted without a key: the visitor has not consented".into(),
            None if config.exclude_bots && key.is_some_and(quick) => {
                "a bot: it opens pages that nobody looks at".into()
            }
            None => String::from("counted"),
        };
        let known = key.is_some_and(|key| self.live.visit_goes_on(site, key));
        let country = self.geo.lookup(located(config, address)).country;
        json!({
            "counted": reason.starts_with("counted"),
            "reason": reason,
            "page": config.page(&url),
            "visitor": if known { "known" } else { "new" },
            "country": country.map(|c| String::from_utf8_lossy(&c).into_owned()),
            "device": client.device.as_str(),
            "browser": &*client.browser,
            "os": &*client.os,
            "channel": source.channel.as_str(),
            "source": &*source.host,
        })
    }
}
