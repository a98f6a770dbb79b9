//! M2, E7: the error rate, and what breaks.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::Scene;
use crate::live::facts::{Entry, EntryKind, REPORTED};
use crate::live::log::Window;
use crate::live::names::{NameId, part};

/// The rate is told from this many page loads on.
const ENOUGH: u64 = 30;

/// One kind of trouble: message, source and line are its name.
struct Group<'a> {
    kind: &'static str,
    name: NameId,
    newest: &'a Entry,
    oldest: &'a Entry,
    count: u64,
    visitors: HashSet<u64>,
}

impl Scene<'_> {
    pub(super) fn errors(&self) -> Value {
        let mut groups: HashMap<(&str, NameId), Group> = HashMap::new();
        for entry in self.site.deeds.window(Window::Thirty, self.now) {
            let Some(kind) = kind(entry).filter(|_| self.filter.entry(entry)) else { continue };
            let group = groups.entry((kind, entry.name)).or_insert_with(|| Group {
                kind,
                name: entry.name,
                newest: entry,
                oldest: entry,
                count: 0,
                visitors: HashSet::new(),
            });
            group.count += 1;
            group.oldest = entry;
            if entry.key.0 != 0 {
                group.visitors.insert(entry.key.0);
            }
        }
        let total = groups.len();
        let rows = self.rows.of(
            groups.into_values().collect(),
            |group| (Reverse((group.count, group.newest.id)), group.kind),
            |group| self.group_row(group),
        );
        json!({ "rate": self.error_rate(), "groups": rows, "total": total })
    }

    fn group_row(&self, group: &Group) -> Value {
        let text = self.site.names.text(group.name);
        // A report's name begins with its kind.
        let first = usize::from(group.newest.kind == EntryKind::Report);
        let message = if text.is_empty() { "(other)" } else { part(text, first) };
        json!({
            "kind": group.kind,
            "message": message,
            "source": part(text, first + 1),
            "line": part(text, first + 2).parse::<u32>().unwrap_or(0),
            "page": self.page_name(group.newest.page).0,
            "value": group.newest.value,
            "count": group.count,
            "visitors": group.visitors.len(),
            "first": self.unix(group.oldest.at),
            "last": self.unix(group.newest.at),
        })
    }

    /// M2 of the last 5 minutes.
    fn error_rate(&self) -> Value {
        let (mut failed, mut all) = (0u64, 0u64);
        let requests = self.site.requests.window(Window::Five, self.now);
        let wanted = requests.filter(|r| !r.bot && r.failed());
        let requests =
            wanted.filter(|r| self.filter.profile(r.profile) && self.filter.page(r.page)).count() as u64;
        self.each(|visitor, views| {
            if !self.filter.profile(visitor.profile) {
                return;
            }
            for view in views.iter().filter(|v| v.begun && self.filter.page(v.page)) {
                if Window::Five.holds(view.began, self.now) {
                    all += 1;
                    failed += u64::from(view.failed);
                }
            }
        });
        let (failed, all) = (failed + requests, all + requests);
        let rate = if all < ENOUGH { Value::Null } else { json!(failed as f64 / all as f64) };
        json!({ "failed": failed, "all": all, "rate": rate, "window": Window::Five.as_str() })
    }
}

/// The kind of trouble an entry tells of.
fn kind(entry: &Entry) -> Option<&'static str> {
    match entry.kind {
        EntryKind::Error if entry.sub == 1 => Some("js"),
        EntryKind::Error => Some("third-party"),
        EntryKind::Failed => Some("server"),
        EntryKind::NotFound => Some("404"),
        EntryKind::Report => REPORTED.get(usize::from(entry.sub)).copied(),
        _ => None,
    }
}
