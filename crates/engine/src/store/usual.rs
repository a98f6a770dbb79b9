//! V4: what is usual at this hour, robust to a day of outage: medians, not means.

use serde_json::{Value, json};

use crate::calendar::Calendar;

const DAY: i64 = 86_400;
/// Samples needed.
const ENOUGH: usize = 3;
/// Differences in % are told from this median on.
const PERCENT_FROM: f64 = 20.0;

/// The mean of the minutes' highest V1 in one local hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// When the hour began, Unix seconds.
    pub began: i64,
    pub value: f64,
}

/// What is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Usual {
    Known {
        low: f64,
        median: f64,
        high: f64,
    },
    /// Known in so many days at the earliest.
    In(u32),
}

impl Usual {
    /// As answers tell it; `active` is what it is compared with.
    pub fn json(&self, active: Option<u32>) -> Value {
        match *self {
            Usual::In(days) => {
                json!({"low": null, "median": null, "high": null, "state": null, "percent": null, "days": days})
            }
            Usual::Known { low, median, high } => {
                let (state, percent) = active.and_then(|active| self.compare(active)).unzip();
                let round = |value: f64| (value * 10.0).round() / 10.0;
                json!({"low": round(low), "median": round(median), "high": round(high),
                    "state": state, "percent": percent.flatten(), "days": null})
            }
        }
    }

    /// In words: `below`, `as usual`, `above`; and by how many % of the median, where that is no small number.
    pub fn compare(&self, active: u32) -> Option<(&'static str, Option<i64>)> {
        let Usual::Known { low, median, high } = *self else { return None };
        let active = f64::from(active);
        let state = match () {
            () if active < low => "below",
            () if active > high => "above",
            () => "as usual",
        };
        let percent = (median >= PERCENT_FROM).then(|| ((active - median) / median * 100.0).round() as i64);
        Some((state, percent))
    }
}

/// What is usual in the local hour that holds `unix`, by the hours before it: the same hour of the week over 8 weeks, else
/// the same hour of the last 7 days.
pub fn usual(baselines: &[Baseline], calendar: &Calendar, unix: i64) -> Usual {
    let now = calendar.hour(unix);
    let (weeks, days) = (calendar.days_before(now.began, 56), calendar.days_before(now.began, 7));
    let (mut of_week, mut of_days) = (Vec::new(), Vec::new());
    for baseline in baselines.iter().filter(|b| (weeks..now.began).contains(&b.began)) {
        let hour = calendar.hour(baseline.began);
        if hour.hour != now.hour {
            continue;
        }
        if hour.weekday == now.weekday {
            of_week.push(baseline.value);
        }
        if baseline.began >= days {
            of_days.push(baseline.value);
        }
    }
    let values = if of_week.len() >= ENOUGH { of_week } else { of_days };
    if values.len() < ENOUGH {
        return Usual::In((ENOUGH - values.len()) as u32);
    }
    let median = median(&values);
    let distances: Vec<f64> = values.iter().map(|v| (v - median).abs()).collect();
    let spread = (1.4826 * self::median(&distances)).max(median.sqrt()).max(1.0);
    Usual::Known { low: (median - spread).max(0.0), median, high: median + spread }
}

/// S2: the median of every hour of the week, and of how many weeks; Monday first.
pub fn grid(baselines: &[Baseline], calendar: &Calendar, unix: i64) -> Vec<Vec<(Option<f64>, usize)>> {
    let mut cells = vec![vec![Vec::new(); 24]; 7];
    let began = calendar.hour(unix).began;
    for baseline in baselines.iter().filter(|b| (began - 56 * DAY..began).contains(&b.began)) {
        let hour = calendar.hour(baseline.began);
        let day = cells.get_mut(usize::from(hour.weekday));
        if let Some(cell) = day.and_then(|day| day.get_mut(usize::from(hour.hour))) {
            cell.push(baseline.value);
        }
    }
    let cell = |values: &Vec<f64>| ((!values.is_empty()).then(|| median(values)), values.len());
    cells.iter().map(|day| day.iter().map(cell).collect()).collect()
}

/// The middle one, or between the two of an even number.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    (lower + upper) / 2.0
}
