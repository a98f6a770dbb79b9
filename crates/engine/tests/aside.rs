//! Who is set aside and who only asks: what WordPress tells of a visitor who is not counted, and explain.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;
#[path = "../../enrich/tests/mmdb/mod.rs"]
#[allow(dead_code)]
mod mmdb;

use hall::{Hall, SITE, Sent};
use mmdb::{database, map, text};
use qahm_enrich::geo::Geo;
use qahm_event::{Kind, Peer, Tag};
use serde_json::{Value, json};

fn peer(address: &str) -> Peer {
    address.parse::<std::net::IpAddr>().unwrap().into()
}

/// A site that knows where 203.0.113.0/24 (FR) and 198.51.100.0/24 (US) are.
fn placed(change: &Value) -> Hall {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("country.mmdb");
    let countries = ["FR", "US"].map(|code| map([("country_code", text(code))]));
    std::fs::write(
        &path,
        database("Test-Country", &countries, &[("203.0.113.0/24", 0), ("198.51.100.0/24", 1)]),
    )
    .unwrap();
    let mut hall = Hall::new(64 << 20, change);
    hall.intake.geo = Geo::open(Some(&path));
    assert_eq!(hall.intake.geo.state().error, None);
    hall
}

/// A page that is not there, one that fails, a search, a form sent, a failed login: all from one address.
fn told_by_wordpress(address: &str) -> Vec<Sent> {
    let new = |kind| Sent::new(kind, 1, 0, 0).peer(peer(address));
    let request = |url, status| new(Kind::Request).text(Tag::Url, url).number(Tag::Status, status);
    let signal = |name| new(Kind::Signal).text(Tag::Name, name).text(Tag::Url, "/a");
    vec![
        request("/gone", 404),
        request("/a", 500).number(Tag::Generation, 70_000),
        signal("search").text(Tag::Title, "shoes").number(Tag::Results, 3),
        signal("form-submit").text(Tag::Target, "contact"),
        signal("login-failed"),
    ]
}

fn kinds(hall: &Hall) -> Vec<String> {
    let events = hall.ask(&json!({ "what": "events", "limit": 100 }));
    let kinds = events["events"].as_array().unwrap().iter().rev();
    kinds.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn requests_are_set_aside_by_country_as_views_are() {
    for (change, unknown_counts) in [
        (json!({ "exclude_countries": ["us"] }), true),
        (json!({ "only_countries": ["FR"] }), false),
        (json!({ "exclude_ips": ["198.51.100.0/24"] }), true),
    ] {
        let mut hall = placed(&change);
        hall.take(&Sent::view(1, 1, "/a").peer(peer("198.51.100.7")));
        told_by_wordpress("198.51.100.7").iter().for_each(|sent| hall.take(sent));
        assert_eq!(kinds(&hall), ["login"], "{change}: who fails to log in is told whoever it is");
        let performance = hall.ask(&json!({ "what": "performance", "limit": 10 }));
        assert_eq!(performance["5m"]["generation"]["n"], 0, "{change}");
        let reason = if change["exclude_ips"].is_null() { "country" } else { "ip" };
        assert_eq!(hall.excluded(reason), 1, "{change}: the view, and not its request once more");
        told_by_wordpress("203.0.113.7").iter().for_each(|sent| hall.take(sent));
        let counted = ["404", "server", "search", "form", "login"];
        assert_eq!(kinds(&hall)[1..], counted, "{change}");
        told_by_wordpress("192.0.2.7").iter().for_each(|sent| hall.take(sent));
        let more = kinds(&hall).len() - 1 - counted.len();
        assert_eq!(more, if unknown_counts { counted.len() } else { 1 }, "{change}: where nobody knows");
    }
}

#[test]
fn asking_changes_nothing() {
    let mut hall = Hall::new(64 << 20, &json!({}));
    let view = Sent::view(1, 1, "/a");
    hall.intake.explain(&view.bytes());
    assert!(format!("{:?}", hall.intake.salts).contains("sites: {}"), "no salt is made for a question");
    hall.take(&view);
    // The day turns while the visit goes on.
    let day = hall.intake.live.site(SITE).unwrap().kept.day;
    hall.pass(10);
    hall.intake.salts.turn(SITE, day + 1, hall.now, |_| true);
    let state = |hall: &Hall| {
        let answers = hall::QUESTIONS.map(|what| hall.ask(&json!({ "what": what })));
        format!("{:?} {answers:?} {:?} {}", hall.intake.salts, hall.intake.batch, hall.intake.events)
    };
    hall.pass(900);
    let before = state(&hall);
    for (sent, visitor) in [(Sent::view(1, 2, "/b"), "known"), (Sent::view(2, 3, "/b"), "new")] {
        let explained = hall.intake.explain(&sent.bytes());
        assert_eq!((&explained["counted"], &explained["visitor"]), (&json!(true), &json!(visitor)));
    }
    assert_eq!(state(&hall), before);
}
