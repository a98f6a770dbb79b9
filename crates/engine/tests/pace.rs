//! Bots by their behaviour: a scraper that runs JavaScript is set aside, an office behind one address is not.
#![allow(clippy::unwrap_used)] // helpers are not seen as tests

mod hall;

use hall::{Hall, SITE, Sent};
use qahm_event::{Flags, Kind, Tag};
use serde_json::json;

/// All of an office, a school or a scraper's pages have one address and one browser.
const ADDRESS: u32 = 5;

fn engage(view: u64, sequence: u32, seconds: u64) -> Sent {
    Sent::new(Kind::Engage, ADDRESS, view, sequence)
        .number(Tag::Engaged, seconds)
        .number(Tag::Scroll, 40)
        .number(Tag::Tall, 1)
}

/// One who reads a page for some seconds, then clicks through to the next; as the tracker tells it.
struct Reader {
    view: u64,
    sequence: u32,
    opened: u32,
    stays: u32,
}

impl Reader {
    fn open(hall: &mut Hall, view: u64, stays: u32) -> Reader {
        hall.take(&Sent::view(ADDRESS, view, &format!("/page/{}", view % 90)));
        Reader { view, sequence: 0, opened: hall.now, stays }
    }

    fn send(&mut self, hall: &mut Hall, sent: Sent) {
        self.sequence += 1;
        let mut sent = sent;
        sent.head.sequence = self.sequence;
        hall.take(&sent);
    }

    /// What happens in this second; answers whether the page was left.
    fn live(&mut self, hall: &mut Hall) -> bool {
        let here = hall.now - self.opened;
        if here >= self.stays {
            let engaged = u64::from(here.saturating_sub(1));
            self.send(hall, engage(self.view, 0, engaged));
            self.send(hall, Sent::new(Kind::Leave, ADDRESS, self.view, 0).flags(Flags::LINK));
            return true;
        }
        if here > 0 && here.is_multiple_of(15) {
            self.send(hall, engage(self.view, 0, u64::from(here / 2)));
            self.send(hall, Sent::new(Kind::Beat, ADDRESS, self.view, 0));
        }
        false
    }
}

#[test]
fn an_office_of_a_hundred_people_is_counted_whole() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let mut next = 1_000;
    let mut views = 0;
    // Some skim (2 s a page), most read.
    let mut readers: Vec<Reader> = Vec::new();
    for second in 0..600u32 {
        hall.pass(1);
        for reader in &mut readers {
            if reader.live(&mut hall) {
                next += 1;
                views += 1;
                let stays = 2 + (next as u32 * 7919) % 58;
                *reader = Reader::open(&mut hall, next, stays);
            }
        }
        if second < 100 {
            next += 1;
            views += 1;
            readers.push(Reader::open(&mut hall, next, 2 + second % 30));
        }
    }
    assert_eq!(hall.excluded("bot"), 0);
    assert_eq!(hall.intake.live.site(SITE).unwrap().kept.views_today, views);
    assert!(views > 1500, "{views}");
}

#[test]
fn a_school_that_opens_a_page_in_the_same_moment_is_counted_whole() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let mut pupils: Vec<Reader> = (0..300)
        .map(|n| {
            if n % 20 == 0 {
                hall.pass(1);
            }
            Reader::open(&mut hall, 1000 + n, 90)
        })
        .collect();
    for _ in 0..80 {
        hall.pass(1);
        pupils.iter_mut().for_each(|pupil| {
            pupil.live(&mut hall);
        });
    }
    assert_eq!((hall.excluded("bot"), hall.intake.live.site(SITE).unwrap().kept.views_today), (0, 300));
}

