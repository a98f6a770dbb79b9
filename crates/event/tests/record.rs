//! The record: what is written comes back, what is too long is cut well, and no bytes whatever make the reader panic.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

use proptest::prelude::*;
use qahm_event::{
    Encoder, Error, Flags, HEAD_BYTES, Head, Kind, LAYOUT, Micros, Peer, RECORD_MAX, Record, SiteId, Tag,
    ViewId, clean,
};

const TEXTS: [Tag; 11] = [
    Tag::Url,
    Tag::Referrer,
    Tag::UserAgent,
    Tag::Title,
    Tag::ClientHints,
    Tag::ForwardedFor,
    Tag::Name,
    Tag::Properties,
    Tag::Reason,
    Tag::What,
    Tag::Target,
];
const NUMBERS: [Tag; 17] = [
    Tag::Status,
    Tag::Generation,
    Tag::Added,
    Tag::Queries,
    Tag::Engaged,
    Tag::Scroll,
    Tag::Tall,
    Tag::Load,
    Tag::FirstByte,
    Tag::FirstPaint,
    Tag::LargestPaint,
    Tag::Interaction,
    Tag::Shift,
    Tag::Line,
    Tag::Own,
    Tag::Results,
    Tag::Type,
];

fn head() -> Head {
    Head {
        kind: Kind::View,
        flags: Flags::HOST_OK,
        site: SiteId(0x0102_0304_0506_0708),
        time: Micros(0x1112_1314_1516_1718),
        view: ViewId(0x2122_2324_2526_2728),
        sequence: 0x3132_3334,
        peer: Peer::parse(b"203.0.113.7").unwrap(),
    }
}

fn encode<'a>(buffer: &'a mut [u8; RECORD_MAX], fields: &[(Tag, &[u8])]) -> &'a [u8] {
    let mut encoder = Encoder::new(buffer, &head());
    for (tag, text) in fields {
        encoder.text(*tag, text);
    }
    encoder.finish()
}

/// One field written alone: its value, and whether the record was flagged.
fn alone(tag: Tag, text: &[u8]) -> (Vec<u8>, bool) {
    let mut buffer = [0xaa; RECORD_MAX];
    let record = Record::decode(encode(&mut buffer, &[(tag, text)])).unwrap();
    (record.bytes(tag).unwrap_or_default().to_vec(), record.head.flags.contains(Flags::CUT))
}

