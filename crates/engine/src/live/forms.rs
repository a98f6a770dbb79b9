//! What has become of the forms of late (N4), for the sums of the past: these count as the last half hour does, where a
//! form of a view is started once, submitted once, and no longer abandoned once it is submitted.

use std::collections::HashMap;

use super::facts::{FORMED, Metric};
use super::names::NameId;
use super::pages::PageId;
use super::profiles::ProfileId;
use super::{Second, THIRTY};

/// Forms remembered per site. Of one that finds no room every word is counted.
const MOST: usize = 4096;
/// A form and its place in the table, estimated.
const BYTES: usize = 80;

/// Where something is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Minutes since 1970.
    pub minute: i64,
    pub page: PageId,
    pub profile: ProfileId,
}

/// A sum that changes by 1 or −1.
pub type Change = (Metric, Place, i64);

#[derive(Debug, Clone, Copy)]
struct Form {
    /// Last told of.
    at: Second,
    started: bool,
    submitted: bool,
    /// Where it counts as abandoned.
    abandoned: Option<Place>,
}

/// The forms of a site's views.
#[derive(Debug, Default)]
pub struct Forms {
    known: HashMap<(u64, NameId), Form>,
    /// When those that no window holds were last looked for.
    pruned: Second,
}

impl Forms {
    /// A form of a view is told of (`sub` of `EntryKind::Form`) in second `now`: what changes in the sums. View 0 is what
    /// WordPress tells of, which no view can be found for: every word of it counts.
    pub fn hear(&mut self, view: u64, name: NameId, sub: u8, now: Second, place: Place) -> Vec<Change> {
        let Some(word) = FORMED.get(usize::from(sub)) else { return Vec::new() };
        let mut form = match self.known.get(&(view, name)) {
            Some(form) if form.at + THIRTY > now => *form,
            _ => Form { at: now, started: false, submitted: false, abandoned: None },
        };
        form.at = now;
        let mut changes = Vec::new();
        match *word {
            "start" | "active" if !form.started => {
                form.started = true;
                changes.push((Metric::FormsStarted, place, 1));
            }
            "abandon" if !form.submitted && form.abandoned.is_none() => {
                form.abandoned = Some(place);
                changes.push((Metric::FormsAbandoned, place, 1));
            }
            "submit" if !form.submitted => {
                form.submitted = true;
                changes.push((Metric::FormsSubmitted, place, 1));
                changes.extend(form.abandoned.take().map(|then| (Metric::FormsAbandoned, then, -1)));
            }
            _ => {}
        }
        if view != 0 && self.has_room(view, name, now) {
            self.known.insert((view, name), form);
        }
        changes
    }

    fn has_room(&mut self, view: u64, name: NameId, now: Second) -> bool {
        if self.known.len() < MOST || self.known.contains_key(&(view, name)) {
            return true;
        }
        // A flood must not make each of its events look through all of them.
        if self.pruned != now {
            self.pruned = now;
            self.known.retain(|_, form| form.at + THIRTY > now);
        }
        self.known.len() < MOST
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.known.len() * BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u8 = 0;
    const ACTIVE: u8 = 1;
    const ABANDON: u8 = 2;
    const SUBMIT: u8 = 3;

    fn place(minute: i64) -> Place {
        Place { minute, page: PageId(1), profile: ProfileId(1) }
    }

    #[test]
    fn a_form_of_a_view_counts_once_and_is_not_abandoned_once_it_is_submitted() {
        let mut forms = Forms::default();
        let name = NameId(2);
        let mut hear = |view, sub, now: Second| forms.hear(view, name, sub, now, place(i64::from(now) / 60));
        assert_eq!(hear(1, START, 60), [(Metric::FormsStarted, place(1), 1)]);
        assert_eq!(hear(1, START, 61), []);
        assert_eq!(hear(1, ACTIVE, 62), []);
        assert_eq!(hear(1, ABANDON, 120), [(Metric::FormsAbandoned, place(2), 1)]);
        assert_eq!(hear(1, ABANDON, 121), []);
        let submitted = [(Metric::FormsSubmitted, place(4), 1), (Metric::FormsAbandoned, place(2), -1)];
        assert_eq!(hear(1, SUBMIT, 240), submitted);
        assert_eq!(hear(1, SUBMIT, 241), []);
        assert_eq!(hear(1, ABANDON, 242), [], "what was submitted is not abandoned");
        assert_eq!(hear(2, ACTIVE, 243), [(Metric::FormsStarted, place(4), 1)], "another view");
        for _ in 0..2 {
            assert_eq!(hear(0, SUBMIT, 300), [(Metric::FormsSubmitted, place(5), 1)], "of no view");
        }
        assert_eq!(hear(1, START, 242 + THIRTY), [(Metric::FormsStarted, place(34), 1)], "long after");
    }

    #[test]
    fn a_flood_of_forms_is_bounded() {
        let mut forms = Forms::default();
        for view in 1..=10_000 {
            assert_eq!(forms.hear(view, NameId(2), START, 60, place(1)).len(), 1);
        }
        assert_eq!(forms.known.len(), MOST);
        assert_eq!(forms.hear(1, NameId(2), START, 61, place(1)), [], "the first ones are known");
        forms.hear(20_000, NameId(2), START, 60 + THIRTY + 2, place(31));
        assert!(forms.known.len() <= 2, "what no window holds makes room");
    }
}
