//! The address at the other end of the connection, as 16 bytes. Raw addresses exist in a slot of the ring and in the
//! engine's memory until visitor and country are known, never longer.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An IPv6 address or a v4-mapped one (`::ffff:a.b.c.d`); all zero when unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Peer(pub [u8; 16]);

impl Peer {
    /// No address.
    pub const UNKNOWN: Self = Self([0; 16]);

    /// An address in text, as in REMOTE_ADDR: no port, no brackets, no zone. `::` and `0.0.0.0` are no
    /// addresses of anybody.
    pub fn parse(text: &[u8]) -> Option<Self> {
        // The longest text form of an address has 45 bytes.
        if text.len() > 45 {
            return None;
        }
        let address: IpAddr = str::from_utf8(text).ok()?.parse().ok()?;
        let peer = Self::from(address);
        peer.to_ip().map(|_| peer)
    }

    /// The address, a v4-mapped one as IPv4; `None` when unknown or nobody's (`::ffff:0.0.0.0`).
    pub fn to_ip(self) -> Option<IpAddr> {
        Some(Ipv6Addr::from(self.0).to_canonical()).filter(|address| !address.is_unspecified())
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().octets()),
            IpAddr::V6(v6) => Self(v6.octets()),
        }
    }
}

/// Not the address: a record that is logged for debugging must not carry it into a log.
impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::UNKNOWN { "Peer(unknown)" } else { "Peer(…)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_come_back() {
        for text in ["203.0.113.7", "2001:db8::1", "::1"] {
            let peer = Peer::parse(text.as_bytes()).unwrap();
            assert_eq!(peer.to_ip(), Some(text.parse().unwrap()));
        }
        assert_eq!(Peer::parse(b"::ffff:203.0.113.7"), Peer::parse(b"203.0.113.7"));
        assert_eq!(Peer::parse(b"::ffff:203.0.113.7").unwrap().to_ip(), Some("203.0.113.7".parse().unwrap()));
    }

    #[test]
    fn anything_else_is_unknown() {
        let bad: [&[u8]; 10] = [
            b"",
            b"::",
            b"0.0.0.0",
            b"::ffff:0.0.0.0",
            b"unix:",
            b"203.0.113.7:80",
            b"[::1]",
            b"fe80::1%eth0",
            b"\xff",
            &[b'1'; 4000],
        ];
        for text in bad {
            assert_eq!(Peer::parse(text), None);
        }
        assert_eq!(Peer::UNKNOWN.to_ip(), None);
        // Found by fuzzing: written into the slot by somebody else.
        assert_eq!(Peer::from(IpAddr::from([0; 4])).to_ip(), None);
    }

    #[test]
    fn debug_does_not_tell_the_address() {
        assert!(!format!("{:?}", Peer::parse(b"203.0.113.7")).contains("203"));
    }
}