/// Engine and extension may be of different versions, and a ring outlives both: the layout is pinned byte for byte.
#[test]
fn the_layout_is_as_drawn() {
    let mut buffer = [0xaa; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head());
    encoder.text(Tag::Url, b"/a");
    encoder.number(Tag::Status, 404);
    let expected: Vec<u8> = [
        &[1, 1, 8, 0][..],
        &[0x34, 0x33, 0x32, 0x31],
        &[8, 7, 6, 5, 4, 3, 2, 1],
        &[0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11],
        &[0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7],
        &[1, 2, 0, b'/', b'a'],
        &[9, 8, 0, 0x94, 1, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(encoder.finish(), expected);
}

#[test]
fn unknown_tags_are_skipped_and_the_first_of_two_counts() {
    let mut buffer = [0; RECORD_MAX];
    let mut bytes = encode(&mut buffer, &[(Tag::Url, b"/a")]).to_vec();
    bytes.extend_from_slice(&[200, 3, 0, 1, 2, 3, 0, 0, 0, 4, 1, 0, b't', 1, 2, 0, b'/', b'b']);
    let record = Record::decode(&bytes).unwrap();
    assert_eq!(record.text(Tag::Url).unwrap(), "/a");
    assert_eq!(record.text(Tag::Title).unwrap(), "t");
    assert_eq!(record.head, head());
}

#[test]
fn broken_records_are_refused() {
    let mut buffer = [0; RECORD_MAX];
    let good = encode(&mut buffer, &[(Tag::Url, b"/a")]).to_vec();
    let end = good.len();
    for short in 0..HEAD_BYTES {
        assert_eq!(Record::decode(&good[..short]).unwrap_err(), Error::Short(short));
    }
    for cut in HEAD_BYTES + 1..end {
        assert_eq!(Record::decode(&good[..cut]).unwrap_err(), Error::Field(HEAD_BYTES));
    }
    assert_eq!(Record::decode(&[1; RECORD_MAX + 1]).unwrap_err(), Error::Long(RECORD_MAX + 1));
    let with = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[at] = byte;
        Record::decode(&bad).unwrap_err()
    };
    assert_eq!(with(0, 0), Error::Kind(0));
    assert_eq!(with(0, 15), Error::Kind(15));
    assert_eq!(with(1, LAYOUT + 1), Error::Layout(LAYOUT + 1));
    assert_eq!(with(HEAD_BYTES + 1, 3), Error::Field(HEAD_BYTES));
    assert_eq!(with(HEAD_BYTES + 2, 0xff), Error::Field(HEAD_BYTES));
}

#[test]
fn a_field_over_its_limit_is_cut_by_the_reader_too() {
    let mut buffer = [0; RECORD_MAX];
    let mut bytes = encode(&mut buffer, &[]).to_vec();
    bytes.extend_from_slice(&[Tag::Reason as u8, 40, 0]);
    bytes.extend_from_slice(&[b'r'; 40]);
    let record = Record::decode(&bytes).unwrap();
    assert_eq!(record.text(Tag::Reason).unwrap().len(), 32);
    assert!(record.head.flags.contains(Flags::CUT));
}

#[test]
fn text_and_numbers_are_not_mixed() {
    let mut buffer = [0; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head());
    encoder.text(Tag::Status, b"12345678");
    encoder.number(Tag::Url, 7);
    encoder.text(Tag::Title, b"");
    assert_eq!(encoder.finish().len(), HEAD_BYTES);
    // A number that is not 8 bytes long, and a number's tag asked for as text.
    let mut bytes = encode(&mut buffer, &[]).to_vec();
    bytes.extend_from_slice(&[9, 2, 0, 1, 1, 11, 8, 0, 65, 66, 67, 68, 69, 70, 71, 72]);
    let record = Record::decode(&bytes).unwrap();
    assert_eq!((record.number(Tag::Status), record.number(Tag::Generation)), (None, None));
    assert_eq!((record.text(Tag::Queries), record.number(Tag::Url)), (None, None));
}

#[test]
fn text_is_cleaned_on_the_way_out() {
    let mut buffer = [0; RECORD_MAX];
    let bytes = encode(&mut buffer, &[(Tag::Title, b"a\x1b[31m\xe2\x80\xaeb\xff\x7f")]);
    let record = Record::decode(bytes).unwrap();
    assert_eq!(record.text(Tag::Title).unwrap(), "a[31mb\u{fffd}");
    assert_eq!(record.bytes(Tag::Title).unwrap(), b"a\x1b[31m\xe2\x80\xaeb\xff\x7f");
}

#[test]
fn cuts_fall_between_characters() {
    for (filler, rest) in [(159, ""), (158, "é"), (157, "é"), (157, "€"), (156, "🦀"), (157, "🦀"), (160, "")]
    {
        let whole = "x".repeat(filler) + rest;
        let long = format!("{whole}🦀🦀");
        let (value, cut) = alone(Tag::Title, long.as_bytes());
        let value = String::from_utf8(value).unwrap();
        assert!(cut && long.starts_with(&value) && (157..=160).contains(&value.len()), "{value}");
    }
    assert_eq!(alone(Tag::Title, &[b'x'; 160]), (vec![b'x'; 160], false));
    // No UTF-8 at all: cut anywhere, but at the limit.
    assert_eq!(alone(Tag::Title, &[0x80; 200]), (vec![0x80; 160], true));
}

#[test]
fn forwarded_for_keeps_its_end_in_whole_addresses() {
    let long = (0..20).map(|i| format!("198.51.100.{i}")).collect::<Vec<_>>().join(", ");
    let (value, cut) = alone(Tag::ForwardedFor, long.as_bytes());
    let value = String::from_utf8(value).unwrap();
    assert!(cut && long.ends_with(&value) && value.len() <= 96, "{value}");
    assert!(value.split(", ").all(|part| long.split(", ").any(|whole| whole == part)), "{value}");
    assert_eq!(value.split(", ").count(), 6);
    // Exactly filled: the element after the comma that just fell off is whole.
    let filled = format!("junk,{}", "1".repeat(96));
    assert_eq!(alone(Tag::ForwardedFor, filled.as_bytes()), ("1".repeat(96).into_bytes(), true));
    // One endless element: no part of it is anybody's address.
    assert_eq!(alone(Tag::ForwardedFor, &[b'1'; 200]), (vec![], true));
    assert_eq!(alone(Tag::ForwardedFor, b"1.2.3.4"), (b"1.2.3.4".to_vec(), false));
}

/// The parts as they come back, and whether the record was flagged.
fn meta(parts: [&str; 3]) -> ([String; 3], bool) {
    let mut buffer = [0; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head());
    encoder.meta(parts.map(str::as_bytes));
    let record = Record::decode(encoder.finish()).unwrap();
    (record.meta().map(Into::into), record.head.flags.contains(Flags::CUT))
}

#[test]
fn the_three_parts_of_meta_come_back() {
    for parts in [["post", "Ann", "News"], ["", "", ""], ["", "é", ""], ["a", "", ""], ["", "", "c"]] {
        assert_eq!(meta(parts), (parts.map(str::to_owned), false));
    }
    let long = "x".repeat(300);
    let cut = "x".repeat(66);
    assert_eq!(meta([&long, "Ann", &long]), ([cut.clone(), "Ann".to_owned(), cut.clone()], true));
    assert_eq!(meta([&long; 3]), ([cut.clone(), cut.clone(), cut], true));
    let ([first, ..], _) = meta([&"é".repeat(40), "", "n"]);
    assert_eq!(first, "é".repeat(33));
    assert_eq!(alone(Tag::Meta, b"").0, b"");
    // What somebody else wrote there: more parts, or fewer.
    let mut buffer = [0; RECORD_MAX];
    let bytes = encode(&mut buffer, &[(Tag::Meta, b"a\x1f\xffb\x1f\x1b[c\x1fd")]);
    assert_eq!(Record::decode(bytes).unwrap().meta(), ["a", "\u{fffd}b", "[c"]);
}

#[test]
fn a_full_record_takes_no_more() {
    let long = "é".repeat(600);
    let mut buffer = [0; RECORD_MAX];
    let mut encoder = Encoder::new(&mut buffer, &head());
    for tag in TEXTS {
        encoder.text(tag, long.as_bytes());
    }
    for tag in NUMBERS {
        encoder.number(tag, u64::MAX);
    }
    let bytes = encoder.finish();
    assert!(bytes.len() <= RECORD_MAX && bytes.len() > RECORD_MAX - 12);
    let record = Record::decode(bytes).unwrap();
    assert!(record.head.flags.contains(Flags::CUT | Flags::HOST_OK));
    for tag in TEXTS {
        assert!(record.bytes(tag).is_none_or(|value| str::from_utf8(value).is_ok()));
    }
}

prop_compose! {
    fn any_head()(kind in 1u8..=14, flags in any::<u16>(), site in any::<u64>(), time in any::<u64>(),
                  view in any::<u64>(), sequence in any::<u32>(), peer in any::<[u8; 16]>()) -> Head {
        Head { kind: Kind::from_u8(kind).unwrap(), flags: Flags(flags), site: SiteId(site), time: Micros(time),
               view: ViewId(view), sequence, peer: Peer(peer) }
    }
}

fn read_everything(record: &Record<'_>) {
    assert!(record.meta().iter().all(|part| !part.chars().any(char::is_control)));
    assert!(record.bytes(Tag::Meta).is_none_or(|value| value.len() <= Tag::Meta.limit()));
    for tag in TEXTS.into_iter().chain(NUMBERS) {
        assert!(record.bytes(tag).is_none_or(|value| value.len() <= tag.limit()));
        assert!(record.text(tag).is_none_or(|text| !text.chars().any(char::is_control)));
        let _ = record.number(tag);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..1600)) {
        if let Ok(record) = Record::decode(&bytes) {
            read_everything(&record);
        }
    }

    #[test]
    fn arbitrary_fields_never_panic(head in any_head(), tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut buffer = [0; RECORD_MAX];
        let mut bytes = Encoder::new(&mut buffer, &head).finish().to_vec();
        bytes.extend(tail);
        if let Ok(record) = Record::decode(&bytes) {
            read_everything(&record);
        }
    }

    #[test]
    fn mutated_records_never_panic(head in any_head(), text in "\\PC{0,80}", number in any::<u64>(),
                                   changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut buffer = [0; RECORD_MAX];
        let mut encoder = Encoder::new(&mut buffer, &head);
        for tag in TEXTS {
            encoder.text(tag, text.as_bytes());
        }
        encoder.number(Tag::Queries, number);
        let mut bytes = encoder.finish().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(record) = Record::decode(&bytes) {
            read_everything(&record);
        }
    }

    #[test]
    fn what_fits_comes_back(head in any_head(), texts in prop::collection::vec("\\PC{1,8}", TEXTS.len()),
                            numbers in any::<[u64; NUMBERS.len()]>()) {
        let mut buffer = [0x55; RECORD_MAX];
        let mut encoder = Encoder::new(&mut buffer, &head);
        for (tag, text) in TEXTS.into_iter().zip(&texts) {
            encoder.text(tag, text.as_bytes());
        }
        for (tag, number) in NUMBERS.into_iter().zip(numbers) {
            encoder.number(tag, number);
        }
        let record = Record::decode(encoder.finish()).unwrap();
        prop_assert_eq!(record.head, head);
        for (tag, text) in TEXTS.into_iter().zip(&texts) {
            prop_assert_eq!(record.bytes(tag).unwrap(), text.as_bytes());
            prop_assert_eq!(record.text(tag).unwrap(), clean(text.as_bytes()));
        }
        for (tag, number) in NUMBERS.into_iter().zip(numbers) {
            prop_assert_eq!(record.number(tag), Some(number));
        }
    }

    #[test]
    fn cuts_are_beginnings_and_stay_utf8(text in "[a-z,é€🦀]{0,700}", index in 0..TEXTS.len()) {
        let tag = TEXTS[index];
        let (value, cut) = alone(tag, text.as_bytes());
        let value = String::from_utf8(value).unwrap();
        prop_assert_eq!(cut, text.len() > tag.limit());
        if tag == Tag::ForwardedFor {
            prop_assert!(text.ends_with(&value));
        } else {
            prop_assert!(text.starts_with(&value));
            prop_assert!(!cut || value.len() > tag.limit() - 4);
        }
    }

    #[test]
    fn any_order_of_anything_stays_readable(fields in prop::collection::vec((0..TEXTS.len(), "\\PC{0,300}"), 0..20)) {
        let mut buffer = [0; RECORD_MAX];
        let fields: Vec<_> = fields.iter().map(|(index, text)| (TEXTS[*index], text.as_bytes())).collect();
        let record = Record::decode(encode(&mut buffer, &fields)).unwrap();
        read_everything(&record);
    }
}
