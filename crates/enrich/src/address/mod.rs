//! Addresses: shortened, found behind proxies, looked for among networks.

mod cdn;
mod networks;
mod proxies;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use networks::Networks;
pub use proxies::Proxies;

/// The network an address stands in: the first 24 bits of IPv4, the first 48 of IPv6. An IPv4 address written as IPv6
/// is taken for what it is.
pub fn anonymize(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & !0 << 8)),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !0 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shortened() {
        for (address, network) in [
            ("203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("255.255.255.255", "255.255.255.0"),
        ] {
            assert_eq!(anonymize(address.parse().unwrap()).to_string(), network);
        }
    }
}
