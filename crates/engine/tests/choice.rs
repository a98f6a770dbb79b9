//! What a visitor's own choice changes: set aside, counted without a key, asked first.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod stage;

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId};
use serde_json::json;
use stage::{SITE, Stage, await_some, push, push_with};

/// The only row of the day's views: visitor, visit.
fn stored(stage: &Stage) -> (Option<i64>, Option<i64>) {
    let db = rusqlite::Connection::open(stage.own("data").join("realtime.db")).unwrap();
    let find = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'views%'";
    await_some("the view's row", || {
        let table: String = db.query_row(find, [], |row| row.get(0)).ok()?;
        let row = format!("SELECT visitor, visit FROM {table}");
        db.query_row(&row, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()
    })
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
    assert_eq!(stored(&stage), (None, None));
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
