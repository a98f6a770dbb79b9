//! What is stored of a visitor, by the real engine, under each of the site's promises.
#![allow(clippy::unwrap_used)] // helpers are not seen as tests

mod stage;

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId};
use rustix::process::Signal;
use serde_json::json;
use stage::{SITE, Stage, await_some, push, push_with};

/// The only row of the day's views: visitor, visit, referrer.
fn stored(stage: &Stage) -> (Option<i64>, Option<i64>, Option<String>) {
    let db = rusqlite::Connection::open(stage.own("data").join("realtime.db")).unwrap();
    let find = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'views%'";
    await_some("the view's row", || {
        let table: String = db.query_row(find, [], |row| row.get(0)).ok()?;
        db.query_row(&format!("SELECT visitor, visit, referrer FROM {table}"), [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .ok()
    })
}

/// Every byte the engine has written anywhere.
fn written(stage: &mut Stage) -> Vec<u8> {
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    let mut bytes = Vec::new();
    for folder in ["run", "data"] {
        for file in std::fs::read_dir(stage.own(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
    }
    bytes
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_address_is_left_anywhere() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    for n in 1..200 {
        push(&ring, Kind::View, n, n.into(), 0, "/");
    }
    stage.await_live("active", 199);
    let (visitor, visit, referrer) = {
        let first = stored(&stage);
        (first.0, first.1, first.2)
    };
    assert!(visitor.is_some() && visit.is_some() && referrer.unwrap().contains("search.example"));
    let bytes = written(&mut stage);
    assert!(contains(&bytes, b"search.example"), "we look in the right places");
    assert!(!contains(&bytes, b"203.0.113."));
    for n in 1..200 {
        assert!(!contains(&bytes, &[0xff, 0xff, 203, 0, 113, n]), "the address of visitor {n}");
    }
}

#[test]
fn gdpr_mode_keeps_neither_visitor_nor_query() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "gdpr_mode": true }));
    push(&stage.ring().unwrap(), Kind::View, 1, 1, 0, "/?utm_source=private+words");
    stage.await_live("active", 1);
    assert_eq!(stored(&stage), (None, None, Some("https://search.example/".into())));
    assert!(!contains(&written(&mut stage), b"private+words"));
}

#[test]
fn a_visitor_s_own_choice_is_told_from_an_excluded_role() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    for (view, reason) in [(1, "role"), (2, "opt-out"), (3, "opt-out"), (4, "anything")] {
        let mut buffer = [0; RECORD_MAX];
        let head = Head {
            kind: Kind::Excluded,
            flags: Flags::HOST_OK,
            site: SITE,
            time: Micros::now(),
            view: ViewId(view),
            sequence: 0,
            peer: Peer::default(),
        };
        let mut encoder = Encoder::new(&mut buffer, &head);
        encoder.text(Tag::Reason, reason.as_bytes());
        ring.push(encoder.finish()).unwrap();
    }
    push(&ring, Kind::View, 1, 9, 0, "/");
    stage.await_live("active", 1);
    assert_eq!(stage.live()["excluded"], json!({ "role": 1, "opt-out": 2 }));
}

#[test]
fn a_private_view_has_no_key_and_no_source() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    push_with(&ring, Kind::View, Flags::PRIVATE, 1, 1, 0, "/");
    stage.await_live("active", 1);
    let live = stage.live();
    assert_eq!(
        (&live["private"], &live["visitors_today"], &live["views_today"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(stored(&stage), (None, None, None));
}

#[test]
fn without_respect_a_private_view_is_like_any_other() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "respect_dnt": false }));
    push_with(&stage.ring().unwrap(), Kind::View, Flags::PRIVATE, 1, 1, 0, "/");
    stage.await_live("visitors_today", 1);
    assert!(stored(&stage).0.is_some());
}

#[test]
fn consent_is_asked_for_by_the_engine_too() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "consent": "wait" }));
    let ring = stage.ring().unwrap();
    push(&ring, Kind::View, 1, 1, 0, "/");
    push_with(&ring, Kind::View, Flags::CONSENT, 2, 2, 0, "/");
    stage.await_live("active", 1);
    assert_eq!(stage.live()["excluded"]["consent"], 1);
    stage.configure(&json!({ "consent": "limited" }));
    push(&ring, Kind::View, 3, 3, 0, "/");
    stage.await_live("active", 2);
    assert_eq!(stage.live()["private"], 1);
}
