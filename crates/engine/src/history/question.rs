//! What is asked: a stretch of time, a dimension.

use serde::Deserialize;

use super::{Error, Result};
use crate::live::names::NameKind;
use crate::live::profiles::Feature;
use crate::report::Words;

/// Steps of a series at most.
const STEPS: i64 = 2500;
/// Up to so many minutes a series is per minute if nobody says otherwise.
const SHORT: i64 = 120;
/// Up to so many minutes a filtered series can be finer than hours: its minutes must be looked for among those of all.
const SHORT_FILTERED: i64 = 240;
/// Rows of an answer at most.
const LIMIT: usize = 500;

/// See the format in `history`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct HistoryQuestion {
    pub range: String,
    /// Unix seconds, instead of a range; `to` is not in it.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Seconds: a divisor of an hour, whole minutes.
    pub step: Option<i64>,
    pub dimension: Option<String>,
    /// As in the filter.
    pub page: Option<String>,
    pub filter: Words,
    pub limit: usize,
    pub offset: usize,
}

impl Default for HistoryQuestion {
    fn default() -> Self {
        HistoryQuestion {
            range: "24h".into(),
            from: None,
            to: None,
            step: None,
            dimension: None,
            page: None,
            filter: Words::default(),
            limit: 50,
            offset: 0,
        }
    }
}

/// A stretch of time in minutes since 1970; `to` is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
    /// Minutes of a step: 60 or a divisor of it.
    pub(super) step: i64,
}

impl Span {
    /// The first minute of the first step: steps begin with the hour.
    pub(super) fn first(&self) -> i64 {
        self.from.div_euclid(self.step) * self.step
    }

    pub(super) fn steps(&self) -> usize {
        usize::try_from((self.to - self.first() + self.step - 1) / self.step).unwrap_or(0)
    }

    /// The step a minute is in.
    pub(super) fn step_of(&self, minute: i64) -> Option<usize> {
        let inside = (self.from..self.to).contains(&minute);
        usize::try_from((minute - self.first()) / self.step).ok().filter(|_| inside)
    }
}

impl HistoryQuestion {
    /// The stretch of time asked for, which ends with the current minute.
    pub(super) fn span(&self, unix: i64) -> Result<Span> {
        let end = unix.div_euclid(60) + 1;
        let minutes = match self.range.as_str() {
            "60m" => 60,
            "24h" => 1440,
            "7d" | "week" => 7 * 1440,
            "30d" => 30 * 1440,
            _ => return Err(Error::Bad("range: 60m, 24h, 7d, 30d or week")),
        };
        let to = self.to.map_or(end, |to| (to + 59).div_euclid(60)).min(end);
        let from = self.from.map_or(to - minutes, |from| from.div_euclid(60)).max(0);
        if from >= to {
            return Err(Error::Bad("from: before to, and not in the future"));
        }
        let open = self.page.is_none() && self.filter == Words::default();
        let fine = to - from <= SHORT || (open && self.step.is_some());
        let fine = fine || (self.step.is_some() && to - from <= SHORT_FILTERED);
        let step = match self.step {
            Some(step) if step < 60 || step % 60 != 0 || 3600 % step != 0 => {
                return Err(Error::Bad("step: 60 to 3600 seconds, a part of an hour"));
            }
            Some(step) if fine => step / 60,
            None if fine => 1,
            _ => 60,
        };
        if (to - from) / step > STEPS {
            return Err(Error::Bad("range: too long for this step"));
        }
        Ok(Span { from, to, step })
    }

    /// The page that is asked about.
    pub(super) fn page(&self) -> Option<&str> {
        self.page.as_deref().or(self.filter.page.as_deref())
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.min(LIMIT)
    }
}

/// By what rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Page(Group),
    Feature(Feature),
    Name(NameKind),
}

/// How pages are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Path,
    PostType,
    Author,
    Category,
}

impl Dimension {
    pub(super) fn parse(word: &str) -> Result<Dimension> {
        Ok(match word {
            "page" => Dimension::Page(Group::Path),
            "post_type" => Dimension::Page(Group::PostType),
            "author" => Dimension::Page(Group::Author),
            "category" => Dimension::Page(Group::Category),
            "country" => Dimension::Feature(Feature::Country),
            "city" => Dimension::Feature(Feature::City),
            "channel" => Dimension::Feature(Feature::Channel),
            "source" => Dimension::Feature(Feature::Source),
            "campaign" => Dimension::Feature(Feature::Campaign),
            "device" => Dimension::Feature(Feature::Device),
            "browser" => Dimension::Feature(Feature::Browser),
            "os" => Dimension::Feature(Feature::Os),
            "element" => Dimension::Name(NameKind::Element),
            "form" => Dimension::Name(NameKind::Form),
            "goal" => Dimension::Name(NameKind::Goal),
            "custom" => Dimension::Name(NameKind::Custom),
            "error" => Dimension::Name(NameKind::Error),
            "term" => Dimension::Name(NameKind::Term),
            "change" => Dimension::Name(NameKind::Change),
            "linker" => Dimension::Name(NameKind::Linker),
            "report" => Dimension::Name(NameKind::Report),
            "broken" => Dimension::Name(NameKind::Broken),
            _ => return Err(Error::Bad("dimension: not known")),
        })
    }
}
