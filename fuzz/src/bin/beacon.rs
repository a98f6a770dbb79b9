//! Body of a POST → beacon → records: whatever comes in, what goes into the ring is bounded, well formed and true.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qahm_event::{
    BEACON_MAX, Beacon, EVENTS_MAX, Flags, HINTS_MAX, RECORD_MAX, Record, Tag, URL_MAX, Visitor, exclusion,
    join_hints,
};

fuzz_target!(|body: &[u8]| {
    let Ok(beacon) = Beacon::parse(body) else { return };
    assert!(body.len() <= BEACON_MAX && beacon.site.0 != 0 && beacon.view.0 != 0);
    assert!(beacon.url.starts_with('/') && beacon.url.len() <= URL_MAX);
    assert!((1..=EVENTS_MAX).contains(&beacon.events.len()));

    // The same bytes as headers, too: they are as hostile.
    let mut hints = [0; HINTS_MAX];
    let (third, rest) = body.split_at(body.len() / 3);
    let visitor = Visitor {
        flags: Flags::HOST_OK.with(Flags::PRIVATE, exclusion(rest).is_some()),
        agent: body,
        hints: join_hints([third, b"?0", rest], &mut hints),
        forwarded: rest,
        ..Visitor::default()
    };
    let mut buffer = [0xaa; RECORD_MAX];
    let mut last = None;
    for (index, event) in beacon.events.iter().enumerate() {
        let bytes = beacon.record(index, &visitor, &mut buffer).expect("an event has a record");
        let record = Record::decode(bytes).expect("what was encoded can be read");
        assert_eq!(record.head.kind, event.kind());
        assert_eq!((record.head.site, record.head.view), (beacon.site, beacon.view));
        assert!(last.is_none_or(|last| record.head.sequence == last + 1), "sequences do not wrap");
        last = Some(record.head.sequence);
        assert_eq!(record.head.flags.contains(Flags::WEBDRIVER), beacon.webdriver);
        let url = record.bytes(Tag::Url).expect("an address always fits");
        assert!(beacon.url.as_bytes().starts_with(url) && (url.len() == beacon.url.len() || url.len() > 396));
        for tag in (0..=u8::MAX).filter_map(Tag::from_u8) {
            assert!(record.text(tag).is_none_or(|text| !text.chars().any(char::is_control)));
            // What came as JSON is UTF-8 wherever it was cut; headers are what they are.
            let header = matches!(tag, Tag::UserAgent | Tag::ClientHints | Tag::ForwardedFor);
            let text = record.bytes(tag).filter(|_| !header && !tag.is_number());
            assert!(text.is_none_or(|text| !text.is_empty() && str::from_utf8(text).is_ok()));
            assert!(record.number(tag).is_none_or(|number| number <= u32::MAX.into()));
        }
    }
    assert!(beacon.record(beacon.events.len(), &visitor, &mut buffer).is_none());
    let bytes = beacon.explained(Some("role"), &visitor, &mut buffer).expect("there is a first event");
    let reason = Record::decode(bytes).expect("readable").text(Tag::Reason);
    assert_eq!(reason.as_deref(), Some("role"));
    assert!(Record::decode(beacon.excluded("role", &visitor, &mut buffer)).is_ok());
});
