//! N1–N4, M4, E6, E9: what visitors do on the pages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::Scene;
use crate::live::facts::{CLICKED, Entry, EntryKind};
use crate::live::log::Window;
use crate::live::names::{NameId, part};
use crate::live::pages::PageId;

/// A form is being filled for this many seconds after its field was last told of.
const FILLING: u32 = 60;
/// … and abandoned after this many without another word.
const ABANDONED: u32 = 300;

/// A visit: its key and when it began.
type Visit = (u64, u32);

/// `sub` of form entries.
const START: u8 = 0;
const ACTIVE: u8 = 1;
const ABANDON: u8 = 2;
const SUBMIT: u8 = 3;

/// What became of one form of one view.
#[derive(Default)]
struct Filled {
    /// The second and kind of the last word of it.
    last: Option<(u32, u8)>,
    started: bool,
    submitted: bool,
}

impl Scene<'_> {
    pub(super) fn engagement(&self) -> Value {
        let (window, depths) = self.visits_and_depths();
        let visits = window.len() as u64;
        json!({
            "clicks": self.clicks(),
            "scroll": self.depths(&depths),
            "reached": self.reached(),
            "forms": self.forms(),
            "goals": self.goals(&window),
            "searches": self.searches(),
            "custom": self.custom(),
            "bounce": self.bounce(),
            "visits": visits,
        })
    }

    /// Entries of a kind of the last half hour that are asked about, newest first.
    fn entries(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        let entries = self.site.deeds.window(Window::Thirty, self.now);
        entries.filter(move |entry| entry.kind == kind && self.filter.entry(entry))
    }

    /// Visits of the window, and the depths of its views on tall pages by page: sum, number.
    fn visits_and_depths(&self) -> (HashSet<Visit>, HashMap<PageId, (u64, u64)>) {
        let mut visits = HashSet::new();
        self.each_visit(|visitor, _| {
            visits.insert((visitor.key.0, visitor.visit));
        });
        let mut depths: HashMap<PageId, (u64, u64)> = HashMap::new();
        self.each(|visitor, views| {
            if !self.filter.profile(visitor.profile) {
                return;
            }
            for view in views.iter().filter(|v| v.tall && self.filter.page(v.page)) {
                if view.heard + crate::live::THIRTY > self.now {
                    let (sum, number) = depths.entry(view.page).or_default();
                    *sum += u64::from(view.scroll);
                    *number += 1;
                }
            }
        });
        (visits, depths)
    }

    /// N1, N3.
    fn clicks(&self) -> Vec<Value> {
        let mut clicks: HashMap<(u8, NameId, PageId), u64> = HashMap::new();
        for entry in self.entries(EntryKind::Click) {
            *clicks.entry((entry.sub, entry.name, entry.page)).or_default() += 1;
        }
        self.rows.of(
            clicks.into_iter().collect(),
            |(key, count)| (Reverse(*count), *key),
            |((sub, name, page), count)| {
                let text = self.site.names.text(*name);
                json!({
                    "what": CLICKED.get(usize::from(*sub)),
                    "target": part(text, 1),
                    "label": if text.is_empty() { "(other)" } else { part(text, 2) },
                    "page": self.page_name(*page).0,
                    "count": count,
                })
            },
        )
    }

    /// N2.
    fn depths(&self, depths: &HashMap<PageId, (u64, u64)>) -> Value {
        let mean = |sum: u64, number: u64| match number {
            0 => Value::Null,
            number => json!(sum as f64 / number as f64),
        };
        let (sum, number) = depths.values().fold((0, 0), |(s, n), (sum, number)| (s + sum, n + number));
        let pages = self.rows.of(
            depths.iter().collect(),
            |(id, (_, number))| (Reverse(*number), self.page_name(**id).0.to_owned()),
            |(id, (sum, number))| {
                json!({ "path": self.page_name(**id).0, "mean": mean(*sum, *number), "n": number })
            },
        );
        json!({ "mean": mean(sum, number), "n": number, "pages": pages })
    }

    /// How many views reached each threshold.
    fn reached(&self) -> BTreeMap<String, u64> {
        let mut reached: BTreeMap<String, u64> =
            ["25", "50", "75", "90"].map(|threshold| (threshold.to_owned(), 0)).into();
        for entry in self.entries(EntryKind::Scroll) {
            *reached.entry(entry.value.to_string()).or_default() += 1;
        }
        reached
    }

    /// N4.
    fn forms(&self) -> Vec<Value> {
        let mut filled: HashMap<(NameId, u64, u64), Filled> = HashMap::new();
        for entry in self.entries(EntryKind::Form) {
            let form = filled.entry((entry.name, entry.key.0, entry.view)).or_default();
            // Newest first: the first one met is the last word.
            form.last.get_or_insert((entry.at, entry.sub));
            form.started |= entry.sub == START || entry.sub == ACTIVE;
            form.submitted |= entry.sub == SUBMIT;
        }
        let mut forms: HashMap<NameId, [u64; 4]> = HashMap::new();
        for ((name, _, _), form) in filled {
            let Some((at, last)) = form.last else { continue };
            let [filling, started, submitted, abandoned] = forms.entry(name).or_default();
            let open = last == START || last == ACTIVE;
            *filling += u64::from(open && at + FILLING > self.now);
            *started += u64::from(form.started);
            *submitted += u64::from(form.submitted);
            let forsaken = last == ABANDON || (open && at + ABANDONED <= self.now);
            *abandoned += u64::from(!form.submitted && forsaken);
        }
        self.rows.of(
            forms.into_iter().collect(),
            |(name, numbers)| (Reverse(*numbers), *name),
            |(name, [filling, started, submitted, abandoned])| {
                json!({
                    "form": self.named(*name),
                    "filling": filling,
                    "started": started,
                    "submitted": submitted,
                    "abandoned": abandoned,
                })
            },
        )
    }

    /// E6: every goal of the site, reached or not.
    fn goals(&self, visits: &HashSet<Visit>) -> Vec<Value> {
        let mut reached: HashMap<&str, (u64, HashSet<Visit>)> = HashMap::new();
        for entry in self.entries(EntryKind::Goal) {
            let (count, by) = reached.entry(self.site.names.text(entry.name)).or_default();
            *count += 1;
            // A rate is of the visits of the window.
            let visit = (entry.key.0, entry.visit);
            if visits.contains(&visit) {
                by.insert(visit);
            }
        }
        let goals = self.config.goals.iter().map(|goal| {
            let (count, by) =
                reached.get(goal.name.as_str()).map_or((0, 0), |(count, by)| (*count, by.len()));
            json!({ "name": goal.name, "conversions": count, "rate": [by, visits.len()] })
        });
        goals.collect()
    }

    /// E9.
    fn searches(&self) -> Vec<Value> {
        let mut terms: HashMap<NameId, (u64, u64)> = HashMap::new();
        for entry in self.entries(EntryKind::Search) {
            let (count, without) = terms.entry(entry.name).or_default();
            *count += 1;
            *without += u64::from(entry.value == 0);
        }
        self.rows.of(
            terms.into_iter().collect(),
            |(name, numbers)| (Reverse(*numbers), *name),
            |(name, (count, without))| {
                json!({ "term": self.named(*name), "count": count, "without": without })
            },
        )
    }

    fn custom(&self) -> Vec<Value> {
        let mut events: HashMap<NameId, u64> = HashMap::new();
        for entry in self.entries(EntryKind::Custom) {
            *events.entry(entry.name).or_default() += 1;
        }
        self.rows.of(
            events.into_iter().collect(),
            |(name, count)| (Reverse(*count), *name),
            |(name, count)| json!({ "name": self.named(*name), "count": count }),
        )
    }

    /// M4: of the visits that left in the last half hour.
    fn bounce(&self) -> [u64; 2] {
        let left = self.entries(EntryKind::Left).filter(|entry| !entry.undone);
        left.fold([0, 0], |[bounced, all], entry| [bounced + u64::from(entry.sub == 1), all + 1])
    }

    fn named(&self, name: NameId) -> &str {
        self.site.names.get(name).map_or("(other)", |(_, text)| text)
    }
}
