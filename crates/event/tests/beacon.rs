//! The beacon: the released form is read exactly, everything else is refused with its reason.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

use proptest::prelude::*;
use qahm_event::{BEACON_MAX, Beacon, EVENTS_MAX, Event, Kind, Reject, SiteId, ViewId};
use std::borrow::Cow;

const GOOD: &str = r#"{"v":1,"s":"00f1e2d3c4b5a697","i":"8899aabbccddeeff","n":7,"u":"/a?b=c","e":[["v",1,"https://r.example/","Title"],["h"],["s"],["b"],["l",1]]}"#;

fn reason(body: impl AsRef<[u8]>) -> &'static str {
    match Beacon::parse(body.as_ref()) {
        Ok(_) => "accepted",
        Err(Reject { status: 413, reason: "body-too-large" }) => "body-too-large",
        Err(Reject { status: 400, reason }) => reason,
        Err(other) => panic!("status and reason do not agree: {other}"),
    }
}

/// The good beacon with one piece of it replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replacen(old, new, 1)
}

fn view<'a>(visible: bool, referrer: &'a str, title: &'a str) -> Event<'a> {
    Event::View { visible, referrer: referrer.into(), title: title.into(), kind: 0, meta: Default::default() }
}

fn events_of(events: &str) -> Vec<Event<'static>> {
    // Leaked: a test, and the events borrow.
    Beacon::parse(with_events(events).leak().as_bytes()).unwrap().events
}

