//! What is stored of a visitor, by the real engine, under each of the site's promises.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod stage;

use std::io::Read;
use std::net::IpAddr;

use qahm_event::{Beacon, Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag, ViewId, Visitor};
use rustix::process::Signal;
use serde_json::json;
use stage::{SITE, Stage, await_some, push};

/// Every byte that is in the engine's directories: ring, salts, database with its journal.
fn files(stage: &Stage) -> Vec<u8> {
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

/// Every byte the engine has written anywhere: while it runs, what it says, and what it leaves behind.
fn written(stage: &mut Stage) -> Vec<u8> {
    let ring = stage.ring().unwrap();
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));
    let mut bytes = files(stage);
    let said = stage.engine.as_mut().and_then(|engine| engine.stderr.take());
    assert_eq!(stage.kill(Signal::TERM), Some(0));
    said.unwrap().read_to_end(&mut bytes).unwrap();
    bytes.extend(files(stage));
    bytes
}

/// Every answer there is.
fn answers(stage: &Stage) -> String {
    let mut all = stage.ask(&json!({ "op": "status" })).to_string();
    for what in [
        "live",
        "visitors",
        "pages",
        "events",
        "sources",
        "devices",
        "geo",
        "performance",
        "errors",
        "engagement",
        "history",
    ] {
        for filter in [json!({}), json!({ "device": "other" }), json!({ "page": "/" })] {
            let q = json!({ "what": what, "limit": 1000, "filter": filter, "range": 3600 });
            all += &stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": q })).to_string();
        }
    }
    all
}

