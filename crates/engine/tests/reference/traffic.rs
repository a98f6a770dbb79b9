//! Random visitors of one site: people who read, click through, open tabs, close them or vanish; and events without
//! any sense at moments where windows, graces and gaps end. Then the network loses, repeats, swaps and delays some.

use std::collections::HashMap;

use qahm_engine::live::Second;
use qahm_engine::live::pages::PageId;
use qahm_engine::live::touch::{Touch, TouchKind};
use qahm_engine::live::visitor::VisitorKey;
use qahm_event::SiteId;

use super::random::Random;
use super::scenario::{Happening, PAGES, What};
use super::zone::Zone;

pub(crate) struct Traffic {
    pub(crate) site: SiteId,
    pub(crate) zone: &'static Zone,
    pub(crate) start: Second,
    pub(crate) end: Second,
    pub(crate) offset: i64,
}

/// An event as a browser sends it, by a person whose key is not known yet.
#[derive(Debug, Clone)]
struct Sent {
    second: Second,
    person: u64,
    repeated: bool,
    touch: Touch,
}

/// Moments after an event at which something ends, and their neighbours.
const ENDS: &[Second] = &[
    0, 0, 0, 1, 1, 2, 3, 4, 9, 10, 11, 15, 25, 59, 60, 61, 100, 119, 120, 121, 299, 300, 301, 599, 601, 1700,
    1740, 1799, 1800, 1801, 1860,
];

/// Everything that happens on a site, unsorted.
pub(crate) fn random(random: &mut Random, traffic: &Traffic) -> Vec<Happening> {
    let people = random.pick(&[1, 3, 8, 20, 40]);
    let senseless = random.pick(&[0, 10, 50, 100]);
    let mut sent = Vec::new();
    let mut next_view = 1;
    for person in 1..=people {
        if random.chance(senseless) {
            senseless_events(random, traffic, person, &mut next_view, &mut sent);
        } else {
            let private = random.chance(12);
            Person { traffic, person, private, next_view: &mut next_view, sent: &mut sent, tabs: vec![] }
                .live(random);
        }
    }
    sent.retain(|s| s.second <= traffic.end);
    disturb(random, traffic, &mut sent);
    sent.sort_by_key(|s| s.second);
    // Sometimes several people share an address and a browser. More would have more views than a key may keep.
    let addresses = if people <= 8 { random.pick(&[8, 8, 4, 2]) } else { people };
    sent.iter_mut().for_each(|s| s.person = 1 + s.person % addresses);
    name_keys(random, traffic, &mut sent);
    sent.into_iter().map(|s| Happening { second: s.second, what: What::Touch(s.touch) }).collect()
}

fn touch(traffic: &Traffic, kind: TouchKind, at: Second, view: u64, sequence: u32) -> Touch {
    Touch {
        site: traffic.site,
        kind,
        on: false,
        private: false,
        at,
        sequence,
        key: VisitorKey(0),
        view,
        page: PageId(1),
        from: PageId(0),
        profile: Default::default(),
        detail: Default::default(),
    }
}

fn senseless_events(
    random: &mut Random,
    traffic: &Traffic,
    person: u64,
    next: &mut u64,
    sent: &mut Vec<Sent>,
) {
    let views = u64::from(random.between(1, 4));
    let first = *next;
    *next += views;
    let mut sequences = vec![0u32; views as usize];
    let pages: Vec<u32> = (0..views).map(|_| random.between(1, 3)).collect();
    let mut second = random.between(traffic.start, traffic.end);
    let private = random.chance(5);
    for _ in 0..random.between(2, 40) {
        let n = random.between(0, views as u32 - 1) as usize;
        let kinds =
            [TouchKind::View, TouchKind::Visible, TouchKind::Hidden, TouchKind::Beat, TouchKind::Leave];
        let kind = if sequences[n] == 0 && random.chance(70) { TouchKind::View } else { random.pick(&kinds) };
        let mut touch = touch(traffic, kind, second, first + n as u64, sequences[n]);
        touch.on = random.chance(60);
        touch.private = private;
        touch.page = PageId(pages[n]);
        touch.from = PageId(random.between(0, 3));
        sequences[n] += random.pick(&[0, 1, 1, 1, 2]);
        sent.push(Sent { second, person, repeated: false, touch });
        second += random.pick(ENDS);
    }
}

struct Tab {
    view: u64,
    page: u32,
    sequence: u32,
    visible: bool,
}

/// Somebody, or an office behind one address.
struct Person<'a> {
    traffic: &'a Traffic,
    person: u64,
    private: bool,
    next_view: &'a mut u64,
    sent: &'a mut Vec<Sent>,
    tabs: Vec<Tab>,
}

