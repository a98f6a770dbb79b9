//! Rules of the live state that the reference found broken, each as a few events.

// Helpers of tests may panic as tests may.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use qahm_engine::calendar::Calendar;
use qahm_engine::live::apply::Outcome;
use qahm_engine::live::facts::{Dim, Metric};
use qahm_engine::live::pages::PageId;
use qahm_engine::live::touch::{Touch, TouchKind};
use qahm_engine::live::visitor::VisitorKey;
use qahm_engine::live::{Live, Second};
use qahm_event::SiteId;

const SITE: SiteId = SiteId(7);
/// 2026-06-15 00:00:00 UTC.
const MIDNIGHT: i64 = 1_781_481_600;
/// The second of that midnight.
const DAY: Second = 1_000_000;

fn live(window: Second) -> Live {
    let mut live = Live::new(DAY - 3600, MIDNIGHT - i64::from(DAY), 1 << 20);
    live.set_site(SITE, window, Calendar::default());
    live.site_mut(SITE).unwrap().pages.number("/a", "");
    live
}

/// An event of one key at second `DAY + after`, drained then.
fn hear(live: &mut Live, after: i64, view: u64, sequence: u32, kind: TouchKind) -> Outcome {
    let at = (i64::from(DAY) + after) as Second;
    live.advance(at);
    apply(live, at, view, sequence, kind)
}

fn apply(live: &mut Live, at: Second, view: u64, sequence: u32, kind: TouchKind) -> Outcome {
    live.apply(&Touch {
        site: SITE,
        kind,
        on: kind == TouchKind::View,
        private: false,
        at,
        sequence,
        key: VisitorKey(1),
        view,
        page: PageId(1),
        from: PageId(0),
        profile: Default::default(),
        detail: Default::default(),
    })
}

fn five(live: &Live) -> u64 {
    live.site(SITE).unwrap().visitors_five(live.now())
}

fn thirty(live: &Live) -> u64 {
    live.site(SITE).unwrap().visitors_thirty(live.now())
}

#[test]
fn a_begun_view_that_begins_again_is_one_view() {
    let mut live = live(60);
    assert_ne!(hear(&mut live, 0, 1, 0, TouchKind::View), Outcome::Taken);
    assert_eq!(hear(&mut live, 1, 1, 1, TouchKind::View), Outcome::Taken);
    assert_eq!(live.site(SITE).unwrap().kept.views_today, 1);
}

#[test]
fn a_view_that_time_ends_is_in_no_second_after_it() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    hear(&mut live, 0, 2, 0, TouchKind::View);
    hear(&mut live, 50, 2, 1, TouchKind::Beat);
    // The first view was there until second 59.
    for (sequence, after) in (65..=350).step_by(15).enumerate() {
        hear(&mut live, after, 2, sequence as u32 + 2, TouchKind::Beat);
    }
    live.advance(DAY + 358);
    assert_eq!(five(&live), 2);
    live.advance(DAY + 359);
    assert_eq!(five(&live), 1);
}

#[test]
fn a_key_counts_today_as_what_it_was_at_midnight() {
    let mut live = live(60);
    hear(&mut live, -10, 1, 0, TouchKind::View);
    hear(&mut live, -10, 2, 0, TouchKind::View);
    hear(&mut live, 5, 1, 1, TouchKind::Hidden);
    let site = live.site(SITE).unwrap();
    assert_eq!((site.active, site.today), (1, 2));
}

#[test]
fn a_key_heard_from_again_after_half_an_hour_counts_as_what_it_was_in_it() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    hear(&mut live, 0, 2, 0, TouchKind::View);
    // Both were there until second 59, which the window of half an hour holds until second 1858.
    let outcome = hear(&mut live, 1858, 3, 0, TouchKind::View);
    assert!(matches!(outcome, Outcome::View { new_visit: true, .. }), "{outcome:?}");
    assert_eq!(thirty(&live), 2);
    live.advance(DAY + 1859);
    assert_eq!(thirty(&live), 1);
    live.advance(DAY + 1858 + 1800 + 60);
    assert_eq!(live.visitors(), 0);
}

#[test]
fn a_longer_window_counts_at_once_in_every_number() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    hear(&mut live, 100, 2, 0, TouchKind::View);
    live.set_site(SITE, 120, Calendar::default());
    let site = live.site(SITE).unwrap();
    assert_eq!((site.active, site.today, site.kept.peak), (2, 2, 2));
    assert_eq!(site.minutes.series().last(), Some(&2));
}

