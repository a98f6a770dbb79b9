//! Rows of a table: one dimension, most first.

use std::cmp::Reverse;
use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::question::{Dimension, Group, HistoryQuestion, Span};
use super::scope::Scope;
use super::series::of;
use super::sums::Site;
use super::timings::{Wanted, quantiles};
use super::{Result, merge};
use crate::live::facts::{Metric, Metrics};
use crate::live::names::{NameKind, part};
use crate::live::profiles::{Feature, OTHER, PRIVATE};
use crate::report::Words;
use crate::store::cells::add;
use crate::store::summary::By;

/// What rows are sorted by.
type Rank = fn(&Metrics) -> i64;

/// A row on its way.
#[derive(Debug, Default)]
struct Found {
    sums: Metrics,
    title: String,
    groups: [String; 3],
    /// Numbers of the pages it is made of: a path that was forgotten meanwhile has several.
    pages: Vec<u32>,
}

impl Site<'_> {
    /// Answers `rows` and `total`.
    pub(super) fn rows(
        &self,
        question: &HistoryQuestion,
        scope: &Scope,
        dimension: Dimension,
        span: Span,
    ) -> Result<Value> {
        let views: Rank = |m| of(m, Metric::Views);
        let (found, rank): (HashMap<String, Found>, Rank) = match dimension {
            Dimension::Page(group) => (self.pages(group, scope, span)?, views),
            Dimension::Feature(by) => (self.features(by, &question.filter, span)?, views),
            Dimension::Name(kind) => (self.names(kind, span)?, count),
        };
        let mut rows: Vec<(String, Found)> =
            found.into_iter().filter(|(_, f)| f.sums.iter().any(|m| *m != 0)).collect();
        rows.sort_unstable_by(|a, b| rank(&b.1.sums).cmp(&rank(&a.1.sums)).then_with(|| a.0.cmp(&b.0)));
        let total = rows.len();
        let shown: Vec<_> = rows.into_iter().skip(question.offset).take(question.limit()).collect();
        let mut wanted = Wanted::new();
        for (n, (key, found)) in shown.iter().enumerate() {
            wanted.extend(found.pages.iter().map(|page| (*page, n as u32)));
            if dimension == Dimension::Page(Group::Path) {
                // A page may have timings of views that began before.
                wanted.extend(self.numbers_of(key)?.into_iter().map(|page| (page, n as u32)));
            }
        }
        let timings = self.timing_pages(span.from, span.to, &wanted)?;
        let rows: Vec<Value> = shown
            .iter()
            .enumerate()
            .map(|(n, (key, found))| {
                let mut row = match dimension {
                    Dimension::Name(kind) => named(kind, key, &found.sums),
                    _ => metrics(&found.sums),
                };
                name(&mut row, dimension, key, found);
                if let Some(set) = timings.get(&(n as u32)) {
                    row.insert("timings".into(), quantiles(set));
                }
                Value::Object(row)
            })
            .collect();
        Ok(json!({"rows": rows, "total": total}))
    }

    /// Sums of visits by what their profiles say. Who came by no campaign has no row among them.
    fn features(&self, by: Feature, words: &Words, span: Span) -> Result<HashMap<String, Found>> {
        let sums = self.by_feature(by, words, span.from, span.to)?.into_iter();
        let sums = sums.filter(|(name, _)| by != Feature::Campaign || !name.is_empty());
        Ok(sums.map(|(name, sums)| (name, Found { sums, ..Found::default() })).collect())
    }

    /// Sums of pages by path or group.
    fn pages(&self, group: Group, scope: &Scope, span: Span) -> Result<HashMap<String, Found>> {
        let mut found: HashMap<String, Found> = HashMap::new();
        let mut query = self.db.prepare_cached(
            "SELECT path, title, post_type, author, category FROM pages WHERE site = ?1 AND page = ?2",
        )?;
        let sums = self.by_number(By::Page, span.from, span.to)?;
        let mut sums: Vec<_> = sums.into_iter().filter(|(page, _)| scope.has(*page)).collect();
        // A page that was forgotten and came back is what it is now.
        sums.sort_unstable_by_key(|(page, _)| Reverse(*page));
        for (page, sums) in sums {
            let known = query
                .query_row(params![self.site, page], |row| {
                    Ok((row.get(0)?, row.get(1)?, [row.get(2)?, row.get(3)?, row.get(4)?]))
                })
                .optional()?;
            let (path, title, groups): (String, String, [String; 3]) =
                known.unwrap_or_else(|| (OTHER.into(), String::new(), Default::default()));
            let [post_type, author, category] = &groups;
            let key = match group {
                Group::Path => &path,
                Group::PostType => post_type,
                Group::Author => author,
                Group::Category => category,
            };
            let row = found.entry(key.clone()).or_insert_with(|| Found {
                title,
                groups: groups.clone(),
                ..Found::default()
            });
            add(&mut row.sums, &sums);
            row.pages.push(page);
        }
        Ok(found)
    }

    fn names(&self, kind: NameKind, span: Span) -> Result<HashMap<String, Found>> {
        let mut found: HashMap<String, Found> = HashMap::new();
        let mut query = self.db.prepare_cached("SELECT text FROM names WHERE site = ?1 AND id = ?2")?;
        for (id, sums) in self.by_number(By::Name(kind), span.from, span.to)? {
            let text: Option<String> =
                query.query_row(params![self.site, id], |row| row.get(0)).optional()?;
            add(&mut found.entry(text.unwrap_or_else(|| OTHER.into())).or_default().sums, &sums);
        }
        Ok(found)
    }
}

