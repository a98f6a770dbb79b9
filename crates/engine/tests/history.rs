//! Answers about hours and days against a plain recomputation from what was committed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

#[path = "history/shop.rs"]
mod shop;

use std::collections::BTreeMap;

use qahm_engine::calendar::Calendar;
use qahm_engine::history::{Error, HistoryQuestion};
use qahm_engine::live::facts::{Dim, METRICS, Metric};
use qahm_engine::live::profiles::Profile;
use serde_json::{Value, json};
use shop::{Shop, profile, quantile};

/// 2026-10-24 06:00 UTC: the night after it the clocks of Paris go back.
const BEGIN: i64 = 1_792_821_600;

fn question(json: Value) -> HistoryQuestion {
    serde_json::from_value(json).unwrap()
}

/// Views and visits by name, as the rows of an answer tell.
fn rows(answer: &Value) -> BTreeMap<String, (i64, i64)> {
    answer["history"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let name = row["name"].as_str().unwrap();
            let name = match (row.get("medium"), row.get("country")) {
                (_, Some(country)) if country == "private" => name.to_owned(),
                (Some(medium), _) => format!("{}|{}|{}", row["source"], medium, name),
                (_, Some(country)) => format!("{}|{name}", country.as_str().unwrap()),
                _ => name.to_owned(),
            };
            (name, (row["views"].as_i64().unwrap(), row["visits"].as_i64().unwrap()))
        })
        .collect()
}

#[test]
fn sums_and_timings_are_those_of_the_rows() {
    for seed in 0..4 {
        let mut shop = Shop::new(seed, BEGIN, "Europe/Paris");
        for hour in 0..30 {
            shop.trade(3600);
            if seed == 3 && hour == 12 {
                // The clock is set back: what comes has times that were summed up already.
                shop.unix -= 5000;
            }
            if shop.random.below(4) == 0 {
                shop.crash();
            }
            if shop.random.below(5) > 0 {
                shop.summarise();
            }
            if hour % 10 == 9 {
                check(&mut shop);
            }
        }
        shop.summarise();
        check(&mut shop);
        assert!(shop.stale() < 70, "only what is not over is not summed up: {}", shop.stale());
    }
}

fn check(shop: &mut Shop) {
    let end = shop.unix.div_euclid(60) + 1;
    for _ in 0..4 {
        let to = end - shop.random.below(2000) as i64 * (shop.random.below(2) as i64);
        let from = to - 1 - shop.random.below(1800) as i64;
        check_span(shop, from, to);
    }
    check_span(shop, end - 1440, end);
}

fn check_span(shop: &mut Shop, from: i64, to: i64) {
    let ask = |dimension: &str| {
        question(json!({"from": from * 60, "to": to * 60, "dimension": dimension, "limit": 500}))
    };
    let inside = |minute: i64| (from..to).contains(&minute);
    for dimension in
        ["page", "country", "city", "channel", "source", "campaign", "device", "browser", "os", "category"]
    {
        let answer = shop.answer(&ask(dimension)).unwrap();
        let mut expected: BTreeMap<String, [i64; METRICS]> = BTreeMap::new();
        for ((minute, dim, key), metrics) in &shop.cells {
            if !inside(*minute) {
                continue;
            }
            let name = match (dimension, dim) {
                ("page", Dim::Page) => shop::path(*key),
                ("category", Dim::Page) => {
                    if *key == 0 {
                        String::new()
                    } else {
                        format!("c{}", key % 3)
                    }
                }
                ("page" | "category", _) => continue,
                (_, Dim::Profile) => match profile(*key) {
                    Some(p) => match told(&p, dimension) {
                        Some(name) => name,
                        None => continue,
                    },
                    None => "(other)".into(),
                },
                _ => continue,
            };
            let sums = expected.entry(name).or_insert([0; METRICS]);
            sums.iter_mut().zip(metrics).for_each(|(sum, m)| *sum += m);
        }
        expected.retain(|_, sums| sums.iter().any(|m| *m != 0));
        let expected: BTreeMap<_, _> = expected
            .into_iter()
            .map(|(name, sums)| (name, (sums[Metric::Views as usize], sums[Metric::Visits as usize])))
            .collect();
        assert_eq!(rows(&answer), expected, "{dimension} {from}–{to}");
        assert_eq!(answer["history"]["total"].as_u64().unwrap() as usize, expected.len());
    }
    check_filters(shop, from, to);
    check_names(shop, from, to);
    check_timings(shop, from, to);
    check_series(shop, from, to);
}

/// What a profile is counted under; none for no campaign.
fn told(p: &Profile, dimension: &str) -> Option<String> {
    Some(match dimension {
        "campaign" if p.utm_source.is_empty() => return None,
        "campaign" => format!("{:?}|\"m\"|", p.utm_source),
        _ if p.private => "private".into(),
        "country" => p.country_str().to_owned(),
        "city" if p.city.is_empty() => "|".into(),
        "city" => format!("{}|{}", p.country_str(), p.city),
        "channel" => ["direct", "search", "social", "mail"][usize::from(p.channel)].into(),
        "source" => p.source.to_string(),
        "device" => ["other", "desktop", "mobile", "tablet"][usize::from(p.device)].into(),
        "browser" => p.browser.to_string(),
        _ => p.os.to_string(),
    })
}

