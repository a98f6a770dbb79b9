//! V4 against a slow reference, on days on which clocks change, with outages and short histories.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers are not seen as tests

#[path = "history/shop.rs"]
#[allow(dead_code)]
mod shop;

use qahm_engine::calendar::Calendar;
use qahm_engine::store::Store;
use qahm_engine::store::usual::Usual;
use qahm_event::SiteId;
use shop::Random;

const SITE: SiteId = SiteId(3);
/// 2026-11-10 00:00 UTC.
const END: i64 = 1_794_268_800;
const HOUR: i64 = 3600;

/// The middle of what is sorted.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n % 2 == 1 { values[n / 2] } else { (values[n / 2 - 1] + values[n / 2]) / 2.0 }
}

/// From the minutes themselves: hour by hour of the local clock, as `jiff` tells it.
fn reference(minutes: &[Option<u32>], begin: i64, zone: &str, unix: i64) -> Usual {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let local = |unix: i64| jiff::Timestamp::from_second(unix).unwrap().to_zoned(zone.clone());
    let now = local(unix);
    let mut samples: Vec<(jiff::Zoned, f64)> = Vec::new();
    let mut hour: Vec<u32> = Vec::new();
    for (n, minute) in minutes.iter().enumerate() {
        let at = begin + n as i64 * 60;
        let (this, next) = (local(at), local(at + 60));
        hour.extend(minute);
        let ends = this.hour() != next.hour() || this.offset() != next.offset();
        if ends {
            if hour.len() >= 30 && at + 60 <= unix - 2 {
                let mean = hour.iter().map(|v| f64::from(*v)).sum::<f64>() / hour.len() as f64;
                samples.push((this, mean));
            }
            hour.clear();
        }
    }
    let days = |at: &jiff::Zoned| at.date().until(now.date()).unwrap().get_days();
    let same: Vec<_> = samples.iter().filter(|(at, _)| at.hour() == now.hour()).collect();
    let this_hour = |at: &jiff::Zoned| days(at) == 0;
    let week: Vec<f64> = same
        .iter()
        .filter(|(at, _)| at.weekday() == now.weekday() && days(at) <= 56 && !this_hour(at))
        .map(|s| s.1)
        .collect();
    let recent: Vec<f64> =
        same.iter().filter(|(at, _)| days(at) <= 7 && !this_hour(at)).map(|s| s.1).collect();
    let values = if week.len() >= 3 { week } else { recent };
    if values.len() < 3 {
        return Usual::In(3 - values.len() as u32);
    }
    let middle = median(values.clone());
    let mad = median(values.iter().map(|v| (v - middle).abs()).collect());
    let spread = (1.4826 * mad).max(middle.sqrt()).max(1.0);
    Usual::Known { low: (middle - spread).max(0.0), median: middle, high: middle + spread }
}

#[test]
fn what_is_usual_is_the_median_of_the_same_hours() {
    for (seed, zone, weeks) in
        [(1, "Europe/Paris", 8), (2, "Asia/Kolkata", 8), (3, "America/New_York", 1), (4, "UTC", 0)]
    {
        let calendar = Calendar::new(zone).unwrap();
        let mut random = Random::new(seed);
        let hours = (weeks * 168 + 50) as i64;
        let begin = END - hours * HOUR;
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let db = rusqlite::Connection::open(directory.path().join("realtime.db")).unwrap();
        let mut minutes = Vec::new();
        for hour in 0..hours {
            // A day of outage, and hours of which little is known.
            let outage = (100..124).contains(&hour);
            let known = if random.below(9) == 0 { 20 + random.below(20) } else { 60 };
            let level = 5 + random.below(60);
            for minute in 0..60 {
                let value = (level + random.below(9)) as u32;
                minutes.push((!outage && minute < known).then_some(value));
            }
        }
        db.execute_batch("BEGIN").unwrap();
        for (n, value) in minutes.iter().enumerate() {
            if let Some(value) = value {
                let minute = begin / 60 + n as i64;
                db.execute(
                    "INSERT INTO minutes (site, minute, active, views) VALUES (3, ?1, ?2, 0)",
                    [minute, i64::from(*value)],
                )
                .unwrap();
            }
        }
        db.execute_batch("COMMIT").unwrap();
        drop(db);
        // The engine notes each hour when it is over, and may be started anew at any time.
        for hour in 1..=hours {
            let unix = begin + hour * HOUR + 5;
            while store.summarise(unix, [(SITE, &calendar)]).unwrap() {}
            if random.below(50) == 0 {
                store = Store::open(directory.path()).unwrap();
            }
            if hour % 31 == 0 || hour > hours - 12 {
                let expected = reference(&minutes, begin, zone, unix);
                let found = store.usual(SITE, &calendar, unix).unwrap();
                match (found, expected) {
                    (Usual::Known { low, median, high }, Usual::Known { low: l, median: m, high: h }) => {
                        let same = |a: f64, b: f64| (a - b).abs() < 1e-6;
                        assert!(
                            same(low, l) && same(median, m) && same(high, h),
                            "{zone} {hour}: {found:?} {expected:?}"
                        );
                    }
                    _ => assert_eq!(found, expected, "{zone} {hour}"),
                }
            }
        }
    }
}

#[test]
fn a_difference_is_told_in_words_and_in_percent_only_of_what_is_not_small() {
    let usual = Usual::Known { low: 15.0, median: 20.0, high: 25.0 };
    assert_eq!(usual.compare(10), Some(("below", Some(-50))));
    assert_eq!(usual.compare(25), Some(("as usual", Some(25))));
    assert_eq!(usual.compare(30), Some(("above", Some(50))));
    let small = Usual::Known { low: 1.0, median: 3.0, high: 5.0 };
    assert_eq!(small.compare(9), Some(("above", None)));
    assert_eq!(Usual::In(2).compare(9), None);
}
