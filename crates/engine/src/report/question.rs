//! A question, as it comes over the control socket.

use serde::{Deserialize, Serialize};

use crate::live::profiles::{Feature, Profile};

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

impl Words {
    /// What is asked of the profile of a visit.
    pub fn features(&self) -> impl Iterator<Item = (Feature, &str)> {
        let members = [
            (Feature::Country, &self.country),
            (Feature::Device, &self.device),
            (Feature::Source, &self.source),
            (Feature::Channel, &self.channel),
        ];
        members.into_iter().filter_map(|(feature, word)| Some((feature, word.as_deref()?)))
    }

    /// Whether a profile is asked about. A private one fits no word: nothing is known of it.
    pub fn fits(&self, profile: &Profile) -> bool {
        let fit = |(feature, word): (Feature, &str)| profile.name(feature).eq_ignore_ascii_case(word);
        self.features().all(|asked| !profile.private && fit(asked))
    }
}

fn fifty() -> usize {
    50
}

fn five() -> usize {
    5
}
