//! The pages of a site: path ↔ number, title, and how many active visitors are on each now (P2).
//!
//! At most `CAP` pages are kept; a new one takes the place of one that no view holds any more, and when every
//! page is held it is counted under "(other)". A flood of invented paths can therefore not grow memory.

use std::collections::HashMap;

/// Pages kept per site.
pub const CAP: usize = 10_000;

/// Number of the "(other)" row.
pub const OTHER: PageId = PageId(0);

/// A page's number in the store: never reused, unique within its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(pub u32);

#[derive(Debug, Clone)]
pub struct Page {
    pub id: PageId,
    pub path: Box<str>,
    pub title: Box<str>,
    /// Views in memory that stand on it; 0 = may be replaced.
    pub held: u32,
    /// Active visitors whose page it is.
    pub active: u32,
    /// The last day (days since 1970) on which a view stood on it: the store forgets pages by it.
    pub day: u32,
}

#[derive(Debug)]
pub struct Pages {
    places: Vec<Page>,
    by_path: HashMap<Box<str>, u32>,
    by_id: HashMap<PageId, u32>,
    next_id: u32,
    /// Where the search for an unheld page goes on.
    hand: usize,
    text_bytes: usize,
    /// New, renamed or used on a new day since the store last took them; copies, because a flood may replace the
    /// page before the store sees it.
    changed: Vec<Page>,
    /// Today in days since 1970, set by the site.
    pub today: u32,
}

impl Default for Pages {
    fn default() -> Self {
        let other = Page {
            id: OTHER,
            path: "(other)".into(),
            title: "".into(),
            held: u32::MAX / 2,
            active: 0,
            day: 0,
        };
        Pages {
            places: vec![other],
            by_path: HashMap::new(),
            by_id: HashMap::from([(OTHER, 0)]),
            next_id: 1,
            hand: 1,
            text_bytes: 0,
            changed: Vec::new(),
            today: 0,
        }
    }
}

impl Pages {
    /// The number of a path, made if it is new. An empty title leaves the known one.
    pub fn number(&mut self, path: &str, title: &str) -> PageId {
        if let Some(place) = self.by_path.get(path)
            && let Some(page) = self.places.get_mut(*place as usize)
        {
            let renamed = !title.is_empty() && &*page.title != title;
            if renamed {
                self.text_bytes = self.text_bytes + title.len() - page.title.len();
                page.title = title.into();
            }
            if renamed || page.day != self.today {
                page.day = self.today;
                self.changed.push(page.clone());
            }
            return page.id;
        }
        let id = PageId(self.next_id);
        let page = Page { id, path: path.into(), title: title.into(), held: 0, active: 0, day: self.today };
        if !self.place(page.clone()) {
            return OTHER;
        }
        self.next_id += 1;
        self.changed.push(page);
        id
    }

    /// The number of a path that is already known.
    pub fn known(&self, path: &str) -> Option<PageId> {
        self.by_path.get(path).and_then(|p| self.places.get(*p as usize)).map(|p| p.id)
    }

    /// Puts back a page as the store knew it.
    pub fn restore(&mut self, id: PageId, path: &str, title: &str, day: u32) {
        self.next_id = self.next_id.max(id.0 + 1);
        if id != OTHER && self.places.len() <= CAP && !self.by_path.contains_key(path) {
            self.place(Page { id, path: path.into(), title: title.into(), held: 0, active: 0, day });
        }
    }

    /// No number up to this one may be given out again.
    pub fn reserve(&mut self, highest: u32) {
        self.next_id = self.next_id.max(highest.saturating_add(1));
    }

    fn place(&mut self, page: Page) -> bool {
        let place = if self.places.len() <= CAP {
            self.places.len()
        } else {
            let Some(free) = self.unheld() else { return false };
            free
        };
        self.text_bytes += page.path.len() * 2 + page.title.len();
        self.by_path.insert(page.path.clone(), place as u32);
        self.by_id.insert(page.id, place as u32);
        match self.places.get_mut(place) {
            Some(old) => {
                let old = std::mem::replace(old, page);
                self.text_bytes -= old.path.len() * 2 + old.title.len();
                self.by_path.remove(&old.path);
                self.by_id.remove(&old.id);
            }
            None => self.places.push(page),
        }
        true
    }

