//! Why a beacon was refused: what the answer's status and its `X-Qahm-Realtime` header say.

use std::fmt;

/// A refused beacon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// HTTP status of the answer: 413 for a body that is too large, else 400.
    pub status: u16,
    /// `body-too-large`, `not-utf8`, `control-bytes`, `not-json`, `version`, `site`, `view`, `sequence`, `url`,
    /// `events` (not a list of 1 to 64) or `event` (one of them).
    pub reason: &'static str,
}

impl Reject {
    pub(crate) const fn bad(reason: &'static str) -> Self {
        Self { status: 400, reason }
    }

    pub(crate) const TOO_LARGE: Self = Self { status: 413, reason: "body-too-large" };
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.reason)
    }
}

impl std::error::Error for Reject {}