/// Whether a part is in there; quick, for there are megabytes of it.
fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let (first, rest) = part.split_first().unwrap();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| byte == first) {
        at += found + 1;
        if bytes[at..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// A beacon as a browser posts it, taken in as a collector does.
fn post(stage: &Stage, body: &str, peer: &str, forwarded: &str, flags: Flags) {
    let body = body.replace("SITE", &SITE.to_string());
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    let visitor = Visitor {
        time: Micros::now(),
        peer: Peer::parse(peer.as_bytes()).unwrap(),
        flags: Flags::HOST_OK | flags,
        agent: AGENT.as_bytes(),
        hints: b"",
        forwarded: forwarded.as_bytes(),
    };
    let ring = stage.ring().unwrap();
    for n in 0..beacon.events.len() {
        let mut buffer = [0; RECORD_MAX];
        let record = beacon.record(n, &visitor, &mut buffer).unwrap();
        await_some("room in the ring", || ring.push(record).ok());
    }
    let mut buffer = [0; RECORD_MAX];
    let record = beacon.explained(None, &visitor, &mut buffer).unwrap();
    let record: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
    let explained = stage.ask(&json!({ "op": "explain", "site": SITE.to_string(), "record": record }));
    let explained = explained["explain"].to_string();
    assert!(
        explained.contains("counted") && !explained.contains(peer) && !explained.contains("jane"),
        "{explained}"
    );
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

/// What a page, its address and its form may hold of a person; and what is sent of it, with more than our tracker sends.
fn personal(view: u64) -> String {
    format!(
        r##"{{"v":1,"s":"SITE","i":"{view:016x}","n":1,"u":"/shop?email=jane%40private.test&token=jane-token#jane-hash",
        "value":"jane-typed","password":"jane-typed","e":[
        ["v",1,"https://search.example/find?q=jane+doe&mail=jane%40private.test#jane-hash","Shop",0,["post","Ann","News"],"jane-typed"],
        ["e",30,80,1,"jane-typed"],
        ["t",900,100,300,700,null,null,"jane-typed"],
        ["c","outbound","other.test/a?mail=jane@private.test","Go","jane-typed"],
        ["c","link","/b?mail=jane@private.test#jane-hash","Go"],
        ["f","start","contact","jane-typed"],
        ["f","active","/send?mail=jane@private.test",{{"value":"jane-typed"}}],
        ["f","submit","contact",["jane-typed"]],
        ["x","TypeError: x","https://a.test/js?mail=jane@private.test",5,1,"jane-typed"],
        ["x","GET /api/users?mail=jane@private.test failed","/a.js",5,1],
        ["x","GET /api/users/?jane failed at '/b?name[first]=jane'","/a.js",5,1],
        ["b","jane-typed"]]}}"##
    )
    .replace('\n', "")
}

/// A request and signals of WordPress, of the same person.
fn request(stage: &Stage, peer: &str, search: &str) {
    let ring = stage.ring().unwrap();
    let head = |kind| Head {
        kind,
        flags: Flags::HOST_OK,
        site: SITE,
        time: Micros::now(),
        view: ViewId(0),
        sequence: 0,
        peer: Peer::parse(peer.as_bytes()).unwrap(),
    };
    for (kind, name) in [
        (Kind::Request, ""),
        (Kind::Signal, "search"),
        (Kind::Signal, "login-failed"),
        (Kind::Signal, "form-submit"),
    ] {
        let mut buffer = [0; RECORD_MAX];
        let mut encoder = Encoder::new(&mut buffer, &head(kind));
        encoder.text(Tag::Url, b"/gone?mail=jane@private.test");
        encoder.text(Tag::Referrer, b"https://mail.example/inbox?jane=jane@private.test");
        encoder.text(Tag::UserAgent, AGENT.as_bytes());
        encoder.text(Tag::Name, name.as_bytes());
        encoder.text(Tag::Title, search.as_bytes());
        encoder.text(Tag::Target, b"contact");
        encoder.number(Tag::Status, 404);
        ring.push(encoder.finish()).unwrap();
    }
}

/// Addresses as bytes, whichever end comes first, and as text, that were found among what is left of 24 visitors.
fn addresses_left() -> Vec<String> {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let mut patterns: Vec<(String, Vec<u8>)> = Vec::new();
    for n in 1..=8u8 {
        let v4 = format!("203.0.113.{}", 200 + n);
        let v6 = format!("2001:db8:71{n:02x}:4af3:9c1e:77d2:5b60:e{n:02x}9");
        let forwarded = format!("198.51.100.{}", 180 + n);
        post(&stage, &personal(u64::from(n) * 3), &v4, "", Flags::NONE);
        post(&stage, &personal(u64::from(n) * 3 + 1), &v6, "", Flags::NONE);
        // Forwarded by a proxy within the house.
        post(
            &stage,
            &personal(u64::from(n) * 3 + 2),
            "10.9.8.7",
            &format!("{forwarded}, 10.9.8.6"),
            Flags::NONE,
        );
        request(&stage, &v4, "jumpers");
        for text in [v4, v6, forwarded] {
            let address: IpAddr = text.parse().unwrap();
            let octets = match address {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            patterns.push((format!("{text} backwards"), octets.iter().rev().copied().collect()));
            patterns.push((format!("{text} in bytes"), octets));
            patterns.push((text.clone(), text.into_bytes()));
        }
    }
    patterns.push(("the proxy".into(), b"10.9.8.".to_vec()));
    stage.await_live("active", 24);
    let answers = answers(&stage);
    let mut bytes = written(&mut stage);
    for (place, here) in [("an answer", answers.as_bytes()), ("a file", &bytes)] {
        assert!(
            contains(here, b"search.example") || place == "a file",
            "we look in the right places: {place}"
        );
        for person in ["jane", "private.test", "jane-typed", "jane%40"] {
            assert!(!contains(here, person.as_bytes()), "{person} is in {place}");
        }
    }
    assert!(contains(&bytes, b"jumpers") && contains(&bytes, b"other.test/a"), "we look in the right places");
    bytes.extend(answers.into_bytes());
    patterns.into_iter().filter(|(_, pattern)| contains(&bytes, pattern)).map(|(name, _)| name).collect()
}

#[test]
fn no_address_and_nothing_personal_is_left_anywhere() {
    let found = addresses_left();
    // Four bytes may stand anywhere by chance, but not twice: keys and salts are others each time.
    if !found.is_empty() {
        let again = addresses_left();
        let both: Vec<_> = found.iter().filter(|name| again.contains(name)).collect();
        assert!(
            both.is_empty() && found.iter().all(|name| name.contains("bytes") || name.contains("backwards")),
            "{found:?}"
        );
    }
}

/// The tables of a kind of all days, each as (name, rows).
fn tables(stage: &Stage, kind: &str) -> Vec<String> {
    let db = rusqlite::Connection::open(stage.own("data").join("realtime.db")).unwrap();
    let mut query = db
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE ?1 || '\\_2%' ESCAPE '\\'",
        )
        .unwrap();
    query.query_map([kind], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Rows of these tables for which a condition holds.
fn rows(stage: &Stage, kind: &str, condition: &str) -> i64 {
    let db = rusqlite::Connection::open(stage.own("data").join("realtime.db")).unwrap();
    let count = |table: &String| {
        db.query_row(&format!("SELECT count(*) FROM {table} WHERE {condition}"), [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
    };
    let tables = tables(stage, kind);
    assert!(!tables.is_empty(), "{kind}");
    tables.iter().map(count).sum()
}

/// Five visitors whose addresses, searches, errors and events tell something of Jane; until all of it is stored.
fn visits_of_jane(stage: &Stage) {
    for n in 1..=5u64 {
        let body = format!(
            r#"{{"v":1,"s":"SITE","i":"{n:016x}","n":1,"u":"/landing?utm_source=janesource&utm_medium=janemedium&utm_campaign=janecampaign&gclid=janeclick",
            "e":[["v",1,"https://search.example/?q=janequery","Landing"],["e",30,80,1],["g","bought","{{\"what\":\"janeproperty\"}}"],
            ["x","Failed: GET https://a.test/api?mail=janemessage","https://a.test/js?v=janesource",5,1],["f","start","contact"]]}}"#
        )
        .replace('\n', "");
        post(stage, &body, &format!("203.0.113.{n}"), "", Flags::NONE);
        let search = format!(
            r#"{{"v":1,"s":"SITE","i":"{:016x}","n":1,"u":"/?s=janeterm","e":[["v",1,"","Results for janeterm"],["l",0]]}}"#,
            n + 100
        );
        post(stage, &search, &format!("203.0.113.{n}"), "", Flags::NONE);
        request(stage, &format!("203.0.113.{n}"), "janeterm");
    }
    await_some("all of it", || (stage.live()["views_today"] == 10).then_some(()));
    let ring = stage.ring().unwrap();
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));
}

#[test]
fn gdpr_mode_leaves_no_query_campaign_search_property_or_visitor() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "gdpr_mode": true }));
    visits_of_jane(&stage);
    assert!(rows(&stage, "events", "1") > 20);
    assert_eq!(
        rows(&stage, "events", "coalesce(key, 0) != 0 OR coalesce(visit, 0) != 0 OR coalesce(view, 0) != 0"),
        0
    );
    assert_eq!(rows(&stage, "views", "1"), 10);
    assert_eq!(rows(&stage, "views", "visitor IS NOT NULL OR visit IS NOT NULL"), 0);
    let answers = answers(&stage);
    let ask = |what: &str| {
        stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": { "what": what } }))[what].clone()
    };
    assert_eq!(ask("visitors")["visitors"], json!([]));
    assert_eq!(ask("engagement")["searches"], json!([]));
    assert!(ask("events")["events"].as_array().unwrap().iter().all(|row| row["visitor"] == ""));
    assert!(answers.contains("search.example") && answers.contains("bought") && answers.contains("/landing"));
    assert!(
        !answers.contains("jane"),
        "{:?}",
        answers.find("jane").map(|at| &answers[at.saturating_sub(80)..at + 80])
    );
    let bytes = written(&mut stage);
    assert!(contains(&bytes, b"search.example") && contains(&bytes, b"bought"));
    assert!(!contains(&bytes, b"jane"));
}

