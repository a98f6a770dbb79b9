//! A site's configuration as WordPress composes it. Plain data, checked once, here.

use std::borrow::Cow;

use qahm_enrich::address::{Networks, Proxies};
use serde::Deserialize;

use crate::calendar::Calendar;
use crate::enrich::path;

/// Bytes of a configuration at most.
pub const CONFIG_MAX: usize = 16 * 1024;
/// Goals of a site at most.
const GOALS_MAX: usize = 20;

/// What the engine uses of a site's configuration. Members it does not know are ignored: the plugin may be newer.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct SiteConfig {
    /// Hosts that may send beacons: lower-case `host[:port]`, 1 to 8.
    pub hosts: Vec<String>,
    /// The address of the site's front page.
    pub home: String,
    /// What the site is called.
    pub name: String,
    /// Where the screen is, for messages.
    pub link: String,
    /// Where the engine asks WordPress to deliver alerts; empty = nowhere.
    pub deliver: String,
    /// IANA name or offset.
    pub timezone: String,
    /// V1's window, 60–600 s.
    pub active_window: u32,
    /// Visitors active now, from 1.
    pub alert_high_traffic: u32,
    /// Bytes for ring and live state.
    pub memory_limit: u64,
    /// Hours of detail, 1–8760.
    pub retention: u32,
    /// Seconds a handler may take, 1–3600.
    pub max_execution_time: u32,
    /// GPC and DNT make a view private.
    pub respect_dnt: bool,
    pub gdpr_mode: bool,
    /// `none`, `wait`, or `limited`: without consent a view is private.
    pub consent: String,
    /// Query arguments that name a page.
    pub query_keys: Vec<String>,
    /// `"auto"`, or networks.
    pub trusted_proxies: Trusted,
    /// Bots, and visitors of these paths, networks and countries are neither counted nor listed.
    pub exclude_bots: bool,
    /// A path with everything below it, or with `*` at its end everything that begins with it.
    pub exclude_paths: Vec<String>,
    pub exclude_ips: Vec<String>,
    /// ISO 3166 codes.
    pub exclude_countries: Vec<String>,
    /// If not empty, no other countries' visitors are counted.
    pub only_countries: Vec<String>,
    /// Addresses are shortened before their country is looked up.
    pub anonymize_ip: bool,
    /// Visitors listed at most; never a limit of counting.
    pub max_visitors: u32,
    /// Seconds a heavy answer may be reused.
    pub cache_ttl: u32,
    /// A MaxMind-format file; empty = the one that was installed.
    pub geoip_db: String,
    pub goals: Vec<Goal>,
    /// The path of `home`: empty for a site at the root of its host.
    #[serde(skip)]
    pub home_path: String,
    #[serde(skip)]
    pub excluded_networks: Networks,
    #[serde(skip)]
    pub proxies: Proxies,
    #[serde(skip)]
    pub calendar: Calendar,
}

/// A goal: what the site's owner wants visitors to reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Goal {
    pub name: String,
    /// `page`, `selector`, `form` or `event`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The path (`*` at its end: everything that begins with it), selector, form's or event's name.
    pub value: String,
}

/// `"auto"` or a list of addresses and networks.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Trusted {
    Word(String),
    List(Vec<String>),
}

impl Default for SiteConfig {
    fn default() -> Self {
        SiteConfig {
            hosts: Vec::new(),
            home: String::new(),
            name: String::new(),
            link: String::new(),
            deliver: String::new(),
            timezone: "UTC".into(),
            active_window: 60,
            alert_high_traffic: 500,
            memory_limit: 128 << 20,
            retention: 24,
            max_execution_time: 30,
            respect_dnt: true,
            gdpr_mode: false,
            consent: "none".into(),
            query_keys: Vec::new(),
            trusted_proxies: Trusted::Word("auto".into()),
            exclude_bots: true,
            exclude_paths: Vec::new(),
            exclude_ips: Vec::new(),
            exclude_countries: Vec::new(),
            only_countries: Vec::new(),
            anonymize_ip: true,
            max_visitors: 1000,
            cache_ttl: 10,
            geoip_db: String::new(),
            goals: Vec::new(),
            home_path: String::new(),
            excluded_networks: Networks::default(),
            proxies: Proxies::default(),
            calendar: Calendar::default(),
        }
    }
}

