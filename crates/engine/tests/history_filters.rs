//! The past under filters, against a slow recount of the rows of every view and visit of a random day.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

mod hall;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hall::{FIREFOX, Hall, SITE, Sent};
use qahm_engine::calendar::Calendar;
use qahm_engine::clock::Mark;
use qahm_engine::history::{Asked, History, HistoryQuestion};
use qahm_engine::live::facts::EntryKind;
use qahm_engine::live::profiles::Profile;
use qahm_engine::store::Store;
use qahm_event::{Flags, Kind, Tag};
use serde_json::{Value, json};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const REFERRERS: [&str; 4] =
    ["", "https://www.google.com/", "https://www.facebook.com/x", "https://blog.example/a?b=c"];
const DAY: i64 = 86_400;

/// xorshift: the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Rows of a day: Unix seconds and profile of each view and of each visit that began.
#[derive(Default)]
struct Rows {
    views: Vec<(i64, u32)>,
    visits: Vec<(i64, u32)>,
    profiles: HashMap<u32, Profile>,
}

/// What a profile says, written without the engine's own words for it.
fn said(profile: &Profile, dimension: &str) -> String {
    let channels = ["direct", "search", "social", "mail", "referral", "campaign", "ai", "internal"];
    match dimension {
        _ if profile.private => "private".into(),
        "country" => String::new(),
        "device" => ["other", "desktop", "mobile", "tablet"][usize::from(profile.device)].into(),
        "channel" => channels[usize::from(profile.channel)].into(),
        "source" => profile.source.to_string(),
        "browser" => profile.browser.to_string(),
        _ => profile.os.to_string(),
    }
}

#[test]
fn a_random_day_is_what_its_rows_say_under_every_filter() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    store.set_config(SITE, "{}").unwrap();
    let mut hall = Hall::new(64 << 20, &json!({}));
    let (mut random, mut rows, calendar) =
        (Random(0x2545_f491_4f6c_dd1d), Rows::default(), Calendar::default());
    let end = hall.intake.live.unix() + DAY;
    let mut view = 0;
    while hall.intake.live.unix() < end {
        hall.pass(1 + random.below(240) as u32);
        for _ in 0..random.below(4) {
            view += 1;
            let visitor = random.below(60) as u32;
            let agent = [FIREFOX, PHONE][visitor as usize % 2];
            let flags =
                if visitor.is_multiple_of(7) { Flags::VISIBLE | Flags::PRIVATE } else { Flags::VISIBLE };
            let campaign = if random.below(9) == 0 { "?utm_source=letter&utm_medium=email" } else { "" };
            let url = format!("/p{}{campaign}", random.below(5));
            let sent = Sent::view(visitor, view, &url).text(Tag::UserAgent, agent).flags(flags);
            hall.take(&sent.text(Tag::Referrer, REFERRERS[random.below(4)]));
            if random.below(2) == 0 {
                let engaged =
                    Sent::new(Kind::Engage, visitor, view, 1).text(Tag::UserAgent, agent).flags(flags);
                hall.take(
                    &engaged
                        .text(Tag::Url, &url)
                        .number(Tag::Engaged, 3)
                        .number(Tag::Scroll, 5)
                        .number(Tag::Tall, 1),
                );
            }
        }
        let batch = hall.commit();
        rows.views.extend(batch.views.iter().map(|row| (row.at / 1000, row.profile)));
        let begun = batch.events.iter().filter(|row| row.entry.kind == EntryKind::Start);
        rows.visits.extend(begun.map(|row| (row.at / 1000, row.entry.profile.0)));
        rows.profiles.extend(batch.profiles.iter().map(|(_, id, profile, _)| (*id, profile.clone())));
        let live = &hall.intake.live;
        let mark = Mark { boot: "b".into(), shift: 0, second: live.now(), unix: live.unix() };
        store.commit(&batch, live, &mark).unwrap();
        while store.summarise(live.unix(), [(SITE, &calendar)]).unwrap() {}
    }
    assert!(rows.views.len() > 500 && rows.visits.len() > 200 && rows.profiles.len() > 10);
    let mut history = History::open(directory.path()).unwrap();
    let mut ask = |question: Value| {
        let question: HistoryQuestion = serde_json::from_value(question).unwrap();
        let (unix, limit) = (hall.intake.live.unix(), Duration::from_secs(30));
        let asked = Asked { site: SITE, unix, calendar: &calendar, retention: 720, now: None, limit };
        history.answer(&asked, &question).unwrap()["history"].clone()
    };
    let mut filters = vec![json!({})];
    for device in ["desktop", "mobile", "tablet"] {
        for channel in ["direct", "search", "social", "referral", "mail", "campaign"] {
            filters.push(json!({ "device": device, "channel": channel }));
        }
        filters.push(json!({ "device": device }));
        filters.push(json!({ "device": device, "source": "google.com", "country": "" }));
    }
    for filter in filters {
        let fits = |id: &u32| {
            let profile = &rows.profiles[id];
            let words = filter.as_object().unwrap();
            words.is_empty()
                || (!profile.private && words.iter().all(|(word, asked)| said(profile, word) == *asked))
        };
        for (from, to) in [(end - DAY, end), (end - 30_000, end - 4_000), (end - 7_000, end - 6_700)] {
            let (from, to) = (from / 60 * 60, to / 60 * 60);
            let inside = |row: &&(i64, u32)| (from..to).contains(&row.0) && fits(&row.1);
            for dimension in ["device", "channel", "source", "browser", "os", "country"] {
                let answer = ask(
                    json!({ "from": from, "to": to, "filter": filter, "dimension": dimension, "limit": 500 }),
                );
                let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
                for (_, id) in rows.views.iter().filter(inside) {
                    expected.entry(said(&rows.profiles[id], dimension)).or_default().0 += 1;
                }
                for (_, id) in rows.visits.iter().filter(inside) {
                    expected.entry(said(&rows.profiles[id], dimension)).or_default().1 += 1;
                }
                let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
                let found: BTreeMap<String, (i64, i64)> = answer["rows"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| {
                        (
                            row["name"].as_str().unwrap().to_owned(),
                            (number(row, "views"), number(row, "visits")),
                        )
                    })
                    .filter(|(_, counts)| *counts != (0, 0))
                    .collect();
                assert_eq!(found, expected, "{dimension} of {filter} in {from}–{to}");
                let views: i64 = expected.values().map(|counts| counts.0).sum();
                assert_eq!(answer["totals"]["views"], views);
                let series = answer["series"]["views"].as_array().unwrap();
                assert_eq!(series.iter().filter_map(Value::as_i64).sum::<i64>(), views);
            }
        }
    }
}