fn with_events(events: &str) -> String {
    format!(r#"{{"v":1,"s":"00f1e2d3c4b5a697","i":"8899aabbccddeeff","n":7,"u":"/","e":{events}}}"#)
}

#[test]
fn the_released_form_is_read() {
    let beacon = Beacon::parse(GOOD.as_bytes()).unwrap();
    assert_eq!((beacon.site, beacon.view), (SiteId(0x00f1_e2d3_c4b5_a697), ViewId(0x8899_aabb_ccdd_eeff)));
    assert_eq!((beacon.sequence, &*beacon.url), (7, "/a?b=c"));
    let begin = view(true, "https://r.example/", "Title");
    let expected = [begin, Event::Hidden, Event::Visible, Event::Beat, Event::Leave { link: true }];
    assert_eq!(beacon.events, expected);
    let kinds = [Kind::View, Kind::Hidden, Kind::Visible, Kind::Beat, Kind::Leave];
    assert!(beacon.events.iter().map(Event::kind).eq(kinds));
}

#[test]
fn every_event_is_read() {
    let text = Cow::Borrowed::<str>;
    let meta = ["post", "Ann", "News"].map(text);
    let full =
        Event::View { visible: true, referrer: text("r"), title: text("t"), kind: 2, meta: meta.clone() };
    assert_eq!(events_of(r#"[["v",1,"r","t",2,["post","Ann","News"]]]"#), [full]);
    assert_eq!(events_of(r#"[["v",1,"r","t",null,null]]"#), [view(true, "r", "t")]);
    let later = Event::View { visible: false, referrer: text(""), title: text(""), kind: 9, meta };
    assert_eq!(events_of(r#"[["v",0,"","",9,["post","Ann","News",7],{}]]"#), [later]);

    assert_eq!(events_of(r#"[["e",12,80,1]]"#), [Event::Engage { engaged: 12, scroll: 80, tall: true }]);
    let [load, first_byte, first_paint, largest_paint, interaction, shift] =
        [Some(1), None, Some(0), Some(u32::MAX), None, Some(6)];
    assert_eq!(
        events_of(r#"[["t",1,null,0,4294967295,null,6]]"#),
        [Event::Timing { load, first_byte, first_paint, largest_paint, interaction, shift }]
    );
    assert_eq!(
        events_of(r#"[["c","link","/a","Read on"],["f","start","login"]]"#),
        [
            Event::Click { what: text("link"), target: text("/a"), label: text("Read on") },
            Event::Form { what: text("start"), form: text("login") },
        ]
    );
    assert_eq!(
        events_of(r#"[["x","boom","/a.js",7,1],["g","cart","{\"n\":1}"],["g","x",""]]"#),
        [
            Event::Error { message: text("boom"), source: text("/a.js"), line: 7, own: true },
            Event::Custom { name: text("cart"), properties: text("{\"n\":1}") },
            Event::Custom { name: text("x"), properties: text("") },
        ]
    );
}

#[test]
fn who_drives_and_who_wants_to_know() {
    let parse = |member: &str| {
        let body = with(r#""v":1"#, &format!(r#""v":1{member}"#));
        let beacon = Beacon::parse(body.as_bytes()).unwrap();
        (beacon.webdriver, beacon.explain.map(Cow::into_owned))
    };
    assert_eq!(parse(""), (false, None));
    assert_eq!(parse(r#","w":1"#), (true, None));
    assert_eq!(parse(r#","w":true,"d":null"#), (false, None));
    assert_eq!(parse(r#","d":"v1.abc.def""#), (false, Some("v1.abc.def".to_owned())));
    // Whoever asked for an explanation is never counted instead, however wrong the question.
    for odd in ["7", "true", "[]", "\"\""] {
        assert_eq!(parse(&format!(r#","d":{odd}"#)), (false, Some(String::new())), "{odd}");
    }
}

#[test]
fn consent_is_one_and_nothing_else() {
    let consents = |member: &str| Beacon::parse(with(r#""v":1"#, member).as_bytes()).unwrap().consent;
    assert!(consents(r#""v":1,"c":1"#));
    for none in [r#""v":1"#, r#""v":1,"c":0"#, r#""v":1,"c":true"#, r#""v":1,"c":"1""#, r#""v":1,"c":null"#] {
        assert!(!consents(none), "{none}");
    }
}

#[test]
fn plain_texts_are_borrowed() {
    let beacon = Beacon::parse(GOOD.as_bytes()).unwrap();
    assert!(matches!(beacon.url, Cow::Borrowed(_)));
    assert!(matches!(
        &beacon.events[0],
        Event::View { referrer: Cow::Borrowed(_), title: Cow::Borrowed(_), .. }
    ));
}

#[test]
fn escapes_and_spaces_are_json() {
    let body = with(r#""Title""#, r#""Caf\u00e9 \"\ud83e\udd80\" \/ é""#).replace(',', " ,\r\n\t ");
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    assert!(matches!(&beacon.events[0], Event::View { title, .. } if title == "Café \"🦀\" / é"));
    assert_eq!(reason(with(r#""v":1"#, r#""\u0076":1"#)), "accepted");
    assert_eq!(reason(with_events(r#"[["\u0062"]]"#)), "accepted");
}

#[test]
fn half_an_emoji_does_not_lose_the_view() {
    let body = with(r#""Title""#, r#""cut \ud83e""#);
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    assert!(matches!(&beacon.events[0], Event::View { title, .. } if title.starts_with("cut \u{fffd}")));
}

#[test]
fn later_versions_may_say_more() {
    assert_eq!(reason(with(r#""v":1"#, r#""x":{"y":[1,null,{"z":"w"}]},"v":1,"x":2"#)), "accepted");
    assert_eq!(
        reason(with_events(
            r#"[["b",1,"x",{"y":[]}],["v",0,"","",0,["","",""],{"z":3}],["l",0,null],["e",1,2,0,[]],
                ["t",null,null,null,null,null,null,"x"],["c","","","",1],["f","","",1],["x","","",0,0,1],["g","","",1]]"#
        )),
        "accepted"
    );
}

#[test]
fn sizes_are_bounded() {
    let most = format!("{GOOD}{}", " ".repeat(BEACON_MAX - GOOD.len()));
    assert_eq!(reason(&most), "accepted");
    assert_eq!(reason(most + " "), "body-too-large");
    assert_eq!(reason([b'['; BEACON_MAX + 1]), "body-too-large");
    let url = |length: usize| with("/a?b=c", &format!("/{}", "u".repeat(length - 1)));
    assert_eq!(reason(url(2048)), "accepted");
    assert_eq!(reason(url(2049)), "url");
}

#[test]
fn what_is_no_json_object_is_refused() {
    assert_eq!(reason(b"\xff"), "not-utf8");
    assert_eq!(reason([GOOD.as_bytes(), b"\xc3"].concat()), "not-utf8");
    for body in
        ["", " ", "null", "1", "\"x\"", "[]", "{", "{}x", "\u{feff}{}", "{\"v\":1,}", "{'v':1}", "{\"v\":01}"]
    {
        assert_eq!(reason(body), "not-json", "{body}");
    }
    assert_eq!(reason(GOOD.to_owned() + GOOD), "not-json");
    assert_eq!(reason(with("{", "{\0")), "not-json");
    // The members' values as a list are not the object.
    assert_eq!(reason(r#"[1,"00f1e2d3c4b5a697","8899aabbccddeeff",7,"/",[["b"]]]"#), "not-json");
}

#[test]
fn a_member_given_twice_is_refused() {
    for member in [r#""v":1"#, r#""n":7"#, r#""s":"00f1e2d3c4b5a697""#, r#""u":"/a?b=c""#] {
        assert_eq!(reason(with(member, &format!("{member},{member}"))), "not-json");
    }
}

#[test]
fn nesting_needs_no_stack() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1300 / open.len() * 3);
        assert_eq!(reason(&deep), "not-json");
        assert_eq!(reason(format!("{{\"x\":{deep}")), "not-json");
    }
    let deep = format!("{}{}", "[".repeat(1900), "]".repeat(1900));
    assert_eq!(reason(with(r#""v":1"#, &format!(r#""x":{deep},"v":1"#))), "accepted");
    assert_eq!(reason(with_events(&format!(r#"[["b",{deep}]]"#))), "accepted");
    assert_eq!(reason(with_events(&deep)), "event");
    assert_eq!(reason(with(r#""v":1"#, &format!(r#""v":{deep}"#))), "version");
}

#[test]
fn control_characters_are_refused_anywhere() {
    for code in 0..0x20u32 {
        let raw = char::from_u32(code).unwrap();
        for place in ["Title", "https://r.example/", "/a?b=c", "00f1e2d3c4b5a697"] {
            assert_eq!(reason(with(place, &format!("{place}{raw}"))), "control-bytes");
            assert_eq!(reason(with(place, &format!("{place}\\u{code:04x}"))), "control-bytes");
            assert_eq!(reason(with(place, &format!("{place}\\u{code:04X}"))), "control-bytes");
        }
        // Where nobody looks at the value, too.
        assert_eq!(reason(with(r#""v":1"#, &format!(r#""x":"\u{code:04x}","v":1"#))), "control-bytes");
        assert_eq!(reason(with(r#""v":1"#, &format!(r#""\u{code:04x}":1,"v":1"#))), "control-bytes");
    }
    for short in ["\\b", "\\f", "\\n", "\\r", "\\t"] {
        assert_eq!(reason(with("Title", short)), "control-bytes");
    }
    // These only look like it.
    for fine in ["\\\\n", "\\\\u0000", "u0001", "\\u0020", "\\u1000", "\\u00201", "\\\""] {
        assert_eq!(reason(with("Title", fine)), "accepted", "{fine}");
    }
}

#[test]
fn versions_other_than_one_are_refused() {
    for version in ["0", "2", "1.0", "1e0", "-1", "\"1\"", "true", "null", "[1]", "4294967297", "1e400"] {
        assert_eq!(reason(with(r#""v":1"#, &format!(r#""v":{version}"#))), "version", "{version}");
    }
    assert_eq!(reason(with(r#""v":1,"#, "")), "version");
    assert_eq!(reason(r#"{"e":{"of":"another form"},"v":2}"#), "version");
    assert_eq!(reason("{}"), "version");
}

#[test]
fn ids_are_sixteen_hex_digits_and_not_zero() {
    let bad = [
        r#""""#,
        r#""0000000000000000""#,
        r#""8899aabbccddeef""#,
        r#""8899aabbccddeefff""#,
        r#""8899aabbccddeefg""#,
        r#"" 899aabbccddeeff""#,
        r#""+899aabbccddeeff""#,
        "9843086184167632639",
        "null",
        r#"["8899aabbccddeeff"]"#,
        "[56,56]",
    ];
    for id in bad {
        assert_eq!(reason(with(r#""8899aabbccddeeff""#, id)), "view", "{id}");
        assert_eq!(reason(with(r#""00f1e2d3c4b5a697""#, id)), "site", "{id}");
    }
    assert_eq!(reason(with("8899aabbccddeeff", "8899AABBccddEEFF")), "accepted");
    assert_eq!(reason(with("00f1e2d3c4b5a697", "00F1E2D3C4B5A697")), "site");
    assert_eq!(reason(with(r#""i":"8899aabbccddeeff","#, "")), "view");
    assert_eq!(reason(with(r#""s":"00f1e2d3c4b5a697","#, "")), "site");
}

#[test]
fn sequences_are_whole_numbers_of_32_bits() {
    for bad in
        ["1.0", "-1", "-0", "1e3", "4294967296", "18446744073709551616", "\"7\"", "null", "true", "[7]", "{}"]
    {
        assert_eq!(reason(with(r#""n":7"#, &format!(r#""n":{bad}"#))), "sequence", "{bad}");
    }
    assert_eq!(reason(with(r#""n":7,"#, "")), "sequence");
    // Five events: the last has n + 4.
    assert_eq!(reason(with(r#""n":7"#, r#""n":4294967291"#)), "accepted");
    assert_eq!(reason(with(r#""n":7"#, r#""n":4294967292"#)), "sequence");
}

#[test]
fn addresses_begin_with_a_slash() {
    for bad in [r#""""#, r#""a""#, r#""https://x/""#, r#"" /""#, "7", "null", "[47]", r#"{"/":1}"#] {
        assert_eq!(reason(with(r#""/a?b=c""#, bad)), "url", "{bad}");
    }
    assert_eq!(reason(with(r#""u":"/a?b=c","#, "")), "url");
}

#[test]
fn events_are_one_to_sixty_four() {
    for bad in ["[]", "null", "{}", "\"b\"", "1"] {
        assert_eq!(reason(with_events(bad)), "events", "{bad}");
    }
    let events = |count: usize| format!("[{}]", vec![r#"["b"]"#; count].join(","));
    assert_eq!(Beacon::parse(with_events(&events(EVENTS_MAX)).as_bytes()).unwrap().events.len(), EVENTS_MAX);
    assert_eq!(reason(with_events(&events(EVENTS_MAX + 1))), "events");
    assert_eq!(
        reason(with(r#","e":[["v",1,"https://r.example/","Title"],["h"],["s"],["b"],["l",1]]"#, "")),
        "events"
    );
}

#[test]
fn an_event_that_is_not_known_refuses_the_whole() {
    let bad = [
        "[]",
        "1",
        "null",
        "\"b\"",
        "{\"b\":1}",
        "[\"x\"]",
        "[\"B\"]",
        "[\"\"]",
        "[1]",
        "[null]",
        "[[\"b\"]]",
        "[[98]]",
        "[\"v\"]",
        "[\"v\",1]",
        "[\"v\",1,\"\"]",
        "[\"v\",2,\"\",\"\"]",
        "[\"v\",-1,\"\",\"\"]",
        "[\"v\",1.0,\"\",\"\"]",
        "[\"v\",true,\"\",\"\"]",
        "[\"v\",\"1\",\"\",\"\"]",
        "[\"v\",1,null,\"\"]",
        "[\"v\",1,\"\",7]",
        "[\"l\"]",
        "[\"l\",2]",
        "[\"l\",null]",
        "[\"v\",1,\"\",\"\",-1]",
        "[\"v\",1,\"\",\"\",\"1\"]",
        "[\"v\",1,\"\",\"\",4294967296]",
        "[\"v\",1,\"\",\"\",0,[\"\",\"\"]]",
        "[\"v\",1,\"\",\"\",0,[\"\",\"\",null]]",
        "[\"v\",1,\"\",\"\",0,\"post\"]",
        "[\"e\",1,2]",
        "[\"e\",1,2,3]",
        "[\"e\",1.5,2,1]",
        "[\"e\",-1,2,1]",
        "[\"e\",null,2,1]",
        "[\"e\",4294967296,2,1]",
        "[\"t\",1,2,3,4,5]",
        "[\"t\",1,2,3,4,5,0.1]",
        "[\"t\",1,2,3,4,5,-1]",
        "[\"t\",1,2,3,4,5,\"6\"]",
        "[\"t\",1,2,3,4,5,4294967296]",
        "[\"c\",\"link\",\"/a\"]",
        "[\"c\",\"link\",null,\"\"]",
        "[\"c\",1,\"\",\"\"]",
        "[\"f\",\"start\"]",
        "[\"f\",\"start\",1]",
        "[\"x\",\"m\",\"s\",1]",
        "[\"x\",\"m\",\"s\",1,2]",
        "[\"x\",\"m\",\"s\",null,1]",
        "[\"x\",\"m\",\"s\",-1,1]",
        "[\"g\",\"name\"]",
        "[\"g\",\"name\",{}]",
        "[\"g\",\"name\",null]",
    ];
    for event in bad {
        assert_eq!(reason(with_events(&format!("[{event}]"))), "event", "{event}");
        assert_eq!(reason(with_events(&format!(r#"[["b"],{event},["h"]]"#))), "event", "{event}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[^\\x00-\\x1f]{0,40}"
}

prop_compose! {
    fn any_event()(kind in 0..11, bit in any::<bool>(), texts in [text(), text(), text(), text(), text()],
                   numbers in any::<[Option<u32>; 6]>()) -> (String, Event<'static>) {
        let flag = u8::from(bit);
        let [a, b, c, d, e] = texts.map(Cow::Owned::<str>);
        let json = |text: &Cow<'_, str>| serde_json::json!(text).to_string();
        let number = numbers[0].unwrap_or_default();
        match kind {
            0 => (
                format!("[\"v\",{flag},{},{},{number},[{},{},{}]]", json(&a), json(&b), json(&c), json(&d), json(&e)),
                Event::View { visible: bit, referrer: a, title: b, kind: number, meta: [c, d, e] },
            ),
            1 => (r#"["s"]"#.into(), Event::Visible),
            2 => (r#"["h"]"#.into(), Event::Hidden),
            3 => (r#"["b"]"#.into(), Event::Beat),
            4 => (format!("[\"l\",{flag}]"), Event::Leave { link: bit }),
            5 => (
                format!("[\"e\",{number},{},{flag}]", number / 2),
                Event::Engage { engaged: number, scroll: number / 2, tall: bit },
            ),
            6 => {
                let list = numbers.map(|n| n.map_or("null".to_owned(), |n| n.to_string())).join(",");
                let [load, first_byte, first_paint, largest_paint, interaction, shift] = numbers;
                let event = Event::Timing { load, first_byte, first_paint, largest_paint, interaction, shift };
                (format!("[\"t\",{list}]"), event)
            }
            7 => (
                format!("[\"c\",{},{},{}]", json(&a), json(&b), json(&c)),
                Event::Click { what: a, target: b, label: c },
            ),
            8 => (format!("[\"f\",{},{}]", json(&a), json(&b)), Event::Form { what: a, form: b }),
            9 => (
                format!("[\"x\",{},{},{number},{flag}]", json(&a), json(&b)),
                Event::Error { message: a, source: b, line: number, own: bit },
            ),
            _ => (format!("[\"g\",{},{}]", json(&a), json(&b)), Event::Custom { name: a, properties: b }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..BEACON_MAX + 2)) {
        let _ = Beacon::parse(&body);
    }

    #[test]
    fn arbitrary_json_like_text_never_panics(body in "[{}\\[\\]\",:0-9a-fvsinuedwtcxgl\\\\ .\\-+]{0,300}") {
        let _ = Beacon::parse(body.as_bytes());
        let _ = Beacon::parse(with_events(&format!("[{body}]")).as_bytes());
        let _ = Beacon::parse(format!("{{\"v\":1,{body}").as_bytes());
    }

    #[test]
    fn mutated_beacons_keep_their_bounds(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let mut body = GOOD.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at.max(1)),
            }
        }
        if let Ok(beacon) = Beacon::parse(&body) {
            prop_assert!(beacon.url.starts_with('/') && beacon.site.0 != 0 && beacon.view.0 != 0);
            prop_assert!((1..=EVENTS_MAX).contains(&beacon.events.len()));
            prop_assert!(!beacon.url.bytes().any(|byte| byte < 0x20));
        }
    }

    #[test]
    fn what_is_well_formed_is_read_as_written(
        site in 1..=u64::MAX, view in 1..=u64::MAX, sequence in 0..u32::MAX - 64, path in text(),
        events in prop::collection::vec(any_event(), 1..8),
    ) {
        let url = format!("/{path}");
        let list = events.iter().map(|(json, _)| json.as_str()).collect::<Vec<_>>().join(",");
        let body = format!("{{\"v\":1,\"s\":\"{}\",\"i\":\"{}\",\"n\":{sequence},\"u\":{},\"e\":[{list}]}}",
            SiteId(site), ViewId(view), serde_json::json!(url));
        prop_assume!(body.len() <= BEACON_MAX);
        let beacon = Beacon::parse(body.as_bytes()).unwrap();
        prop_assert_eq!((beacon.site.0, beacon.view.0, beacon.sequence), (site, view, sequence));
        prop_assert_eq!(&*beacon.url, url.as_str());
        let expected: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        prop_assert_eq!(beacon.events, expected);
    }
}
