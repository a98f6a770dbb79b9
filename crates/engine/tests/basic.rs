//! A site behind HTTP Basic: `Authorization` is the web server's, the token has a header of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;

use browser::Browser;
use salon::{ORIGIN, Salon};

#[test]
fn a_token_has_a_header_of_its_own() {
    let salon = Salon::new();
    let token = salon.token();
    let come = |headers: &[(&str, &str)]| {
        let mut browser = Browser::at(&salon.socket());
        let answer = browser.open("GET", "/qahm-live/live?topics=live", headers, b"");
        match answer.status {
            200 => "200".to_owned(),
            _ => String::from_utf8(browser.rest(&answer)).unwrap(),
        }
    };
    let (own, basic) = (("X-Qahm-Realtime-Token", &*token), ("Authorization", "Basic YTpi"));
    let bearer = format!("Bearer {token}");
    let (good, origin, malformed) = ("200", r#"{"error":"origin"}"#, r#"{"error":"malformed"}"#);
    assert_eq!(come(&[own, basic]), good);
    assert_eq!(come(&[own, ("Origin", ORIGIN), ("Cookie", "a=b")]), good);
    assert_eq!(come(&[own, ("Sec-Fetch-Site", "same-origin"), ("Cookie", "a=b")]), good);
    // Before `Authorization`, and by the same rules.
    assert_eq!(come(&[("X-Qahm-Realtime-Token", "v1.bad.bad"), ("Authorization", &bearer)]), malformed);
    assert_eq!(come(&[("X-Qahm-Realtime-Token", ""), ("Authorization", &bearer)]), good);
    assert_eq!(come(&[own, ("Origin", "https://b.test")]), origin);
    assert_eq!(come(&[own, ("Cookie", "a=b")]), origin);
    assert_eq!(come(&[own, ("Sec-Fetch-Site", "cross-site")]), origin);
    assert_eq!(come(&[basic]), malformed);

    let headers = [("x-qahm-realtime-token", &*token), ("origin", ORIGIN), ("authorization", basic.1)];
    let mut client = salon.open(&headers);
    client.send("40");
    client.enter();
}