/// Series, totals and every breakdown of a filter, against a recount of what was committed.
fn check_filters(shop: &mut Shop, from: i64, to: i64) {
    for filter in [
        json!({"country": "fr"}),
        json!({"country": ""}),
        json!({"device": "mobile"}),
        json!({"source": "a.example"}),
        json!({"source": ""}),
        json!({"channel": "direct"}),
        json!({"country": "DE", "channel": "social"}),
        json!({"country": "FR", "device": "desktop", "source": "a.example", "channel": "search"}),
        json!({"source": "private"}),
    ] {
        let fits = |key: u32| {
            profile(key).is_some_and(|p| {
                let said = |(word, asked): (&String, &Value)| {
                    told(&p, word).is_some_and(|name| name.eq_ignore_ascii_case(asked.as_str().unwrap()))
                };
                !p.private && filter.as_object().unwrap().iter().all(said)
            })
        };
        let inside: Vec<(i64, Profile, [i64; METRICS])> = shop
            .cells
            .iter()
            .filter(|((minute, dim, key), _)| {
                *dim == Dim::Profile && (from..to).contains(minute) && fits(*key)
            })
            .map(|((minute, _, key), metrics)| (*minute, profile(*key).unwrap(), *metrics))
            .collect();
        for dimension in ["country", "city", "channel", "source", "campaign", "device", "browser", "os"] {
            let ask = json!({"from": from * 60, "to": to * 60, "filter": filter, "dimension": dimension, "limit": 500});
            let answer = shop.answer(&question(ask)).unwrap();
            let mut expected: BTreeMap<String, [i64; METRICS]> = BTreeMap::new();
            for (_, p, metrics) in &inside {
                if let Some(name) = told(p, dimension) {
                    let sums = expected.entry(name).or_insert([0; METRICS]);
                    sums.iter_mut().zip(metrics).for_each(|(sum, m)| *sum += m);
                }
            }
            expected.retain(|_, sums| sums.iter().any(|m| *m != 0));
            let expected: BTreeMap<_, _> = expected
                .into_iter()
                .map(|(name, sums)| (name, (sums[Metric::Views as usize], sums[Metric::Visits as usize])))
                .collect();
            assert_eq!(rows(&answer), expected, "{dimension} of {filter} {from}–{to}");
        }
        for step in [None, Some(300)] {
            let ask = json!({"from": from * 60, "to": to * 60, "filter": filter, "step": step});
            let answer = shop.answer(&question(ask)).unwrap();
            let history = &answer["history"];
            let step = history["step"].as_i64().unwrap() / 60;
            let first = from.div_euclid(step) * step;
            let views = history["series"]["views"].as_array().unwrap();
            let mut expected = vec![0; views.len()];
            for (minute, _, metrics) in &inside {
                expected[((minute - first) / step) as usize] += metrics[Metric::Views as usize];
            }
            let found: Vec<i64> = views.iter().map(|v| v.as_i64().unwrap_or(0)).collect();
            assert_eq!(found, expected, "{filter} {from}–{to} by {step}");
            assert_eq!(history["totals"]["views"], expected.iter().sum::<i64>());
            assert!(history["series"].get("active").is_none() && history["usual"].is_null());
            assert_eq!(history["today"], json!({"visitors": null, "views": null}));
        }
    }
}