/// How often, whatever the name names.
fn count(metrics: &Metrics) -> i64 {
    of(metrics, Metric::Count).max(of(metrics, Metric::Conversions)).max(of(metrics, Metric::FormsStarted))
}

/// What is shown of sums.
pub(super) fn metrics(sums: &Metrics) -> Map<String, Value> {
    let m = |metric| of(sums, metric);
    merge(json!({
        "views": m(Metric::Views),
        "visits": m(Metric::Visits),
        "left": m(Metric::Left),
        "bounce": [m(Metric::Bounces), m(Metric::Left)],
        "engaged": m(Metric::Engaged),
        "time": m(Metric::Time),
        "saw": m(Metric::Saw),
        "saw_left": m(Metric::SawLeft),
        "clicks": m(Metric::Clicks),
        "scroll": [m(Metric::Scroll), m(Metric::Scrolled)],
        "error": [m(Metric::FailedViews) + m(Metric::FailedRequests), m(Metric::Views) + m(Metric::FailedRequests)],
        "requests": m(Metric::Requests),
        "not_found": m(Metric::NotFound),
        "conversion": [m(Metric::Conversions), m(Metric::Visits)],
        "forms": {
            "started": m(Metric::FormsStarted),
            "abandoned": m(Metric::FormsAbandoned),
            "submitted": m(Metric::FormsSubmitted),
        },
        "searches": m(Metric::Searches),
    }))
}

fn named(kind: NameKind, text: &str, sums: &Metrics) -> Map<String, Value> {
    let m = |metric| of(sums, metric);
    let mut row = merge(json!({"count": m(Metric::Count)}));
    let parts: &[&str] = match kind {
        NameKind::Element => &["what", "target", "label"],
        NameKind::Error => &["message", "source", "line"],
        NameKind::Report => &["what", "message", "source", "line"],
        NameKind::Change => &["what", "name"],
        _ => &[],
    };
    for (n, name) in parts.iter().enumerate() {
        row.insert((*name).into(), part(text, n).into());
    }
    match kind {
        NameKind::Goal => {
            row.insert("conversions".into(), m(Metric::Conversions).max(m(Metric::Count)).into());
        }
        NameKind::Form => {
            for (name, metric) in [
                ("started", Metric::FormsStarted),
                ("abandoned", Metric::FormsAbandoned),
                ("submitted", Metric::FormsSubmitted),
            ] {
                row.insert(name.into(), m(metric).into());
            }
        }
        _ => {}
    }
    row
}

fn name(row: &mut Map<String, Value>, dimension: Dimension, key: &str, found: &Found) {
    let whole = match dimension {
        _ if key == OTHER => key,
        Dimension::Feature(_) if key == PRIVATE => key,
        Dimension::Feature(Feature::City) => {
            row.insert("country".into(), part(key, 0).into());
            part(key, 1)
        }
        Dimension::Feature(Feature::Campaign) => {
            row.insert("source".into(), part(key, 0).into());
            row.insert("medium".into(), part(key, 1).into());
            part(key, 2)
        }
        Dimension::Page(Group::Path) => {
            let [post_type, author, category] = &found.groups;
            row.insert("title".into(), found.title.as_str().into());
            row.insert("post_type".into(), post_type.as_str().into());
            row.insert("author".into(), author.as_str().into());
            row.insert("category".into(), category.as_str().into());
            key
        }
        // A name in parts is shown by the one that says what it is.
        Dimension::Name(NameKind::Report | NameKind::Change) => part(key, 1),
        Dimension::Name(NameKind::Error) => part(key, 0),
        _ => key,
    };
    row.entry("name").or_insert_with(|| whole.into());
}
