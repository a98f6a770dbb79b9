//! What time does to the live state: views leave, visitors leave the windows, minutes and days turn.

use super::apply::count_today;
use super::feed::DEPARTED;
use super::pages::OTHER;
use super::site::SEEN_BYTES;
use super::slab::NIL;
use super::{FIVE, Live, Second, THIRTY};
use crate::calendar::Day;
use qahm_event::SiteId;

impl Live {
    /// Lets time pass until second `to`; an earlier one changes nothing.
    pub fn advance(&mut self, to: Second) {
        while self.now < to {
            self.now += 1;
            let mut due = std::mem::take(&mut self.due);
            while let Some(index) = self.wheel.due(&mut self.visitors, self.now) {
                self.settle(index);
                // Time changes a number between two seconds: the old one did not stand in this one any more.
                self.recount(index, self.now - 1);
                due.push(index);
            }
            // In an order that does not depend on where visitors stand in memory: after a restart the same entries of the
            // feed must get the same numbers.
            due.sort_unstable_by_key(|index| self.visitors.get(*index).map(|v| (v.site, v.key.0)));
            for index in due.drain(..) {
                self.depart(index);
                self.fold(index);
            }
            self.due = due;
            self.turn();
        }
        // The wall clock may have moved although no second has passed.
        self.turn();
    }

    /// Begins a new minute and a new day where one is due.
    fn turn(&mut self) {
        let unix = self.unix();
        let minute = unix.div_euclid(60);
        if minute == self.minute {
            return;
        }
        self.minute = minute;
        for place in self.sites.iter_mut().filter(|p| p.known) {
            let site = &mut place.site;
            site.changed = true;
            // A wall clock set back by more than a day is believed; by less, today goes on.
            let Day { number, began } = place.calendar.day(unix);
            if number > site.kept.day || number + 1 < site.kept.day {
                site.begin_day(number, unix);
                place.midnight = began;
            }
            site.minutes.turn(minute, site.active, self.now);
            site.minutes.note_totals(site.today, site.kept.views_today);
            site.dirty = true;
        }
    }

    pub(super) fn window_of(&self, visitor: u32) -> Second {
        let site = self.visitors.get(visitor).and_then(|v| self.sites.get(usize::from(v.site)));
        site.map_or(60, |p| p.site.window)
    }

    /// The views of a visitor, newest first.
    pub(super) fn view_list(&self, visitor: u32) -> Vec<u32> {
        let first = self.visitors.get(visitor).map(|v| v.views);
        std::iter::successors(first, |v| self.views.get(*v).map(|w| w.next))
            .take_while(|v| *v != NIL)
            .collect()
    }

    /// Applies to a visitor's views what time has decided: closed ones leave, old ones are forgotten.
    pub(super) fn settle(&mut self, visitor: u32) {
        let now = self.now;
        let mut at = self.visitors.get(visitor).map_or(NIL, |v| v.views);
        while let Some(view) = self.views.get_mut(at) {
            let next = view.next;
            if view.closing != 0 && view.closing <= now {
                view.gone = true;
            }
            if view.heard + THIRTY <= now {
                self.remove_view(visitor, at);
            }
            at = next;
        }
    }

    /// Takes a view out of its visitor's list, its page and the table.
    pub(super) fn remove_view(&mut self, visitor: u32, index: u32) {
        let name = self.view_name(index);
        let (views, visitors) = (&self.views, &self.visitors);
        self.by_view.remove(name, |i| {
            views.get(i).map_or((0, 0), |v| (visitors.get(v.visitor).map_or(0, |o| o.site), v.id))
        });
        let Some(view) = self.views.get(index) else { return };
        let (next, page, counted) = (view.next, view.page, view.counted);
        if let Some(place) = self.sites.get_mut(usize::from(name.0)) {
            if counted {
                place.site.pages.leave(page);
            }
            place.site.pages.let_go(page);
        }
        let Some(owner) = self.visitors.get_mut(visitor) else { return };
        if owner.views == index {
            owner.views = next;
        } else {
            let mut at = owner.views;
            while let Some(before) = self.views.get_mut(at) {
                if before.next == index {
                    before.next = next;
                    break;
                }
                at = before.next;
            }
        }
        // The place keeps its value until it is used again: nobody may take it for the view.
        if let Some(view) = self.views.get_mut(index) {
            view.visitor = NIL;
        }
        self.views.release(index);
    }