#[test]
fn a_view_that_left_cannot_leave_again() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    hear(&mut live, 1, 1, 1, TouchKind::Leave);
    live.advance(DAY + 5);
    // Nor does it answer for another view that waits for its own leave.
    hear(&mut live, 6, 1, 2, TouchKind::Leave);
    assert_eq!(live.site(SITE).unwrap().active, 0);
}

#[test]
fn a_late_leave_counts_from_its_own_second() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    live.advance(DAY + 2);
    apply(&mut live, DAY + 1, 1, 1, TouchKind::Leave);
    live.advance(DAY + 3);
    assert_eq!(live.site(SITE).unwrap().active, 1);
    live.advance(DAY + 4);
    assert_eq!(live.site(SITE).unwrap().active, 0);
}

#[test]
fn an_eviction_alone_is_stored() {
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    live.site_mut(SITE).unwrap().dirty = false;
    live.set_budget(0);
    assert_eq!(live.evict().len(), 1);
    let site = live.site(SITE).unwrap();
    assert!(site.dirty, "what was evicted today would be lost by a restart");
    assert_eq!((site.today, site.kept.evicted_today), (1, 1));
}

#[test]
fn an_office_beyond_the_views_kept_of_a_key_is_approximate() {
    let mut live = live(60);
    for view in 1..=64 {
        hear(&mut live, 0, view, 0, TouchKind::View);
    }
    assert!(!live.site(SITE).unwrap().approximate(live.now()));
    hear(&mut live, 1, 65, 0, TouchKind::View);
    let site = live.site(SITE).unwrap();
    assert_eq!((site.active, site.pages.active_sum()), (64, 64));
    assert!(site.approximate(live.now()));
}

#[test]
fn keys_remembered_by_many_sites_share_a_quarter_of_the_memory() {
    let mut live = live(60);
    live.advance(DAY);
    let empty = live.bytes();
    let ids: Vec<SiteId> = (1..=8).map(SiteId).collect();
    ids.iter().for_each(|id| live.set_site(*id, 60, Calendar::default()));
    let budget = live.bytes() + 100_000;
    live.set_budget(budget);
    for id in &ids {
        for key in 1..=300 {
            let (at, view) = (live.now(), key);
            let (key, kind) = (VisitorKey(key), TouchKind::View);
            let page = PageId(0);
            let touch = Touch {
                site: *id,
                kind,
                on: true,
                private: false,
                at,
                sequence: 0,
                key,
                view,
                page,
                from: page,
                profile: Default::default(),
                detail: Default::default(),
            };
            live.apply(&touch);
        }
        live.advance(live.now() + 2000);
    }
    let remembered = live.bytes() - empty;
    assert!(remembered < budget / 4 + 8 * 400, "{remembered} bytes of {budget}");
    // Who is not remembered by key is still counted.
    assert!(ids.iter().all(|id| live.site(*id).unwrap().today == 300));
}

#[test]
fn what_a_key_was_takes_memory_until_it_is_forgotten() {
    let mut live = live(60);
    let empty = live.bytes();
    for view in 1..=40 {
        hear(&mut live, view as i64, view, 0, TouchKind::View);
    }
    live.advance(DAY + 400);
    let busy = live.bytes();
    hear(&mut live, 401, 99, 0, TouchKind::View);
    live.advance(DAY + 6000);
    assert!(busy > empty + 40 * 8);
    assert_eq!(live.visitors(), 0);
    assert_eq!(live.bytes(), empty + 36, "one key of today");
}

/// Visits that left by minute, of the site, a page or a profile.
fn left(live: &Live, dim: Dim) -> Vec<(i64, i64)> {
    let sums = live.site(SITE).unwrap().rollups.iter();
    let mut left: Vec<_> = sums
        .filter(|(cell, _)| cell.dim == dim)
        .map(|(cell, sums)| (cell.minute, sums[Metric::Left as usize]))
        .filter(|(_, number)| *number != 0)
        .collect();
    left.sort_unstable();
    left
}

#[test]
fn a_return_undoes_the_leave_in_its_own_minute_whatever_the_clock_was_set_to() {
    // At 120 and 180 s the visit leaves with the turn of a minute, at 177 s within one.
    for (heard, moved) in
        [(0, 3600), (0, -3600), (-60, 100), (-3, 45), (-3, -90), (0, 0), (0, 2 * 86_400), (0, -86_000)]
    {
        let mut live = live(60);
        hear(&mut live, heard, 1, 0, TouchKind::View);
        live.advance(DAY + 200);
        let before = left(&live, Dim::Site);
        assert_eq!(before.iter().map(|m| m.1).collect::<Vec<_>>(), [1]);
        live.set_offset(MIDNIGHT - i64::from(DAY) + moved);
        live.advance(DAY + 260);
        hear(&mut live, 300, 1, 1, TouchKind::Beat);
        for dim in [Dim::Site, Dim::Page, Dim::Profile] {
            assert_eq!(left(&live, dim), [], "{heard} {moved} {dim:?}");
        }
        // The row of the leave has the time it was stored with.
        let site = live.site(SITE).unwrap();
        let (_, second) = site.undone[0];
        assert_eq!(live.offsets().unix(second), MIDNIGHT + heard + 180);
    }
}

