//! Profiles: where a visit came from and on what it looks at the site. Many visits share one.

use std::borrow::Cow;

use qahm_enrich::client::{Device, UNKNOWN};
use qahm_enrich::source::Channel;

use super::dictionary::{Dictionary, Word};
use super::names::PART;

/// Profiles kept per site.
pub const CAP: usize = 20_000;
/// A profile that was not used this long (s), and that no visitor has, may go.
pub const KEEP: super::Second = super::THIRTY + 120;

/// The name of what there was no room for, and of those of whom nothing is known.
pub const OTHER: &str = "(other)";
/// The name of visitors who asked not to be followed.
pub const PRIVATE: &str = "private";

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

/// By what profiles are told apart. The order is that of the sums of an hour in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    Country,
    City,
    Channel,
    Source,
    Campaign,
    Device,
    Browser,
    Os,
}

pub const FEATURES: usize = 8;

impl Feature {
    pub const ALL: [Feature; FEATURES] = [
        Self::Country,
        Self::City,
        Self::Channel,
        Self::Source,
        Self::Campaign,
        Self::Device,
        Self::Browser,
        Self::Os,
    ];
}

impl Profile {
    /// The name it is counted under, now and in the past; "" = unknown, or none. Who is private is "private" by every
    /// feature, but has no campaign. A city has its country before it, a campaign its source and medium, joined by `PART`.
    pub fn name(&self, by: Feature) -> Cow<'_, str> {
        let whole = match by {
            Feature::Campaign => return self.campaign(),
            _ if self.private => PRIVATE,
            Feature::City if self.city.is_empty() => "",
            Feature::City => return format!("{}{PART}{}", self.country_str(), self.city).into(),
            Feature::Country => self.country_str(),
            Feature::Channel => channel(self.channel),
            Feature::Source => &self.source,
            Feature::Device => device(self.device),
            Feature::Browser => known(&self.browser),
            Feature::Os => known(&self.os),
        };
        Cow::Borrowed(whole)
    }

    fn campaign(&self) -> Cow<'_, str> {
        let [source, medium, name] = [&self.utm_source, &self.utm_medium, &self.utm_campaign];
        match source.is_empty() && medium.is_empty() && name.is_empty() {
            true => Cow::Borrowed(""),
            false => format!("{source}{PART}{medium}{PART}{name}").into(),
        }
    }

    /// What is left of it in GDPR mode: of the place the country, and nothing of a campaign.
    pub fn without_city_and_campaign(&self) -> Profile {
        Profile {
            city: Box::default(),
            utm_source: Box::default(),
            utm_medium: Box::default(),
            utm_campaign: Box::default(),
            ..self.clone()
        }
    }

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

fn known(family: &str) -> &str {
    if family.is_empty() { UNKNOWN } else { family }
}

/// The name of a device by its number.
pub fn device(number: u8) -> &'static str {
    let devices = [Device::Desktop, Device::Mobile, Device::Tablet];
    devices.into_iter().find(|d| *d as u8 == number).unwrap_or(Device::Other).as_str()
}

/// The name of a channel by its number.
pub fn channel(number: u8) -> &'static str {
    Channel::ALL.into_iter().find(|c| *c as u8 == number).unwrap_or(Channel::Direct).as_str()
}
