//! How often somebody may come: token buckets, in a table that cannot grow.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Requests of one user or address, whatever they ask for: as many at once, and as many per second afterwards.
pub const REQUESTS: Rate = Rate { burst: 200.0, per_second: 50.0 };
/// Commands of one connection.
pub const COMMANDS: Rate = Rate { burst: 20.0, per_second: 10.0 };
/// Buckets of a table at most.
const ADDRESSES: usize = 8192;

/// How full a bucket is at most, and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub burst: f64,
    pub per_second: f64,
}

/// A token bucket.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    rate: Rate,
    left: f64,
    at: Instant,
}

impl Bucket {
    pub fn new(rate: Rate, now: Instant) -> Bucket {
        Bucket { rate, left: rate.burst, at: now }
    }

    /// Takes one; `false` if there is none.
    pub fn take(&mut self, now: Instant) -> bool {
        self.left = self.at(now);
        self.at = now;
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }

    /// Puts one back that was taken.
    fn give_back(&mut self) {
        self.left = (self.left + 1.0).min(self.rate.burst);
    }

    fn at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * self.rate.per_second).min(self.rate.burst)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.at(now) >= self.rate.burst
    }
}

/// One bucket of [`REQUESTS`] for each of whatever is told apart. Those who are nobody, and those for whom the table has
/// no room, share one.
#[derive(Debug)]
pub struct Limits<K> {
    table: Mutex<Table<K>>,
}

#[derive(Debug)]
struct Table<K> {
    known: HashMap<K, Bucket>,
    others: Bucket,
    /// A table that is full of busy addresses is not looked through again before this.
    swept: Option<Instant>,
}

impl<K> Default for Limits<K> {
    fn default() -> Limits<K> {
        let others = Bucket::new(REQUESTS, Instant::now());
        Limits { table: Mutex::new(Table { known: HashMap::new(), others, swept: None }) }
    }
}

impl<K: Copy + Eq + Hash> Limits<K> {
    /// Whether one more request of this one may be looked at.
    pub fn may_come(&self, who: Option<K>, now: Instant) -> bool {
        let mut table = self.table.lock();
        let Some(who) = who else { return table.others.take(now) };
        if let Some(bucket) = table.known.get_mut(&who) {
            return bucket.take(now);
        }
        let due = table.swept.is_none_or(|at| now.saturating_duration_since(at) > Duration::from_secs(1));
        if table.known.len() >= ADDRESSES && due {
            table.known.retain(|_, bucket| !bucket.is_full(now));
            table.swept = Some(now);
        }
        if table.known.len() >= ADDRESSES {
            return table.others.take(now);
        }
        table.known.entry(who).or_insert_with(|| Bucket::new(REQUESTS, now)).take(now)
    }

    /// The request does not count after all.
    pub fn give_back(&self, who: Option<K>) {
        let mut table = self.table.lock();
        match who {
            None => table.others.give_back(),
            // One that is not known, or no longer, has what it may have.
            Some(who) => {
                if let Some(bucket) = table.known.get_mut(&who) {
                    bucket.give_back();
                }
            }
        }
    }
}

/// Who has one IPv6 address has the 2^64 beside it too.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_runs_dry_and_fills_again_and_others_do_not_notice() {
        let (addresses, start) = (Limits::default(), Instant::now());
        let address = |text: &str| Some(network(text.parse().unwrap()));
        let ann = address("2001:db8::1");
        let taken = (0..1000).filter(|_| addresses.may_come(ann, start)).count();
        assert_eq!(taken, 200);
        assert!(!addresses.may_come(address("2001:db8::2"), start), "the same network");
        assert!(addresses.may_come(address("192.0.2.1"), start));
        let later = start + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| addresses.may_come(ann, later)).count(), 50);
        addresses.give_back(ann);
        assert!(addresses.may_come(ann, later) && !addresses.may_come(ann, later));
    }

    #[test]
    fn five_thousand_addresses_at_once_may_all_come_and_the_table_stays_bounded() {
        let (addresses, start) = (Limits::default(), Instant::now());
        let from = |n: u32| Some(IpAddr::from(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n)));
        assert!((0..5000).all(|n| addresses.may_come(from(n), start)));
        let strangers = (5000..50_000).filter(|n| addresses.may_come(from(*n), start)).count();
        assert_eq!(strangers, ADDRESSES - 5000 + 200, "those beyond the table share one bucket");
        assert!(addresses.table.lock().known.len() <= ADDRESSES);
        let later = start + Duration::from_secs(60);
        assert!((60_000..65_000).all(|n| addresses.may_come(from(n), later)), "full buckets are forgotten");
    }
}
