//! Hostile input: floods, forged records and senseless questions. Memory stays bounded, the sums stay exact, and the worst
//! that a record can do is to be counted as dropped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;
mod stage;

use hall::{Hall, QUESTIONS, SITE, Sent};
use proptest::prelude::*;
use qahm_engine::live::{names, pages, profiles};
use qahm_engine::report::Question;
use qahm_event::{Flags, Kind, Micros, Peer, SiteId, Tag};
use serde_json::{Value, json};
use stage::{Stage, await_some};

/// What a site of the default 128 MiB has beside ring, program and logs.
const BUDGET: usize = 73 << 20;

/// Text that is never the same, of this many bytes.
fn invented(n: u64, length: usize) -> String {
    let mut text = format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    while text.len() < length {
        text.push_str("abcdefgh-");
    }
    text.truncate(length);
    text
}

/// Everything one visitor may invent, by the number of the event.
fn flood(n: u64, visitor: u32) -> Vec<Sent> {
    let long = |length| invented(n, length);
    let view = 1 + n;
    let url = format!("/{}?utm_source={n}&utm_medium=m{n}&utm_campaign=c{n}", long(300));
    let begin = Sent::view(visitor, view, &url)
        .text(Tag::Title, &long(160))
        .text(Tag::Referrer, &format!("https://{n}.example.org/{}", long(200)))
        .text(Tag::Meta, &format!("{}\u{1f}{n}\u{1f}{n}", long(60)));
    let act = |kind, sequence| Sent::new(kind, visitor, view, sequence).text(Tag::Url, &url);
    vec![
        begin,
        act(Kind::Click, 1).text(Tag::What, "link").text(Tag::Target, &long(300)).text(Tag::Name, &long(64)),
        act(Kind::Form, 2).text(Tag::What, "start").text(Tag::Name, &long(64)),
        act(Kind::Error, 3).text(Tag::Title, &long(160)).text(Tag::Target, &long(300)).number(Tag::Line, n),
        act(Kind::Custom, 4).text(Tag::Name, &long(64)).text(Tag::Properties, &long(512)),
        act(Kind::Timing, 5).number(Tag::Load, n % 3000).number(Tag::FirstByte, 5),
        act(Kind::Engage, 6).number(Tag::Engaged, 3).number(Tag::Scroll, n % 101).number(Tag::Tall, 1),
        Sent::new(Kind::Request, visitor, 0, 0)
            .text(Tag::Url, &url)
            .text(Tag::Referrer, &long(300))
            .number(Tag::Status, if n.is_multiple_of(2) { 404 } else { 500 }),
        Sent::new(Kind::Signal, visitor, 0, 0).text(Tag::Name, "search").text(Tag::Title, &long(160)),
        Sent::new(Kind::Signal, visitor, 0, 0)
            .text(Tag::Name, "php-error")
            .text(Tag::What, "warning")
            .text(Tag::Title, &long(160))
            .text(Tag::Target, &long(300)),
        act(Kind::Leave, 7),
    ]
}

fn is_bounded(hall: &mut Hall, budget: usize) {
    hall.make_room();
    let live = &hall.intake.live;
    let (bytes, logs) = (live.bytes(), live.log_bytes());
    assert!(bytes <= budget, "{bytes} of {budget}");
    assert!(logs <= budget / 4, "{logs} of {}", budget / 4);
    let site = live.site(SITE).unwrap();
    assert!(site.pages.len() <= pages::CAP + 1 && site.pages.bytes() <= budget / 4 + budget / 16);
    assert!(site.profiles.len() <= profiles::CAP);
    assert!(site.names.bytes() <= names::NameKind::ALL.len() * names::CAP * 1300, "{}", site.names.bytes());
}

/// A list has a row for what did not fit.
fn has_other(rows: &Value, member: &str) -> bool {
    rows.as_array().unwrap().iter().any(|row| row[member] == "(other)")
}

#[test]
fn a_flood_of_one_visitor_is_bounded_and_lands_in_other() {
    // Bots are counted here: else most of it would be set aside.
    let mut hall = Hall::new(BUDGET, &json!({ "exclude_bots": false }));
    let mut cells = 0;
    for n in 0..12_000 {
        flood(n, 1).iter().for_each(|sent| hall.take(sent));
        if n % 100 == 99 {
            let batch = hall.commit();
            cells = cells.max(batch.rollups.len());
            let most = 1100 * 8;
            let of = [batch.rollups.len(), batch.names.len(), batch.pages.len(), batch.events.len()];
            assert!(of.iter().all(|n| *n < most), "{of:?}");
        }
        if n % 1000 == 999 {
            hall.pass(1);
            is_bounded(&mut hall, BUDGET);
        }
    }
    assert!(cells > 0);
    hall.sums_are_equal(&json!({}));
    let ask = |what| hall.ask(&json!({ "what": what, "limit": 1000 }));
    let engagement = ask("engagement");
    for (list, member) in [("clicks", "label"), ("forms", "form"), ("searches", "term"), ("custom", "name")] {
        assert!(has_other(&engagement[list], member), "{list}");
    }
    assert!(has_other(&ask("errors")["groups"], "message"));
    // What came before the flood still has its name, and what comes after it is still counted.
    let before = hall.intake.live.site(SITE).unwrap().kept.views_today;
    hall.take(&Sent::view(1, u64::MAX, "/after"));
    assert_eq!(hall.intake.live.site(SITE).unwrap().kept.views_today, before + 1);
}