fn check_names(shop: &mut Shop, from: i64, to: i64) {
    let answer =
        shop.answer(&question(json!({"from": from * 60, "to": to * 60, "dimension": "element"}))).unwrap();
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for ((minute, dim, key), metrics) in &shop.cells {
        if *dim == Dim::Name && key % 16 == 1 && (from..to).contains(minute) {
            *expected.entry(format!("/target{key}")).or_default() += metrics[Metric::Count as usize];
        }
    }
    let found: BTreeMap<String, i64> = answer["history"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["target"].as_str().unwrap().to_owned(), row["count"].as_i64().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

fn check_timings(shop: &mut Shop, from: i64, to: i64) {
    let answer =
        shop.answer(&question(json!({"from": from * 60, "to": to * 60, "dimension": "page"}))).unwrap();
    let inside = |at: i64| (from..to).contains(&at.div_euclid(60_000));
    let check = |found: &Value, mut values: Vec<u32>, what: &str| {
        if values.is_empty() {
            assert!(found.is_null(), "{what}");
            return;
        }
        values.sort_unstable();
        assert_eq!(found["n"].as_u64().unwrap() as usize, values.len(), "{what} {from}–{to}");
        for (name, q) in [("p50", 0.5), ("p75", 0.75), ("p95", 0.95)] {
            let (exact, shown) = (quantile(&values, q), found[name].as_f64().unwrap());
            assert!((shown - exact).abs() <= exact * 0.011 + 0.001, "{what} {name}: {shown} for {exact}");
        }
    };
    let loads = |page: Option<&str>| -> Vec<u32> {
        let of = |p: &u32| page.is_none_or(|path| shop::path(*p) == path);
        shop.times.iter().filter(|(at, p, _)| inside(*at) && of(p)).filter_map(|(.., load)| *load).collect()
    };
    check(&answer["history"]["timings"]["load"], loads(None), "site");
    for row in answer["history"]["rows"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        check(&row["timings"]["load"], loads(Some(name)), name);
    }
    let queries = shop.requests.iter().filter(|(at, ..)| inside(*at)).map(|(.., queries)| *queries).collect();
    check(&answer["history"]["timings"]["queries"], queries, "queries");
}

fn check_series(shop: &mut Shop, from: i64, to: i64) {
    let path = "/p3";
    for (step, page) in [(None, None), (Some(60), None), (Some(900), None), (None, Some(path))] {
        let ask = json!({"from": from * 60, "to": to * 60, "step": step, "page": page});
        let answer = shop.answer(&question(ask)).unwrap();
        let history = &answer["history"];
        let step = history["step"].as_i64().unwrap() / 60;
        let first = from.div_euclid(step) * step;
        let steps = ((to - first) as usize).div_ceil(step as usize);
        let mut sums = vec![[0i64; METRICS]; steps];
        let mut active = vec![None; steps];
        for ((minute, dim, key), metrics) in &shop.cells {
            let of = match page {
                Some(path) => *dim == Dim::Page && shop::path(*key) == path,
                None => *dim == Dim::Site,
            };
            if of && (from..to).contains(minute) {
                let step = &mut sums[((minute - first) / step) as usize];
                step.iter_mut().zip(metrics).for_each(|(sum, m)| *sum += m);
            }
        }
        for (minute, highest) in &shop.minutes {
            if (from..to).contains(minute) {
                let cell: &mut Option<u32> = &mut active[((minute - first) / step) as usize];
                *cell = (*cell).max(Some(*highest));
            }
        }
        let found = history["series"]["visits"].as_array().unwrap();
        assert_eq!(found.len(), steps);
        for (n, value) in found.iter().enumerate() {
            let known = active[n].is_some() || sums[n] != [0; METRICS];
            let expected = known.then_some(sums[n][Metric::Visits as usize]);
            assert_eq!(value.as_i64(), expected, "step {n} of {from}–{to} by {step}, {page:?}");
        }
        if page.is_none() {
            let expected: Vec<Value> = active.iter().map(|a| json!(a)).collect();
            assert_eq!(history["series"]["active"].as_array().unwrap(), &expected);
        }
    }
}

#[test]
fn what_cannot_be_asked_is_said_and_what_takes_too_long_is_cut_off() {
    let mut shop = Shop::new(1, BEGIN, "UTC");
    shop.trade(7200);
    for bad in [
        json!({"range": "1h"}),
        json!({"from": BEGIN + 999_999}),
        json!({"from": 1000, "to": 5}),
        json!({"step": 7}),
        json!({"step": 7000}),
        json!({"range": "30d", "step": 60}),
        json!({"dimension": "colour"}),
        // What is not kept together.
        json!({"filter": {"page": "/p1", "country": "FR"}}),
        json!({"page": "/p1", "filter": {"device": "mobile"}}),
        json!({"filter": {"channel": "direct"}, "dimension": "page"}),
        json!({"filter": {"channel": "direct"}, "dimension": "category"}),
        json!({"filter": {"source": "a.example"}, "dimension": "element"}),
        json!({"filter": {"page": "/p1"}, "dimension": "country"}),
        json!({"page": "/p1", "dimension": "error"}),
    ] {
        assert!(matches!(shop.answer(&question(bad.clone())), Err(Error::Bad(_))), "{bad}");
    }
    let slow = shop.answer_within(&question(json!({"dimension": "page"})), std::time::Duration::ZERO);
    assert!(matches!(slow, Err(Error::TooSlow)), "{slow:?}");
    shop.answer(&question(json!({"dimension": "page"}))).unwrap();
    let answer = shop.answer(&question(json!({"filter": {"page": "/p1"}, "dimension": "page"}))).unwrap();
    let row = &answer["history"]["rows"][0];
    assert_eq!((&answer["history"]["total"], &row["name"]), (&json!(1), &json!("/p1")));
    assert_eq!(answer["history"]["totals"]["views"], row["views"]);
    assert_eq!(answer["history"]["timings"], row["timings"]);
    let grid = shop.answer(&question(json!({"range": "week"}))).unwrap();
    assert_eq!(grid["history"]["grid"].as_array().unwrap().len(), 7);
    assert!(Calendar::new("UTC").is_some());
}
