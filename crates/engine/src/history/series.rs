//! Values over time. What is not known is null, and not 0.

use rusqlite::params;
use serde_json::{Map, Value, json};

use super::question::Span;
use super::scope::Scope;
use super::sums::Site;
use super::timings::shown;
use super::{Asked, Result};
use crate::live::facts::{Dim, METRICS, Metric, Metrics};
use crate::live::profiles::Feature;
use crate::store::cells::{add, numbers};
use crate::store::sketch::{SERIES_NAMES, Set};
use crate::store::stale::What;
use crate::store::summary::By;

/// Minutes are kept so long (s).
const MINUTES_KEPT: i64 = 8 * 86_400;

/// A series and what is told of it.
type Named = (&'static str, fn(&Metrics) -> i64);

/// One step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Highest V1, views as the minutes counted them: of everybody.
    active: Option<i64>,
    views: Option<i64>,
    /// Sums; whether they are of a time whose sums are kept, in which the engine ran.
    pub(super) sums: Metrics,
    known: bool,
}

impl Site<'_> {
    /// What is known of each step.
    pub(super) fn steps(&self, asked: &Asked, span: Span, scope: &Scope) -> Result<Vec<Step>> {
        let empty = Step { active: None, views: None, sums: [0; METRICS], known: false };
        let mut steps = vec![empty; span.steps()];
        self.fill_minutes(asked, span, &mut steps)?;
        self.fill_sums(span, scope, &mut steps)?;
        let kept = (asked.unix - i64::from(asked.retention) * 3600).div_euclid(3600) * 60;
        for (n, step) in steps.iter_mut().enumerate() {
            let end = span.first() + (n as i64 + 1) * span.step;
            step.known = step.sums != [0; METRICS] || (step.active.is_some() && end > kept);
        }
        Ok(steps)
    }

    /// `timings`: of each step, of everybody.
    pub(super) fn series(&self, steps: &[Step], scope: &Scope, timings: &[Set]) -> Value {
        let mut series = Map::new();
        if scope.is_everybody() {
            series.insert("active".into(), steps.iter().map(|s| s.active).collect());
        }
        let views = |s: &Step| {
            s.views.filter(|_| scope.is_everybody()).or(s.known.then(|| of(&s.sums, Metric::Views)))
        };
        series.insert("views".into(), steps.iter().map(views).collect());
        let named: [Named; 9] = [
            ("visits", |m| of(m, Metric::Visits)),
            ("left", |m| of(m, Metric::Left)),
            ("bounces", |m| of(m, Metric::Bounces)),
            ("engaged", |m| of(m, Metric::Engaged)),
            ("clicks", |m| of(m, Metric::Clicks)),
            ("errors", |m| of(m, Metric::FailedViews) + of(m, Metric::FailedRequests)),
            ("loads", |m| of(m, Metric::Views) + of(m, Metric::FailedRequests)),
            ("not_found", |m| of(m, Metric::NotFound)),
            ("conversions", |m| of(m, Metric::Conversions)),
        ];
        for (name, value) in named {
            series.insert(name.into(), steps.iter().map(|s| s.known.then(|| value(&s.sums))).collect());
        }
        if scope.is_everybody() {
            for (n, name) in SERIES_NAMES.iter().enumerate() {
                series.insert(format!("{name}_p75"), timings.iter().map(|set| p75(set, n)).collect());
            }
        }
        Value::Object(series)
    }

    /// V2 alone, for yesterday's line.
    pub(super) fn earlier(&self, asked: &Asked, span: Span, count: usize) -> Result<Value> {
        let empty = Step { active: None, views: None, sums: [0; METRICS], known: false };
        let mut steps = vec![empty; span.steps()];
        self.fill_minutes(asked, span, &mut steps)?;
        // A day that differs by half an hour has its hours elsewhere.
        let last = steps.last().cloned();
        if let Some(last) = last {
            steps.resize(count, Step { active: None, views: None, ..last });
        }
        let active: Vec<_> = steps.iter().map(|s| s.active).collect();
        let views: Vec<_> = steps.iter().map(|s| s.views).collect();
        Ok(json!({"active": active, "views": views}))
    }

    /// Highest V1 and views: from the minutes of 8 days, before them the highest V1 of local hours.
    fn fill_minutes(&self, asked: &Asked, span: Span, steps: &mut [Step]) -> Result<()> {
        let mut query = self.db.prepare_cached(
            "SELECT minute, active, views FROM minutes WHERE site = ?1 AND minute >= ?2 AND minute < ?3",
        )?;
        let mut rows = query.query(params![self.site, span.from, span.to])?;
        while let Some(row) = rows.next()? {
            if let Some(step) = span.step_of(row.get(0)?).and_then(|n| steps.get_mut(n)) {
                step.active = step.active.max(Some(row.get(1)?));
                step.views = Some(step.views.unwrap_or(0) + row.get::<_, i64>(2)?);
            }
        }
        if span.step == 60 {
            let mut query = self.db.prepare_cached(
                "SELECT began, peak FROM baselines WHERE site = ?1 AND began >= ?2 AND began < ?3",
            )?;
            let gone = asked.unix - MINUTES_KEPT;
            let mut rows = query.query(params![self.site, span.from * 60, gone.min(span.to * 60)])?;
            while let Some(row) = rows.next()? {
                let minute = row.get::<_, i64>(0)?.div_euclid(60);
                let step = span.step_of(minute).and_then(|n| steps.get_mut(n));
                if let Some(step) = step.filter(|step| step.views.is_none()) {
                    step.active = step.active.max(Some(row.get(1)?));
                }
            }
        }
        Ok(())
    }

    fn fill_sums(&self, span: Span, scope: &Scope, steps: &mut [Step]) -> Result<()> {
        let mut put = |minute: i64, metrics: &Metrics| {
            if let Some(step) = span.step_of(minute).and_then(|n| steps.get_mut(n)) {
                add(&mut step.sums, metrics);
            }
        };
        let hours = span.step == 60;
        let loose = match hours {
            true => self.loose(What::Cells, span.from, span.to),
            false => vec![(span.from, span.to)],
        };
        if let Scope::Visits(words) = scope {
            // By what they are told apart does not matter here.
            let by = Feature::Channel;
            if hours {
                self.profile_hours(by, words, span.from, span.to, |minute, _, m| put(minute, m))?;
            }
            for (from, to) in loose {
                self.profile_minutes(by, words, from, to, |minute, _, m| put(minute, m))?;
            }
            return Ok(());
        }
        let (by, dim) = match scope {
            Scope::Page(_) => (By::Page, Dim::Page),
            _ => (By::Site, Dim::Site),
        };
        let mut put = |minute: i64, key: u32, metrics: &Metrics| {
            if scope.has(key) {
                put(minute, metrics);
            }
        };
        if hours {
            self.hours(by, span.from, span.to, |hour, bytes| {
                numbers(bytes, |key, metrics| put(hour * 60, key, metrics));
                Ok(())
            })?;
        }
        for (from, to) in loose {
            self.minutes(dim, from, to, &mut put)?;
        }
        Ok(())
    }
}

/// One metric of sums.
pub(super) fn of(metrics: &Metrics, metric: Metric) -> i64 {
    metrics.get(metric as usize).copied().unwrap_or(0)
}

fn p75(set: &Set, series: usize) -> Option<f64> {
    set.get(series)?.quantile(0.75).map(|v| shown(series, v))
}