#[test]
fn a_person_may_open_tabs_in_the_background() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let mut list = Reader::open(&mut hall, 1, 400);
    for n in 0..200 {
        hall.pass(1);
        list.live(&mut hall);
        if n < 120 && n % 4 == 0 {
            list.send(&mut hall, Sent::new(Kind::Click, ADDRESS, 1, 0).text(Tag::What, "link"));
            hall.take(&Sent::view(ADDRESS, 100 + n, "/product").flags(Flags::NONE));
        }
    }
    assert_eq!((hall.excluded("bot"), hall.intake.live.site(SITE).unwrap().kept.views_today), (0, 31));
}

/// A browser that a program drives, without saying so: opens a page, waits for it, goes to the next.
fn scrape(hall: &mut Hall, seconds: u32, pages_a_second: u64, leaves: bool) -> u64 {
    let mut view = 10_000;
    for _ in 0..seconds {
        hall.pass(1);
        for _ in 0..pages_a_second {
            view += 1;
            hall.take(&Sent::view(ADDRESS, view, &format!("/product/{view}")));
            hall.take(&Sent::new(Kind::Timing, ADDRESS, view, 1).number(Tag::Load, 300));
            if leaves {
                hall.take(&engage(view, 2, 0));
                hall.take(&Sent::new(Kind::Leave, ADDRESS, view, 3));
            }
        }
    }
    view - 10_000
}

#[test]
fn a_scraper_that_runs_javascript_is_set_aside() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let all = scrape(&mut hall, 300, 2, true);
    let site = hall.intake.live.site(SITE).unwrap();
    assert_eq!(hall.excluded("bot") + site.kept.views_today, all, "each is counted once, here or there");
    assert!(site.kept.views_today < 80, "{} of {all}", site.kept.views_today);
    let pages = hall.ask(&json!({ "what": "pages", "limit": 1000 }));
    assert!(pages["total"].as_u64().unwrap() < 80, "nor do its pages push out those of people");
    // What it repeats is one view.
    hall.take(&Sent::view(ADDRESS, 10_500, "/product/10500"));
    assert_eq!(hall.excluded("bot") + hall.intake.live.site(SITE).unwrap().kept.views_today, all);
    hall.sums_are_equal(&json!({}));
}

#[test]
fn a_scraper_that_kills_its_pages_is_set_aside_once_they_do_not_beat() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let all = scrape(&mut hall, 300, 5, false);
    let counted = hall.intake.live.site(SITE).unwrap().kept.views_today;
    assert!(counted < 5 * 45, "{counted} of {all}");
    assert_eq!(hall.excluded("bot") + counted, all);
    let mut hall = Hall::new(64 << 20, &json!({}));
    scrape(&mut hall, 60, 100, false);
    let counted = hall.intake.live.site(SITE).unwrap().kept.views_today;
    assert!(counted < 700, "the quicker, the sooner: {counted}");
}

#[test]
fn a_scraper_that_slows_down_is_counted_again_and_a_site_that_counts_bots_counts_all() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    scrape(&mut hall, 120, 2, true);
    let (aside, counted) = (hall.excluded("bot"), hall.intake.live.site(SITE).unwrap().kept.views_today);
    hall.pass(120);
    hall.take(&Sent::view(ADDRESS, 1, "/"));
    assert_eq!(hall.excluded("bot"), aside);
    assert_eq!(hall.intake.live.site(SITE).unwrap().kept.views_today, counted + 1);

    let mut hall = Hall::new(64 << 20, &json!({ "exclude_bots": false }));
    let all = scrape(&mut hall, 120, 2, true);
    assert_eq!(hall.intake.live.site(SITE).unwrap().kept.views_today, all);
}

#[test]
fn a_person_among_a_scrapers_views_is_heard() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    scrape(&mut hall, 120, 2, true);
    let aside = hall.excluded("bot");
    hall.pass(5);
    let mut reader = Reader::open(&mut hall, 77, 60);
    assert_eq!(hall.excluded("bot"), aside + 1);
    let before = hall.active();
    for _ in 0..20 {
        hall.pass(1);
        reader.live(&mut hall);
    }
    assert!(before == 0 && hall.active() == 1, "{before} {}", hall.active());
}
