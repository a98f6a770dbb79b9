//! The real engine: a process of its own, a real ring, a real database, real signals.
//!
//! The engine does not serve root, so neither can these tests: `make test` runs them as the site's user.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod stage;

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use qahm_event::Kind;
use qahm_ring::Message;
use qahm_runtime::call;
use rustix::process::Signal;
use serde_json::{Value, json};
use stage::{ENGINE, SITE, Stage, await_some, push};

#[test]
fn a_killed_engine_comes_back_with_the_same_visitors() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    for visitor in 1..=20 {
        push(&ring, Kind::View, visitor, visitor.into(), 0, "/");
        push(&ring, Kind::Hidden, visitor, visitor.into(), 1, "/");
    }
    // Two views of one key, both visible, are two visitors.
    push(&ring, Kind::View, 1, 101, 0, "/two");
    push(&ring, Kind::Visible, 1, 1, 2, "/");
    stage.await_live("active", 21);
    let before = stage.numbers();
    assert_eq!(before["views_today"], 21);
    assert_eq!(before["visitors_30m"], 21);
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));

    for _ in 0..3 {
        stage.kill(Signal::KILL);
        stage.start();
        stage.await_live("active", 21);
        assert_eq!(stage.numbers(), before);
    }
    // What was repeated changes nothing; what comes while no engine runs is taken in by the next one.
    push(&ring, Kind::View, 1, 101, 0, "/two");
    stage.kill(Signal::KILL);
    push(&ring, Kind::View, 99, 99, 0, "/late");
    stage.start();
    stage.await_live("active", 22);
    assert_eq!(stage.live()["views_today"], 22);
}

#[test]
fn the_first_visitor_of_a_new_site_is_counted() {
    let mut stage = Stage::new();
    stage.start();
    let ring = stage.ring().unwrap();
    assert!(!ring.header().sites_loaded(), "no worker turns a beacon away");
    push(&ring, Kind::View, 1, 1, 0, "/");
    stage.configure(&json!({}));
    stage.await_live("active", 1);
    assert!(ring.header().sites_loaded());
}

#[test]
fn sigterm_commits_and_leaves_at_once() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    for visitor in 1..=100 {
        push(&ring, Kind::View, visitor, visitor.into(), 0, "/");
    }
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    assert_eq!(ring.used(), 0, "every slot was freed after the last commit");
    assert_eq!(ring.header().beat(), 0, "no counters are shown any more");
    stage.start();
    stage.await_live("active", 100);
}

#[test]
fn a_second_engine_leaves() {
    let mut stage = Stage::new();
    stage.start();
    let second = stage.command().output().unwrap();
    assert_eq!(second.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another engine"), "{second:?}");

    // Another runtime directory, the same data: it must not have one of the two only.
    std::fs::create_dir(stage.base("other")).unwrap();
    let mut command = Command::new(ENGINE);
    command.arg("--runtime-dir").arg(stage.base("other")).arg("--data-dir").arg(stage.base("data"));
    let other = command.arg("--foreground").output().unwrap();
    assert_eq!(other.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&other.stderr).contains("another engine"), "{other:?}");
}

#[test]
fn an_unlinked_ring_is_drained_and_made_again() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let old = stage.ring().unwrap();
    std::fs::remove_file(stage.own("run").join(qahm_ring::file_name())).unwrap();
    push(&old, Kind::View, 1, 1, 0, "/");
    let new = await_some("a new ring", || stage.ring().filter(|r| r.header().sites_loaded()));
    assert_ne!(new.epoch(), old.epoch());
    assert!(new.site(SITE.0).is_some());
    push(&old, Kind::View, 2, 2, 0, "/");
    push(&new, Kind::View, 3, 3, 0, "/");
    stage.await_live("active", 3);
}

