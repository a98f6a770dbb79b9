//! Numbers for things that repeat: names, profiles. A number is never given out twice, and memory is bounded: when the
//! dictionary is full, a new thing takes the place of one that nothing refers to any more, or gets the number 0.

use std::collections::HashMap;
use std::hash::Hash;

use super::Second;

/// Places looked at to find one that may go.
const TRIES: usize = 64;
/// Things that go at most to make room for one.
const DROPPED: usize = 8;

/// Something that is in a dictionary.
pub trait Word: Clone + Eq + Hash {
    /// Bytes of memory beside its own size, estimated.
    fn bytes(&self) -> usize;
}

#[derive(Debug, Clone)]
struct Place<W> {
    id: u32,
    word: W,
    /// References that last: visitors in memory.
    held: u32,
    /// When it was last asked for.
    used: Second,
    /// The last day (days since 1970) it was used on: the store forgets by it.
    day: u32,
}

/// Things and their numbers.
#[derive(Debug)]
pub struct Dictionary<W> {
    places: Vec<Option<Place<W>>>,
    by_word: HashMap<W, u32>,
    by_id: HashMap<u32, u32>,
    free: Vec<u32>,
    next_id: u32,
    cap: usize,
    /// Bytes they may take.
    limit: usize,
    /// What was not asked for this long (s), and is not held, may go.
    keep: Second,
    hand: usize,
    bytes: usize,
    /// New, or used on a new day, since the store last took them: number, thing, day.
    changed: Vec<(u32, W, u32)>,
}

impl<W: Word> Dictionary<W> {
    /// At most `cap` things; what was asked for in the last `keep` seconds stays.
    pub fn new(cap: usize, keep: Second) -> Dictionary<W> {
        Dictionary {
            places: Vec::new(),
            by_word: HashMap::new(),
            by_id: HashMap::new(),
            free: Vec::new(),
            next_id: 1,
            cap,
            limit: usize::MAX,
            keep,
            hand: 0,
            bytes: 0,
            changed: Vec::new(),
        }
    }

    /// The number of a thing, made if it is new; 0 if there is no room for it.
    pub fn number(&mut self, word: &W, now: Second, today: u32) -> u32 {
        if let Some(place) = self.by_word.get(word)
            && let Some(Some(place)) = self.places.get_mut(*place as usize)
        {
            place.used = now;
            if place.day != today {
                place.day = today;
                self.changed.push((place.id, place.word.clone(), today));
            }
            return place.id;
        }
        let id = self.next_id;
        if !self.insert(Place { id, word: word.clone(), held: 0, used: now, day: today }, now) {
            return 0;
        }
        self.next_id += 1;
        self.changed.push((id, word.clone(), today));
        id
    }

    /// The same, but a new thing gets none of the last quarter of the room: that is for what is told more coarsely.
    pub fn number_sparing(&mut self, word: &W, now: Second, today: u32) -> u32 {
        let full = self.by_word.len() >= self.cap / 4 * 3 && !self.by_word.contains_key(word);
        if full && !self.drop_unused(now) {
            return 0;
        }
        self.number(word, now, today)
    }

    /// Puts back a thing as the store knew it.
    pub fn restore(&mut self, id: u32, word: W, day: u32, now: Second) {
        self.next_id = self.next_id.max(id.saturating_add(1));
        if id != 0 && self.by_word.len() < self.cap && !self.by_word.contains_key(&word) {
            self.insert(Place { id, word, held: 0, used: now, day }, now);
        }
    }

    /// No number up to this one may be given out again.
    pub fn reserve(&mut self, highest: u32) {
        self.next_id = self.next_id.max(highest.saturating_add(1));
    }

    fn insert(&mut self, place: Place<W>, now: Second) -> bool {
        let cost = cost(&place.word);
        for _ in 0..DROPPED {
            if self.by_word.len() < self.cap && self.bytes + cost <= self.limit {
                break;
            }
            if !self.drop_unused(now) {
                return false;
            }
        }
        if self.bytes + cost > self.limit {
            return false;
        }
        self.bytes += cost;
        let at = self.free.pop().unwrap_or(self.places.len() as u32);
        self.by_word.insert(place.word.clone(), at);
        self.by_id.insert(place.id, at);
        match self.places.get_mut(at as usize) {
            Some(blank) => *blank = Some(place),
            None => self.places.push(Some(place)),
        }
        true
    }

