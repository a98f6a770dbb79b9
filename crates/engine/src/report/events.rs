//! E1–E9: the feed, newest first, with numbers that have no gaps but for what is not shown to who asks.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Scene, visitor_name};
use crate::live::facts::{CLICKED, Entry, EntryKind, FORMED, REPORTED};
use crate::live::names::part;
use crate::live::profiles::Feature;

/// Rows of the feed that are shown at most to who follows it.
pub const ROWS: usize = 200;

/// What came into the feed since the last time.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Nothing that was there before counts any more: `rows` are all there are.
    pub whole: bool,
    /// Number of the oldest entry that is kept, and of the last one looked at, whether or not it fits the filter.
    pub first: u64,
    pub last: u64,
    /// Oldest first.
    pub rows: Vec<Value>,
    /// Entries of before that have been undone.
    pub undone: Vec<u64>,
}

impl Scene<'_> {
    /// What came into the feed after entry `after`, or the newest there are: at most [`ROWS`].
    pub(super) fn news(&self, after: Option<u64>) -> Rows {
        let (first, last) = (self.oldest(), self.site.kept.feed);
        // What was dropped before anybody looked is a hole: then only what is kept counts.
        let after = after.filter(|after| *after + 1 >= first && *after <= last);
        let fitting = || self.site.feed.newest().filter(|entry| self.is_row(entry));
        let new = fitting().take_while(|entry| after.is_none_or(|after| entry.id > after)).take(ROWS);
        let (mut rows, mut returned) = (Vec::new(), false);
        for entry in new {
            returned |= entry.kind == EntryKind::Returned;
            rows.push(self.event_row(entry));
        }
        rows.reverse();
        let undone = match after {
            Some(after) if returned => {
                let before = fitting().skip_while(|entry| entry.id > after).take(ROWS);
                before.filter(|entry| entry.undone).map(|entry| entry.id).collect()
            }
            _ => Vec::new(),
        };
        Rows { whole: after.is_none(), first, last, rows, undone }
    }

    /// Whether an entry is shown to who asks. What breaks for a private visitor is counted, and no row of the feed: a row
    /// would say when and where that one was.
    fn is_row(&self, entry: &Entry) -> bool {
        let private = || self.site.profiles.get(entry.profile.0).is_some_and(|profile| profile.private);
        self.filter.entry(entry) && !(entry.kind == EntryKind::Error && private())
    }

    /// The number of the oldest entry that is kept.
    fn oldest(&self) -> u64 {
        self.site.feed.newest().last().map_or(self.site.kept.feed + 1, |entry| entry.id)
    }

    /// Entries after number `since`, of these kinds (empty = all).
    pub(super) fn events(&self, since: Option<u64>, kinds: &[String]) -> Value {
        let first = self.oldest();
        let after = since.unwrap_or(0);
        let wanted: Vec<&Entry> = self
            .site
            .feed
            .newest()
            .take_while(|entry| entry.id > after)
            .filter(|entry| self.is_row(entry))
            .filter(|entry| kinds.is_empty() || kinds.iter().any(|kind| kind == entry.kind.as_str()))
            .collect();
        let total = wanted.len();
        let entries: Vec<Value> =
            self.rows.cut(wanted, usize::MAX).into_iter().map(|entry| self.event_row(entry)).collect();
        json!({
            "events": entries,
            "total": total,
            "first": first,
            "last": self.site.kept.feed,
            // Entries after `since` are not kept any more.
            "missed": since.is_some_and(|since| since.saturating_add(1) < first),
        })
    }

    pub(super) fn event_row(&self, entry: &Entry) -> Value {
        let profile = self.site.profiles.get(entry.profile.0);
        let of = |by| profile.map_or(Cow::Borrowed(""), |profile| profile.name(by));
        let (path, title) = self.page_name(entry.page);
        let known_page = entry.page != crate::live::pages::OTHER || entry.view != 0;
        let text = self.site.names.text(entry.name);
        let (name, target, what) = words(entry, text);
        let mut row = json!({
            "id": entry.id,
            "time": self.unix(entry.at),
            "kind": entry.kind.as_str(),
            "page": if known_page { path } else { "" },
            "title": if known_page { title } else { "" },
            "name": name,
            "target": target,
            "what": what,
            "value": entry.value,
            "country": of(Feature::Country),
            "device": of(Feature::Device),
            "channel": of(Feature::Channel),
            "source": of(Feature::Source),
            "visitor": if self.config.gdpr_mode { String::new() } else { visitor_name(entry.key) },
        });
        if let Some(row) = row.as_object_mut() {
            if entry.undone {
                row.insert("undone".into(), json!(true));
            }
            if entry.kind == EntryKind::Custom {
                row.insert("value".into(), json!(0));
                let told = self.site.names.text(crate::live::names::NameId(entry.value));
                row.insert("properties".into(), json!(told));
            }
        }
        row
    }
}

/// Name, target and finer kind of an entry.
fn words<'a>(entry: &Entry, text: &'a str) -> (&'a str, &'a str, &'a str) {
    let sub = usize::from(entry.sub);
    match entry.kind {
        EntryKind::Left => ("", "", if entry.sub == 1 { "bounce" } else { "" }),
        EntryKind::Start | EntryKind::View => {
            ("", "", ["load", "navigation", "restore", "prerender"].get(sub).copied().unwrap_or(""))
        }
        EntryKind::Click => (part(text, 2), part(text, 1), CLICKED.get(sub).copied().unwrap_or("")),
        EntryKind::Form => (text, "", FORMED.get(sub).copied().unwrap_or("")),
        EntryKind::Error => (part(text, 0), part(text, 1), if entry.sub == 1 { "js" } else { "third-party" }),
        EntryKind::Change => (part(text, 1), "", part(text, 0)),
        EntryKind::NotFound => (part(text, 0), part(text, 1), ""),
        EntryKind::Failed => (text, "", if entry.sub == 1 { "fatal" } else { "status" }),
        EntryKind::Report => (part(text, 1), part(text, 2), REPORTED.get(sub).copied().unwrap_or("")),
        _ => (text, "", ""),
    }
}
