//! A log of the last half hour: what windows of time are counted from.
//!
//! Windows of a log are made of slices: 5 minutes are the current and the 9 previous slices of 30 s, 30 minutes the
//! current and the 29 previous minutes (DESIGN, Time). So an answer changes at the edge of a slice only.

use std::collections::VecDeque;

use super::Second;

/// A window of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Five,
    Thirty,
}

impl Window {
    /// Whether what was taken in at second `at` is in the window at second `now`.
    pub fn holds(self, at: Second, now: Second) -> bool {
        match self {
            Window::Five => at / 30 + 9 >= now / 30,
            Window::Thirty => at / 60 + 29 >= now / 60,
        }
    }

    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Window::Five => "5m",
            Window::Thirty => "30m",
        }
    }
}

/// Something that happened in a second.
pub trait Dated {
    fn at(&self) -> Second;
}

/// What happened, oldest first.
#[derive(Debug)]
pub struct Log<T> {
    items: VecDeque<T>,
    /// Items kept at most.
    limit: usize,
    /// Items kept however old.
    least: usize,
    /// The second of the newest item that had to go although a window held it; 0 = none.
    lost: Second,
}

impl<T: Dated + Copy> Log<T> {
    /// At least the last `least` items are kept, whatever their age.
    pub fn new(least: usize) -> Log<T> {
        Log { items: VecDeque::new(), limit: usize::MAX, least, lost: 0 }
    }

    /// Adds an item; items come in order of time.
    pub fn push(&mut self, item: T) {
        let now = item.at();
        while self.items.len() > self.least
            && let Some(first) = self.items.front()
            && !Window::Thirty.holds(first.at(), now)
        {
            self.items.pop_front();
        }
        self.make_room(1, now);
        if self.items.len() == self.items.capacity() {
            // Left to itself it would double, past what it may take.
            let most = self.limit.saturating_sub(self.items.len()).max(1);
            self.items.reserve_exact(self.items.len().max(16).min(most));
        }
        self.items.push_back(item);
    }

    /// Lets the oldest go until so many fit.
    fn make_room(&mut self, more: usize, now: Second) {
        while self.items.len() + more > self.limit.max(1)
            && let Some(first) = self.items.pop_front()
        {
            if Window::Thirty.holds(first.at(), now) {
                self.lost = self.lost.max(first.at());
            }
        }
    }

    /// Puts back items the store knows.
    pub fn restore(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.push(item);
        }
    }

    /// Something of second `at` was lost otherwise than by making room.
    pub fn lose(&mut self, at: Second) {
        self.lost = self.lost.max(at);
    }

    /// Items of a window, newest first.
    pub fn window(&self, window: Window, now: Second) -> impl Iterator<Item = &T> {
        self.items.iter().rev().take_while(move |item| window.holds(item.at(), now))
    }

    /// All items, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &T> {
        self.items.iter().rev()
    }

    /// Finds the newest item that is what is asked for, to change it.
    pub fn find_mut(&mut self, mut found: impl FnMut(&T) -> bool) -> Option<&mut T> {
        self.items.iter_mut().rev().find(|item| found(item))
    }

    /// Whether an item that the half hour would hold had to go, or what it told.
    pub fn approximate(&self, now: Second) -> bool {
        self.lost > 0 && Window::Thirty.holds(self.lost, now)
    }

    /// Bytes the items may take.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = (bytes / size_of::<T>()).max(self.least).max(64);
        let now = self.items.back().map_or(0, Dated::at);
        self.make_room(0, now);
        if self.items.capacity() > self.limit {
            self.items.shrink_to(self.limit);
        }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.items.capacity() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    struct At(Second);

    impl Dated for At {
        fn at(&self) -> Second {
            self.0
        }
    }

    #[test]
    fn windows_are_made_of_slices() {
        assert!(Window::Five.holds(0, 299) && !Window::Five.holds(0, 300));
        assert!(Window::Five.holds(29, 299) && !Window::Five.holds(29, 300));
        assert!(Window::Thirty.holds(59, 1799) && !Window::Thirty.holds(59, 1800));
    }

    #[test]
    fn old_items_go_and_the_last_ones_stay() {
        let mut log = Log::new(2);
        (0..10).for_each(|n| log.push(At(n * 600)));
        let kept: Vec<_> = log.newest().map(|item| item.0).collect();
        assert_eq!(kept, [5400, 4800, 4200]);
        log.push(At(100_000));
        assert_eq!(log.len(), 3, "at least two older ones are kept");
        assert_eq!(log.window(Window::Thirty, 100_000).count(), 1);
        assert!(!log.approximate(100_000));
    }

    #[test]
    fn a_flood_costs_the_oldest_and_is_told() {
        let mut log = Log::new(0);
        log.set_limit(64 * size_of::<At>());
        (0..100).for_each(|_| log.push(At(60)));
        assert_eq!(log.len(), 64);
        assert!(log.approximate(61) && !log.approximate(4000));
        assert_eq!(log.bytes(), 64 * size_of::<At>(), "nor does it take more room than it may");
        (0..1000).for_each(|_| log.push(At(61)));
        log.set_limit(200 * size_of::<At>());
        (0..1000).for_each(|_| log.push(At(62)));
        assert_eq!((log.len(), log.bytes()), (200, 200 * size_of::<At>()));
        log.set_limit(64 * size_of::<At>());
        assert_eq!((log.len(), log.bytes()), (64, 64 * size_of::<At>()), "less for each as sites are added");
        log.push(At(70));
        assert_eq!(log.newest().next(), Some(&At(70)));
    }
}
