//! The visitor key: a keyed hash of daily salt, site, address and user agent (FEATURES V).
//!
//! Salts are random, live in a file of the runtime directory (tmpfs), change at the site's midnight, and the previous
//! one is erased when no visit that began under it has been heard from for half an hour: from then on nobody, the
//! site's owner included, can tell which address a key was made from.

use std::hash::Hasher;
use std::net::IpAddr;

use qahm_event::SiteId;
use siphasher::sip::SipHasher24;

use crate::clock::Second;

/// A keyed hash that names a visitor for a day. 0 = nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VisitorKey(pub u64);

/// A visit continues while less than this many seconds lie between last being heard from and the next view.
pub const VISIT_GAP: Second = 1800;

/// A random key.
pub type Salt = [u8; 16];

/// The salts of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salts {
    /// The local day the current salt is for, in days since 1970.
    pub day: u32,
    pub current: Salt,
    /// The one before it, under which a visit may go on.
    pub previous: Option<Previous>,
}

/// The salt of the day before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Previous {
    pub day: u32,
    pub salt: Salt,
    /// When a visit was last found under it (engine second).
    pub used: Second,
    /// When it was current for the last time: visits under it began by then.
    pub until: Second,
}

impl Salts {
    /// New salts for a day. Errors only if the kernel gives no randomness.
    pub fn new(day: u32) -> Result<Salts, getrandom::Error> {
        let mut current = Salt::default();
        getrandom::fill(&mut current)?;
        Ok(Salts { day, current, previous: None })
    }

    /// Rotates at a new day. Answers whether anything changed.
    pub fn turn(&mut self, day: u32, now: Second) -> Result<bool, getrandom::Error> {
        if day == self.day {
            return Ok(false);
        }
        // A clock that was set and is set back finds the salt of then, and the visits under it.
        let current = match self.previous {
            Some(previous) if previous.day == day => previous.salt,
            _ => Salts::new(day)?.current,
        };
        self.previous = Some(Previous { day: self.day, salt: self.current, used: now, until: now });
        (self.day, self.current) = (day, current);
        Ok(true)
    }

    /// Erases a previous salt under which no visit was found for half an hour, unless one is `in_use` that began by the given
    /// second and only beats: its next view must find it. Answers whether anything changed.
    pub fn expire(&mut self, now: Second, in_use: impl FnOnce(Second) -> bool) -> bool {
        let Some(previous) = self.previous.as_mut().filter(|p| p.used + VISIT_GAP <= now) else {
            return false;
        };
        if in_use(previous.until) {
            // Looked at again in a minute.
            previous.used = (now + 60).saturating_sub(VISIT_GAP);
        } else {
            self.previous = None;
        }
        true
    }

    /// The key of a visitor: under the previous salt while a visit under it is `in_progress`, else under today's.
    pub fn key(
        &mut self,
        site: SiteId,
        address: IpAddr,
        agent: &[u8],
        now: Second,
        in_progress: impl Fn(VisitorKey) -> bool,
    ) -> VisitorKey {
        let (key, before) = self.look(site, address, agent, in_progress);
        if let Some(previous) = self.previous.as_mut().filter(|_| before) {
            previous.used = now;
        }
        key
    }

    /// The same key, and whether it is under the previous salt: asking keeps no salt longer.
    pub fn look(
        &self,
        site: SiteId,
        address: IpAddr,
        agent: &[u8],
        in_progress: impl Fn(VisitorKey) -> bool,
    ) -> (VisitorKey, bool) {
        let before = self.previous.as_ref().map(|previous| hash(&previous.salt, site, address, agent));
        match before.filter(|key| in_progress(*key)) {
            Some(key) => (key, true),
            None => (hash(&self.current, site, address, agent), false),
        }
    }

    /// The bytes of the file: day, current salt; then, if there is a previous one, its day, salt, last use, last second.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.day.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.current);
        if let Some(Previous { day, salt, used, until }) = &self.previous {
            bytes.extend_from_slice(&day.to_le_bytes());
            bytes.extend_from_slice(salt);
            bytes.extend_from_slice(&used.to_le_bytes());
            bytes.extend_from_slice(&until.to_le_bytes());
        }
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Salts> {
        let (day, rest) = bytes.split_first_chunk()?;
        let (current, rest) = rest.split_first_chunk()?;
        let mut salts = Salts { day: u32::from_le_bytes(*day), current: *current, previous: None };
        if let Some((day, rest)) = rest.split_first_chunk() {
            let (salt, rest) = rest.split_first_chunk()?;
            let (used, rest) = rest.split_first_chunk()?;
            let [day, used, until] = [day, used, rest.first_chunk()?].map(|word| u32::from_le_bytes(*word));
            salts.previous = Some(Previous { day, salt: *salt, used, until });
        }
        Some(salts)
    }
}

fn hash(salt: &Salt, site: SiteId, address: IpAddr, agent: &[u8]) -> VisitorKey {
    let mut hasher = SipHasher24::new_with_key(salt);
    hasher.write_u64(site.0);
    match address {
        IpAddr::V4(v4) => hasher.write(&v4.octets()),
        IpAddr::V6(v6) => hasher.write(&v6.octets()),
    }
    hasher.write(agent);
    VisitorKey(hasher.finish().max(1))
}

/// The key of a private view: its own random id, so that nothing joins two of them.
pub fn private_key(view: u64) -> VisitorKey {
    let mut hasher = SipHasher24::new_with_keys(0x7072_6976_6174_6500, 0);
    hasher.write_u64(view);
    VisitorKey(hasher.finish().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_keeps_its_key_over_midnight_and_the_old_salt_goes() {
        let site = SiteId(1);
        let address: IpAddr = "203.0.113.1".parse().unwrap();
        let mut salts = Salts::new(10).unwrap();
        let before = salts.key(site, address, b"ua", 1000, |_| false);
        assert!(salts.turn(11, 2000).unwrap());
        assert_eq!(salts.key(site, address, b"ua", 2500, |key| key == before), before);
        assert_ne!(salts.key(site, address, b"ua", 2500, |_| false), before);
        assert!(!salts.turn(11, 2500).unwrap());
        assert!(!salts.expire(2500 + VISIT_GAP - 1, |_| false));
        assert!(salts.clone().expire(2500 + VISIT_GAP, |until| until == 2000));
        assert_eq!(Salts::decode(&salts.encode()), Some(salts.clone()));
        let mut set_back = salts.clone();
        assert!(set_back.turn(10, 2600).unwrap() && set_back.turn(11, 2700).unwrap());
        assert_eq!(set_back.key(site, address, b"ua", 2800, |key| key == before), before);
        assert!(salts.expire(2500 + VISIT_GAP, |_| false));
        assert_eq!(salts.previous, None);
        assert_eq!(Salts::decode(&salts.encode()), Some(salts));
        assert_eq!(Salts::decode(b"short"), None);
    }

    #[test]
    fn every_part_makes_another_key() {
        let salt = [7; 16];
        let a: IpAddr = "10.0.0.1".parse().unwrap();
        let keys = [
            hash(&salt, SiteId(1), a, b"x"),
            hash(&salt, SiteId(2), a, b"x"),
            hash(&salt, SiteId(1), "10.0.0.2".parse().unwrap(), b"x"),
            hash(&salt, SiteId(1), a, b"y"),
            hash(&[8; 16], SiteId(1), a, b"x"),
            private_key(1),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
