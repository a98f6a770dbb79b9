//! Rows of a table: one dimension, most first.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::question::{Dimension, Group, HistoryQuestion, Span};
use super::series::of;
use super::sums::Site;
use super::timings::{Wanted, quantiles};
use super::{Result, merge};
use crate::live::facts::{METRICS, Metric, Metrics};
use crate::live::names::part;
use crate::store::cells::add;
use crate::store::summary::By;
use crate::store::words::OTHER;

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
    pub(super) fn rows(&self, question: &HistoryQuestion, dimension: Dimension, span: Span) -> Result<Value> {
        let (found, rank): (HashMap<String, Found>, Rank) = match dimension {
            Dimension::Page(group) => (self.pages(group, span)?, |m| of(m, Metric::Views)),
            Dimension::Text(by) => {
                let sums = self.by_text(by, span.from, span.to)?.into_iter();
                (sums.map(|(key, sums)| (key, Found { sums, ..Found::default() })).collect(), |m| {
                    of(m, Metric::Views)
                })
            }
            Dimension::Name(by) => (self.names(by, span)?, count),
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
                wanted.extend((key == OTHER).then_some((0, n as u32)));
            }
        }
        let timings = self.timing_pages(span.from, span.to, &wanted)?;
        let rows: Vec<Value> = shown
            .iter()
            .enumerate()
            .map(|(n, (key, found))| {
                let mut row = match dimension {
                    Dimension::Name(by) => named(by, key, &found.sums),
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

    /// Sums of pages by path or group.
    fn pages(&self, group: Group, span: Span) -> Result<HashMap<String, Found>> {
        let mut found: HashMap<String, Found> = HashMap::new();
        let mut query = self.db.prepare_cached(
            "SELECT path, title, post_type, author, category FROM pages WHERE site = ?1 AND page = ?2",
        )?;
        for (page, sums) in self.by_number(By::Page, span.from, span.to)? {
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

    fn names(&self, by: By, span: Span) -> Result<HashMap<String, Found>> {
        let mut found: HashMap<String, Found> = HashMap::new();
        let mut query = self.db.prepare_cached("SELECT text FROM names WHERE site = ?1 AND id = ?2")?;
        for (id, sums) in self.by_number(by, span.from, span.to)? {
            let text: Option<String> =
                query.query_row(params![self.site, id], |row| row.get(0)).optional()?;
            add(&mut found.entry(text.unwrap_or_else(|| OTHER.into())).or_default().sums, &sums);
        }
        Ok(found)
    }

    /// The sums of the whole stretch, of the site.
    pub(super) fn totals(&self, span: Span) -> Result<Value> {
        let mut sums = [0; METRICS];
        self.by_number(By::Site, span.from, span.to)?.values().for_each(|m| add(&mut sums, m));
        Ok(Value::Object(metrics(&sums)))
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

fn named(by: By, text: &str, sums: &Metrics) -> Map<String, Value> {
    let m = |metric| of(sums, metric);
    let mut row = merge(json!({"count": m(Metric::Count)}));
    let parts: &[&str] = match by {
        By::Element => &["what", "target", "label"],
        By::Error => &["message", "source", "line"],
        By::Report => &["what", "message", "source", "line"],
        By::Change => &["what", "name"],
        _ => &[],
    };
    for (n, name) in parts.iter().enumerate() {
        row.insert((*name).into(), part(text, n).into());
    }
    match by {
        By::Goal => {
            row.insert("conversions".into(), m(Metric::Conversions).max(m(Metric::Count)).into());
        }
        By::Form => {
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
        Dimension::Text(By::City) => {
            row.insert("country".into(), part(key, 0).into());
            part(key, 1)
        }
        Dimension::Text(By::Campaign) => {
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
        Dimension::Name(By::Report | By::Change) => part(key, 1),
        Dimension::Name(By::Error) => part(key, 0),
        _ => key,
    };
    row.entry("name").or_insert_with(|| whole.into());
}
