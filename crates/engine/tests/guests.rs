//! Who has not said who he is keeps nobody out who has.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod browser;
mod salon;
mod stage;

use browser::{Answer, Browser};
use qahm_engine::http::server::Asked;
use salon::{Client, ORIGIN, Salon, await_some};

const GREETING: [(&str, &str); 5] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Origin", ORIGIN),
];

#[test]
fn sockets_without_a_token_have_a_part_of_the_places() {
    let salon = Salon::at(Asked { listen: Some("auto".into()), connections: Some(24), ..Asked::default() });
    await_some("the socket", || std::os::unix::net::UnixStream::connect(salon.socket()).ok());
    let ask = |headers: &[(&'static str, &str)]| -> (Browser, Answer) {
        let mut browser = Browser::at(&salon.socket());
        let path = "/qahm-live/socket.io/?EIO=4&transport=websocket";
        let headers: Vec<(&str, &str)> = GREETING.iter().chain(headers).copied().collect();
        let answer = browser.open("GET", path, &headers, b"");
        (browser, answer)
    };
    let mut silent: Vec<Browser> = (0..12)
        .map(|_| {
            let (browser, answer) = ask(&[]);
            assert_eq!(answer.status, 101);
            browser
        })
        .collect();
    let (_, refused) = ask(&[]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    assert_eq!(salon.metric("refused_total{reason=\"guests\"}"), 1.0);
    // Who shows a token with the request needs no place among them, nor does anything else.
    let auth = format!("Bearer {}", salon.token());
    assert_eq!(ask(&[("Authorization", &auth)]).1.status, 101);
    assert_eq!(Browser::at(&salon.socket()).get("/qahm-live/live", &[("Authorization", &auth)]).status, 200);
    // Who leaves makes room, and so does who says his token.
    silent.clear();
    await_some("their ends", || (salon.metric("sockets") == 1.0).then_some(()));
    silent.extend((0..11).map(|_| ask(&[]).0));
    let users: Vec<Client> = (0..6).map(|_| salon.follow(&["live"])).collect();
    assert_eq!((silent.len(), users.len()), (11, 6));
    assert_eq!(salon.metric("refused_total{reason=\"guests\"}"), 1.0);
}
