//! GDPR mode switched on: nothing it does not keep is left in the files, and every sum stays what it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

#[path = "history/shop.rs"]
#[allow(dead_code)]
mod shop;

use std::time::Duration;

use qahm_engine::clock::Mark;
use qahm_engine::history::HistoryQuestion;
use qahm_engine::live::Live;
use qahm_engine::live::facts::{Entry, EntryKind, Request};
use qahm_engine::live::names::{NameId, NameKind};
use qahm_engine::live::pages::{Meta, Page, PageId};
use qahm_engine::live::profiles::ProfileId;
use qahm_engine::live::visitor::VisitorKey;
use qahm_engine::store::batch::{Batch, EventRow, RequestRow, ViewRow};
use qahm_event::SiteId;
use serde_json::{Value, json};
use shop::{SITE, Shop};

const NOW: i64 = 20_779 * 86_400 + 1800;
/// Steps of one chunk each, however fast the machine is.
const CHUNK: Duration = Duration::ZERO;
const KEY: u64 = 0x4a61_6e65_5f6b_6579;
const OTHER: SiteId = SiteId(5);

/// Rows of two days that tell who somebody is, and what somebody wrote.
fn personal(site: SiteId) -> Batch {
    let mut batch = Batch::default();
    for n in 0..3000u64 {
        let at = (NOW - 7200 + n as i64 * 2) * 1000;
        let visit = Some((KEY + n % 5, NOW - 7200));
        batch.views.push(ViewRow { site, at, view: n, visit, page: 1, profile: 5 });
        let entry = Entry {
            id: n + 1,
            at: 5,
            kind: EntryKind::Click,
            sub: 0,
            undone: false,
            page: PageId(1),
            profile: ProfileId(5),
            name: NameId(0),
            value: 0,
            key: VisitorKey(KEY + n % 5),
            visit: 4,
            view: n + 1,
        };
        batch.events.push(EventRow { site, at, entry });
        let request = Request {
            at: 5,
            page: PageId(0),
            profile: ProfileId(5),
            status: 404,
            fatal: false,
            bot: false,
            generation: 1000,
            queries: 5,
        };
        let path = Some(format!("/gone?p={n}&tag=jane"));
        batch.requests.push(RequestRow { site, at, request, path });
    }
    for (n, kind, text) in [
        (101, NameKind::Term, "jane doe"),
        (102, NameKind::Properties, "{\"name\":\"jane\"}"),
        (103, NameKind::Error, "GET /a?mail=jane@b.test failed\u{1f}/app.js\u{1f}7"),
        (104, NameKind::Report, "warning\u{1f}no /a?mail=jane@b.test\u{1f}/a.php\u{1f}7"),
        (105, NameKind::Broken, "/broken?p=7&tag=jane"),
        (106, NameKind::Linker, "/gone?tag=jane\u{1f}https://b.test/"),
        (107, NameKind::Form, "contact"),
    ] {
        let id = NameId(n * 16 + kind as u32);
        batch.names.push((site, id, kind, text.into(), 20_779));
    }
    for (id, path, title) in [(90, "/blog?tag=jane&p=7", "Blog"), (91, "/search", "Results for jane")] {
        let (path, title) = (path.into(), title.into());
        let meta = Meta::default();
        batch.pages.push((site, Page { id: PageId(id), path, title, meta, held: 0, active: 0, day: 20_779 }));
    }
    batch
}

fn commit(shop: &mut Shop, batch: &Batch) {
    let live = Live::new(10, NOW - 10, 1 << 22);
    let mark = Mark { boot: "boot".into(), shift: 0, second: 10, unix: NOW };
    shop.store.commit(batch, &live, &mark).unwrap();
}

