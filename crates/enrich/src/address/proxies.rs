//! The visitor's address behind trusted proxies.

use std::net::IpAddr;

use super::{Networks, cdn};

/// Networks whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Networks,
}

/// Private, loopback, link-local and carrier-grade ranges: where a site's own proxies stand.
const PRIVATE: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

impl Proxies {
    /// Believes private ranges and those of the content delivery networks known to this version.
    pub fn automatic() -> Proxies {
        let known = PRIVATE.into_iter().chain(cdn::ranges());
        Proxies { networks: Networks::parse(known).unwrap_or_default() }
    }

    /// Believes the given addresses and networks.
    pub fn listed<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Proxies, String> {
        let networks = Networks::parse(list).map_err(|error| format!("trusted_proxies: {error}"))?;
        Ok(Proxies { networks })
    }

    /// Whether the address is a proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks.contains(address)
    }

    /// The rightmost address that is not a trusted proxy's. What stands left of it was written by strangers.
    pub fn visitor(&self, peer: IpAddr, forwarded: Option<&str>) -> IpAddr {
        let peer = peer.to_canonical();
        let mut visitor = peer;
        if let Some(chain) = forwarded {
            for part in chain.rsplit(',') {
                if !self.trusts(visitor) {
                    break;
                }
                match parse(part) {
                    Some(address) => visitor = address,
                    None => break,
                }
            }
        }
        visitor
    }
}

/// An address as proxies write it: with a port, in brackets, quoted.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split_once(']')?.0.parse::<IpAddr>().ok().map(|a| a.to_canonical());
    }
    text.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rightmost_untrusted_address_is_the_visitor() {
        let auto = Proxies::automatic();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let public: IpAddr = "203.0.113.9".parse().unwrap();
        let case = |peer, chain: &str| auto.visitor(peer, Some(chain)).to_string();
        assert_eq!(case(local, "198.51.100.1"), "198.51.100.1");
        assert_eq!(case(local, "6.6.6.6, 198.51.100.1, 10.0.0.3"), "198.51.100.1");
        assert_eq!(case(public, "198.51.100.1"), "203.0.113.9", "a stranger's header is not believed");
        assert_eq!(case(local, "[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(case(local, "198.51.100.1:80"), "198.51.100.1");
        assert_eq!(case(local, "nonsense, 198.51.100.2"), "198.51.100.2");
        assert_eq!(case(local, "nonsense"), "127.0.0.1");
        assert_eq!(case("::ffff:127.0.0.1".parse().unwrap(), "198.51.100.1"), "198.51.100.1");
        assert_eq!(auto.visitor("::ffff:10.1.2.3".parse().unwrap(), Some("1.2.3.4")).to_string(), "1.2.3.4");
        assert_eq!(Proxies::listed([]).unwrap().visitor(local, Some("1.2.3.4")), local);
        assert!(Proxies::listed(["10.0.0.0/8", "::1", " 192.0.2.1 "]).is_ok());
        assert!(Proxies::listed(["10.0.0.0/99"]).is_err());
    }

    #[test]
    fn delivery_networks_are_believed_by_themselves() {
        let auto = Proxies::automatic();
        for edge in ["162.158.1.1", "2606:4700::1", "151.101.2.3", "2a04:4e42::7"] {
            let edge = edge.parse().unwrap();
            assert_eq!(auto.visitor(edge, Some("6.6.6.6, 198.51.100.9")).to_string(), "198.51.100.9");
        }
        assert_eq!(
            auto.visitor("127.0.0.1".parse().unwrap(), Some("198.51.100.9, 162.158.1.1")).to_string(),
            "198.51.100.9",
            "a delivery network before the site's own proxy"
        );
    }

    proptest! {
        /// Nobody but a trusted proxy changes who the visitor is, whatever the header says.
        #[test]
        fn strangers_change_nothing(chain in ".{0,96}") {
            let public: IpAddr = "203.0.113.9".parse().unwrap();
            prop_assert_eq!(Proxies::automatic().visitor(public, Some(&chain)), public);
            let _ = Proxies::automatic().visitor("10.0.0.1".parse().unwrap(), Some(&chain));
        }
    }
}
