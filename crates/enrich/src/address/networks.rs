//! A set of networks that answers in a few comparisons, however many they are.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks, as ranges that neither touch nor overlap, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    /// The networks and single addresses of a list. The error names the first text that is neither.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Networks, String> {
        let mut networks = Networks::default();
        for text in list {
            let text = text.trim();
            let network = text.parse::<IpNet>().ok();
            let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            networks.push(network.ok_or_else(|| format!("{text:?} is no address or network"))?);
        }
        networks.v4 = merge(networks.v4, |end| end.checked_add(1));
        networks.v6 = merge(networks.v6, |end| end.checked_add(1));
        Ok(networks)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether the address stands in one of them. IPv4 written as IPv6 is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => within(&self.v4, v4.to_bits()),
            IpAddr::V6(v6) => within(&self.v6, v6.to_bits()),
        }
    }

    fn push(&mut self, network: IpNet) {
        match network {
            IpNet::V4(v4) => self.v4.push((v4.network().to_bits(), v4.broadcast().to_bits())),
            IpNet::V6(v6) => {
                let (first, last) = (v6.network(), v6.broadcast());
                match (first.to_ipv4_mapped(), last.to_ipv4_mapped()) {
                    (Some(first), Some(last)) => self.v4.push((first.to_bits(), last.to_bits())),
                    _ => self.v6.push((first.to_bits(), last.to_bits())),
                }
            }
        }
    }
}

fn merge<T: Copy + Ord>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if next(before.1).is_none_or(|next| first <= next) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn within<T: Copy + Ord>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|k| ranges.get(k)).is_some_and(|(_, last)| address <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read_and_merged() {
        let networks =
            Networks::parse(["10.0.0.0/9", " 10.128.0.0/9 ", "192.0.2.1", "2001:db8::/32"]).unwrap();
        assert_eq!(networks.v4.len(), 2);
        for (address, inside) in [
            ("10.255.0.1", true),
            ("::ffff:10.1.1.1", true),
            ("11.0.0.0", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(networks.contains(address.parse().unwrap()), inside, "{address}");
        }
        assert!(Networks::parse(["::ffff:10.0.0.0/104"]).unwrap().contains("10.9.9.9".parse().unwrap()));
        assert!(
            Networks::parse(["0.0.0.0/0", "255.255.255.255"]).unwrap().contains("1.2.3.4".parse().unwrap())
        );
        assert!(Networks::parse([]).unwrap().is_empty());
        assert_eq!(
            Networks::parse(["10.0.0.0/99"]),
            Err("\"10.0.0.0/99\" is no address or network".to_owned())
        );
    }

    proptest! {
        /// The ranges say the same as one network after the other.
        #[test]
        fn as_the_networks_one_by_one(
            list in prop::collection::vec((any::<u32>(), 0u8..=32), 0..20),
            probes in prop::collection::vec(any::<u32>(), 20),
        ) {
            let nets: Vec<IpNet> =
                list.iter().map(|(a, p)| IpNet::new(IpAddr::V4((*a).into()), *p).unwrap()).collect();
            let texts: Vec<String> = nets.iter().map(ToString::to_string).collect();
            let networks = Networks::parse(texts.iter().map(String::as_str)).unwrap();
            let edges = nets.iter().flat_map(|n| [n.network(), n.broadcast()]);
            for address in probes.iter().map(|p| IpAddr::V4((*p).into())).chain(edges) {
                prop_assert_eq!(networks.contains(address), nets.iter().any(|n| n.contains(&address)));
            }
        }

        #[test]
        fn hostile_lists_are_refused(text in ".{0,60}") {
            let _ = Networks::parse([text.as_str()]);
        }
    }
}
