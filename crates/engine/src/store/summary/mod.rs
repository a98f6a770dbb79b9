//! Summaries.

use super::stale::Touched;

/// What the sums of an hour speak of. The numbers are those of the store; those of names are 16 + `NameKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum By {
    Site = 0,
    Page = 1,
    Country = 2,
    City = 3,
    Channel = 4,
    Source = 5,
    Campaign = 6,
    Device = 7,
    Browser = 8,
    Os = 9,
    Element = 17,
    Form = 18,
    Goal = 19,
    Custom = 20,
    Error = 21,
    Term = 22,
    Change = 23,
    Linker = 24,
    Report = 25,
}

impl By {
    pub(crate) const ALL: [By; 19] = [
        Self::Site,
        Self::Page,
        Self::Country,
        Self::City,
        Self::Channel,
        Self::Source,
        Self::Campaign,
        Self::Device,
        Self::Browser,
        Self::Os,
        Self::Element,
        Self::Form,
        Self::Goal,
        Self::Custom,
        Self::Error,
        Self::Term,
        Self::Change,
        Self::Linker,
        Self::Report,
    ];
}

#[derive(Debug, Default)]
pub(super) struct Progress;

impl Progress {
    pub(super) fn touched(&mut self, _: &Touched) {}
    pub(super) fn forget(&mut self, _: u64) {}
}
