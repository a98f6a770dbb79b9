//! Hashes that travel through shared memory. The keys are fixed and public: every process must compute the same
//! value, and nothing is protected by them. They only keep a host from ever equalling a configuration.

use siphasher::sip::SipHasher24;
use std::hash::Hasher;

const HOST_KEY: [u8; 16] = *b"qahm host key 01";
const CONFIG_KEY: [u8; 16] = *b"qahm conf key 01";

/// Hash of a host as in a Host header: `name` or `name:port`, compared without regard to ASCII case. Never 0, which
/// marks an empty place in the site's row.
pub fn host_hash(host: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&HOST_KEY);
    let mut lower = [0u8; 64];
    for chunk in host.chunks(lower.len()) {
        for (to, from) in lower.iter_mut().zip(chunk) {
            *to = from.to_ascii_lowercase();
        }
        hasher.write(lower.get(..chunk.len()).unwrap_or(chunk));
    }
    never_zero(hasher.finish())
}

/// Hash of a site's canonical configuration, byte for byte. Never 0, which means "not configured yet".
pub fn config_hash(json: &[u8]) -> u64 {
    never_zero(SipHasher24::new_with_key(&CONFIG_KEY).hash(json))
}

fn never_zero(hash: u64) -> u64 {
    hash.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_equal_in_any_case() {
        assert_eq!(host_hash(b"Example.COM:8080"), host_hash(b"example.com:8080"));
        assert_ne!(host_hash(b"example.com"), host_hash(b"example.com:8080"));
        assert_ne!(host_hash(b"example.com"), config_hash(b"example.com"));
        assert_ne!(config_hash(b"{}"), config_hash(b"{} "));
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        for length in [0usize, 1, 7, 8, 63, 64, 65, 127, 128, 129, 300] {
            let host: Vec<u8> = (0..length).map(|i| b'a' + (i % 26) as u8).collect();
            let whole = SipHasher24::new_with_key(&HOST_KEY).hash(&host).max(1);
            assert_eq!(host_hash(&host), whole, "{length} bytes");
        }
    }

    /// Extension and engine may be of different versions: these values must never change. They were computed by
    /// another implementation of SipHash-2-4.
    #[test]
    fn values_are_fixed() {
        assert_eq!(never_zero(0), 1);
        assert_eq!(host_hash(b"example.com"), 6_880_317_173_260_670_581);
        assert_eq!(config_hash(b"{}"), 1_703_396_923_306_714_105);
    }
}
