//! V2: per minute of wall time, the highest V1 and the views of that minute; the last half hour in memory.

use std::collections::VecDeque;

use super::{Second, THIRTY};

/// Minutes kept, the current one included.
pub const KEPT: usize = 30;

/// One minute of wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since 1970-01-01 UTC.
    pub number: i64,
    /// Highest V1 of the minute.
    pub active: u32,
    pub views: u32,
    /// Visitors and views of the local day, at the end of the minute.
    pub today: u64,
    pub views_total: u64,
}

impl Minute {
    fn new(number: i64, active: u32) -> Minute {
        Minute { number, active, views: 0, today: 0, views_total: 0 }
    }
}

/// The last minutes; the newest is at the back.
#[derive(Debug, Default)]
pub struct Minutes {
    ring: VecDeque<Minute>,
    /// Minutes that ended or changed since the store last took them start here.
    unstored: i64,
    /// In which second which minute began, for half an hour: a clock that was set makes that no matter of counting.
    turns: VecDeque<(Second, i64)>,
}

impl Minutes {
    /// Moves in second `now` to minute `number`, in which V1 begins at `active`. A wall clock set back by less than a day goes on in the
    /// minute it had reached; by more, the series starts again.
    pub fn turn(&mut self, number: i64, active: u32, now: Second) {
        self.turn_to(number, active);
        if let Some(current) = self.current().filter(|c| self.turns.back().is_none_or(|last| last.1 != *c)) {
            self.turns.push_back((now, current));
        }
        while self.turns.get(1).is_some_and(|next| next.0 + THIRTY < now) {
            self.turns.pop_front();
        }
    }

    /// The minute in which was counted what time brought about in a second; `None` for what is longer ago, or was before
    /// a restart.
    pub fn of(&self, second: Second) -> Option<i64> {
        // Time has its say before the minute turns.
        self.turns.iter().rev().find(|(from, _)| *from < second).map(|(_, number)| *number)
    }

    fn turn_to(&mut self, number: i64, active: u32) {
        match self.ring.back() {
            None => self.push(Minute::new(number, active)),
            Some(last) if number > last.number => {
                let first = (last.number + 1).max(number - KEPT as i64 + 1);
                for n in first..=number {
                    self.push(Minute::new(n, active));
                }
            }
            Some(last) if number < last.number - 1440 => {
                self.ring.clear();
                self.unstored = 0;
                self.push(Minute::new(number, active));
            }
            Some(_) => {}
        }
    }

    fn push(&mut self, minute: Minute) {
        if self.ring.len() == KEPT {
            self.ring.pop_front();
        }
        self.ring.push_back(minute);
    }

    /// V1 is `active` now.
    pub fn note(&mut self, active: u32) {
        if let Some(last) = self.ring.back_mut()
            && active > last.active
        {
            last.active = active;
            self.unstored = self.unstored.min(last.number);
        }
    }

    pub fn note_view(&mut self) {
        if let Some(last) = self.ring.back_mut() {
            last.views += 1;
            self.unstored = self.unstored.min(last.number);
        }
    }

    /// What the local day has counted so far.
    pub fn note_totals(&mut self, today: u64, views_total: u64) {
        if let Some(last) = self.ring.back_mut()
            && (last.today, last.views_total) != (today, views_total)
        {
            (last.today, last.views_total) = (today, views_total);
            self.unstored = self.unstored.min(last.number);
        }
    }

    /// Puts back stored minutes, oldest first.
    pub fn restore(&mut self, minutes: impl Iterator<Item = Minute>) {
        for minute in minutes {
            self.push(minute);
            self.unstored = minute.number;
        }
    }

    /// Minutes to write: every one since the last call, the current one always among them.
    pub fn take_unstored(&mut self) -> Vec<Minute> {
        let from = self.unstored;
        self.unstored = self.ring.back().map_or(0, |m| m.number);
        self.ring.iter().filter(|m| m.number >= from).copied().collect()
    }

    /// Highest V1 of each of the last 30 minutes, oldest first; 0 where nothing is known.
    pub fn series(&self) -> Vec<u32> {
        let mut series = vec![0; KEPT - self.ring.len().min(KEPT)];
        series.extend(self.ring.iter().map(|m| m.active));
        series
    }

    /// V2's arrow: the means of the last 5 minutes, the current one among them, and of the 5 before; `None` while there are
    /// no 10 of them.
    pub fn trend(&self) -> Option<(f64, f64)> {
        let mean = |from: usize| {
            let minutes = self.ring.iter().rev().skip(from).take(5);
            minutes.map(|m| f64::from(m.active)).sum::<f64>() / 5.0
        };
        (self.ring.len() >= 10).then(|| (mean(0), mean(5)))
    }

    /// The current minute's number.
    pub fn current(&self) -> Option<i64> {
        self.ring.back().map(|m| m.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_keeps_its_highest_and_gaps_are_filled() {
        let mut minutes = Minutes::default();
        minutes.turn(100, 0, 9);
        minutes.note(3);
        minutes.note(1);
        minutes.turn(103, 1, 9);
        assert_eq!(minutes.series()[26..], [3, 1, 1, 1]);
        assert_eq!(minutes.trend(), None, "four minutes are known");
        minutes.turn(102, 9, 9);
        assert_eq!(minutes.current(), Some(103), "a clock set back goes on in the minute it had reached");
        minutes.turn(5000, 0, 9);
        assert_eq!(minutes.series(), vec![0; 30]);
        minutes.turn(10, 2, 9);
        assert_eq!(minutes.series().iter().sum::<u32>(), 2);
    }

    #[test]
    fn the_arrow_compares_five_minutes_with_the_five_before() {
        let mut minutes = Minutes::default();
        for (number, active) in [0, 10, 10, 10, 10, 20, 30, 30, 30, 30, 30].into_iter().enumerate() {
            minutes.turn(number as i64, active, 9);
        }
        assert_eq!(minutes.trend(), Some((30.0, 12.0)));
    }

    #[test]
    fn the_store_gets_each_minute_until_it_is_over() {
        let mut minutes = Minutes::default();
        minutes.turn(100, 1, 9);
        assert_eq!(minutes.take_unstored().len(), 1);
        minutes.note_view();
        minutes.turn(101, 0, 9);
        let numbers: Vec<_> = minutes.take_unstored().iter().map(|m| m.number).collect();
        assert_eq!(numbers, [100, 101]);
    }
}
