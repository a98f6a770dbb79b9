//! A touch: one event of a view, enriched and stripped of everything personal. The journal is made of touches,
//! and the state of a visitor is the fold of its touches.

use qahm_event::{Kind, SiteId};

use super::Second;
use super::pages::PageId;
use super::profiles::ProfileId;
use super::visitor::VisitorKey;

/// One event of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    pub site: SiteId,
    pub kind: TouchKind,
    /// The view is visible (of `View`), the leave followed a click on a link of the site (of `Leave`).
    pub on: bool,
    /// Private: GPC or DNT.
    pub private: bool,
    pub at: Second,
    pub sequence: u32,
    pub key: VisitorKey,
    pub view: u64,
    pub page: PageId,
    /// The page of the site that led here (of `View`), or "(other)".
    pub from: PageId,
    /// Where from and on what; looked at when a visit begins, or a key is first heard of.
    pub profile: ProfileId,
    pub detail: Detail,
}

/// What some kinds of touch tell besides. A plain number in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Detail(pub u32);

impl Detail {
    /// Of `View`: how it began (0 page load, 1 single-page navigation, 2 bfcache, 3 prerendered), and whether the
    /// visitor came from a page of the site.
    pub fn of_view(kind: u8, internal: bool) -> Detail {
        Detail(u32::from(kind) | u32::from(internal) << 8)
    }

    pub fn view_kind(self) -> u8 {
        self.0 as u8
    }

    pub fn internal(self) -> bool {
        self.0 & 1 << 8 != 0
    }

    /// Of `Engage`: seconds engaged so far, highest depth so far (%), whether the page is taller than 1.2 screens.
    pub fn of_engagement(engaged: u16, scroll: u8, tall: bool) -> Detail {
        Detail(u32::from(engaged) | u32::from(scroll.min(100)) << 16 | u32::from(tall) << 24)
    }

    pub fn engaged(self) -> u16 {
        self.0 as u16
    }

    pub fn scroll(self) -> u8 {
        (self.0 >> 16) as u8
    }

    pub fn tall(self) -> bool {
        self.0 & 1 << 24 != 0
    }
}

/// What happened to the view. The numbers are those of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TouchKind {
    View = 1,
    Visible = 2,
    Hidden = 3,
    Beat = 4,
    Leave = 5,
    /// The engine put the visitor out of memory.
    Evict = 6,
    /// Engaged time and depth so far.
    Engage = 7,
    /// Something was done on the page: a click, a form, an event, a timing. Heard, nothing more.
    Act = 8,
    /// An uncaught JavaScript error of the site's own files.
    Fail = 9,
}

impl TouchKind {
    /// The touch an event of the browser makes; `None` for what is no event of a view.
    pub fn of(kind: Kind) -> Option<TouchKind> {
        match kind {
            Kind::View => Some(TouchKind::View),
            Kind::Visible => Some(TouchKind::Visible),
            Kind::Hidden => Some(TouchKind::Hidden),
            Kind::Beat => Some(TouchKind::Beat),
            Kind::Leave => Some(TouchKind::Leave),
            Kind::Engage => Some(TouchKind::Engage),
            Kind::Timing | Kind::Click | Kind::Form | Kind::Error | Kind::Custom => Some(TouchKind::Act),
            _ => None,
        }
    }

    fn from_u8(n: u8) -> Option<TouchKind> {
        [
            Self::View,
            Self::Visible,
            Self::Hidden,
            Self::Beat,
            Self::Leave,
            Self::Evict,
            Self::Engage,
            Self::Act,
            Self::Fail,
        ]
        .into_iter()
        .find(|k| *k as u8 == n)
    }
}

/// Bytes of a touch in the journal.
pub const TOUCH_BYTES: usize = 50;

impl Touch {
    /// Appends the touch: kind, bits, site, key, view, at, sequence, page, from, profile, detail; little
    /// endian.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        out.push(u8::from(self.on) | u8::from(self.private) << 1);
        out.extend_from_slice(&self.site.0.to_le_bytes());
        out.extend_from_slice(&self.key.0.to_le_bytes());
        out.extend_from_slice(&self.view.to_le_bytes());
        for word in [self.at, self.sequence, self.page.0, self.from.0, self.profile.0, self.detail.0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// Reads one touch; `None` at the end or if the bytes are not one.
    pub fn decode(bytes: &mut &[u8]) -> Option<Touch> {
        let (kind, bits) = (byte(bytes)?, byte(bytes)?);
        let (site, key, view) = (long(bytes)?, long(bytes)?, long(bytes)?);
        let (at, sequence, page, from) = (word(bytes)?, word(bytes)?, word(bytes)?, word(bytes)?);
        let (profile, detail) = (word(bytes)?, word(bytes)?);
        Some(Touch {
            site: SiteId(site),
            kind: TouchKind::from_u8(kind)?,
            on: bits & 1 != 0,
            private: bits & 2 != 0,
            at,
            sequence,
            key: VisitorKey(key),
            view,
            page: PageId(page),
            from: PageId(from),
            profile: ProfileId(profile),
            detail: Detail(detail),
        })
    }
}

/// What the journal is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Touch(Touch),
    /// The touches that follow were taken in in this second, or later ones: they are older than it. What time had done by
    /// then it had done before them (a leave that comes late closes its view late), and a replay must do the same.
    Late(Second),
}

/// The first byte of an `Entry::Late`, which is no kind of touch.
const LATE: u8 = 0;

impl Entry {
    /// Appends `Late`.
    pub fn encode_late(second: Second, out: &mut Vec<u8>) {
        out.push(LATE);
        out.extend_from_slice(&second.to_le_bytes());
    }

    /// Reads one entry; `None` at the end or if the bytes are not one.
    pub fn decode(bytes: &mut &[u8]) -> Option<Entry> {
        match bytes.split_first() {
            Some((&LATE, rest)) => {
                *bytes = rest;
                word(bytes).map(Entry::Late)
            }
            _ => Touch::decode(bytes).map(Entry::Touch),
        }
    }
}

pub fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

pub fn word(bytes: &mut &[u8]) -> Option<u32> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*first))
}

pub fn long(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_survives_the_journal() {
        let touch = Touch {
            site: SiteId(1 << 63),
            kind: TouchKind::Leave,
            on: true,
            private: false,
            at: 77,
            sequence: u32::MAX,
            key: VisitorKey(u64::MAX),
            view: 5,
            page: PageId(9),
            from: PageId(0),
            profile: ProfileId(3),
            detail: Detail::of_engagement(65_535, 100, true),
        };
        let mut bytes = Vec::new();
        touch.encode(&mut bytes);
        assert_eq!(bytes.len(), TOUCH_BYTES);
        let mut rest = bytes.as_slice();
        assert_eq!(Touch::decode(&mut rest), Some(touch));
        assert!(rest.is_empty());
        assert_eq!(Touch::decode(&mut &bytes[..TOUCH_BYTES - 1]), None);
        let detail = touch.detail;
        assert_eq!((detail.engaged(), detail.scroll(), detail.tall()), (65_535, 100, true));
        let view = Detail::of_view(3, true);
        assert_eq!((view.view_kind(), view.internal()), (3, true));
    }
}
