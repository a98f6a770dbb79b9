//! One page view as its events tell it.

use qahm_engine::live::Second;

use super::{LEAVE, LEAVE_BY_LINK, LEFT_REMEMBERED, THIRTY};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Closed; leaves at this second unless a view of the key begins before.
    Closing(Second),
    /// Its successor has begun, its own leave is on its way.
    Yielding,
    Left,
}

#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) id: u64,
    pub(crate) page: u32,
    pub(crate) phase: Phase,
    pub(crate) visible: bool,
    pub(crate) last_visible: Option<Second>,
    /// The view event itself has been taken.
    pub(crate) begun: bool,
    pub(crate) heard: Second,
    /// Highest sequence taken.
    pub(crate) sequence: u32,
}

impl View {
    pub(crate) fn left(&self, now: Second) -> bool {
        match self.phase {
            Phase::Left => true,
            Phase::Closing(leaves) => leaves <= now,
            Phase::Open | Phase::Yielding => false,
        }
    }

    /// Heard from in the last `window` seconds and not left.
    pub(crate) fn present(&self, now: Second, window: Second) -> bool {
        !self.left(now) && now < self.heard + window
    }

    /// Present, and looked at by somebody.
    pub(crate) fn looked_at(&self, now: Second, window: Second) -> bool {
        self.present(now, window) && self.visible && self.phase != Phase::Yielding
    }

    pub(crate) fn forgotten(&self, now: Second) -> bool {
        now >= self.heard + if self.left(now) { LEFT_REMEMBERED } else { THIRTY }
    }

    /// Heard: it is there, and visible or not.
    pub(crate) fn show(&mut self, visible: bool, at: Second) {
        if visible || self.visible {
            self.last_visible = self.last_visible.max(Some(at));
        }
        self.visible = visible;
        self.phase = Phase::Open;
    }

    pub(crate) fn close(&mut self, at: Second, by_link: bool) {
        let grace = if by_link { LEAVE_BY_LINK } else { LEAVE };
        self.phase = Phase::Closing(at + grace);
        if self.last_visible.is_some_and(|seen| seen + 1 >= at) {
            self.visible = true;
        }
    }
}