#[test]
fn a_flood_of_ten_thousand_visitors_is_bounded_and_counted_exactly() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    for n in 0..20_000u64 {
        let visitor = 1 + (n % 10_000) as u32;
        let agent =
            format!("Mozilla/5.0 (X11; Linux x86_64) Invented{}/1.0 Browser{}/2.0", n % 10_000, n % 10_000);
        for sent in flood(n, visitor) {
            if sent.head.kind != Kind::Leave {
                hall.take(&sent.text(Tag::UserAgent, &agent));
            }
        }
        if n % 2000 == 1999 {
            hall.commit();
            is_bounded(&mut hall, BUDGET);
        }
    }
    // Some numbers in invented names are those of known crawlers.
    let visitors = 10_000 - hall.excluded("bot") / 2;
    assert!(visitors > 9_900);
    let site = hall.intake.live.site(SITE).unwrap();
    assert_eq!(
        (site.kept.visits_today, site.kept.views_today, site.kept.evicted),
        (visitors, 2 * visitors, 0)
    );
    // Each has two views that stand open side by side.
    assert_eq!((u64::from(site.active), site.today), (2 * visitors, 2 * visitors));
    assert!(has_other(&hall.ask(&json!({ "what": "pages", "limit": 1 }))["pages"], "path"));
    for filter in [
        json!({}),
        json!({ "device": "desktop" }),
        json!({ "page": "(other)" }),
        json!({ "channel": "campaign" }),
    ] {
        hall.sums_are_equal(&filter);
    }
}

#[test]
fn a_flood_of_names_and_sources_costs_no_visitor() {
    // The least that visitors, views and names may have.
    let budget = 4 << 20;
    let mut hall = Hall::new(budget, &json!({ "exclude_bots": false }));
    for visitor in 1..=20 {
        hall.take(&Sent::view(visitor, 1_000_000 + u64::from(visitor), "/"));
    }
    for n in 0..4000 {
        flood(n, 100 + (n % 1500) as u32)
            .into_iter()
            .filter(|sent| sent.head.kind != Kind::Leave)
            .for_each(|sent| hall.take(&sent));
        if n % 50 == 0 {
            hall.make_room();
        }
    }
    is_bounded(&mut hall, budget);
    let site = hall.intake.live.site(SITE).unwrap();
    assert!(
        site.names.bytes() <= budget / 8 && site.profiles.bytes() <= budget / 4,
        "{}",
        site.names.bytes()
    );
    assert!(site.active > 500, "{}", site.active);
    hall.sums_are_equal(&json!({}));
    let sources = hall.ask(&json!({ "what": "sources", "limit": 1000 }));
    assert!(has_other(&sources["hosts"], "name"), "who came from somewhere did not come from nowhere");
    assert!(has_other(&sources["campaigns"], "campaign"));
}

#[test]
fn an_answer_fits_its_frame_whatever_the_names() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    for visitor in 1..=150 {
        for n in 0..40u64 {
            let view = u64::from(visitor) * 1000 + n;
            hall.take(
                &Sent::view(visitor, view, &format!("/{}", invented(view, 390)))
                    .text(Tag::Title, &"\u{1f600}".repeat(40)),
            );
            hall.take(&Sent::new(Kind::Engage, visitor, view, 1).number(Tag::Engaged, 1));
        }
    }
    for what in QUESTIONS {
        let answer = hall.ask(&json!({ "what": what, "limit": 1000 }));
        assert!(answer.to_string().len() < 1 << 20, "{what}");
        assert!(answer["limit"].as_u64().unwrap() >= 1);
    }
    let answer = hall.ask(&json!({ "what": "visitors", "limit": 1000 }));
    let rows = answer["visitors"].as_array().unwrap().len() as u64;
    assert_eq!((rows, &answer["total"]), (answer["limit"].as_u64().unwrap(), &json!(150)));
    assert!(rows > 20);
    let next = hall.ask(&json!({ "what": "visitors", "limit": rows, "offset": rows }));
    assert_ne!(next["visitors"][0]["id"], answer["visitors"][0]["id"]);
}

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

