//! What the page's address says about how the visitor came to it.

use super::{Channel, sites};
use crate::text;

/// Longest text kept, in bytes.
const LONGEST: usize = 64;

/// Longest text decoded, in bytes: three for each of a kept one.
const LONGEST_WRITTEN: usize = LONGEST * 3;

/// Arguments that only advertising networks add.
const PAID: [&str; 19] = [
    "gclid",
    "gclsrc",
    "gbraid",
    "wbraid",
    "dclid",
    "gad_source",
    "gad_campaignid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "yclid",
    "ysclid_ad",
    "epik",
    "rdt_cid",
    "sccid",
    "obclid",
    "tblci",
    "wickedid",
];

/// Arguments of mail programs and mailing services.
const MAILED: [&str; 12] = [
    "mc_eid",
    "mc_cid",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "vero_id",
    "vero_conv",
    "oly_enc_id",
    "oly_anon_id",
    "_ke",
    "_kx",
    "ml_subscriber",
];

/// Arguments that are on unpaid links, too.
const SOCIAL: [&str; 4] = ["fbclid", "igshid", "igsh", "__twitter_impression"];
const SEARCHED: [&str; 2] = ["srsltid", "ysclid"];

/// `utm_medium` in lower case.
const MAIL_MEDIA: [&str; 8] =
    ["email", "e-mail", "e_mail", "mail", "newsletter", "e-newsletter", "emailing", "mailing"];
const SOCIAL_MEDIA: [&str; 9] = [
    "social",
    "social-network",
    "social_network",
    "social network",
    "social-media",
    "social_media",
    "social media",
    "organic-social",
    "organic_social",
];
const SEARCH_MEDIA: [&str; 3] = ["organic", "organic-search", "organic_search"];
const REFERRAL_MEDIA: [&str; 4] = ["referral", "link", "partner-link", "backlink"];

/// The campaign's arguments, cleaned.
#[derive(Debug, Default)]
pub(super) struct Campaign {
    pub(super) source: String,
    pub(super) medium: String,
    pub(super) name: String,
    paid: bool,
    mailed: bool,
    social: bool,
    searched: bool,
}

impl Campaign {
    /// Reads the query of an address. The first of several arguments of one name counts.
    pub(super) fn of(url: &str) -> Campaign {
        let url = url.split('#').next().unwrap_or("");
        let mut campaign = Campaign::default();
        let Some((_, query)) = url.split_once('?') else { return campaign };
        for argument in query.split('&') {
            let Some((name, value)) = argument.split_once('=') else { continue };
            if value.is_empty() || name.len() > 24 {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let is = |names: &[&str]| names.contains(&name.as_str());
            let cleaned = || text::clean(&text::decode(value, LONGEST_WRITTEN), LONGEST);
            let lower = || text::cut(&cleaned().to_lowercase(), LONGEST).to_owned();
            match name.as_str() {
                "utm_source" if campaign.source.is_empty() => campaign.source = lower(),
                "utm_medium" if campaign.medium.is_empty() => campaign.medium = lower(),
                "utm_campaign" if campaign.name.is_empty() => campaign.name = cleaned(),
                _ => {}
            }
            campaign.paid |= is(&PAID);
            campaign.mailed |= is(&MAILED);
            campaign.social |= is(&SOCIAL);
            campaign.searched |= is(&SEARCHED);
        }
        campaign
    }

    /// The channel the address alone decides; `None`: the referrer does. Lines 1 to 7 of the table in `mod.rs`.
    pub(super) fn channel(&self) -> Option<Channel> {
        let medium = |names: &[&str]| names.contains(&self.medium.as_str());
        if medium(&MAIL_MEDIA) {
            return Some(Channel::Mail);
        }
        if self.paid {
            return Some(Channel::Campaign);
        }
        if !self.medium.is_empty() {
            return Some(match () {
                () if medium(&SOCIAL_MEDIA) => Channel::Social,
                () if medium(&SEARCH_MEDIA) => Channel::Search,
                () if medium(&REFERRAL_MEDIA) => Channel::Referral,
                () => Channel::Campaign,
            });
        }
        if !self.source.is_empty() || !self.name.is_empty() {
            let known = sites::named(&self.source);
            return Some(match known {
                Some(channel @ (Channel::Social | Channel::Mail | Channel::Ai)) => channel,
                _ => Channel::Campaign,
            });
        }
        match () {
            () if self.mailed => Some(Channel::Mail),
            () if self.social => Some(Channel::Social),
            () if self.searched => Some(Channel::Search),
            () => None,
        }
    }
}
