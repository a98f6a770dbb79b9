//! Who the visitors of the mixed traffic are: address, browser, where they came from. All of it follows from a visitor's
//! number, so that a visitor is the same in every event and every run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use qahm_event::Peer;

/// User agents as people's browsers send them, a line each.
const AGENTS: &str = include_str!("../agents.txt");

/// What asks for pages and runs no script.
pub(crate) const BOTS: [&str; 4] = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.5.0",
    "python-requests/2.32.3",
];

/// Where most come from who come from somewhere; the others come from a few hundred blogs.
const REFERRERS: [&str; 12] = [
    "https://www.google.com/",
    "https://www.google.com/",
    "https://www.google.fr/",
    "https://duckduckgo.com/",
    "https://www.bing.com/",
    "https://www.facebook.com/",
    "https://l.instagram.com/",
    "https://t.co/abcdef",
    "https://news.ycombinator.com/item?id=1",
    "https://mail.google.com/",
    "https://chatgpt.com/",
    "https://www.linkedin.com/feed/",
];
const BLOGS: u64 = 300;
const CAMPAIGNS: u64 = 12;

/// The visitors.
pub(crate) struct Crowd {
    agents: Vec<&'static str>,
    /// Client hints of each agent, "" where the browser sends none.
    hints: Vec<String>,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        let agents: Vec<&str> = AGENTS.lines().filter(|line| !line.is_empty()).collect();
        let hints = agents.iter().map(|agent| hints(agent)).collect();
        Self { agents, hints }
    }

    /// How many user agents there are.
    pub(crate) fn agents(&self) -> usize {
        self.agents.len()
    }

    /// User agent and client hints. Some are far more frequent than others.
    pub(crate) fn agent(&self, visitor: u32) -> (&'static str, &str) {
        let (a, b) = (mixed(visitor, 1), mixed(visitor, 2));
        let amount = self.agents.len() as u64;
        let index = ((a % amount) * (b % amount) / amount.max(1)) as usize;
        let hints = self.hints.get(index).map_or("", String::as_str);
        (self.agents.get(index).copied().unwrap_or(""), hints)
    }

    /// The network address, all over the world; one in eight IPv6.
    pub(crate) fn address(&self, visitor: u32) -> IpAddr {
        let noise = mixed(visitor, 3);
        if visitor.is_multiple_of(8) {
            let [_, _, a, b, c, d, e, f] = noise.to_be_bytes();
            let prefix = [0x2001, 0x2600, 0x2a01, 0x2a02].get(usize::from(a & 3)).copied().unwrap_or(0x2a01);
            let parts = [prefix, u16::from_be_bytes([b, c]) | 1, u16::from_be_bytes([d, e]), f.into()];
            let [p, q, r, s] = parts;
            return Ipv6Addr::new(p, q, r, s, 0, 0, (visitor >> 16) as u16, visitor as u16).into();
        }
        // The last three bytes tell 2^24 visitors apart, spread over the networks; the first is of no private or
        // reserved range.
        let [_, b, c, d] = visitor.to_be_bytes();
        let spread = mixed(visitor & 0xffff, 6) as u8;
        const FIRST: [u8; 16] = [2, 5, 24, 37, 46, 62, 73, 81, 84, 90, 109, 126, 151, 176, 188, 201];
        let first = FIRST.get((noise & 15) as usize).copied().unwrap_or(81);
        Ipv4Addr::new(first, b ^ spread, c, d).into()
    }

    /// Who connects, and what it forwards: one in five comes through a proxy of the site's own network.
    pub(crate) fn connection(&self, visitor: u32) -> (Peer, Option<IpAddr>) {
        let address = self.address(visitor);
        if mixed(visitor, 4).is_multiple_of(5) {
            return (Peer::from(IpAddr::from([10, 0, 0, 2])), Some(address));
        }
        (Peer::from(address), None)
    }

    /// Referrer and query of a visit's first page: half are direct, one in twelve comes by a campaign.
    pub(crate) fn source(&self, visitor: u32) -> (String, String) {
        let noise = mixed(visitor, 5);
        let query = if (noise >> 8).is_multiple_of(12) {
            format!("?utm_source=letter&utm_medium=email&utm_campaign=no-{}", (noise >> 16) % CAMPAIGNS)
        } else {
            String::new()
        };
        let known = REFERRERS.get(((noise >> 24) % REFERRERS.len() as u64) as usize).copied().unwrap_or("");
        let referrer = match noise % 8 {
            0..4 => String::new(),
            4..7 => known.to_owned(),
            _ => format!("https://blog-{}.example.net/links/", (noise >> 32) % BLOGS),
        };
        (referrer, query)
    }
}

fn hints(agent: &str) -> String {
    let Some(version) = agent.split("Chrome/").nth(1).and_then(|rest| rest.split('.').next()) else {
        return String::new();
    };
    let (mobile, platform) = match agent {
        a if a.contains("Android") => ("?1", "Android"),
        a if a.contains("Windows") => ("?0", "Windows"),
        a if a.contains("Macintosh") => ("?0", "macOS"),
        _ => ("?0", "Linux"),
    };
    format!(
        "\"Chromium\";v=\"{version}\", \"Google Chrome\";v=\"{version}\", \"Not_A Brand\";v=\"99\"; {mobile}; \"{platform}\""
    )
}

/// SplitMix64 of a visitor's number, another one for each `use_of`.
fn mixed(visitor: u32, use_of: u64) -> u64 {
    let mut z = (u64::from(visitor) << 8 | use_of).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
