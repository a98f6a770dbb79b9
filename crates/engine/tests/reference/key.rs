//! One visitor key: its views, and what each event does to them.

use qahm_engine::live::Second;
use qahm_engine::live::apply::Outcome;
use qahm_engine::live::touch::{Touch, TouchKind};

use super::VISIT_GAP;
use super::view::{Phase, View};

/// What is known of a key after one of its events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key {
    pub(crate) private: bool,
    /// In the order in which they became known.
    pub(crate) views: Vec<View>,
    pub(crate) heard: Second,
    /// When the visit in progress began.
    pub(crate) visit: Option<Second>,
}

impl Key {
    /// The key heard an event; `None` if it is a duplicate.
    pub(crate) fn hear(&mut self, now: Second, window: Second, touch: &Touch, page: u32) -> Option<Outcome> {
        self.views.retain(|v| !v.forgotten(now));
        if now >= self.heard + VISIT_GAP {
            self.visit = None;
        }
        let known = self.views.iter().position(|v| v.id == touch.view);
        let at = known.unwrap_or(self.views.len());
        let late_begin = known.is_some_and(|at| touch.kind == TouchKind::View && !self.views[at].begun);
        if known.is_some_and(|at| touch.sequence <= self.views[at].sequence) && !late_begin {
            return None;
        }
        if known.is_none() {
            self.views.push(View {
                id: touch.view,
                page,
                phase: Phase::Open,
                visible: false,
                last_visible: None,
                begun: false,
                heard: touch.at,
                sequence: touch.sequence,
            });
        }
        let overtaken = touch.sequence < self.views[at].sequence;
        let mut outcome = Outcome::Taken;
        let view = &mut self.views[at];
        view.heard = view.heard.max(touch.at);
        view.sequence = view.sequence.max(touch.sequence);
        match touch.kind {
            TouchKind::Leave => self.leave(at, now, touch),
            _ if overtaken => {}
            TouchKind::View => view.show(touch.on, touch.at),
            TouchKind::Visible | TouchKind::Beat => view.show(true, touch.at),
            TouchKind::Hidden => view.show(false, touch.at),
            TouchKind::Evict => unreachable!("browsers do not evict"),
            TouchKind::Engage | TouchKind::Act | TouchKind::Fail => unreachable!("not in this traffic"),
        }
        if touch.kind == TouchKind::View && !self.views[at].begun {
            self.views[at].begun = true;
            self.succeed(at, now, window, touch);
            outcome = self.count(touch);
        }
        self.heard = self.heard.max(touch.at);
        Some(outcome)
    }

    fn leave(&mut self, at: usize, now: Second, touch: &Touch) {
        let view = &mut self.views[at];
        let never_seen = !view.begun && view.last_visible.is_none();
        if view.left(now) || self.private || never_seen || view.phase == Phase::Yielding {
            view.phase = Phase::Left;
            return;
        }
        view.close(touch.at, touch.on);
        let page = view.page;
        let awaited = |v: &&mut View| v.phase == Phase::Yielding && v.page == page;
        if let Some(other) = self.views.iter_mut().rev().find(awaited) {
            other.phase = Phase::Open;
            self.views[at].phase = Phase::Left;
        }
    }

    /// The view at `at` begins: whose place does it take?
    fn succeed(&mut self, at: usize, now: Second, window: Second, touch: &Touch) {
        let mut first: Option<(Second, usize)> = None;
        for (n, view) in self.views.iter().enumerate().rev() {
            if let Phase::Closing(leaves) = view.phase
                && n != at
                && view.present(now, window)
                && first.is_none_or(|(best, _)| leaves < best)
            {
                first = Some((leaves, n));
            }
        }
        if let Some((_, n)) = first {
            self.views[n].phase = Phase::Left;
        } else if touch.on && touch.from.0 != 0 {
            let came_from = self.views.iter().enumerate().rev().find(|(n, v)| {
                *n != at && v.phase == Phase::Open && v.looked_at(now, window) && v.page == touch.from.0
            });
            if let Some((n, _)) = came_from {
                self.views[n].phase = Phase::Yielding;
            }
        }
    }

    fn count(&mut self, touch: &Touch) -> Outcome {
        if self.private {
            return Outcome::View { visit: 0, new_visit: false };
        }
        let new_visit = self.visit.is_none();
        let visit = *self.visit.get_or_insert(touch.at);
        Outcome::View { visit, new_visit }
    }

    /// The pages this key's visitors are on: one each, so their number is what the key counts as.
    pub(crate) fn visitors(&self, now: Second, window: Second) -> Vec<u32> {
        let looked_at: Vec<u32> =
            self.views.iter().filter(|v| v.looked_at(now, window)).map(|v| v.page).collect();
        if !looked_at.is_empty() {
            return looked_at;
        }
        let present = self.views.iter().filter(|v| v.present(now, window));
        // `max_by_key` answers the last of several, which is the one that became known later.
        present.max_by_key(|v| v.last_visible).map(|v| v.page).into_iter().collect()
    }

    pub(crate) fn number(&self, now: Second, window: Second) -> u32 {
        self.visitors(now, window).len() as u32
    }
}