impl SiteConfig {
    /// Reads and checks a configuration; the error names the member that is wrong.
    pub fn parse(json: &str) -> Result<SiteConfig, String> {
        if json.len() > CONFIG_MAX {
            return Err(format!("configuration over {CONFIG_MAX} bytes"));
        }
        let mut config: SiteConfig = serde_json::from_str(json).map_err(|e| format!("configuration: {e}"))?;
        if config.hosts.is_empty()
            || config.hosts.len() > 8
            || config.hosts.iter().any(|h| h.is_empty() || h.len() > 255)
        {
            return Err("hosts: 1 to 8 names of 1 to 255 bytes".into());
        }
        check("active_window", config.active_window, 60, 600)?;
        check("alert_high_traffic", config.alert_high_traffic, 1, u32::MAX)?;
        check("retention", config.retention, 1, 8760)?;
        check("max_execution_time", config.max_execution_time, 1, 3600)?;
        if config.memory_limit < 32 << 20 {
            return Err("memory_limit: at least 32 MiB".into());
        }
        config.excluded_networks = Networks::parse(config.exclude_ips.iter().map(String::as_str))
            .map_err(|wrong| format!("exclude_ips: {wrong}"))?;
        if config.goals.len() > GOALS_MAX {
            return Err(format!("goals: at most {GOALS_MAX}"));
        }
        config.home_path = path::home(&config.home).to_owned();
        config.calendar = Calendar::new(&config.timezone)
            .ok_or_else(|| format!("timezone: {:?} is not known", config.timezone))?;
        config.proxies = match &config.trusted_proxies {
            Trusted::Word(word) if word == "auto" => Proxies::automatic(),
            Trusted::Word(word) => Proxies::listed([word.as_str()])?,
            Trusted::List(list) => Proxies::listed(list.iter().map(String::as_str))?,
        };
        Ok(config)
    }

    /// A page's name. In GDPR mode only numbers stay of its query: anybody may write anything else there.
    pub fn page<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let page = path::page(url, &self.query_keys, &self.home_path);
        if self.gdpr_mode { path::with_numbers_only(page) } else { page }
    }

    /// Whether an address is a search of the site.
    pub fn is_search(&self, url: &str) -> bool {
        path::is_search(url, &self.home_path)
    }

    /// Whether a page is one that nothing is told of.
    pub fn excludes_path(&self, page: &str) -> bool {
        let path = page.split('?').next().unwrap_or(page);
        self.exclude_paths.iter().any(|excluded| match excluded.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => {
                let excluded = excluded.trim_end_matches('/');
                path.strip_prefix(excluded).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    && !excluded.is_empty()
            }
        })
    }
}

fn check(name: &str, value: u32, least: u32, most: u32) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("{name}: {value} is not in {least}–{most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_member_is_named_and_an_unknown_one_ignored() {
        let good =
            SiteConfig::parse(r#"{"hosts":["a.test"],"timezone":"Europe/Paris","later":[1,2]}"#).unwrap();
        assert_eq!(good.active_window, 60);
        for (json, name) in [
            ("{}", "hosts"),
            (r#"{"hosts":["a"],"active_window":5}"#, "active_window"),
            (r#"{"hosts":["a"],"timezone":"Mars/X"}"#, "timezone"),
            (r#"{"hosts":["a"],"memory_limit":1}"#, "memory_limit"),
            (r#"{"hosts":["a"],"trusted_proxies":["nonsense"]}"#, "trusted_proxies"),
            (r#"{"hosts":["a"],"exclude_ips":["nonsense"]}"#, "exclude_ips"),
            (r#"{"hosts":"a"}"#, "hosts"),
        ] {
            let error = SiteConfig::parse(json).unwrap_err();
            assert!(error.contains(name) || error.contains("expected a sequence"), "{json}: {error}");
        }
    }

    #[test]
    fn pages_in_gdpr_mode_keep_numbers_only() {
        let config =
            |gdpr: bool| SiteConfig::parse(&format!(r#"{{"hosts":["a"],"gdpr_mode":{gdpr}}}"#)).unwrap();
        let url = "/blog?p=12&tag=ann@a.test&author=9x";
        assert_eq!(config(false).page(url), "/blog?p=12&tag=ann@a.test&author=9x");
        assert_eq!(config(true).page(url), "/blog?p=12");
        assert_eq!(config(true).page("/?tag=x"), "/");
        assert_eq!(config(true).page("/?p=7"), "/?p=7");
    }

    #[test]
    fn excluded_paths() {
        let json = r#"{"hosts":["a"],"exclude_paths":["/wp-admin/","/login","/tmp*","/"]}"#;
        let config = SiteConfig::parse(json).unwrap();
        for (page, excluded) in [
            ("/wp-admin", true),
            ("/wp-admin/x", true),
            ("/wp-administration", false),
            ("/login?p=1", true),
            ("/tmp-1", true),
            ("/", false),
            ("/about", false),
        ] {
            assert_eq!(config.excludes_path(page), excluded, "{page}");
        }
    }
}
