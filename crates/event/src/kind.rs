//! What happened, and what is known about it in one bit each.

use std::ops::{BitOr, BitOrAssign};

/// What a record tells. The numbers are part of the record's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A view of a page begins.
    View = 1,
    /// The page is shown again.
    Visible = 2,
    /// The page is hidden: another tab, a locked screen.
    Hidden = 3,
    /// The page is still shown.
    Beat = 4,
    /// The page is left.
    Leave = 5,
    /// WordPress answered a request: status, time, queries. Never creates a view.
    Request = 6,
    /// A beacon that is not counted, and why: it only feeds "excluded".
    Excluded = 7,
    /// How long a view was engaged with and how far down it was scrolled, so far.
    Engage = 8,
    /// Load times of a view.
    Timing = 9,
    /// A click.
    Click = 10,
    /// A form was begun, is being filled, was given up or sent.
    Form = 11,
    /// An uncaught error of JavaScript.
    Error = 12,
    /// An event the site named itself.
    Custom = 13,
    /// Something the server noticed that is no answer of its own: a search, a failed login, a change, an error.
    Signal = 14,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub const fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            1 => Self::View,
            2 => Self::Visible,
            3 => Self::Hidden,
            4 => Self::Beat,
            5 => Self::Leave,
            6 => Self::Request,
            7 => Self::Excluded,
            8 => Self::Engage,
            9 => Self::Timing,
            10 => Self::Click,
            11 => Self::Form,
            12 => Self::Error,
            13 => Self::Custom,
            14 => Self::Signal,
            _ => return None,
        })
    }

    /// Lower-case English name, for messages and for the `kind` argument of the PHP function.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Beat => "beat",
            Self::Leave => "leave",
            Self::Request => "request",
            Self::Excluded => "excluded",
            Self::Engage => "engage",
            Self::Timing => "timing",
            Self::Click => "click",
            Self::Form => "form",
            Self::Error => "error",
            Self::Custom => "custom",
            Self::Signal => "signal",
        }
    }
}

/// Bits of a record's head. Unknown bits are kept: a later version may have set them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// A field was longer than its limit, or did not fit at all.
    pub const CUT: Self = Self(1);
    /// The visitor is logged in to WordPress.
    pub const LOGGED_IN: Self = Self(2);
    /// The browser asks not to be tracked: Global Privacy Control or Do Not Track.
    pub const PRIVATE: Self = Self(4);
    /// The Host header is among the site's hosts.
    pub const HOST_OK: Self = Self(8);
    /// A view that begins visible.
    pub const VISIBLE: Self = Self(16);
    /// A page left after a click on a link of the site.
    pub const LINK: Self = Self(32);
    /// The request was ended by a fatal error of PHP.
    pub const FATAL: Self = Self(64);
    /// The visitor consented; only sites that ask for consent look at it.
    pub const CONSENT: Self = Self(128);
    /// The browser says that a program drives it (`navigator.webdriver`).
    pub const WEBDRIVER: Self = Self(256);

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets every bit of `other`.
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// These flags, and `other` too if `on`.
    #[must_use]
    pub const fn with(self, other: Self, on: bool) -> Self {
        if on { Self(self.0 | other.0) } else { self }
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.insert(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_kinds_agree() {
        let known: Vec<Kind> = (0..=u8::MAX).filter_map(Kind::from_u8).collect();
        assert_eq!(known.len(), 14);
        for kind in known {
            assert_eq!(Kind::from_u8(kind as u8), Some(kind));
        }
    }

    #[test]
    fn flags_add_up() {
        let mut flags = Flags::LOGGED_IN.with(Flags::PRIVATE, true).with(Flags::FATAL, false);
        assert_eq!(flags, Flags(6));
        flags |= Flags::CUT;
        assert!(flags.contains(Flags::CUT | Flags::PRIVATE) && !flags.contains(Flags::CUT | Flags::FATAL));
    }
}
