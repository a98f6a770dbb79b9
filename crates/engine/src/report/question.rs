//! A question, as it comes over the control socket.

use serde::{Deserialize, Serialize};

/// What is asked about a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Question {
    pub what: String,
    #[serde(default)]
    pub filter: Words,
    /// Rows of each list at most, 1 to 1000.
    #[serde(default = "fifty")]
    pub limit: usize,
    #[serde(default)]
    pub offset: usize,
    /// Of `events`: entries after this one.
    #[serde(default)]
    pub since: Option<u64>,
    /// Of `events`: these kinds only; empty = all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Of `live`: pages at most.
    #[serde(default = "five")]
    pub pages: usize,
    /// Of `history`, see there.
    #[serde(flatten)]
    pub more: std::collections::BTreeMap<String, Text>,
}

impl Question {
    /// A question without further words.
    pub fn about(what: &str) -> Question {
        Question {
            what: what.into(),
            filter: Words::default(),
            limit: fifty(),
            offset: 0,
            since: None,
            kinds: Vec::new(),
            pages: five(),
            more: std::collections::BTreeMap::new(),
        }
    }

    /// No filter is set.
    pub fn is_about_everybody(&self) -> bool {
        self.filter == Words::default()
    }
}

/// Other members of a question: words and whole numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Text {
    Word(String),
    Number(i64),
    Flag(bool),
    Nothing(()),
}

/// Whom the question is about; all of them must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(default)]
pub struct Words {
    /// Path, e.g. `/about`.
    pub page: Option<String>,
    /// ISO 3166 code; "" = unknown.
    pub country: Option<String>,
    /// `desktop`, `mobile`, `tablet`, `other`.
    pub device: Option<String>,
    /// Host of the referrer; "" = none.
    pub source: Option<String>,
    pub channel: Option<String>,
}

fn fifty() -> usize {
    50
}

fn five() -> usize {
    5
}