fn approximate(live: &Live) -> bool {
    live.site(SITE).unwrap().approximate(live.now())
}

#[test]
fn a_view_that_had_to_go_makes_the_half_hour_approximate() {
    let mut live = live(60);
    // So many tabs opened and closed one after the other: none of them counts when it goes.
    for view in 1..=64 {
        let after = view as i64 * 5;
        hear(&mut live, after, view, 0, TouchKind::View);
        hear(&mut live, after + 1, view, 1, TouchKind::Leave);
    }
    live.advance(live.now() + 4);
    assert!(!approximate(&live));
    hear(&mut live, 330, 65, 0, TouchKind::View);
    assert!(approximate(&live), "a page has one view less than there were");
    live.advance(DAY + 5 + 1 + 1799);
    assert!(approximate(&live));
    live.advance(DAY + 5 + 1 + 1800);
    assert!(!approximate(&live), "no window holds it any more");
}

#[test]
fn a_page_that_falls_out_of_the_journey_makes_the_half_hour_approximate() {
    let mut live = live(60);
    for page in 2..=60 {
        live.site_mut(SITE).unwrap().pages.number(&format!("/{page}"), "");
    }
    let walk = |live: &mut Live, step: u32, page: u32| {
        // Slowly: of views there are never too many.
        let at = DAY + step * 60;
        live.advance(at);
        live.apply(&Touch {
            site: SITE,
            kind: TouchKind::View,
            on: true,
            private: false,
            at,
            sequence: 0,
            key: VisitorKey(1),
            view: u64::from(step) + 1,
            page: PageId(page),
            from: PageId(0),
            profile: Default::default(),
            detail: Default::default(),
        });
    };
    // To and fro between two pages: none of them is forgotten, however often.
    for step in 0..55 {
        walk(&mut live, step, 1 + step % 2);
    }
    assert!(!approximate(&live));
    for step in 55..103 {
        walk(&mut live, step, step - 52);
    }
    assert!(!approximate(&live), "the visit began on the first page, and the second has just room");
    walk(&mut live, 103, 51);
    assert!(approximate(&live));
    let bytes: Vec<Vec<u8>> = (0..64).map(|bucket| live.encode_bucket(bucket)).collect();
    let before = live.now();
    live.advance(before + 1800);
    assert!(!approximate(&live), "the visit is over");
    let mut again = self::live(60);
    again.advance(before);
    bytes.iter().for_each(|bytes| again.decode_bucket(bytes));
    walk(&mut again, 104, 52);
    assert!(approximate(&again), "it is known after a restart, too");
}

#[test]
fn sums_of_forms_are_those_of_the_last_half_hour() {
    use qahm_engine::live::facts::EntryKind;
    use qahm_engine::live::names::NameKind;
    let mut live = live(60);
    hear(&mut live, 0, 1, 0, TouchKind::View);
    let form = live.name(SITE, NameKind::Form, "contact");
    let mut tell = |after: Second, sub: u8| {
        live.advance(DAY + after);
        let origin = live.origin_of_view(SITE, 1).unwrap();
        live.tell(SITE, origin, EntryKind::Form, sub, form, 0);
        let site = live.site(SITE).unwrap();
        [Dim::Site, Dim::Page, Dim::Name].map(|dim| {
            [Metric::FormsStarted, Metric::FormsAbandoned, Metric::FormsSubmitted].map(|metric| {
                let sums = site.rollups.iter().filter(|(cell, _)| cell.dim == dim);
                sums.map(|(_, sums)| sums[metric as usize]).sum::<i64>()
            })
        })
    };
    // Started, filled, abandoned, filled again, submitted.
    assert_eq!(tell(1, 0), [[1, 0, 0]; 3]);
    assert_eq!(tell(2, 0), [[1, 0, 0]; 3]);
    assert_eq!(tell(70, 2), [[1, 1, 0]; 3]);
    assert_eq!(tell(130, 1), [[1, 1, 0]; 3]);
    assert_eq!(tell(190, 3), [[1, 0, 1]; 3]);
    assert_eq!(tell(191, 2), [[1, 0, 1]; 3]);
}