#[test]
fn every_question_has_an_answer_or_a_clear_error() {
    let mut hall = Hall::new(BUDGET, &json!({}));
    (0..200).for_each(|n| flood(n, 1 + n as u32 % 20).iter().for_each(|sent| hall.take(sent)));
    for what in QUESTIONS {
        for limit in [0, 1, 50, 1_000_000, u64::MAX] {
            for offset in [0, 7, u64::MAX] {
                for since in [None, Some(0), Some(5), Some(u64::MAX)] {
                    let answer =
                        hall.ask(&json!({ "what": what, "limit": limit, "offset": offset, "since": since, "pages": limit }));
                    assert_eq!(answer["active"], hall.active(), "{what}");
                }
            }
        }
    }
    let late = hall.ask(&json!({ "what": "events", "since": u64::MAX }));
    assert_eq!((&late["missed"], &late["events"]), (&json!(false), &json!([])));
    let ask = |question: Value| serde_json::from_value::<Question>(question);
    assert!(hall.intake.answer(SITE, &ask(json!({ "what": "everything" })).unwrap()).is_none());
    assert!(hall.intake.answer(SiteId(9), &ask(json!({ "what": "pages" })).unwrap()).is_none());
    for wrong in [
        json!({}),
        json!([]),
        json!({ "what": 5 }),
        json!({ "what": null }),
        json!({ "what": "pages", "limit": -1 }),
        json!({ "what": "pages", "limit": 1.5 }),
        json!({ "what": "pages", "limit": "50" }),
        json!({ "what": "pages", "filter": 1 }),
        json!({ "what": "pages", "filter": { "page": {} } }),
        json!({ "what": "events", "since": -1 }),
        json!({ "what": "events", "kinds": "view" }),
    ] {
        assert!(ask(wrong.clone()).unwrap_err().to_string().len() > 5, "{wrong}");
    }
}

#[test]
fn a_real_engine_takes_a_flood_and_answers_everything() {
    let mut stage = Stage::new();
    stage.start();
    stage.configure(&json!({}));
    let ring = stage.ring().unwrap();
    let push = |mut sent: Sent, site: SiteId, time: u64| {
        (sent.head.site, sent.head.time) = (site, Micros(time));
        await_some("room in the ring", || ring.push(&sent.bytes()).ok());
    };
    let now = || Micros::now().0;
    push(Sent::view(1, 1, "/"), stage::SITE, now());
    stage.await_live("active", 1);
    // From another site, from the future, from the end of time.
    for n in 0..50 {
        push(Sent::view(2, 100 + n, "/forged"), SiteId(n), now());
        push(Sent::view(2, 100 + n, "/forged"), stage::SITE, now() + 3_600_000_000);
        push(Sent::view(2, 100 + n, "/forged"), stage::SITE, u64::MAX);
        push(Sent::view(2, 100 + n, "/forged").number(Tag::Type, u64::MAX), stage::SITE, now());
        await_some("room in the ring", || ring.push(&[n as u8; 300]).ok());
    }
    let status = || stage.ask(&json!({ "op": "status" }))["engine"].clone();
    await_some("the counts", || {
        let status = status();
        (status["strangers"] == 50 && status["unreadable"] == 50).then_some(())
    });
    let live = stage.live();
    assert_eq!(
        (&live["active"], &live["views_today"], &live["visitors_today"]),
        (&json!(1), &json!(1), &json!(1))
    );
    for n in 0..500 {
        flood(n, 3 + n as u32 % 40).into_iter().for_each(|sent| push(sent, stage::SITE, now()));
    }
    await_some("everything to be committed", || (ring.used() == 0).then_some(()));
    let ask = |q: Value| stage.ask(&json!({ "op": "ask", "site": stage::SITE.to_string(), "q": q }));
    for what in QUESTIONS.into_iter().chain(["history"]) {
        for limit in [
            json!(0),
            json!(1),
            json!(1_000_000),
            json!(-1),
            json!("x"),
            json!(null),
            json!({}),
            json!(1e300),
        ] {
            let answer = ask(
                json!({ "what": what, "limit": limit, "offset": u64::MAX, "since": u64::MAX, "range": limit }),
            );
            let fine = answer["ok"] == true || answer["code"] == "bad-request" && answer["error"].is_string();
            assert!(fine, "{what} {limit}: {answer}");
        }
    }
    for q in [
        json!({ "what": "" }),
        json!({ "what": "everything" }),
        json!({ "what": "x".repeat(60_000) }),
        json!(7),
    ] {
        assert_eq!(ask(q)["code"], "bad-request");
    }
    for record in ["", "zz", "00", &"ff".repeat(3000), &"01".repeat(1512)] {
        let explained =
            stage.ask(&json!({ "op": "explain", "site": stage::SITE.to_string(), "record": record }));
        assert_eq!(explained["explain"]["counted"], false, "{record}: {explained}");
    }
    let status = status();
    assert!(status["bytes"].as_u64() <= status["budget"].as_u64(), "{status}");
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
    let texts = prop::collection::vec((prop::sample::select(TEXTS.to_vec()), text()), 0..6);
    let numbers = prop::collection::vec((prop::sample::select(NUMBERS.to_vec()), number()), 0..6);
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

const TEXTS: [Tag; 11] = [
    Tag::Url,
    Tag::Referrer,
    Tag::Title,
    Tag::ClientHints,
    Tag::ForwardedFor,
    Tag::Name,
    Tag::Properties,
    Tag::Reason,
    Tag::What,
    Tag::Target,
    Tag::Meta,
];
const NUMBERS: [Tag; 17] = [
    Tag::Status,
    Tag::Added,
    Tag::Generation,
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