    /// A place whose page no view holds; looks at a bounded number of places, so that a flood stays cheap.
    fn unheld(&mut self) -> Option<usize> {
        for _ in 0..64 {
            self.hand = if self.hand + 1 < self.places.len() { self.hand + 1 } else { 1 };
            if self.places.get(self.hand).is_some_and(|p| p.held == 0) {
                return Some(self.hand);
            }
        }
        None
    }

    pub fn get(&self, id: PageId) -> Option<&Page> {
        self.places.get(*self.by_id.get(&id)? as usize)
    }

    fn get_mut(&mut self, id: PageId) -> Option<&mut Page> {
        self.places.get_mut(*self.by_id.get(&id)? as usize)
    }

    /// A view now stands on the page: it keeps its place. Answers the page's real number: "(other)" if it is gone.
    pub fn hold(&mut self, id: PageId) -> PageId {
        match self.get_mut(id) {
            Some(page) => {
                page.held += 1;
                id
            }
            None => OTHER,
        }
    }

    pub fn let_go(&mut self, id: PageId) {
        if let Some(page) = self.get_mut(id) {
            page.held = page.held.saturating_sub(1);
        }
    }

    pub fn enter(&mut self, id: PageId) {
        if let Some(page) = self.get_mut(id) {
            page.active += 1;
        }
    }

    pub fn leave(&mut self, id: PageId) {
        if let Some(page) = self.get_mut(id) {
            page.active = page.active.saturating_sub(1);
        }
    }

    /// The pages with active visitors, most visited first, ties by path; at most `limit`.
    pub fn top(&self, limit: usize) -> Vec<&Page> {
        let mut active: Vec<&Page> = self.places.iter().filter(|p| p.active > 0).collect();
        let order = |a: &&Page, b: &&Page| b.active.cmp(&a.active).then_with(|| a.path.cmp(&b.path));
        if active.len() > limit && limit > 0 {
            active.select_nth_unstable_by(limit - 1, order);
            active.truncate(limit);
        }
        active.sort_unstable_by(order);
        active
    }

    /// Sum of the active column: equals V1.
    pub fn active_sum(&self) -> u64 {
        self.places.iter().map(|p| u64::from(p.active)).sum()
    }

    /// New, renamed and newly used pages since the last call.
    pub fn take_changed(&mut self) -> Vec<Page> {
        std::mem::take(&mut self.changed)
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.len() <= 1
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.text_bytes + self.places.len() * 160
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_paths_is_bounded_and_lands_in_other_when_all_are_held() {
        let mut pages = Pages::default();
        for n in 0..CAP {
            let id = pages.number(&format!("/{n}"), "");
            assert_eq!(pages.hold(id), id);
        }
        assert_eq!(pages.number("/one-more", ""), OTHER);
        for n in 0..CAP {
            let id = pages.known(&format!("/{n}")).unwrap();
            pages.let_go(id);
        }
        assert_ne!(pages.number("/one-more", ""), OTHER);
        for n in 0..3 * CAP {
            pages.number(&format!("/again/{n}"), "title");
        }
        assert!(pages.len() <= CAP + 1);
        assert!(pages.bytes() < CAP * 300);
    }

    #[test]
    fn top_is_sorted_and_a_title_is_learned() {
        let mut pages = Pages::default();
        for (path, n) in [("/a", 1), ("/b", 3), ("/c", 2), ("/d", 2)] {
            let id = pages.number(path, "");
            (0..n).for_each(|_| pages.enter(id));
        }
        pages.number("/b", "Bee");
        let top: Vec<_> = pages.top(3).iter().map(|p| (&*p.path, p.active)).collect();
        assert_eq!(top, [("/b", 3), ("/c", 2), ("/d", 2)]);
        assert_eq!(&*pages.top(1)[0].title, "Bee");
        assert_eq!(pages.active_sum(), 8);
    }
}