    fn drop_unused(&mut self, now: Second) -> bool {
        for _ in 0..TRIES.min(self.places.len()) {
            self.hand = if self.hand + 1 < self.places.len() { self.hand + 1 } else { 0 };
            let Some(place) = self.places.get_mut(self.hand) else { return false };
            if place.as_ref().is_none_or(|p| p.held > 0 || p.used + self.keep > now) {
                continue;
            }
            if let Some(old) = place.take() {
                self.bytes -= cost(&old.word);
                // One that was rewritten may share its word with another.
                if self.by_word.get(&old.word) == Some(&(self.hand as u32)) {
                    self.by_word.remove(&old.word);
                }
                self.by_id.remove(&old.id);
                self.free.push(self.hand as u32);
                return true;
            }
        }
        false
    }

    /// Puts another thing in the place of each, under the same number: two may become the same one. Told to the store.
    pub fn rewrite(&mut self, other: impl Fn(u32, &W) -> W) {
        for (id, word, _) in &mut self.changed {
            *word = other(*id, word);
        }
        for (at, place) in self.places.iter_mut().enumerate() {
            let Some(place) = place else { continue };
            let word = other(place.id, &place.word);
            if word == place.word {
                continue;
            }
            self.bytes = self.bytes + cost(&word) - cost(&place.word);
            self.by_word.remove(&place.word);
            self.by_word.entry(word.clone()).or_insert(at as u32);
            place.word = word;
            self.changed.push((place.id, place.word.clone(), place.day));
        }
    }

    pub fn get(&self, id: u32) -> Option<&W> {
        let place = self.places.get(*self.by_id.get(&id)? as usize)?;
        place.as_ref().map(|p| &p.word)
    }

    /// Everything that is in it, with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &W)> {
        self.places.iter().flatten().map(|place| (place.id, &place.word))
    }

    /// Somebody refers to the number until `let_go`. Answers the number: 0 if the thing is gone.
    #[must_use]
    pub fn hold(&mut self, id: u32) -> u32 {
        match self.by_id.get(&id).and_then(|at| self.places.get_mut(*at as usize)) {
            Some(Some(place)) => {
                place.held += 1;
                id
            }
            _ => 0,
        }
    }

    pub fn let_go(&mut self, id: u32) {
        if let Some(Some(place)) = self.by_id.get(&id).and_then(|at| self.places.get_mut(*at as usize)) {
            place.held = place.held.saturating_sub(1);
        }
    }

    /// What the store must write since the last call: number, thing, day.
    pub fn take_changed(&mut self) -> Vec<(u32, W, u32)> {
        std::mem::take(&mut self.changed)
    }

    pub fn len(&self) -> usize {
        self.by_word.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_word.is_empty()
    }

    /// At most so many things from now on; what is over it goes as new ones come.
    pub fn set_cap(&mut self, cap: usize) {
        self.cap = cap;
    }

    /// Bytes the things may take from now on; what is over it goes as new ones come.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A thing stands twice, in its place and in the table; tables are about this large.
fn cost<W: Word>(word: &W) -> usize {
    2 * (size_of::<W>() + word.bytes()) + 64
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Word for String {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn a_full_dictionary_lets_go_what_nobody_uses_and_never_reuses_a_number() {
        let mut words: Dictionary<String> = Dictionary::new(3, 100);
        let a = words.number(&"a".into(), 0, 1);
        let b = words.number(&"b".into(), 0, 1);
        let c = words.number(&"c".into(), 50, 1);
        assert_eq!([a, b, c], [1, 2, 3]);
        assert_eq!(words.number(&"d".into(), 60, 1), 0, "all are in use");
        assert_eq!(words.hold(a), a);
        let d = words.number(&"d".into(), 110, 1);
        assert_eq!(d, 4);
        assert_eq!(words.get(b), None, "b was the one to go: a is held, c is fresh");
        assert_eq!(words.get(a).map(String::as_str), Some("a"));
        words.let_go(a);
        assert_eq!(words.number(&"e".into(), 111, 1), 5);
        assert_eq!((words.len(), words.hold(a)), (3, 0));
        assert_eq!(words.take_changed().len(), 5);
        assert_eq!(words.number(&"e".into(), 112, 2), 5);
        assert_eq!(words.take_changed(), [(5, "e".to_owned(), 2)]);
    }

    #[test]
    fn restored_words_keep_their_numbers() {
        let mut words: Dictionary<String> = Dictionary::new(10, 100);
        words.restore(7, "x".into(), 3, 0);
        words.reserve(20);
        assert_eq!(words.number(&"x".into(), 1, 3), 7);
        assert_eq!(words.number(&"y".into(), 1, 3), 21);
    }
}