/// What is in the database and its log.
fn bytes(shop: &Shop) -> Vec<u8> {
    let place = shop.db().path().unwrap().to_owned();
    ["", "-wal"].iter().flat_map(|end| std::fs::read(format!("{place}{end}")).unwrap_or_default()).collect()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A screen of everything; of a city and a campaign, what is known without them.
fn screens(shop: &mut Shop) -> Vec<(String, Value)> {
    let ask = |question| serde_json::from_value::<HistoryQuestion>(question).unwrap();
    let mut screens = Vec::new();
    for dimension in ["country", "source", "device", "page"] {
        let mut answer = shop.answer(&ask(json!({"range": "24h", "dimension": dimension}))).unwrap();
        let members = answer["history"].as_object_mut().unwrap();
        screens
            .extend(members.iter_mut().map(|(name, value)| (format!("{name} of {dimension}"), value.take())));
    }
    screens
}

#[test]
fn nothing_is_left_in_the_files_and_sums_stay() {
    let mut shop = Shop::new(21, NOW - 7200, "UTC");
    shop.trade(7200);
    shop.summarise();
    // Another site of the same user has the same, and keeps it.
    shop.store.set_config(OTHER, r#"{"hosts":["b.test"]}"#).unwrap();
    shop.store.set_config(SITE, r#"{"hosts":["a.test"]}"#).unwrap();
    commit(&mut shop, &personal(SITE));
    let mut other = personal(OTHER);
    other.names.retain(|(_, _, kind, ..)| *kind == NameKind::Term);
    other.names.iter_mut().for_each(|name| name.3 = "somebody else".into());
    (other.pages, other.requests) = (Vec::new(), Vec::new());
    other.views.iter_mut().for_each(|view| view.visit = Some((77, 77)));
    other.events.iter_mut().for_each(|event| event.entry.key = VisitorKey(77));
    commit(&mut shop, &other);
    // What was deleted long ago stands in free pages of the file.
    shop.db()
        .execute_batch(
            "PRAGMA secure_delete = OFF; CREATE TABLE old (text);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
               INSERT INTO old SELECT 'jane was here ' || i || ' ' || hex(randomblob(200)) FROM n;
             DROP TABLE old; PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .unwrap();
    let before = screens(&mut shop);
    let all = bytes(&shop);
    for part in [&b"jane was here"[..], b"Lyon", b"news", b"jane doe", &KEY.to_be_bytes()] {
        assert!(holds(&all, part), "we look in the right places: {:?}", String::from_utf8_lossy(part));
    }
    // Until here there is nothing to do.
    assert!(!shop.store.scrub(CHUNK).unwrap());
    shop.store.set_config(SITE, r#"{"hosts":["a.test"],"gdpr_mode":true}"#).unwrap();
    let mut steps = 0;
    while shop.store.scrub(CHUNK).unwrap() {
        steps += 1;
        assert!(steps < 10_000);
        // A crash begins it anew, another word of WordPress does not end it.
        if steps == 2 {
            shop.crash();
            shop.store.set_config(SITE, r#"{"hosts":["a.test"],"gdpr_mode":true,"retention":48}"#).unwrap();
        }
    }
    assert!(steps >= 3, "in steps: {steps}");
    // From minutes, while hours are summed up anew, and from hours then.
    for _ in 0..2 {
        for (after, before) in screens(&mut shop).iter().zip(&before) {
            assert_eq!(after, before);
        }
        shop.summarise();
    }
    let all = bytes(&shop);
    for part in [&b"jane"[..], b"Lyon", b"news"] {
        assert!(!holds(&all, part), "{:?}", String::from_utf8_lossy(part));
    }
    for n in 0..5 {
        assert!(!holds(&all, &(KEY + n).to_be_bytes()));
    }
    let db = shop.db();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    for (site, kept) in [(SITE, 0), (OTHER, 3000)] {
        let count = |table: &str, of: &str| {
            let days = ["20261121", "20261122"];
            days.map(|day| {
                one(&format!("SELECT count(*) FROM {table}_{day} WHERE site = {} AND {of}", site.0 as i64))
            })
            .iter()
            .sum::<i64>()
        };
        assert_eq!(
            (count("views", "visitor IS NOT NULL"), count("views", "visit IS NOT NULL")),
            (kept, kept)
        );
        assert_eq!((count("events", "key IS NOT NULL"), count("views", "page = 1")), (kept, 3000));
    }
    for (table, column, text) in [
        ("pages", "path", "/blog?p=7"),
        ("names", "text", "/broken?p=7"),
        ("names", "text", "GET /a failed\u{1f}/app.js\u{1f}7"),
        ("names", "text", "contact"),
        ("names", "text", "somebody else"),
        ("requests_20261122", "path", "/gone?p=2999"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
        let found: i64 = db.query_row(&sql, [text], |row| row.get(0)).unwrap();
        assert_eq!(found, 1, "{text}");
    }
    assert_eq!(one("SELECT count(*) FROM sqlite_schema WHERE name = 'filler'"), 0);
    assert!(!shop.store.scrub(CHUNK).unwrap());
}
