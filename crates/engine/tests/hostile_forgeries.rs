//! Forged records and damaged ones: the worst that a record can do is to be counted as dropped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;

use hall::flood::BUDGET;
use hall::{Hall, QUESTIONS, Sent};
use proptest::prelude::*;
use qahm_event::{Flags, Kind, Peer, SiteId, Tag};
use serde_json::{Value, json};

#[test]
fn what_no_tracker_tells_changes_nothing_but_the_drop_counters() {
    let mut hall = Hall::new(BUDGET, &json!({ "goals": [{ "name": "g", "type": "page", "value": "/" }] }));
    hall.take(&Sent::view(1, 1, "/"));
    hall.commit();
    let before: Vec<Value> = QUESTIONS.iter().map(|what| hall.ask(&json!({ "what": what }))).collect();
    let event = |kind| Sent::new(kind, 2, 99, u32::MAX).text(Tag::Url, "/forged");
    let known = |kind| Sent::new(kind, 1, 1, 7).text(Tag::Url, "/forged");
    let huge = [u64::MAX, 1 << 63, u64::from(u32::MAX) + 1];
    let mut forged = Vec::new();
    for number in huge {
        for (kind, tags) in [
            (Kind::View, &[Tag::Type][..]),
            (Kind::Engage, &[Tag::Engaged, Tag::Scroll, Tag::Tall]),
            (
                Kind::Timing,
                &[
                    Tag::Load,
                    Tag::FirstByte,
                    Tag::FirstPaint,
                    Tag::LargestPaint,
                    Tag::Interaction,
                    Tag::Shift,
                ],
            ),
            (Kind::Error, &[Tag::Line, Tag::Own]),
            (Kind::Request, &[Tag::Status, Tag::Generation, Tag::Queries, Tag::Added]),
            (Kind::Signal, &[Tag::Results, Tag::Line, Tag::Generation]),
        ] {
            for tag in tags {
                forged.push(event(kind).text(Tag::Name, "search").number(*tag, number));
                forged.push(known(kind).text(Tag::Name, "search").number(*tag, number));
            }
        }
    }
    for kind in [Kind::Click, Kind::Form] {
        forged.push(event(kind));
        forged.push(known(kind).text(Tag::What, "everything"));
    }
    forged.push(event(Kind::View).number(Tag::Type, 4));
    let many = forged.len() as u64;
    forged.iter().for_each(|sent| hall.take(sent));
    assert_eq!(hall.dropped("value"), many);
    hall.take(&event(Kind::Signal).text(Tag::Name, "nonsense"));
    hall.take(&event(Kind::Signal).text(Tag::Name, "php-error").text(Tag::What, "nonsense"));
    assert_eq!(hall.dropped("signal"), 2);
    hall.take(&event(Kind::Excluded).text(Tag::Reason, "nonsense"));
    assert_eq!(hall.dropped("reason"), 1);
    hall.take(&event(Kind::View).peer(Peer::UNKNOWN));
    assert_eq!(hall.dropped("address"), 1);
    // Another site, another layout, no record at all.
    let mut stranger = event(Kind::View);
    stranger.head.site = SiteId(u64::MAX);
    hall.take(&stranger);
    for bytes in [&[][..], &[0xff; 48], &[0; 48], &[1; 1512], &[1; 4000], &event(Kind::View).bytes()[..60]] {
        hall.take_bytes(bytes);
    }
    assert_eq!((hall.intake.strangers, hall.intake.unreadable), (1, 6));
    // A time that is not of our clock.
    hall.intake.take_bytes(&event(Kind::View).bytes(), |_| None);
    assert_eq!(hall.dropped("time"), 1);
    let after: Vec<Value> = QUESTIONS.iter().map(|what| hall.ask(&json!({ "what": what }))).collect();
    assert_eq!(before, after);
    let batch = hall.commit();
    assert!(
        batch.views.is_empty()
            && batch.events.is_empty()
            && batch.rollups.is_empty()
            && batch.names.is_empty()
    );
}

#[test]
fn sequences_at_the_edges_and_endless_texts() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    let endless = "\u{202e}<script>é".repeat(70_000);
    hall.take(&Sent::view(1, 0, &format!("/{endless}")).text(Tag::Title, &endless).text(Tag::Meta, &endless));
    hall.take(&Sent::new(Kind::Beat, 1, 0, u32::MAX));
    hall.take(&Sent::new(Kind::Beat, 1, 0, u32::MAX));
    hall.take(&Sent::new(Kind::Beat, 1, 0, 0));
    hall.take(&Sent::view(2, u64::MAX, "/"));
    hall.take(
        &Sent::new(Kind::Custom, 2, u64::MAX, u32::MAX)
            .text(Tag::Name, &endless)
            .text(Tag::Properties, &endless),
    );
    assert_eq!(hall.dropped("duplicate"), 2);
    let pages = hall.ask(&json!({ "what": "pages" }));
    assert_eq!((&pages["active"], &pages["sum"]), (&json!(2), &json!(2)));
    let longest = pages["pages"].as_array().unwrap().iter().map(|p| p.to_string().len()).max().unwrap();
    assert!(longest < 2000, "{longest}");
    hall.sums_are_equal(&json!({}));
}