#[test]
fn a_site_is_forgotten_and_the_last_one_takes_everything_with_it() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let other = json!({ "op": "configure", "site": "00000000000000aa", "config": r#"{"hosts":["b.test"]}"# });
    assert_eq!(stage.ask(&other)["ok"], true);
    let ring = stage.ring().unwrap();
    push(&ring, Kind::View, 1, 1, 0, "/secret-page");
    stage.await_live("active", 1);
    let forget = |site: &str| stage.ask(&json!({ "op": "command", "site": site, "c": { "do": "forget" } }));
    assert_eq!(forget(&SITE.to_string())["ok"], true);
    assert!(ring.site(SITE.0).is_none());
    assert_eq!(forget(&SITE.to_string())["code"], "unknown-site");
    for table in ["views", "pages", "journal", "buckets", "sites"] {
        assert_eq!(rows_about_site(&stage.own("data"), table), 0, "{table}");
    }
    assert_eq!(forget("00000000000000aa")["ok"], true);
    assert_eq!(stage.engine.take().unwrap().wait().unwrap().code(), Some(0));
    assert!(!stage.own("data").join("realtime.db").exists());
}

/// Rows of tables of this kind that name the site or hold its visitors.
fn rows_about_site(data: &Path, kind: &str) -> i64 {
    let db = rusqlite::Connection::open(data.join("realtime.db")).unwrap();
    let mut query =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE ?1 || '%'").unwrap();
    let names: Vec<String> = query.query_map([kind], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(!names.is_empty());
    let condition = match kind {
        "journal" => "1".to_owned(),
        // A bucket without visitors is its version alone.
        "buckets" => "length(state) > 1".to_owned(),
        _ => format!("site = {}", SITE.0 as i64),
    };
    let count = |name: &String| {
        db.query_row(&format!("SELECT count(*) FROM {name} WHERE {condition}"), [], |r| r.get::<_, i64>(0))
            .unwrap()
    };
    names.iter().map(count).sum()
}

#[test]
fn an_alert_is_claimed_once_and_survives_a_kill() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "alert_high_traffic": 2 }));
    let ring = stage.ring().unwrap();
    push(&ring, Kind::View, 1, 1, 0, "/");
    push(&ring, Kind::View, 2, 2, 0, "/busy");
    stage.await_live("active", 2);
    // No address to knock at: other requests may claim at once.
    await_some("the pending bit", || ring.site(SITE.0).filter(|row| row.alert_pending()));
    let claim = json!({ "op": "claim", "site": SITE.to_string(), "lease": 40 });
    let first = stage.ask(&claim);
    assert_eq!(first["alerts"][0]["type"], "high_traffic");
    assert_eq!(first["alerts"][0]["data"]["visitors"], 2);
    assert_eq!(stage.ask(&claim)["claim"], Value::Null, "held by us");
    stage.kill(Signal::KILL);
    stage.start();
    assert_eq!(stage.ask(&claim)["claim"], Value::Null, "still held by us");
    assert_eq!(stage.live()["alerts"][0]["until"], Value::Null);
    let id = first["alerts"][0]["data"]["id"].clone();
    let results = json!([{ "id": id, "transition": "raised", "ok": true, "error": "" }]);
    let acknowledge =
        json!({ "op": "acknowledge", "site": SITE.to_string(), "claim": first["claim"], "results": results });
    assert_eq!(stage.ask(&acknowledge)["ok"], true);
    assert_eq!(stage.ask(&acknowledge)["code"], "unknown-claim");
    assert_eq!(stage.ask(&claim)["claim"], Value::Null, "it was delivered");
    push(&ring, Kind::Leave, 1, 1, 1, "/");
    push(&ring, Kind::Leave, 2, 2, 1, "/");
    let ended =
        await_some("the end of the alert", || Some(stage.ask(&claim)).filter(|a| a["claim"] != Value::Null));
    assert_eq!(ended["alerts"][0]["transition"], "resolved");
    assert_eq!(ended["alerts"][0]["data"]["id"], id);
}

#[test]
fn hostile_requests_get_an_answer_and_change_nothing() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let place = stage.place();
    for bad in [
        "",
        "{",
        "[]",
        "null",
        r#"{"op":"nonsense"}"#,
        r#"{"op":"ask","site":"xyz","q":{"what":"live"}}"#,
        "\u{0}",
    ] {
        let answer = call(&place, bad.as_bytes(), Duration::from_secs(5)).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((&answer["ok"], &answer["code"]), (&json!(false), &json!("bad-request")), "{bad}");
    }
    let unknown = json!({ "op": "ask", "site": "00000000000000ff", "q": { "what": "live" } });
    assert_eq!(stage.ask(&unknown)["code"], "unknown-site");
    for config in [r#"{"hosts":[]}"#, r#"{"hosts":["a"],"timezone":"Mars/X"}"#] {
        let request = json!({ "op": "configure", "site": SITE.to_string(), "config": config });
        assert_eq!(stage.ask(&request)["code"], "bad-request");
    }
    // Garbage in the ring is counted, and the engine goes on.
    let ring = stage.ring().unwrap();
    ring.push(b"garbage").unwrap();
    push(&ring, Kind::View, 1, 1, 0, "/");
    stage.await_live("active", 1);
    await_some("the count", || {
        (stage.ask(&json!({ "op": "status" }))["engine"]["unreadable"] == 1).then_some(())
    });
}

#[test]
fn what_keeps_it_from_starting_is_said_in_the_ring() {
    let mut stage = Stage::new();
    std::fs::remove_dir(stage.base("data")).unwrap();
    std::fs::write(stage.base("data"), "not a directory").unwrap();
    let mut child = stage.command().spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let message = stage.ring().unwrap().message(Message::Engine);
    assert!(message.starts_with("data directory") && said.contains(&message), "{message} / {said}");

    std::fs::remove_file(stage.base("data")).unwrap();
    std::fs::create_dir(stage.base("data")).unwrap();
    stage.start();
    assert_eq!(stage.ring().unwrap().message(Message::Engine), "", "what is mended is not said any more");
}

#[test]
fn version_help_and_usage() {
    let run = |arguments: &[&str]| Command::new(ENGINE).args(arguments).output().unwrap();
    assert!(String::from_utf8_lossy(&run(&["--version"]).stdout).starts_with("qahm-realtimed "));
    assert!(String::from_utf8_lossy(&run(&["--help"]).stdout).contains("Exit codes"));
    assert_eq!(run(&["--nonsense"]).status.code(), Some(2));
}

#[test]
fn an_engine_that_cannot_be_reached_any_more_makes_room_for_the_next() {
    for lost in ["control.sock", ""] {
        let mut stage = Stage::new();
        stage.start();
        stage.configure(&json!({}));
        let ring = stage.ring().unwrap();
        push(&ring, Kind::View, 1, 1, 0, "/");
        stage.await_live("active", 1);
        let path = stage.own("run").join(lost);
        if lost.is_empty() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
        assert_eq!(stage.engine.take().unwrap().wait().unwrap().code(), Some(0), "{lost}");
        stage.start();
        stage.await_live("active", 1);
    }
}
