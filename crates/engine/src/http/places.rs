//! How many may be connected: as many as we wish, if the system gives us descriptors for them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{CONNECTIONS_MAX, GUESTS_MAX};

/// Descriptors beside those of connections.
const SPARE: u64 = 256;

/// What there is room for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Connections at once.
    pub(super) most: usize,
    /// What a person should know if that is less than was asked for.
    pub(super) note: Option<String>,
}

impl Places {
    /// Raises the limit of descriptors, if need be and may be: the usual one is a thousand.
    pub(super) fn claim(asked: Option<usize>) -> Places {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = CONNECTIONS_MAX as u64 + SPARE;
        let possible = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        if current.is_some_and(|current| current < possible) {
            let _as_before = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
        }
        Places::of(asked.unwrap_or(CONNECTIONS_MAX), getrlimit(Resource::Nofile).current)
    }

    /// `granted`: descriptors of this process at most, if there is a limit.
    fn of(asked: usize, granted: Option<u64>) -> Places {
        // A part of however few, for the store and PHP come first.
        let room = granted.map(|granted| granted.saturating_sub(SPARE).max(granted / 4).max(1));
        match room.and_then(|room| usize::try_from(room).ok()).filter(|room| *room < asked) {
            Some(most) => {
                let note = format!(
                    "the live channel has room for {most} connections instead of {asked}: a process may open only {} \
                     files (ulimit -n; rlimit_files of php-fpm)",
                    granted.unwrap_or_default()
                );
                Places { most, note: Some(note) }
            }
            None => Places { most: asked, note: None },
        }
    }

    /// Of them for those who have not yet said who they are.
    pub(super) fn guests(&self) -> usize {
        (self.most / (CONNECTIONS_MAX / GUESTS_MAX)).clamp(1, GUESTS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_system_gives() {
        let of = |asked, granted| {
            let places = Places::of(asked, granted);
            (places.most, places.guests(), places.note.is_some())
        };
        assert_eq!(of(6000, None), (6000, 3000, false));
        assert_eq!(of(6000, Some(6256)), (6000, 3000, false));
        assert_eq!(of(6000, Some(1024)), (768, 384, true));
        assert_eq!(of(6000, Some(300)), (75, 37, true));
        assert_eq!(of(3, Some(300)), (3, 1, false));
        assert_eq!(of(6000, Some(0)), (1, 1, true));
    }
}