impl Person<'_> {
    fn live(&mut self, random: &mut Random) {
        let mut now = self.traffic.start + random.between(0, 1800);
        while now < self.traffic.end {
            now = self.visit(random, now);
            now += match random.between(0, 5) {
                0 => random.between(20, 300),
                1 => random.between(1795, 1805),
                2 => random.between(1200, 2400),
                3 => random.between(3600, 7200),
                _ => random.between(300, 1200),
            };
        }
    }

    fn visit(&mut self, random: &mut Random, mut now: Second) -> Second {
        self.open(random, now, true, 0);
        for _ in 0..random.between(0, 12) {
            let length = random.pick(&[0, 1, 2, 5, 14, 31, 47, 70, 180]);
            now = self.read(random, now, length);
            if self.tabs.is_empty() {
                break;
            }
            let n = random.between(0, self.tabs.len() as u32 - 1) as usize;
            match random.between(0, 9) {
                0..=2 => now = self.click(random, now, n),
                3 if self.tabs.len() < 4 => {
                    // A new tab, in front or behind; or another person of the office.
                    if random.chance(50) {
                        self.show(now, n, false);
                    }
                    let (front, linked) = (random.chance(70), random.chance(60));
                    let from = if linked { self.tabs[n].page } else { 0 };
                    self.open(random, now, front, from);
                }
                4 | 5 => self.show(now, n, !self.tabs[n].visible),
                6 => {
                    // Closed, and perhaps restored from the browser's memory: a new view of the same page.
                    let page = self.tabs[n].page;
                    self.close(random, now, n, false);
                    if random.chance(50) {
                        now += random.between(0, 12);
                        self.begin(now, page, true, 0);
                    }
                }
                7 => drop(self.tabs.remove(n)),
                _ => {}
            }
        }
        while let Some(n) = self.tabs.len().checked_sub(1) {
            match random.between(0, 9) {
                0 | 1 => drop(self.tabs.pop()),
                // Left open in the background.
                2 => {
                    self.show(now, n, false);
                    self.tabs.pop();
                }
                kind => self.close(random, now, n, kind == 3),
            }
            now += random.between(0, 4);
        }
        now
    }

    /// Reads for a while: visible tabs beat.
    fn read(&mut self, random: &mut Random, now: Second, length: Second) -> Second {
        let rhythm = random.pick(&[15, 15, 25]);
        for beat in (rhythm..=length).step_by(rhythm as usize) {
            for n in 0..self.tabs.len() {
                if self.tabs[n].visible {
                    self.send(now + beat, n, TouchKind::Beat, true, 0);
                }
            }
        }
        now + length
    }

    fn click(&mut self, random: &mut Random, now: Second, n: usize) -> Second {
        let from = self.tabs[n].page;
        if random.chance(30) {
            // The next page is faster than the leave of this one.
            self.open(random, now, true, from);
            let later = now + random.between(0, 2);
            self.close(random, later, n, true);
            return later;
        }
        let link = random.chance(90);
        self.close(random, now, n, link);
        let then = now + random.pick(&[0, 0, 0, 1, 1, 2, 3, 5, 9, 10, 11]);
        self.open(random, then, true, from);
        then
    }

    fn open(&mut self, random: &mut Random, now: Second, visible: bool, from: u32) {
        // Sometimes a page beyond those that are known.
        let page = random.between(1, PAGES + 1);
        self.begin(now, page, visible, from);
    }

    fn begin(&mut self, now: Second, page: u32, visible: bool, from: u32) {
        self.tabs.push(Tab { view: *self.next_view, page, sequence: 0, visible });
        *self.next_view += 1;
        self.send(now, self.tabs.len() - 1, TouchKind::View, visible, from);
    }

    fn show(&mut self, now: Second, n: usize, visible: bool) {
        self.tabs[n].visible = visible;
        self.send(now, n, if visible { TouchKind::Visible } else { TouchKind::Hidden }, false, 0);
    }

    fn close(&mut self, random: &mut Random, now: Second, n: usize, link: bool) {
        if self.tabs[n].visible && random.chance(70) {
            self.show(now, n, false);
        }
        self.send(now, n, TouchKind::Leave, link, 0);
        self.tabs.remove(n);
    }

    fn send(&mut self, second: Second, n: usize, kind: TouchKind, on: bool, from: u32) {
        let tab = &mut self.tabs[n];
        let mut touch = touch(self.traffic, kind, second, tab.view, tab.sequence);
        tab.sequence += 1;
        touch.on = on;
        touch.private = self.private;
        touch.page = PageId(tab.page);
        touch.from = PageId(from);
        self.sent.push(Sent { second, person: self.person, repeated: false, touch });
    }
}

/// What the network does: events are lost, repeated, swapped within a second, drained late.
fn disturb(random: &mut Random, traffic: &Traffic, sent: &mut Vec<Sent>) {
    let rough = random.pick(&[0, 2, 10]);
    sent.retain(|_| !random.chance(rough));
    for n in 0..sent.len() {
        if random.chance(rough) {
            let mut again = sent[n].clone();
            again.repeated = true;
            again.second += random.pick(&[0, 0, 1, 5, 60, 130]);
            again.touch.at = again.second;
            sent.push(again);
        }
        if random.chance(rough / 2) {
            sent[n].second += random.pick(&[1, 1, 2, 3, 12]);
        }
        let other = random.between(0, n as u32) as usize;
        if random.chance(rough * 5) && sent[n].second == sent[other].second {
            sent.swap(n, other);
        }
    }
    if rough > 0 {
        for n in 1..sent.len() {
            if random.chance(rough) && sent[n].second == sent[n - 1].second {
                sent.swap(n, n - 1);
            }
        }
    }
    sent.retain(|s| s.second <= traffic.end);
}

/// Keys as they are made from addresses: a new one for a visit that begins on another day; one per view for private
/// views; and sometimes a visitor changes the network.
fn name_keys(random: &mut Random, traffic: &Traffic, sent: &mut [Sent]) {
    let mut last: HashMap<u64, (Second, i64)> = HashMap::new();
    for s in sent {
        let today = traffic.zone.day(i64::from(s.second) + traffic.offset);
        let (heard, day) = last.get(&s.person).copied().unwrap_or((s.second, today));
        let day = if s.second - heard < 1790 { day } else { today };
        if !s.repeated {
            last.insert(s.person, (s.second, day));
        }
        let elsewhere = if random.chance(1) { 500 } else { 0 };
        s.touch.key = VisitorKey(if s.touch.private {
            1 << 40 | s.touch.view
        } else {
            (s.person + elsewhere) * 1009 + (day % 1000) as u64
        });
    }
}
