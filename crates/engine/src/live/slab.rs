//! Storage for many small values, addressed by `u32`, that never moves what it holds.
//!
//! A `Vec` doubles: growing past 100 MB would for a moment need 300 MB, which no memory limit survives.
//! Chunks of 4,096 values grow by one chunk at a time and are reused through a free list.

const CHUNK: usize = 4096;

/// No value: the end of a list, an absent timer.
pub const NIL: u32 = u32::MAX;

/// A chunked slab. Indices are stable for the life of a value.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<u32>,
    live: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { chunks: Vec::new(), free: Vec::new(), live: 0 }
    }
}

impl<T> Slab<T> {
    /// Values in use.
    pub fn len(&self) -> usize {
        self.live
    }

    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// One more than the largest index ever given out.
    pub fn high(&self) -> u32 {
        match self.chunks.split_last() {
            None => 0,
            Some((last, full)) => (full.len() * CHUNK + last.len()) as u32,
        }
    }

    /// Stores a value. What stood in a reused place is overwritten.
    pub fn insert(&mut self, value: T) -> u32 {
        self.live += 1;
        if let Some(at) = self.free.pop() {
            if let Some(place) = self.get_mut(at) {
                *place = value;
            }
            return at;
        }
        if self.chunks.last().is_none_or(|c| c.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let at = self.high();
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(value);
        }
        at
    }

    /// Gives a place back. The caller must not use the index again; the value stays until reused.
    pub fn release(&mut self, at: u32) {
        self.live -= 1;
        self.free.push(at);
    }

    #[inline]
    pub fn get(&self, at: u32) -> Option<&T> {
        self.chunks.get(at as usize / CHUNK)?.get(at as usize % CHUNK)
    }

    #[inline]
    pub fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.chunks.get_mut(at as usize / CHUNK)?.get_mut(at as usize % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reused_and_indices_stay() {
        let mut slab = Slab::default();
        let many: Vec<u32> = (0..10_000u32).map(|n| slab.insert(n)).collect();
        assert_eq!(slab.len(), 10_000);
        assert!(many.iter().all(|at| slab.get(*at) == Some(at)));
        slab.release(5);
        slab.release(9_000);
        let again = [slab.insert(7), slab.insert(7)];
        assert!(again.contains(&5) && again.contains(&9_000));
        assert_eq!(slab.high(), 10_000);
    }
}
