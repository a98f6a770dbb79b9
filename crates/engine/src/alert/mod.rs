//! Alerts: when one is raised and ends, and its transitions on their way out.
//!
//! `rule` decides from numbers · `site` keeps the state per site · `outbox` hands transitions over exactly once

pub mod outbox;
pub mod rule;
pub mod site;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Info,
    Warning,
    Critical,
}

/// One alert from its raising to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Unique within the engine's data: the same in every transition and every attempt.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub level: Level,
    /// Unix seconds; `until` is `None` while it lasts.
    pub since: i64,
    pub until: Option<i64>,
    /// The highest value so far, and the threshold it met.
    pub value: f64,
    pub threshold: f64,
    /// Who has seen it first, if anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

/// A person's word to have seen an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The WordPress user.
    pub user: u64,
    /// Unix seconds.
    pub time: i64,
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    Raised,
    /// The level rose.
    Level,
    Resolved,
}