#[test]
fn a_view_set_aside_and_one_without_consent_count_once() {
    let mut hall = Hall::new(BUDGET, &json!({ "exclude_paths": ["/secret"], "consent": "wait" }));
    let secret = Sent::view(1, 1, "/secret").flags(Flags::CONSENT);
    let unasked = Sent::view(1, 2, "/").flags(Flags::NONE);
    for sent in [&secret, &secret, &unasked, &unasked] {
        hall.take(sent);
    }
    for kind in [Kind::Beat, Kind::Leave, Kind::Error] {
        hall.take(&Sent::new(kind, 1, 1, 3).text(Tag::Url, "/secret").flags(Flags::CONSENT));
        hall.take(&Sent::new(kind, 1, 2, 3).text(Tag::Url, "/").flags(Flags::NONE));
    }
    assert_eq!((hall.excluded("path"), hall.excluded("consent"), hall.active()), (1, 1, 0));
}

/// Text as nobody would write it, and as everybody does.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,40}",
        "[ -~]{0,600}",
        prop::sample::select(vec![
            "/",
            "/a",
            "/a?s=x",
            "//",
            "?",
            "/?p=1",
            "link",
            "button",
            "start",
            "submit",
            "search",
            "track",
            "change",
            "php-error",
            "fatal",
            "goal:g",
            "https://a.test/a",
            "https://www.google.com/search?q=x",
            "role",
            "\u{1f}\u{1f}",
        ])
        .prop_map(String::from),
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..200u64, any::<u64>(), Just(u64::MAX), Just(u64::from(u32::MAX))]
}

fn record() -> impl Strategy<Value = (Sent, u32)> {
    let texts = prop::collection::vec((prop::sample::select(tags(false)), text()), 0..6);
    let numbers = prop::collection::vec((prop::sample::select(tags(true)), number()), 0..6);
    let sequence = prop_oneof![0..20u32, any::<u32>()];
    let passed = prop_oneof![9 => Just(0), 5 => 0..40u32, 1 => 0..4000u32];
    (1..15u8, any::<u16>(), 1..6u32, 1..20u64, sequence, texts, numbers, passed).prop_map(
        |(kind, flags, visitor, view, sequence, texts, numbers, passed)| {
            let mut sent =
                Sent::new(Kind::from_u8(kind).unwrap(), visitor, view, sequence).flags(Flags(flags));
            sent.texts.extend(texts);
            sent.numbers = numbers;
            (sent, passed)
        },
    )
}

/// All tags but the user agent, which every record has.
fn tags(number: bool) -> Vec<Tag> {
    let all = (1..=u8::MAX).filter_map(Tag::from_u8);
    all.filter(|tag| tag.is_number() == number && *tag != Tag::UserAgent).collect()
}

fn question() -> impl Strategy<Value = Value> {
    let word = || prop::option::of(text());
    (
        prop::sample::select(QUESTIONS.to_vec()),
        word(),
        word(),
        word(),
        prop::option::of(number()),
        number(),
        number(),
    )
        .prop_map(|(what, page, country, source, since, limit, offset)| {
            json!({
                "what": what,
                "filter": { "page": page, "country": country, "source": source },
                "since": since, "limit": limit, "offset": offset,
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_sent_or_asked_does_harm(
        records in prop::collection::vec(record(), 1..150),
        garbage in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1600), 0..20),
        questions in prop::collection::vec(question(), 1..12),
        private in any::<bool>(),
    ) {
        let mut hall = Hall::new(BUDGET, &json!({
            "gdpr_mode": private,
            "exclude_bots": !private,
            "goals": [{ "name": "g", "type": "selector", "value": ".g" }, { "name": "p", "type": "page", "value": "/a*" }],
        }));
        for (n, (sent, passed)) in records.iter().enumerate() {
            hall.pass(*passed);
            hall.take(sent);
            // The same record, damaged.
            if let Some(noise) = garbage.get(n) {
                let mut bytes = sent.bytes();
                bytes.iter_mut().skip(48).zip(noise).for_each(|(byte, noise)| *byte ^= noise & 0x11);
                hall.take_bytes(&bytes);
                hall.take_bytes(noise);
                let explained = hall.intake.explain(&bytes);
                prop_assert!(explained["counted"].is_boolean());
            }
        }
        hall.sums_are_equal(&json!({}));
        for question in &questions {
            hall.ask(question);
            hall.sums_are_equal(&question["filter"]);
        }
        hall.pass(10_000);
        hall.sums_are_equal(&json!({}));
        prop_assert_eq!(hall.active(), 0);
        hall.commit();
    }
}
