//! A filter is the same whatever it is asked by, and what is none is refused everywhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;
mod stream;

use browser::Browser;
use qahm_engine::channel::{FilterName, epoch_text};
use qahm_runtime::Claims;
use salon::Salon;
use serde_json::{Value, json};

#[test]
fn a_filter_is_the_same_by_every_way() {
    let salon = Salon::new();
    let table: Value = serde_json::from_str(include_str!("data/filters.json")).unwrap();
    let long = ["д".repeat(36), "字".repeat(22)].map(|slug| {
        // As WordPress writes a slug: percent-encoded in small letters, and that is the page's name.
        let page: String = slug.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let name = format!("page={}", page.replace('%', "%25"));
        json!([name, { "page": page }, name])
    });
    for (n, row) in table["filters"].as_array().unwrap().iter().chain(&long).enumerate() {
        let (name, members) = (row[0].as_str().unwrap(), &row[1]);
        let wanted = row[2].as_str().map(|name| FilterName::from_query(name).unwrap());
        assert_eq!(wanted.as_ref().map(FilterName::as_str), row[2].as_str(), "its own name");
        // Each filter has an epoch of its own.
        let epoch = wanted.as_ref().map(|name| epoch_text(salon.channel.epoch_of(name)));
        let token = salon.sign(&Claims { user: 10 + n as u64, ..salon.claims() });
        let auth = format!("Bearer {token}");
        for way in ["live", "events"] {
            let value = name.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
            let path = format!("/qahm-live/{way}?topics=alerts&filter={value}");
            let mut browser = Browser::at(&salon.socket());
            let answer = browser.open("GET", &path, &[("Authorization", &auth)], b"");
            let got = match (answer.status, way) {
                (400, _) => {
                    let why: Value = serde_json::from_slice(&browser.rest(&answer)).unwrap();
                    assert_eq!(why["error"], "bad-request");
                    assert!(why["message"].as_str().is_some_and(|words| !words.is_empty()), "in words");
                    None
                }
                (200, "live") => {
                    let polled: Value = serde_json::from_slice(&browser.rest(&answer)).unwrap();
                    Some(polled["e"].as_str().unwrap().to_owned())
                }
                (200, _) => {
                    let mut stream = stream::Stream::over(
                        Browser::at(&salon.socket()),
                        &path[path.find('?').unwrap() + 1..],
                        &[],
                        &token,
                    );
                    Some(stream.event("hello")["e"].as_str().unwrap().to_owned())
                }
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(got, epoch, "{way} {name}");
        }
        if members.is_null() {
            continue;
        }
        let json = FilterName::from_json(members).ok();
        assert_eq!(json, wanted, "the control socket's {members}");
        let mut client = salon.greet(&json!({ "token": token, "topics": ["alerts"], "filter": members }));
        match client.refusal() {
            None => assert_eq!(client.event().1["e"].as_str(), epoch.as_deref(), "{members}"),
            Some(code) => assert_eq!((code.as_str(), &epoch), ("bad-request", &None), "{members}"),
        }
        let mut client = salon.greet(&json!({ "token": token, "topics": [] }));
        client.enter();
        let followed = client.command(&json!({ "do": "follow", "topics": ["alerts"], "filter": members }));
        assert_eq!(followed["ok"], epoch.is_some(), "{members}");
    }
}
