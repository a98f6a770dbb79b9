//! The pages of a site: path ↔ number, title, and how many active visitors are on each now (P2).
//!
//! At most `CAP` pages are kept; a new one takes the place of one that no view holds any more, and when every
//! page is held it is counted under "(other)". A flood of invented paths can therefore not grow memory.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::enrich::path;

/// Pages kept per site.
pub const CAP: usize = 10_000;

/// Pages dropped at most to make room for one.
const TRIES: usize = 8;

/// Number of the "(other)" row.
pub const OTHER: PageId = PageId(0);

/// A page's number in the store: never reused, unique within its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PageId(pub u32);

/// What WordPress says of a page (P6); each "" if it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    pub post_type: Box<str>,
    pub author: Box<str>,
    pub category: Box<str>,
}

#[derive(Debug, Clone)]
pub struct Page {
    pub id: PageId,
    pub path: Box<str>,
    pub title: Box<str>,
    pub meta: Meta,
    /// Views in memory that stand on it; 0 = may be replaced.
    pub held: u32,
    /// Active visitors whose page it is.
    pub active: u32,
    /// The last day (days since 1970) on which a view stood on it: the store forgets pages by it.
    pub day: u32,
}

impl Page {
    /// Answers whether anything was left out.
    fn scrub(&mut self) -> bool {
        let (path, title) = bare(&self.path, &self.title);
        let changed = *path != *self.path || *title != *self.title;
        (self.path, self.title) = (path.into(), title.into());
        changed
    }
}

/// What GDPR mode keeps of a page: of its query numbers, and no title that says what was searched for.
pub fn bare<'a>(path: &'a str, title: &'a str) -> (Cow<'a, str>, &'a str) {
    (path::with_numbers_only(path.into()), if path == path::SEARCH { "" } else { title })
}

#[derive(Debug)]
pub struct Pages {
    places: Vec<Page>,
    by_path: HashMap<Box<str>, u32>,
    by_id: HashMap<PageId, u32>,
    next_id: u32,
    /// Places of pages that were dropped.
    free: Vec<u32>,
    /// Bytes the pages may take.
    limit: usize,
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
            meta: Meta::default(),
            held: u32::MAX / 2,
            active: 0,
            day: 0,
        };
        Pages {
            places: vec![other],
            by_path: HashMap::new(),
            by_id: HashMap::from([(OTHER, 0)]),
            next_id: 1,
            free: Vec::new(),
            limit: usize::MAX,
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
        let meta = Meta::default();
        let page =
            Page { id, path: path.into(), title: title.into(), meta, held: 0, active: 0, day: self.today };
        if !self.place(page.clone()) {
            return OTHER;
        }
        self.next_id += 1;
        self.changed.push(page);
        id
    }

    /// Learns what WordPress says of a page.
    pub fn describe(&mut self, id: PageId, meta: &Meta) {
        let Some(place) = self.by_id.get(&id).filter(|_| id != OTHER) else { return };
        let Some(page) = self.places.get_mut(*place as usize).filter(|p| p.meta != *meta) else { return };
        self.text_bytes = self.text_bytes + meta.bytes() - page.meta.bytes();
        page.meta = meta.clone();
        self.changed.push(page.clone());
    }

    /// The number of a path that is already known.
    pub fn known(&self, path: &str) -> Option<PageId> {
        self.by_path.get(path).and_then(|p| self.places.get(*p as usize)).map(|p| p.id)
    }

    /// Puts back a page as the store knew it.
    pub fn restore(&mut self, id: PageId, path: &str, title: &str, meta: Meta, day: u32) {
        self.next_id = self.next_id.max(id.0 + 1);
        if id != OTHER && !path.is_empty() && self.places.len() <= CAP && !self.by_path.contains_key(path) {
            self.place(Page { id, path: path.into(), title: title.into(), meta, held: 0, active: 0, day });
        }
    }

    /// Puts what GDPR mode keeps of it in the place of each page; two may have the same path then.
    pub fn scrub(&mut self) {
        self.changed.iter_mut().for_each(|page| {
            page.scrub();
        });
        for (place, page) in self.places.iter_mut().enumerate().skip(1) {
            let (path, bytes) = (page.path.clone(), page.bytes());
            if !page.scrub() {
                continue;
            }
            self.text_bytes = self.text_bytes + page.bytes() - bytes;
            if page.path != path {
                self.by_path.remove(&path);
                self.by_path.entry(page.path.clone()).or_insert(place as u32);
            }
            self.changed.push(page.clone());
        }
    }

    /// No number up to this one may be given out again.
    pub fn reserve(&mut self, highest: u32) {
        self.next_id = self.next_id.max(highest.saturating_add(1));
    }

    /// Gives a page a place, if need be that of pages no view holds.
    fn place(&mut self, page: Page) -> bool {
        for _ in 0..TRIES {
            let fits = self.bytes() + page.bytes() <= self.limit;
            if fits && (self.places.len() <= CAP || !self.free.is_empty()) {
                break;
            }
            if !self.drop_unheld() {
                return false;
            }
        }
        if self.bytes() + page.bytes() > self.limit {
            return false;
        }
        self.text_bytes += page.bytes();
        let place = self.free.pop().unwrap_or(self.places.len() as u32);
        self.by_path.insert(page.path.clone(), place);
        self.by_id.insert(page.id, place);
        match self.places.get_mut(place as usize) {
            Some(blank) => *blank = page,
            None => self.places.push(page),
        }
        true
    }

    /// Drops a page that no view holds; looks at a bounded number of places, so that a flood stays cheap.
    fn drop_unheld(&mut self) -> bool {
        for _ in 0..64 {
            self.hand = if self.hand + 1 < self.places.len() { self.hand + 1 } else { 1 };
            let Some(page) = self.places.get_mut(self.hand) else { return false };
            if page.held > 0 || page.path.is_empty() {
                continue;
            }
            let blank = Page {
                id: page.id,
                path: "".into(),
                title: "".into(),
                meta: Meta::default(),
                held: 0,
                active: 0,
                day: 0,
            };
            let old = std::mem::replace(page, blank);
            self.text_bytes -= old.bytes();
            // One that was scrubbed may share its path with another.
            if self.by_path.get(&old.path) == Some(&(self.hand as u32)) {
                self.by_path.remove(&old.path);
            }
            self.by_id.remove(&old.id);
            self.free.push(self.hand as u32);
            return true;
        }
        false
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

    /// Bytes the pages may take; what is over it goes as new ones come.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.text_bytes
    }
}

impl Page {
    /// Bytes of memory: the path stands twice, and tables and places are about this large.
    fn bytes(&self) -> usize {
        self.path.len() * 2 + self.title.len() + self.meta.bytes() + 200
    }
}

impl Meta {
    fn bytes(&self) -> usize {
        self.post_type.len() + self.author.len() + self.category.len()
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
    fn pages_stay_within_their_bytes() {
        let mut pages = Pages::default();
        pages.set_limit(100_000);
        for n in 0..10_000 {
            pages.number(&format!("/{n}/{}", "x".repeat(n % 400)), "");
            assert!(pages.bytes() <= 100_000);
        }
        assert!(pages.len() > 50, "and not by keeping none");
        let id = pages.number("/last", "");
        assert_ne!(id, OTHER);
        assert_eq!(pages.known("/last"), Some(id));
        assert_eq!(&*pages.get(id).unwrap().path, "/last");
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
