//! Tokens that a script names by two characters.

use std::time::{SystemTime, UNIX_EPOCH};

use qahm_event::SiteId;
use qahm_runtime::{CHAIN_S, Claims, KEY_BYTES, Key, Purpose, mint};

pub const SITE: SiteId = SiteId(7);
pub const USER: u64 = 3;
/// A user whose rights were taken back.
pub const REVOKED: u64 = 9;
/// What the house signs with.
pub const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
const ORIGIN: &str = "https://a.test";

pub struct Tokens {
    key: Key,
    forged: Key,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens { key: Key::new(KEY), forged: Key::new([8; KEY_BYTES]) }
    }
}

impl Tokens {
    /// Puts the tokens in; and whether a good one is among them.
    pub fn fill(&self, act: &[u8]) -> (Vec<u8>, bool) {
        let (mut filled, mut good) = (Vec::with_capacity(act.len()), false);
        let mut rest = act;
        while let Some((&byte, after)) = rest.split_first() {
            let token = after.first().filter(|_| byte == b'$').and_then(|name| self.named(*name));
            match token {
                Some(token) => {
                    good |= after[0] == b'T';
                    filled.extend(token.bytes());
                    rest = &after[1..];
                }
                None => {
                    filled.push(byte);
                    rest = after;
                }
            }
        }
        (filled, good)
    }

    fn named(&self, name: u8) -> Option<String> {
        let now = now();
        let good = Claims {
            site: SITE.0,
            user: USER,
            origin: ORIGIN.to_owned(),
            expires: now + 60,
            chain: now,
            purpose: Purpose::Live,
        };
        Some(match name {
            b'T' => mint(&self.key, &good),
            // Over, also when the clock is read a second later.
            b'X' => mint(&self.key, &Claims { expires: now - 1, chain: now - CHAIN_S, ..good }),
            b'O' => mint(&self.key, &Claims { origin: "https://evil.test".into(), ..good }),
            b'D' => mint(&self.key, &Claims { purpose: Purpose::Deliver, ..good }),
            b'S' => mint(&self.key, &Claims { site: 99, ..good }),
            // Begun before the rights were taken back, whatever second it is.
            b'R' => mint(&self.key, &Claims { user: REVOKED, chain: now - 9, ..good }),
            b'F' => mint(&self.forged, &good),
            _ => return None,
        })
    }
}

/// Unix time in seconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