#[test]
fn gdpr_mode_switched_on_scrubs_what_is_stored_already() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    visits_of_jane(&stage);
    let views = rows(&stage, "views", "visitor IS NOT NULL AND visit IS NOT NULL");
    assert_eq!(views, 10);
    assert!(contains(&files(&stage), b"janecampaign") && contains(&files(&stage), b"janeterm"));
    stage.configure(&json!({ "gdpr_mode": true }));
    let db = rusqlite::Connection::open(stage.own("data").join("realtime.db")).unwrap();
    await_some("the end of the scrubbing", || {
        let left: i64 = db.query_row("SELECT count(*) FROM scrubs", [], |row| row.get(0)).ok()?;
        (left == 0).then_some(())
    });
    drop(db);
    assert_eq!(rows(&stage, "views", "visitor IS NOT NULL OR visit IS NOT NULL"), 0);
    let told = "coalesce(key, 0) != 0 OR coalesce(visit, 0) != 0 OR coalesce(view, 0) != 0";
    assert_eq!(rows(&stage, "events", told), 0);
    // Whoever is still here goes on being counted, and nothing of before comes back to the files.
    push(&stage.ring().unwrap(), Kind::View, 1, 999, 0, "/landing?utm_source=janesource");
    await_some("one more view", || (stage.live()["views_today"] == 11).then_some(()));
    let answers = answers(&stage);
    assert!(answers.contains("/landing") && answers.contains("search.example"));
    assert!(
        !answers.contains("jane"),
        "{:?}",
        answers.find("jane").map(|at| &answers[at.saturating_sub(80)..at + 80])
    );
    let bytes = written(&mut stage);
    assert!(contains(&bytes, b"search.example") && contains(&bytes, b"bought"));
    let at = bytes.windows(4).position(|part| part == b"jane");
    assert!(at.is_none(), "{:?}", at.map(|at| String::from_utf8_lossy(&bytes[at - 60..at + 40])));
}

