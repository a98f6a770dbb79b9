//! A timing wheel of whole seconds: one timer per visitor, set and cancelled in constant time.
//!
//! The links of a slot's list live in the visitors themselves (`Timer`), so a timer costs twelve bytes and no
//! allocation. A deadline further away than the wheel is long is parked in its last slot and looked at again then.

use super::Second;
use super::slab::NIL;

/// Slots; must be above the longest usual deadline (30 min) and a power of two.
pub const SLOTS: u32 = 2048;

/// A visitor's place in the wheel.
#[derive(Debug, Clone, Copy)]
pub struct Timer {
    /// When it fires; 0 = not in the wheel.
    pub at: Second,
    pub prev: u32,
    pub next: u32,
}

impl Timer {
    pub const OFF: Timer = Timer { at: 0, prev: NIL, next: NIL };
}

/// Gives the wheel access to the timers it links.
pub trait Timers {
    fn timer(&mut self, index: u32) -> Option<&mut Timer>;
}

#[derive(Debug)]
pub struct Wheel {
    heads: Vec<u32>,
}

impl Default for Wheel {
    fn default() -> Self {
        Wheel { heads: vec![NIL; SLOTS as usize] }
    }
}

impl Wheel {
    /// Sets or moves a timer. `at` must be after `now`; what is further away than the wheel fires early.
    pub fn set(&mut self, timers: &mut impl Timers, index: u32, now: Second, at: Second) {
        let at = at.clamp(now + 1, now + SLOTS - 1);
        match timers.timer(index) {
            Some(timer) if timer.at == at => return,
            Some(timer) if timer.at != 0 => self.cancel(timers, index),
            Some(_) => {}
            None => return,
        }
        let Some(head) = self.heads.get_mut((at % SLOTS) as usize) else { return };
        let next = std::mem::replace(head, index);
        if let Some(timer) = timers.timer(index) {
            *timer = Timer { at, prev: NIL, next };
        }
        if let Some(timer) = timers.timer(next) {
            timer.prev = index;
        }
    }

    pub fn cancel(&mut self, timers: &mut impl Timers, index: u32) {
        let Some(timer) = timers.timer(index) else { return };
        let Timer { at, prev, next } = std::mem::replace(timer, Timer::OFF);
        if at == 0 {
            return;
        }
        if let Some(following) = timers.timer(next) {
            following.prev = prev;
        }
        match timers.timer(prev) {
            Some(before) => before.next = next,
            None => {
                if let Some(head) = self.heads.get_mut((at % SLOTS) as usize) {
                    *head = next;
                }
            }
        }
    }

    /// Takes one timer that is due at `now`, or `None` when that second is done.
    pub fn due(&mut self, timers: &mut impl Timers, now: Second) -> Option<u32> {
        let index = *self.heads.get((now % SLOTS) as usize)?;
        timers.timer(index)?;
        self.cancel(timers, index);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Timers for Vec<Timer> {
        fn timer(&mut self, index: u32) -> Option<&mut Timer> {
            self.get_mut(index as usize)
        }
    }

    #[test]
    fn fires_each_timer_once_in_its_second() {
        let mut timers = vec![Timer::OFF; 100];
        let mut wheel = Wheel::default();
        for n in 0..100 {
            wheel.set(&mut timers, n, 1000, 1001 + n % 10);
        }
        wheel.cancel(&mut timers, 13);
        wheel.set(&mut timers, 23, 1000, 1009);
        let mut fired = Vec::new();
        for now in 1001..1000 + SLOTS {
            while let Some(n) = wheel.due(&mut timers, now) {
                fired.push((now, n));
            }
        }
        assert_eq!(fired.len(), 99);
        assert!(fired.iter().all(|(now, n)| *now == if *n == 23 { 1009 } else { 1001 + n % 10 }));
    }

    #[test]
    fn a_far_deadline_fires_early_rather_than_never() {
        let mut timers = vec![Timer::OFF; 1];
        let mut wheel = Wheel::default();
        wheel.set(&mut timers, 0, 10, 1_000_000);
        assert_eq!(timers[0].at, 10 + SLOTS - 1);
    }
}
