//! Names of a site that repeat: forms, goals, elements, errors, search terms. A flood of invented ones lands in "(other)".

use std::borrow::Cow;

use super::dictionary::{Dictionary, Word};
use super::profiles::OTHER;
use crate::enrich::{bare, path};

/// Names kept per site and kind.
pub const CAP: usize = 2_000;
/// Bytes a kind may always have: some 30 names of the longest.
const LEAST: usize = 32 << 10;
/// A name that was not used this long (s) may go: the logs that refer to it reach back half an hour.
pub const KEEP: super::Second = super::THIRTY + 120;
/// Parts of a name are joined by this.
pub const PART: char = '\u{1f}';

/// A name's number, unique within its site. 0 = "(other)", or no name at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct NameId(pub u32);

impl NameId {
    /// What it names; none for 0.
    pub fn kind(self) -> Option<NameKind> {
        NameKind::from_u8((self.0 % SPREAD) as u8)
    }
}

/// What a name names. The numbers are those of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum NameKind {
    /// What was clicked: kind of element, target, label.
    Element = 1,
    Form = 2,
    Goal = 3,
    Custom = 4,
    /// Message, source, line.
    Error = 5,
    Term = 6,
    /// What changed: kind of change, name.
    Change = 7,
    /// The address that links to a page that is not there.
    Linker = 8,
    /// What PHP or the database reported: kind, message, file, line.
    Report = 9,
    /// What an own event was told with, JSON.
    Properties = 10,
    /// The path of a request that failed. Not among `Linker`: who scans for paths must not hide what breaks.
    Broken = 11,
}

impl NameKind {
    pub const ALL: [NameKind; 11] = [
        Self::Element,
        Self::Form,
        Self::Goal,
        Self::Custom,
        Self::Error,
        Self::Term,
        Self::Change,
        Self::Linker,
        Self::Report,
        Self::Properties,
        Self::Broken,
    ];

    pub fn from_u8(number: u8) -> Option<NameKind> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

impl NameKind {
    /// What GDPR mode keeps of a name: no search term, no properties, no query string.
    pub fn bare(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Term => Cow::Borrowed(OTHER),
            Self::Properties => Cow::Borrowed(""),
            Self::Error | Self::Report => {
                let parts: Vec<Cow<str>> = text.split(PART).map(bare::message).collect();
                parts.join("\u{1f}").into()
            }
            Self::Linker | Self::Broken => {
                let parts = text.split(PART).map(|part| path::with_numbers_only(part.into()));
                parts.collect::<Vec<_>>().join("\u{1f}").into()
            }
            _ => Cow::Borrowed(text),
        }
    }
}

/// The names of a site: each kind has room of its own, so that a flood of one leaves the others alone.
#[derive(Debug)]
pub struct Names {
    /// By kind, in the order of `NameKind::ALL`.
    kinds: [Dictionary<Box<str>>; KINDS as usize],
}

/// As many as `NameKind::ALL`; a number is `n × 16 + kind`.
const KINDS: u32 = 11;
const SPREAD: u32 = 16;

impl Default for Names {
    fn default() -> Names {
        Names { kinds: std::array::from_fn(|_| Dictionary::new(CAP, KEEP)) }
    }
}

impl Names {
    /// The number of a name, made if it is new; 0 for an empty one, or if there is no room for it.
    pub fn number(&mut self, kind: NameKind, text: &str, now: super::Second, today: u32) -> NameId {
        if text.is_empty() {
            return NameId(0);
        }
        let id = self.of_mut(kind).map_or(0, |names| names.number(&Box::from(text), now, today));
        name_id(id, kind)
    }

    /// A name and its kind.
    pub fn get(&self, id: NameId) -> Option<(NameKind, &str)> {
        let kind = id.kind()?;
        let names = self.kinds.get(usize::from(kind as u8 - 1))?;
        names.get(id.0 / SPREAD).map(|text| (kind, &**text))
    }

    /// The text of a name, "" if there is none.
    pub fn text(&self, id: NameId) -> &str {
        self.get(id).map_or("", |(_, text)| text)
    }

    /// Puts back a name as the store knew it.
    pub fn restore(&mut self, id: NameId, text: &str, day: u32, now: super::Second) {
        if let Some(kind) = id.kind()
            && let Some(names) = self.of_mut(kind)
        {
            names.restore(id.0 / SPREAD, text.into(), day, now);
        }
    }

    /// No number up to this one may be given out again.
    pub fn reserve(&mut self, highest: NameId) {
        for names in &mut self.kinds {
            names.reserve(highest.0 / SPREAD);
        }
    }

    /// What the store must write since the last call: number, kind, text, day.
    pub fn take_changed(&mut self) -> Vec<(NameId, NameKind, Box<str>, u32)> {
        let mut changed = Vec::new();
        for (kind, names) in NameKind::ALL.into_iter().zip(&mut self.kinds) {
            let of_kind = names.take_changed().into_iter();
            changed.extend(of_kind.map(|(id, text, day)| (name_id(id, kind), kind, text, day)));
        }
        changed
    }

    /// Puts what GDPR mode keeps of it in the place of each name.
    pub fn scrub(&mut self) {
        for (kind, names) in NameKind::ALL.into_iter().zip(&mut self.kinds) {
            names.rewrite(|_, text| kind.bare(text).into());
        }
    }

    /// Bytes all of them may take; each kind has an equal share.
    pub fn set_limit(&mut self, bytes: usize) {
        for names in &mut self.kinds {
            names.set_limit((bytes / KINDS as usize).max(LEAST));
        }
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.kinds.iter().map(Dictionary::bytes).sum()
    }

    fn of_mut(&mut self, kind: NameKind) -> Option<&mut Dictionary<Box<str>>> {
        self.kinds.get_mut(usize::from(kind as u8 - 1))
    }
}

/// Part `n` of a name, "" if it has none.
pub fn part(text: &str, n: usize) -> &str {
    text.split(PART).nth(n).unwrap_or("")
}

fn name_id(id: u32, kind: NameKind) -> NameId {
    NameId(if id == 0 { 0 } else { id.saturating_mul(SPREAD) + kind as u32 })
}

impl Word for Box<str> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_leaves_the_others_alone() {
        let mut names = Names::default();
        for n in 0..3 * CAP {
            names.number(NameKind::Custom, &format!("event {n}"), 5, 1);
        }
        assert_eq!(names.number(NameKind::Custom, "one more", 5, 1), NameId(0));
        let form = names.number(NameKind::Form, "contact", 5, 1);
        assert_eq!(names.get(form), Some((NameKind::Form, "contact")));
        assert_eq!(names.text(NameId(0)), "");
        assert_eq!(names.take_changed().len(), CAP + 1);
        assert!(names.bytes() < CAP * 200);
        assert_eq!(part("a\u{1f}b", 1), "b");
    }
}