#[test]
fn a_private_visitor_has_no_key_source_place_or_feed_row() {
    for (flags, change) in [(Flags::PRIVATE, json!({})), (Flags::NONE, json!({ "consent": "limited" }))] {
        let mut stage = Stage::new();
        stage.start();
        stage.configure(&change);
        post(&stage, &personal(1), "203.0.113.1", "", flags);
        stage.await_live("active", 1);
        let answers = answers(&stage);
        let ask = |what: &str| {
            stage.ask(&json!({ "op": "ask", "site": SITE.to_string(), "q": { "what": what } }))[what].clone()
        };
        for (what, list) in [("sources", "channels"), ("devices", "browsers"), ("geo", "countries")] {
            let rows = ask(what)[list].clone();
            assert_eq!(
                (rows[0]["name"].as_str(), rows.as_array().unwrap().len()),
                (Some("private"), 1),
                "{rows}"
            );
        }
        // What breaks is counted, and no row of the feed.
        let events = ask("events");
        assert_eq!((&events["events"], &events["total"]), (&json!([]), &json!(0)), "{events}");
        let groups = ask("errors")["groups"].clone();
        let errors = groups.as_array().unwrap().iter().filter(|group| group["kind"] == "js");
        assert_eq!(errors.map(|group| group["count"].as_u64().unwrap()).sum::<u64>(), 3, "{groups}");
        let visitors = ask("visitors");
        assert_eq!(
            (&visitors["visitors"], &visitors["private"], &visitors["total"]),
            (&json!([]), &json!(1), &json!(0))
        );
        let ring = stage.ring().unwrap();
        await_some("everything to be committed", || (ring.used() == 0).then_some(()));
        assert_eq!(rows(&stage, "views", "visitor IS NULL AND visit IS NULL"), 1);
        assert_eq!(
            rows(
                &stage,
                "events",
                "coalesce(key, 0) != 0 OR coalesce(visit, 0) != 0 OR coalesce(view, 0) != 0"
            ),
            0
        );
        let bytes = written(&mut stage);
        for word in ["search.example", "Firefox", "other.test"] {
            assert!(!answers.contains(word) && !contains(&bytes, word.as_bytes()), "{word}");
        }
    }
}

#[test]
fn what_was_searched_for_is_in_no_title_and_no_page() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "home": "https://a.test/blog" }));
    for (n, (url, flags)) in [
        ("/blog/?s=jane+doe", Flags::NONE),
        ("/blog/search/jane+doe/", Flags::NONE),
        ("/blog/search/jane+doe/page/2/?utm_source=x", Flags::PRIVATE),
        ("/blog/?s=jane+doe", Flags::PRIVATE),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(
            r#"{{"v":1,"s":"SITE","i":"{:016x}","n":1,"u":"{url}","e":[["v",1,"","Search results for jane"],["e",30,80,1]]}}"#,
            n + 1
        );
        post(&stage, &body, &format!("203.0.113.{}", n + 1), "", flags);
    }
    stage.await_live("active", 4);
    let answers = answers(&stage);
    assert!(answers.contains("\"/search\""), "{answers}");
    assert!(!answers.contains("jane"), "{answers}");
    assert!(!contains(&written(&mut stage), b"jane"));
}

#[test]
fn of_the_page_before_only_the_host_is_kept() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let beacon = r#"{"v":1,"s":"SITE","i":"0000000000000001","n":0,"u":"/","e":[["v",1,"https://club.example/members/42?key=7",""]]}"#;
    post(&stage, beacon, "203.0.113.1", "", Flags::NONE);
    stage.await_live("active", 1);
    let bytes = written(&mut stage);
    assert!(contains(&bytes, b"club.example") && !contains(&bytes, b"club.example/members"));
}

#[test]
fn gdpr_mode_keeps_neither_visitor_nor_query() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({ "gdpr_mode": true }));
    push(&stage.ring().unwrap(), Kind::View, 1, 1, 0, "/?utm_source=private+words");
    stage.await_live("active", 1);
    assert!(!contains(&written(&mut stage), b"private+words"));
    assert_eq!(rows(&stage, "views", "visitor IS NULL AND visit IS NULL"), 1);
}
