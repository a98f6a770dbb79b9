//! Profiles: where a visit came from and on what it looks at the site. Many visits share one.

use qahm_enrich::client::Device;
use qahm_enrich::source::Channel;

use super::dictionary::{Dictionary, Word};

/// Profiles kept per site.
pub const CAP: usize = 20_000;
/// A profile that was not used this long (s), and that no visitor has, may go.
pub const KEEP: super::Second = super::THIRTY + 120;

/// The name of a source or campaign there was no room for.
const OTHER: &str = "(other)";

/// A profile's number, unique within its site. 0 = "(other)": nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProfileId(pub u32);

/// Country, source and client of a visit (G1–G5).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Profile {
    /// A private view (GPC, DNT, no consent): nothing else is told of it but the device, and that is "other" too.
    pub private: bool,
    /// ISO 3166 code; `None` = unknown.
    pub country: Option<[u8; 2]>,
    pub city: Box<str>,
    /// Number of `qahm_enrich::source::Channel`.
    pub channel: u8,
    /// Host of the referrer, "" = none.
    pub source: Box<str>,
    pub utm_source: Box<str>,
    pub utm_medium: Box<str>,
    pub utm_campaign: Box<str>,
    /// Number of `qahm_enrich::client::Device`.
    pub device: u8,
    pub browser: Box<str>,
    pub os: Box<str>,
}

impl Profile {
    /// What is left when there are too many profiles: what is not free text. Where it came from is "(other)", not nowhere.
    pub fn coarse(&self) -> Profile {
        let other = |text: &str| Box::from(if text.is_empty() { "" } else { OTHER });
        Profile {
            private: self.private,
            country: self.country,
            channel: self.channel,
            source: other(&self.source),
            utm_source: other(&self.utm_source),
            utm_campaign: other(&self.utm_campaign),
            device: self.device,
            browser: self.browser.clone(),
            os: self.os.clone(),
            ..Profile::default()
        }
    }

    /// The country in capital letters, "" when unknown.
    pub fn country_str(&self) -> &str {
        self.country.as_ref().and_then(|code| std::str::from_utf8(code).ok()).unwrap_or("")
    }
}

impl Word for Profile {
    fn bytes(&self) -> usize {
        [
            &self.city,
            &self.source,
            &self.utm_source,
            &self.utm_medium,
            &self.utm_campaign,
            &self.browser,
            &self.os,
        ]
        .iter()
        .map(|text| text.len())
        .sum()
    }
}

pub type Profiles = Dictionary<Profile>;

/// The name of a device by its number.
pub fn device(number: u8) -> &'static str {
    let devices = [Device::Desktop, Device::Mobile, Device::Tablet];
    devices.into_iter().find(|d| *d as u8 == number).unwrap_or(Device::Other).as_str()
}

/// The name of a channel by its number.
pub fn channel(number: u8) -> &'static str {
    Channel::ALL.into_iter().find(|c| *c as u8 == number).unwrap_or(Channel::Direct).as_str()
}
