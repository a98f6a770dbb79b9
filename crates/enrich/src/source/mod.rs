//! Where a visit came from.
//!
//! The first line that holds decides; campaign arguments are those of the page's address, so they are what the site's
//! owner (or an advertising network) wrote, and outrank the referrer:
//!
//! | # | what is there | channel |
//! |---|---|---|
//! | 1 | an advertiser's click id (`gclid`, `msclkid`, `ttclid`, …) | campaign, unless `utm_medium` says mail |
//! | 2 | `utm_medium` email, newsletter, … · social, … · organic · referral | mail · social · search · referral |
//! | 3 | another `utm_medium` (cpc, display, affiliate, anything) | campaign |
//! | 4 | `utm_source` alone, that names a known host or site ("chatgpt.com", "facebook") | that host's channel; of a search engine: campaign |
//! | 5 | `utm_source` or `utm_campaign` otherwise | campaign |
//! | 6 | a mail program's click id (`mc_eid`, `_hsenc`, `mkt_tok`, …) | mail |
//! | 7 | a click id that comes with unpaid links, too (`fbclid`, `igshid`, `srsltid`) | social · search |
//! | 8 | the referrer is one of the site's own hosts | internal |
//! | 9 | the referrer is a known host or application | search, social, mail, ai or campaign |
//! | 10 | any other referrer | referral |
//! | 11 | none | direct |

mod campaign;
mod host;
mod sites;

use crate::text;
use campaign::Campaign;

/// How a visit came. Stored as its number: never renumber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Channel {
    /// Typed, bookmarked, or not told.
    #[default]
    Direct = 0,
    Search = 1,
    Social = 2,
    Mail = 3,
    /// Another site.
    Referral = 4,
    /// Advertising, and whatever else is marked as a campaign.
    Campaign = 5,
    /// An assistant's answer.
    Ai = 6,
    /// The site itself: the earlier part of the visit was not seen.
    Internal = 7,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 8] = [
        Channel::Direct,
        Channel::Search,
        Channel::Social,
        Channel::Mail,
        Channel::Referral,
        Channel::Campaign,
        Channel::Ai,
        Channel::Internal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Direct => "direct",
            Channel::Search => "search",
            Channel::Social => "social",
            Channel::Mail => "mail",
            Channel::Referral => "referral",
            Channel::Campaign => "campaign",
            Channel::Ai => "ai",
            Channel::Internal => "internal",
        }
    }

    /// The channel of a name [`Channel::as_str`] gives.
    pub fn parse(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

/// Where a visit came from. Texts are clean: one printable line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    pub channel: Channel,
    /// The referrer's host in lower case, without `www.` and port, at most 100 bytes; of an application, its name as in
    /// `android-app://com.example`. Empty: none, or one of the site's own.
    pub host: Box<str>,
    /// In lower case, at most 64 bytes.
    pub utm_source: Box<str>,
    /// In lower case, at most 64 bytes.
    pub utm_medium: Box<str>,
    /// As written, at most 64 bytes.
    pub utm_campaign: Box<str>,
}

impl Source {
    /// The source of a visit whose first view has this referrer (an address, or empty) and stands at `url` (path and query).
    /// `own_hosts` are the site's, with their port where they have one.
    pub fn of(referrer: &str, url: &str, own_hosts: &[String]) -> Source {
        let campaign = Campaign::of(url);
        let host = host::of(referrer);
        let own = own_hosts.iter().any(|own| !host.is_empty() && host::plain(own) == host);
        let channel = campaign.channel().unwrap_or_else(|| match () {
            () if host.is_empty() => Channel::Direct,
            () if own => Channel::Internal,
            () => sites::channel(&host).unwrap_or(Channel::Referral),
        });
        Source {
            channel,
            host: if own { "".into() } else { text::clean(&host, host::LONGEST).into() },
            utm_source: campaign.source.into(),
            utm_medium: campaign.medium.into(),
            utm_campaign: campaign.name.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(referrer: &str, url: &str) -> &'static str {
        Source::of(referrer, url, &["shop.test".into(), "www.a.test:8080".into()]).channel.as_str()
    }

    #[test]
    fn every_line_of_the_table() {
        for (referrer, url, expected) in [
            ("", "/?gclid=x", "campaign"),
            ("https://www.google.com/", "/?gclid=x", "campaign"),
            ("", "/?gclid=x&utm_medium=email", "mail"),
            ("", "/?gclid=x&utm_medium=organic", "campaign"),
            ("", "/?utm_medium=E-Mail", "mail"),
            ("", "/?utm_source=news&utm_medium=newsletter", "mail"),
            ("", "/?utm_medium=social", "social"),
            ("", "/?utm_medium=organic", "search"),
            ("", "/?utm_medium=referral", "referral"),
            ("https://www.google.com/", "/?utm_medium=cpc", "campaign"),
            ("", "/?utm_medium=paid_social", "campaign"),
            ("", "/?utm_medium=anything", "campaign"),
            ("", "/?utm_source=chatgpt.com", "ai"),
            ("", "/?utm_source=facebook", "social"),
            ("", "/?utm_source=google", "campaign"),
            ("", "/?utm_source=mynews", "campaign"),
            ("", "/?utm_campaign=spring", "campaign"),
            ("https://mail.google.com/", "/?mc_eid=1", "mail"),
            ("https://m.facebook.com/", "/?fbclid=1", "social"),
            ("", "/?fbclid=1", "social"),
            ("https://www.shop.test/a", "/b", "internal"),
            ("http://a.test:8080/a", "/b", "internal"),
            ("https://www.google.fr/", "/", "search"),
            ("https://www.bing.com/", "/", "search"),
            ("https://duckduckgo.com/", "/", "search"),
            ("https://docs.google.com/", "/", "referral"),
            ("https://t.co/x", "/", "social"),
            ("https://outlook.live.com/", "/", "mail"),
            ("https://chatgpt.com/", "/", "ai"),
            ("https://www.perplexity.ai/search", "/", "ai"),
            ("android-app://com.google.android.gm/", "/", "mail"),
            ("android-app://com.google.android.googlequicksearchbox/", "/", "search"),
            ("https://blog.example/", "/", "referral"),
            ("", "/", "direct"),
            ("about:blank", "/", "direct"),
            ("javascript:alert(1)", "/", "direct"),
        ] {
            assert_eq!(channel(referrer, url), expected, "{referrer} {url}");
        }
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
    }

    #[test]
    fn texts_are_clean() {
        let url = "/?utm_source=News%20Letter&utm_medium=E%2DMail&utm_campaign=Spring+%E2%80%AESale%0A#utm_source=no";
        let source = Source::of("https://WWW.Example.ORG:8443/x?y", url, &[]);
        assert_eq!(&*source.host, "example.org");
        assert_eq!((&*source.utm_source, &*source.utm_medium), ("news letter", "e-mail"));
        assert_eq!(&*source.utm_campaign, "Spring Sale");
        let long = Source::of(
            &format!("https://{}.test/", "é".repeat(200)),
            &format!("/?utm_campaign={}", "%C3%A9".repeat(80)),
            &[],
        );
        assert!(long.host.len() <= 100 && long.utm_campaign.len() <= 64 && !long.utm_campaign.is_empty());
    }
}
