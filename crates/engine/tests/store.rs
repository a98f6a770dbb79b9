//! What the store forgets, and when.
#![allow(clippy::unwrap_used)] // helpers are not seen as tests

use std::collections::HashMap;

use qahm_engine::calendar::Calendar;
use qahm_engine::clock::Mark;
use qahm_engine::live::facts::{Cell, Dim, Entry, EntryKind, METRICS, Request, Timing};
use qahm_engine::live::names::NameId;
use qahm_engine::live::pages::{OTHER, PageId};
use qahm_engine::live::profiles::ProfileId;
use qahm_engine::live::touch::{Touch, TouchKind};
use qahm_engine::live::visitor::VisitorKey;
use qahm_engine::live::{Live, Second};
use qahm_engine::store::Store;
use qahm_engine::store::batch::{Batch, EventRow, RequestRow, TimingRow, ViewRow};
use qahm_event::SiteId;

const HOUR: i64 = 3600;
/// Noon of a day.
const NOW: i64 = 20_779 * 86_400 + 12 * HOUR;

fn mark(live: &Live) -> Mark {
    Mark { boot: "boot".into(), shift: 0, second: live.now(), unix: live.unix() }
}

/// One row of each kind of a site, some hours ago.
fn rows(batch: &mut Batch, site: u64, hours: i64) {
    let (site, at) = (SiteId(site), (NOW - hours * HOUR) * 1000);
    let (page, profile) = (PageId(0), ProfileId(0));
    batch.views.push(ViewRow { site, at, view: 1, visit: None, page: 0, profile: 0 });
    let request = Request {
        at: 0,
        page,
        profile,
        status: 200,
        fatal: false,
        bot: false,
        generation: u32::MAX,
        queries: u32::MAX,
    };
    batch.requests.push(RequestRow { site, at, request, path: None });
    let entry = Entry {
        id: batch.events.len() as u64 + 1,
        at: 0,
        kind: EntryKind::Click,
        sub: 0,
        undone: false,
        page,
        profile,
        name: NameId(0),
        value: 0,
        key: VisitorKey(0),
        visit: 0,
        view: 0,
    };
    batch.events.push(EventRow { site, at, entry });
    batch.times.push(TimingRow {
        site,
        at,
        timing: Timing { at: 0, page, profile, internal: false, values: [1; 6] },
    });
    batch.rollups.insert((site, Cell { minute: at / 60_000, dim: Dim::Page, key: 1 }), [1; METRICS]);
}

/// Rows per (kind, site).
fn count(directory: &std::path::Path) -> HashMap<(String, i64), i64> {
    let db = rusqlite::Connection::open(directory.join("realtime.db")).unwrap();
    let mut query = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_2%' ESCAPE '\\'")
        .unwrap();
    let tables: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut counts = HashMap::new();
    for table in tables {
        let kind = table.split('_').next().unwrap().to_owned();
        let mut query = db.prepare(&format!("SELECT site, count(*) FROM {table} GROUP BY site")).unwrap();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            *counts.entry((kind.clone(), row.get(0).unwrap())).or_default() += row.get::<_, i64>(1).unwrap();
        }
    }
    counts
}

#[test]
fn each_site_keeps_its_own_hours_and_empty_days_go() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let live = Live::new(1000, NOW - 1000, 1 << 24);
    let mut batch = Batch::default();
    for site in [1, 2, 3] {
        for hours in [0, 2, 23, 25, 47, 49, 100] {
            rows(&mut batch, site, hours);
        }
    }
    store.commit(&batch, &live, &mark(&live)).unwrap();
    let retention = [(SiteId(1), 1), (SiteId(2), 24), (SiteId(3), 48)];
    while store.expire(NOW, &retention).unwrap() {}
    let counts = count(directory.path());
    for kind in ["views", "requests", "events", "times", "rollups"] {
        for (site, left) in [(1, 1), (2, 3), (3, 5)] {
            assert_eq!(counts.get(&(kind.to_owned(), site)), Some(&left), "{kind} of site {site}");
        }
    }
    let db = rusqlite::Connection::open(directory.path().join("realtime.db")).unwrap();
    let old = format!("SELECT count(*) FROM sqlite_schema WHERE name = 'views_{}'", "20261118");
    assert_eq!(
        db.query_row(&old, [], |row| row.get::<_, i64>(0)).unwrap(),
        0,
        "a day nobody needs is dropped"
    );
    // A row that comes late for a dropped day makes the day anew.
    batch.clear();
    rows(&mut batch, 3, 100);
    store.commit(&batch, &live, &mark(&live)).unwrap();
}

#[test]
fn the_journal_and_the_keys_of_visitors_go_within_the_hour() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut live = Live::new(10_000, NOW - 10_000, 1 << 24);
    live.set_site(SiteId(1), 60, Calendar::default());
    let mut batch = Batch::default();
    let touch = Touch {
        site: SiteId(1),
        kind: TouchKind::View,
        on: true,
        private: false,
        at: 10_000,
        sequence: 0,
        key: VisitorKey(0x1234_5678_9abc_def0),
        view: 77,
        page: PageId(0),
        from: OTHER,
        profile: Default::default(),
        detail: Default::default(),
    };
    live.apply(&touch);
    batch.touch(&touch, live.now());
    store.commit(&batch, &live, &mark(&live)).unwrap();
    batch.clear();
    // The engine looks once a second. Nobody comes any more, and at midnight the day forgets its keys.
    let mut commits = 0;
    for second in 10_001..10_000 + 13 * HOUR as Second {
        live.advance(second);
        if store.bucket_due(second) {
            store.commit(&batch, &live, &mark(&live)).unwrap();
            commits += 1;
        }
        if second == 10_000 + 35 * 60 {
            let db = rusqlite::Connection::open(directory.path().join("realtime.db")).unwrap();
            let journal: i64 = db.query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
            assert_eq!(journal, 0, "what was touched half an hour ago");
        }
    }
    let db = rusqlite::Connection::open(directory.path().join("realtime.db")).unwrap();
    let held = "SELECT count(*) FROM buckets WHERE length(state) > 1";
    assert_eq!(db.query_row(held, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "no key is left");
    assert!(commits < 13 * 3600 / 25, "{commits}");
    assert!(!store.bucket_due(Second::MAX), "and then it is quiet");
}
