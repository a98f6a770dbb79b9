//! The tables: older ones are brought up, what is asked of them finds an index, and logs come back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

#[path = "history/shop.rs"]
#[allow(dead_code)]
mod shop;

use qahm_engine::clock::Mark;
use qahm_engine::config::SiteConfig;
use qahm_engine::live::Live;
use qahm_engine::live::facts::{Entry, EntryKind, UNTOLD};
use qahm_engine::live::names::NameId;
use qahm_engine::live::pages::PageId;
use qahm_engine::live::profiles::ProfileId;
use qahm_engine::live::visitor::VisitorKey;
use qahm_engine::store::Store;
use qahm_engine::store::batch::{Batch, EventRow};
use rusqlite::Connection;
use shop::{SITE, Shop};

const NOW: i64 = 20_779 * 86_400 + 1800;

#[test]
fn a_database_of_version_1_goes_on_with_what_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let db = Connection::open(directory.path().join("realtime.db")).unwrap();
    db.execute_batch(include_str!("data/version1.sql")).unwrap();
    db.execute_batch(
        "PRAGMA user_version = 1;
         INSERT INTO pages VALUES (7, 3, '/a', 'A', 20779);
         INSERT INTO minutes VALUES (7, 29922000, 5, 9);
         INSERT INTO views_20261122 VALUES (7, 1795305600123, 1, 2, 3, 3, NULL);
         INSERT INTO requests_20261122 VALUES (7, 1795305600123, '/a', 200, 1000, 20, 0);
         INSERT INTO requests_20261122 VALUES (7, 1795305600124, '/gone', 404, NULL, NULL, 0);
         INSERT INTO requests_20261122 VALUES (7, 1795305600124, '/a', 200, NULL, NULL, 65);",
    )
    .unwrap();
    drop(db);
    for _ in 0..2 {
        drop(Store::open(directory.path()).unwrap());
    }
    let db = Connection::open(directory.path().join("realtime.db")).unwrap();
    let mut query = db
        .prepare("SELECT page, path, status, fatal, generation FROM requests_20261122 ORDER BY at, n")
        .unwrap();
    type Row = (i64, Option<String>, i64, i64, Option<i64>);
    let rows: Vec<Row> = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected: [Row; 3] = [
        (3, None, 200, 0, Some(1000)),
        (0, Some("/gone".into()), 404, 0, None),
        (3, Some("/a".into()), 200, 1, None),
    ];
    assert_eq!(rows, expected);
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("SELECT profile FROM views_20261122"), 0);
    assert_eq!(one("SELECT active FROM minutes WHERE visitors_today IS NULL"), 5);
    assert_eq!(one("PRAGMA user_version"), 3);
    // The tables are those of a new database, whatever the order of their columns.
    let fresh = tempfile::tempdir().unwrap();
    drop(Store::open(fresh.path()).unwrap());
    let new = Connection::open(fresh.path().join("realtime.db")).unwrap();
    let columns = |db: &Connection| -> Vec<String> {
        let mut query = db
            .prepare(
                "SELECT m.name || '.' || c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
                 WHERE m.type = 'table' AND m.name NOT GLOB '*_2026*' ORDER BY 1",
            )
            .unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(columns(&db), columns(&new));
}