    /// Derives from a visitor's views what it counts as, now and in the windows, and when to look again. What it counted
    /// as before stood until `last_second`.
    pub(super) fn recount(&mut self, index: u32, last_second: Second) {
        let now = self.now;
        let window = self.window_of(index);
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)) else { return };
        let site = &mut place.site;

        // Which views are active, how many of them visible, which one was seen last, and when that next changes.
        let (mut present, mut visible, mut last, mut last_seen, mut look) = (0u16, 0u16, NIL, 0, Second::MAX);
        let mut at = visitor.views;
        while let Some(view) = self.views.get(at) {
            if view.active(now, window) {
                present += 1;
                look = look.min(view.heard + window);
                if view.closing > now {
                    look = look.min(view.closing);
                }
                if view.visible && !view.yielding {
                    visible += 1;
                }
                if last == NIL || view.seen > last_seen {
                    (last, last_seen) = (at, view.seen);
                }
            } else {
                look = look.min(view.heard + THIRTY);
            }
            at = view.next;
        }
        let active = if present == 0 { 0 } else { visible.max(1) };

        // P2: each visible view on its page; when none is visible, the page last visible.
        let mut at = visitor.views;
        while let Some(view) = self.views.get_mut(at) {
            let shown = view.active(now, window) && view.visible && !view.yielding;
            let counted = shown || (visible == 0 && at == last);
            if counted != view.counted {
                view.counted = counted;
                if counted {
                    site.pages.enter(view.page);
                } else {
                    site.pages.leave(view.page);
                }
            }
            at = view.next;
        }

        let past_bytes = visitor.past_bytes();
        if active != visitor.active {
            site.active = site.active + u32::from(active) - u32::from(visitor.active);
            site.present(visitor.profile, i32::from(active) - i32::from(visitor.active), 0);
            visitor.count_as(active, last_second);
            site.changed = true;
        }
        match (active, visitor.absent) {
            (0, 0) => visitor.absent = now,
            (0, _) => {}
            _ => visitor.absent = 0,
        }
        if visitor.departing() {
            look = look.min(visitor.absent + DEPARTED);
        }
        visitor.prune(now, THIRTY);
        self.past_bytes = self.past_bytes + visitor.past_bytes() - past_bytes;
        if !visitor.private {
            let (five, thirty) = (visitor.highest(now, FIVE), visitor.highest(now, THIRTY));
            if (five, thirty) != (visitor.five, visitor.thirty) {
                site.five = site.five + u32::from(five) - u32::from(visitor.five);
                site.thirty = site.thirty + u32::from(thirty) - u32::from(visitor.thirty);
                site.present(visitor.profile, 0, i32::from(thirty) - i32::from(visitor.thirty));
                (visitor.five, visitor.thirty) = (five, thirty);
                site.changed = true;
            }
            for span in [FIVE, THIRTY] {
                look = look.min(visitor.next_fall(now, span).unwrap_or(Second::MAX));
            }
        }
        if visitor.heard + THIRTY > now {
            look = look.min(visitor.heard + THIRTY);
        }
        let look = look.max(now + 1);
        // A timer that fires too early only looks and is set again; moving it at every beat would cost more.
        if visitor.timer.at == 0 || look < visitor.timer.at {
            self.wheel.set(&mut self.visitors, index, now, look);
        }
    }

    /// Forgets a visitor that no window of half an hour holds; today remembers its key.
    pub(super) fn fold(&mut self, index: u32) {
        let now = self.now;
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        if visitor.heard + THIRTY > now || visitor.views != NIL {
            return;
        }
        let remembered = visitor.past_bytes();
        (visitor.visit, visitor.left, visitor.journey) = (0, 0, None);
        self.past_bytes = self.past_bytes + visitor.past_bytes() - remembered;
        if visitor.past.is_some() {
            // Heard from again now, it would count as what it was in the half hour, after it was last heard from.
            return;
        }
        let (key, today, day, private) = (visitor.key, visitor.today, visitor.day, visitor.private);
        let number = usize::from(visitor.site);
        // A quarter of the memory at most is for remembering keys, those of all sites together.
        let remembered: usize = self.sites.iter().map(|p| p.site.seen.len() * SEEN_BYTES).sum();
        let room = self.bytes() < self.budget && remembered < self.budget / 4;
        if let Some(place) = self.sites.get_mut(number)
            && !private
            && today > 0
            && day == place.site.kept.day as u16
        {
            let site = &mut place.site;
            if room {
                site.seen.insert(key, today);
            } else {
                site.kept.evicted_today += u64::from(today);
                site.kept.approximate = true;
                site.dirty = true;
            }
        }
        self.remove_visitor(index);
    }

    /// Takes a visitor out of every count and table, except those of today.
    pub(super) fn remove_visitor(&mut self, index: u32) {
        for view in self.view_list(index) {
            self.remove_view(index, view);
        }
        let name = self.visitor_name(index);
        self.wheel.cancel(&mut self.visitors, index);
        let visitors = &self.visitors;
        self.by_key.remove(name, |i| visitors.get(i).map_or((0, 0), |v| (v.site, v.key.0)));
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        if let Some(place) = self.sites.get_mut(usize::from(visitor.site)) {
            let site = &mut place.site;
            site.active = site.active.saturating_sub(u32::from(visitor.active));
            site.five = site.five.saturating_sub(u32::from(visitor.five));
            site.thirty = site.thirty.saturating_sub(u32::from(visitor.thirty));
            site.visitors = site.visitors.saturating_sub(1);
            site.present(visitor.profile, -i32::from(visitor.active), -i32::from(visitor.thirty));
            site.profiles.let_go(visitor.profile.0);
            site.changed = true;
        }
        visitor.key.0 = 0;
        self.past_bytes -= visitor.past_bytes();
        (visitor.past, visitor.journey) = (None, None);
        visitor.entry = OTHER;
        self.visitors.release(index);
    }

    /// Counts every visitor of a site anew, e.g. when its window has changed.
    pub(super) fn resettle_all(&mut self, id: SiteId) {
        let Some(&number) = self.by_id.get(&id) else { return };
        for index in 0..self.visitors.high() {
            if self.visitors.get(index).is_some_and(|v| v.key.0 != 0 && v.site == number) {
                self.settle(index);
                self.recount(index, self.now);
                self.raise_today(index, number);
            }
        }
        let unix = self.unix();
        if let Some(place) = self.sites.get_mut(usize::from(number)) {
            place.site.note_active(unix);
            place.site.dirty = true;
        }
    }

    /// A visitor of today that counts as more now, although nothing was heard from it.
    fn raise_today(&mut self, index: u32, number: u16) {
        let (now, unix) = (self.now, self.unix());
        let Some(visitor) = self.visitors.get_mut(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        if visitor.today > 0 && visitor.day == place.site.kept.day as u16 {
            let since_midnight = unix - place.midnight + 1;
            count_today(visitor, &mut place.site, now, since_midnight);
        }
    }
}
