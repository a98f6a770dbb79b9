//! Beacon to records: what every event leaves in its record, whoever collects.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

use proptest::prelude::*;
use qahm_event::{
    Beacon, Flags, Kind, Micros, OPT_OUT, Peer, RECORD_MAX, ROLE, Record, SiteId, Tag, ViewId, Visitor,
};

fn visitor() -> Visitor<'static> {
    Visitor {
        time: Micros(77),
        peer: Peer::parse(b"203.0.113.7").unwrap(),
        flags: Flags::HOST_OK,
        agent: b"Agent",
        hints: b"Hints",
        forwarded: b"198.51.100.1",
    }
}

fn body(events: &str, more: &str) -> String {
    format!(r#"{{"v":1,"s":"00000000000000ab","i":"00000000000000cd","n":5,"u":"/a?b"{more},"e":{events}}}"#)
}

/// The fields of each record that are the event's own, as `Tag=value`.
fn own_fields(events: &str) -> Vec<String> {
    let body = body(events, "");
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    let mut buffer = [0xaa; RECORD_MAX];
    (0..beacon.events.len())
        .map(|index| {
            let record = Record::decode(beacon.record(index, &visitor(), &mut buffer).unwrap()).unwrap();
            assert_eq!(record.head.kind, beacon.events[index].kind());
            assert_eq!(record.head.sequence, 5 + index as u32);
            assert_eq!((record.head.site, record.head.view), (SiteId(0xab), ViewId(0xcd)));
            assert_eq!((record.head.time, record.head.peer), (Micros(77), visitor().peer));
            assert_eq!(record.text(Tag::Url).unwrap(), "/a?b");
            assert_eq!(record.text(Tag::UserAgent).unwrap(), "Agent");
            assert_eq!(record.text(Tag::ClientHints).unwrap(), "Hints");
            assert_eq!(record.text(Tag::ForwardedFor).unwrap(), "198.51.100.1");
            fields(&record)
        })
        .collect()
}

fn fields(record: &Record<'_>) -> String {
    let mut fields = Vec::new();
    for tag in (0..=u8::MAX).filter_map(Tag::from_u8) {
        match (tag, record.text(tag), record.number(tag)) {
            (Tag::Url | Tag::UserAgent | Tag::ClientHints | Tag::ForwardedFor, ..) => {}
            (Tag::Meta, Some(_), _) => fields.push(format!("Meta={:?}", record.meta())),
            (_, Some(text), _) => fields.push(format!("{tag:?}={text}")),
            (_, _, Some(number)) => fields.push(format!("{tag:?}={number}")),
            _ => {}
        }
    }
    fields.join(" ")
}

#[test]
fn each_event_leaves_its_fields() {
    let expected = [
        (r#"["v",1,"https://r.example/","Title"]"#, "Referrer=https://r.example/ Title=Title"),
        (r#"["v",0,"","",3,["page","Ann",""]]"#, r#"Type=3 Meta=["page", "Ann", ""]"#),
        (r#"["s"]"#, ""),
        (r#"["h"]"#, ""),
        (r#"["b"]"#, ""),
        (r#"["l",1]"#, ""),
        (r#"["e",40,80,1]"#, "Engaged=40 Scroll=80 Tall=1"),
        (r#"["e",0,101,0]"#, "Engaged=0 Scroll=100 Tall=0"),
        (r#"["t",1,2,3,4,5,6]"#, "Load=1 FirstByte=2 FirstPaint=3 LargestPaint=4 Interaction=5 Shift=6"),
        (r#"["t",null,null,null,0,null,4294967295]"#, "LargestPaint=0 Shift=4294967295"),
        (r#"["c","outbound","x.example/y","Go"]"#, "Name=Go What=outbound Target=x.example/y"),
        (r#"["f","submit","login"]"#, "Name=login What=submit"),
        (r#"["x","boom","/a.js",7,1]"#, "Title=boom Line=7 Own=1 Target=/a.js"),
        (r#"["g","goal:Order","{}"]"#, "Name=goal:Order Properties={}"),
    ];
    let events = format!("[{}]", expected.map(|(event, _)| event).join(","));
    assert_eq!(own_fields(&events), expected.map(|(_, fields)| fields));
}

#[test]
fn flags_are_the_events_the_beacons_and_the_requests() {
    let flags = |event: &str, more: &str| {
        let body = body(&format!("[{event}]"), more);
        let mut buffer = [0; RECORD_MAX];
        let beacon = Beacon::parse(body.as_bytes()).unwrap();
        let bytes = beacon.record(0, &visitor(), &mut buffer).unwrap();
        Record::decode(bytes).unwrap().head.flags
    };
    assert_eq!(flags(r#"["v",1,"",""]"#, ""), Flags::HOST_OK | Flags::VISIBLE);
    assert_eq!(flags(r#"["v",0,"",""]"#, ""), Flags::HOST_OK);
    assert_eq!(flags(r#"["l",1]"#, r#","c":1"#), Flags::HOST_OK | Flags::LINK | Flags::CONSENT);
    assert_eq!(flags(r#"["b"]"#, r#","w":1"#), Flags::HOST_OK | Flags::WEBDRIVER);
}

#[test]
fn an_excluded_beacon_is_one_bare_record() {
    let body = body(r#"[["v",1,"r","t"],["b"]]"#, "");
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    let mut buffer = [0; RECORD_MAX];
    for reason in [ROLE, OPT_OUT] {
        let record = Record::decode(beacon.excluded(reason, &visitor(), &mut buffer)).unwrap();
        assert_eq!((record.head.kind, record.head.sequence), (Kind::Excluded, 5));
        assert_eq!(fields(&record), format!("Reason={reason}"));
        assert!(record.bytes(Tag::UserAgent).is_none() && record.bytes(Tag::Url).is_none());
    }
    assert!(beacon.record(2, &visitor(), &mut buffer).is_none());
}

#[test]
fn what_is_to_be_explained_is_the_first_record_and_its_reason() {
    let body = body(r#"[["v",1,"r","t"],["b"]]"#, r#","d":"token""#);
    let beacon = Beacon::parse(body.as_bytes()).unwrap();
    let (mut one, mut two) = ([0; RECORD_MAX], [0; RECORD_MAX]);
    let explained = beacon.explained(None, &visitor(), &mut one).unwrap();
    assert_eq!(explained, beacon.record(0, &visitor(), &mut two).unwrap());
    for reason in [ROLE, OPT_OUT] {
        let record = Record::decode(beacon.explained(Some(reason), &visitor(), &mut one).unwrap()).unwrap();
        assert_eq!(record.head.kind, Kind::View);
        assert_eq!(fields(&record), format!("Referrer=r Title=t Reason={reason}"));
    }
}

#[test]
fn a_record_too_full_keeps_what_finds_page_and_visitor() {
    let long = "x".repeat(1500);
    for event in [
        format!(r#"["g","{long}","{long}"]"#),
        format!(r#"["c","{long}","{long}","{long}"]"#),
        format!(r#"["v",1,"{long}","{long}",1,["{}","b","c"]]"#, "p".repeat(400)),
    ] {
        let body = body(&format!("[{event}]"), "").replace("/a?b", &format!("/{}", "u".repeat(400)));
        // Longer than a browser may send, which is not what is looked at here.
        let body = body.replace(&long, &"x".repeat(700));
        let beacon = Beacon::parse(body.as_bytes()).unwrap();
        let full = Visitor { agent: &[b'a'; 400], hints: &[b'h'; 200], forwarded: &[b'1'; 96], ..visitor() };
        let mut buffer = [0; RECORD_MAX];
        let record = Record::decode(beacon.record(0, &full, &mut buffer).unwrap()).unwrap();
        assert!(record.head.flags.contains(Flags::CUT));
        assert_eq!(record.bytes(Tag::Url).unwrap().len(), 400);
        assert_eq!(record.bytes(Tag::UserAgent).unwrap().len(), 256);
        assert_eq!(record.bytes(Tag::ForwardedFor).unwrap().len(), 96);
        match record.head.kind {
            Kind::Custom => assert_eq!(record.bytes(Tag::Properties).unwrap().len(), 512),
            Kind::Click => assert_eq!(record.bytes(Tag::Target).unwrap().len(), 300),
            _ => assert_eq!((record.number(Tag::Type), record.meta()[0].is_empty()), (Some(1), false)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_in_any_event_gives_a_record(
        kind in "[vcfxg]", texts in prop::collection::vec("[^\\x00-\\x1f]{0,300}", 5), headers in any::<[Vec<u8>; 3]>(),
    ) {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|k| serde_json::json!(texts[k]).to_string());
        let event = match kind.as_str() {
            "v" => format!(r#"["v",1,{a},{b},0,[{c},{d},{e}]]"#),
            "c" => format!(r#"["c",{a},{b},{c}]"#),
            "x" => format!(r#"["x",{a},{b},1,0]"#),
            kind => format!(r#"["{kind}",{a},{b}]"#),
        };
        let body = body(&format!("[{event}]"), "");
        prop_assume!(body.len() <= qahm_event::BEACON_MAX);
        let beacon = Beacon::parse(body.as_bytes()).unwrap();
        let [agent, hints, forwarded] = &headers;
        let mut buffer = [0; RECORD_MAX];
        let bytes = beacon.record(0, &Visitor { agent, hints, forwarded, ..visitor() }, &mut buffer).unwrap();
        let record = Record::decode(bytes).unwrap();
        for tag in (0..=u8::MAX).filter_map(Tag::from_u8).filter(|&tag| tag != Tag::ForwardedFor) {
            let hints = [Tag::UserAgent, Tag::ClientHints].contains(&tag);
            prop_assert!(hints || record.bytes(tag).is_none_or(|b| tag.is_number() || str::from_utf8(b).is_ok()));
        }
    }
}