#[test]
fn hours_of_version_2_are_summed_up_anew_from_their_minutes() {
    let mut shop = Shop::new(3, NOW - 3 * 3600, "UTC");
    shop.trade(3 * 3600 - 60);
    shop.summarise();
    let question = |json| serde_json::from_value::<qahm_engine::history::HistoryQuestion>(json).unwrap();
    let asked = question(serde_json::json!({"filter": {"country": "FR"}, "dimension": "browser"}));
    let before = shop.answer(&asked).unwrap();
    assert!(!before["history"]["rows"].as_array().unwrap().is_empty());
    // Such hours had the features of profiles one by one, as bytes of another form.
    shop.db()
        .execute_batch(
            "UPDATE hours SET dim = 9, cells = x'00ff' WHERE dim = 2;
             INSERT INTO hours (site, dim, hour, cells) SELECT site, 2, hour, x'00ff' FROM hours WHERE dim = 9;
             PRAGMA user_version = 2;",
        )
        .unwrap();
    shop.crash();
    assert_eq!(shop.answer(&asked).unwrap(), before, "from the minutes");
    assert!(shop.stale() >= 2);
    shop.summarise();
    assert_eq!(shop.answer(&asked).unwrap(), before);
    let of = |dim: u8| -> i64 {
        let sql = format!("SELECT count(*) FROM hours WHERE dim = {dim}");
        shop.db().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(of(2) >= 2 && of(9) == 0);
}

/// Every statement the store and its screens run on tables that grow, as SQLite would run it.
#[test]
fn every_query_finds_an_index() {
    let mut shop = Shop::new(5, NOW - 7200, "UTC");
    shop.trade(7200);
    shop.summarise();
    let db = shop.db();
    let day = "20261122";
    let sums = "site = 1 AND dim = 1";
    for sql in [
        format!("SELECT * FROM rollups_{day} WHERE {sums} AND minute >= 5 AND minute < 9"),
        format!("SELECT * FROM rollups_{day} WHERE {sums} AND (minute, key) > (5, 6) AND minute < 9 ORDER BY minute, key LIMIT 10"),
        format!("SELECT * FROM times_{day} WHERE site = 1 AND (at, n) > (5, 6) AND at < 9 ORDER BY at, n LIMIT 10"),
        format!("SELECT * FROM requests_{day} WHERE site = 1 AND (at, n) > (5, 6) AND at < 9 ORDER BY at, n LIMIT 10"),
        format!("SELECT * FROM events_{day} WHERE site = 1 AND at >= 5 AND second >= 7 ORDER BY at, id"),
        format!("SELECT * FROM events_{day} WHERE site = 1 ORDER BY at DESC, id DESC LIMIT 200"),
        format!("SELECT at FROM events_{day} AS events INDEXED BY events_{day}_changes WHERE site = 1 AND at >= 5 AND at < 9 AND kind = 12 ORDER BY at DESC LIMIT 100"),
        format!("UPDATE events_{day} SET undone = 1 WHERE site = 1 AND at = 5 AND id = 6"),
        format!("SELECT rowid FROM views_{day} WHERE site = 1 AND at < 5 LIMIT 10"),
        format!("SELECT site, dim, minute, key FROM rollups_{day} WHERE {sums} AND minute < 5 LIMIT 10"),
        "SELECT cells FROM hours WHERE site = 1 AND dim = 2 AND hour >= 3 AND hour < 4".into(),
        "SELECT whole, pages FROM sketches WHERE site = 1 AND span = 60 AND number = 5".into(),
        "SELECT number, whole FROM sketches WHERE site = 1 AND span = 60 AND number >= 5 AND number < 7".into(),
        "UPDATE sketches SET pages = NULL WHERE site = 1 AND span = 60 AND pages IS NOT NULL AND number < 7".into(),
        "SELECT began, value FROM baselines WHERE site = 1 AND began >= 5 AND began <= 9".into(),
        "SELECT peak, day FROM records WHERE site = 1 AND day < 5 ORDER BY peak DESC, day DESC LIMIT 1".into(),
        "SELECT minute, active, views FROM minutes WHERE site = 1 AND minute >= 5 AND minute < 9".into(),
        "SELECT count(*), avg(active), max(active), minute FROM minutes WHERE site = 1 AND minute >= 5 AND minute < 9".into(),
        "SELECT page FROM pages WHERE site = 1 AND path = '/'".into(),
        "SELECT path FROM pages WHERE site = 1 AND page = 5".into(),
        "SELECT text FROM names WHERE site = 1 AND id = 5".into(),
        "SELECT os FROM profiles WHERE site = 1 AND id = 5".into(),
        "SELECT what, number FROM stale WHERE site = 1".into(),
        "SELECT site, id FROM names WHERE day < 5 LIMIT 10".into(),
        "SELECT site, id FROM profiles WHERE day < 5 LIMIT 10".into(),
        "SELECT site, began FROM baselines WHERE began < 5 LIMIT 10".into(),
    ] {
        let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = query.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        println!("{sql}\n    {}", plan.join("; "));
        assert!(plan.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {plan:?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert_eq!(sorts, sql.contains("FROM records"), "a day has one record: {sql}: {plan:?}");
    }
}

fn entry(id: u64, at: u32, kind: EntryKind) -> Entry {
    Entry {
        id,
        at,
        kind,
        sub: 1,
        undone: false,
        page: PageId(3),
        profile: ProfileId(4),
        name: NameId(17),
        value: 9,
        key: VisitorKey(u64::MAX - id),
        visit: 5,
        view: id,
    }
}

#[test]
fn logs_come_back_though_the_clock_was_set() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut batch = Batch::default();
    let mut commit = |store: &mut Store, rows: &[(u64, u32)], offset: i64, undone: &[(u64, u32)]| {
        let ms = |second: u32| (i64::from(second) + offset) * 1000;
        for (id, at) in rows {
            batch.events.push(EventRow { site: SITE, at: ms(*at), entry: entry(*id, *at, EntryKind::Left) });
        }
        batch.undone.extend(undone.iter().map(|(id, at)| (SITE, *id, ms(*at))));
        let last = rows.last().unwrap().1;
        let live = Live::new(last, offset, 1 << 22);
        let mark = Mark { boot: "b".into(), shift: 0, second: last, unix: live.unix() };
        store.commit(&batch, &live, &mark).unwrap();
        batch.clear();
    };
    // The clock is put forward by an hour, then back by two days.
    let base = NOW - 10_000;
    let long_ago: Vec<(u64, u32)> = (1..=300).map(|n| (n, 5000 + n as u32)).collect();
    commit(&mut store, &long_ago, base, &[]);
    commit(&mut store, &[(301, 8300), (302, 9000)], base, &[(302, 9000)]);
    commit(&mut store, &[(303, 9400)], base + 3600, &[]);
    commit(&mut store, &[(304, 9800)], base - 2 * 86_400, &[]);
    let ids = |store: &Store, now: u32| -> Vec<u64> {
        store.recent(SITE, now, base - 2 * 86_400).unwrap().events.iter().map(|e| e.id).collect()
    };
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    // At least 200, whatever their age, and in order.
    let found = ids(&store, 10_000);
    assert!(found.len() >= 200 && found.is_sorted());
    assert!((301..=304).all(|id| found.contains(&id)), "{found:?}");
    let all = store.recent(SITE, 6700, base).unwrap().events;
    assert_eq!(all.first().map(|e| e.id), Some(1));
    let undone: Vec<u64> = all.iter().filter(|e| e.undone).map(|e| e.id).collect();
    assert_eq!(undone, [302]);
    assert_eq!(Entry { undone: false, ..all[301] }, entry(302, 9000, EntryKind::Left));
    assert_eq!(all[4], entry(5, 5005, EntryKind::Left));
}

#[test]
fn names_profiles_and_timings_come_back_and_go_with_their_site() {
    let mut shop = Shop::new(9, NOW - 7200, "UTC");
    shop.trade(7200);
    shop.summarise();
    let config = SiteConfig::parse(r#"{"hosts":["a.test"]}"#).unwrap();
    let recovered = shop.store.recover(&[(SITE, config)].into(), 10, NOW - 10, 1 << 24).unwrap();
    let site = recovered.live.site(SITE).unwrap();
    assert_eq!(site.profiles.get(5), shop::profile(5).as_ref());
    assert_eq!(site.names.text(NameId(33)), "link\u{1f}/target33\u{1f}label");
    assert_eq!(&*site.pages.get(PageId(4)).unwrap().meta.category, "c1");
    let recent = shop.store.recent(SITE, 1800, NOW - 10).unwrap();
    let since = (NOW - 10 - 60) * 1000;
    let expected: Vec<u32> =
        shop.times.iter().filter(|t| t.0 >= since).map(|t| t.2.unwrap_or(u32::from(UNTOLD))).collect();
    let mut found: Vec<u32> = recent.times.iter().map(|t| u32::from(t.values[0])).collect();
    found.sort_unstable();
    let mut expected = expected;
    expected.sort_unstable();
    assert!(expected.iter().all(|load| found.contains(load)), "{expected:?} of {found:?}");
    shop.store.forget(SITE, &Live::new(10, NOW - 10, 1 << 22)).unwrap();
    let db = shop.db();
    let mut query = db
        .prepare("SELECT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'site'")
        .unwrap();
    let tables: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables {
        let left: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[test]
fn sums_go_by_whole_hours_and_nothing_needed_goes_with_them() {
    let mut shop = Shop::new(11, NOW - 30 * 3600, "UTC");
    for _ in 0..30 {
        shop.trade(3600);
    }
    shop.summarise();
    while shop.store.expire(shop.unix, &[(SITE, 3)]).unwrap() {}
    // A few hours go with each step.
    for _ in 0..20 {
        shop.store.expire(shop.unix, &[(SITE, 3)]).unwrap();
    }
    let edge = (shop.unix - 3 * 3600).div_euclid(3600);
    let db = shop.db();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap();
    assert!(one("SELECT min(hour) FROM hours").unwrap() >= edge);
    assert!(one("SELECT min(number) FROM sketches WHERE span = 60").unwrap() >= edge * 60);
    assert!(one("SELECT count(*) FROM minutes").unwrap() > 1000, "totals are kept 8 days");
    assert!(one("SELECT count(*) FROM baselines").unwrap() > 10);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name GLOB 'rollups_*'";
    assert!(one(tables).unwrap() <= 2);
    let pages = one("SELECT count(*) FROM pages").unwrap();
    assert!(pages > 5, "still referred to");
}
