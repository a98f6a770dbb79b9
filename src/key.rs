//! The key of the tokens as this worker has it, and whether it is still the one.

use qahm_event::Micros;
use qahm_runtime::{Key, Place, existing_token_key, token_key};

/// A worker looks at the key's file at most this often, µs.
const LOOK_US: u64 = 1_000_000;

/// Who removes the key's file ends all tokens. Each worker sees that within a second, and at once when a token comes
/// that another one has signed with the next key: otherwise they would disagree for as long as they live.
#[derive(Default)]
pub(crate) struct Keyring {
    key: Option<Key>,
    look_at: u64,
    /// When a signature that does not fit is next worth a look: anybody can send one.
    doubt_at: u64,
}

impl Keyring {
    /// The key. `makes`: creates it where it is missing.
    pub(crate) fn get(&mut self, place: &Place, makes: bool, now: Micros) -> Option<&Key> {
        if self.key.is_none() || now.0 >= self.look_at {
            self.look(place, makes, now);
        }
        self.key.as_ref()
    }

    /// The key that has taken the place of the one with which a signature did not fit, if there is one.
    #[cold]
    pub(crate) fn doubted(&mut self, place: &Place, makes: bool, now: Micros) -> Option<&Key> {
        if now.0 < self.doubt_at {
            return None;
        }
        self.doubt_at = now.0.saturating_add(LOOK_US);
        if self.look(place, makes, now) { self.key.as_ref() } else { None }
    }

    /// Whether there is another key than before, or none any more.
    fn look(&mut self, place: &Place, makes: bool, now: Micros) -> bool {
        self.look_at = now.0.saturating_add(LOOK_US);
        if self.key.as_ref().is_some_and(|key| key.is_current(place)) {
            return false;
        }
        let found = if makes { token_key(place).map(Some) } else { existing_token_key(place) };
        self.key = found.ok().flatten();
        true
    }
}
