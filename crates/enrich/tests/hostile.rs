//! What no visitor's bytes may do.

use std::cell::RefCell;

use proptest::prelude::*;
use qahm_enrich::client::Clients;
use qahm_enrich::source::{Channel, Source};

thread_local! {
    // Compiled once.
    static CLIENTS: RefCell<Clients> = RefCell::new(Clients::new());
}

fn is_clean(text: &str, longest: usize) -> bool {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    text.len() <= longest && !text.chars().any(hidden) && text.trim() == text
}

/// Bytes that look like what is expected, with anything between.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    prop::collection::vec(prop_oneof![4 => word, 1 => noise], 0..24).prop_map(|parts| parts.concat())
}

const AGENT: &[&str] = &[
    "Mozilla/5.0 (",
    "Linux; Android 10; K",
    ") ",
    "Chrome/",
    "126.0.0.0",
    " Mobile",
    " Safari/537.36",
    "iPad; CPU OS ",
    "17_0",
    "bot",
    "/",
    "\u{202e}",
    "$1",
    "Watch",
    "Windows NT ",
    "; ",
    "(",
    "é",
];
const HINTS: &[&str] = &[
    "\"",
    ";v=",
    "\"Brave\"",
    "\"Chromium\";v=\"1\"",
    ", ",
    "; ",
    "?1",
    "?0",
    "\"Android\"",
    "\"Windows\"",
    "\\",
];
const ADDRESS: &[&str] = &[
    "https://",
    "http:",
    "android-app://",
    "www.",
    "google",
    ".",
    "com",
    "facebook.com",
    ":",
    "@",
    "/",
    "?",
    "&",
    "=",
    "#",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "gclid",
    "fbclid",
    "%",
    "%E2%80%AE",
    "%00",
    "+",
    "[",
    "]",
    "É",
    "\u{202e}",
];

proptest! {
    #[test]
    fn any_user_agent(
        agent in prop_oneof![pieces(AGENT), prop::collection::vec(any::<u8>(), 0..400)],
        hints in prop_oneof![pieces(HINTS), prop::collection::vec(any::<u8>(), 0..300)],
    ) {
        CLIENTS.with_borrow_mut(|clients| {
            let client = clients.of(&agent, &hints);
            for name in [&client.browser, &client.os] {
                prop_assert!(!name.is_empty() && is_clean(name, 40), "{:?}", name);
            }
            prop_assert_eq!(&client, &clients.of(&agent, &hints));
            Ok(())
        })?;
    }

    #[test]
    fn any_referrer_and_address(referrer in pieces(ADDRESS), url in pieces(ADDRESS), own in pieces(ADDRESS)) {
        let [referrer, url, own] = [referrer, url, own].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let source = Source::of(&referrer, &url, &[own]);
        prop_assert!(is_clean(&source.host, 100), "{:?}", source.host);
        for text in [&source.utm_source, &source.utm_medium, &source.utm_campaign] {
            prop_assert!(is_clean(text, 64), "{:?}", text);
        }
        prop_assert_eq!(Channel::parse(source.channel.as_str()), Some(source.channel));
        prop_assert!(source.channel != Channel::Internal || source.host.is_empty());
    }
}
