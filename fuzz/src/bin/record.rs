//! Bytes of a slot, which any script of the same user may have written, → record → the same record again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qahm_event::{Encoder, RECORD_MAX, Record, Tag};

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = Record::decode(bytes) else { return };
    assert!(bytes.len() <= RECORD_MAX);
    assert!(record.head.peer.to_ip().is_none_or(|ip| !ip.is_unspecified()));
    assert!(record.meta().iter().all(|part| !part.chars().any(char::is_control)));

    let mut buffer = [0xaa; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &record.head);
    for tag in (0..=u8::MAX).filter_map(Tag::from_u8) {
        assert!(record.bytes(tag).is_none_or(|value| value.len() <= tag.limit()));
        assert!(record.text(tag).is_none_or(|text| !text.chars().any(char::is_control)));
        assert!(
            record.number(tag).is_none() || record.text(tag).is_none(),
            "a tag is a text's or a number's"
        );
        if let Some(number) = record.number(tag) {
            encoder.number(tag, number);
        }
        encoder.text(tag, record.bytes(tag).unwrap_or_default());
    }
    let again = Record::decode(encoder.finish()).expect("what was encoded can be read");
    assert_eq!(again.head, record.head);
    for tag in (0..=u8::MAX).filter_map(Tag::from_u8) {
        assert_eq!(again.number(tag), record.number(tag));
        if !tag.is_number() {
            assert_eq!(again.bytes(tag), record.bytes(tag).filter(|value| !value.is_empty()));
        }
    }
});
