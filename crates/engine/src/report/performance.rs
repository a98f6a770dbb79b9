//! M1, M3: how fast pages load in browsers, and how fast WordPress makes them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::Scene;
use super::quantile::quantile;
use crate::live::facts::{TIMINGS, UNTOLD};
use crate::live::log::Window;
use crate::live::pages::PageId;

/// Samples of the six timings, then of generation time (ms) and queries.
#[derive(Debug, Default)]
struct Samples {
    values: [Vec<f64>; METRICS],
}

const METRICS: usize = 8;
const GENERATION: usize = 6;
const QUERIES: usize = 7;

impl Scene<'_> {
    pub(super) fn performance(&self) -> Value {
        let mut answer = Map::new();
        let mut pages: HashMap<PageId, [Samples; 2]> = HashMap::new();
        for (n, window) in [Window::Five, Window::Thirty].into_iter().enumerate() {
            let mut site = Samples::default();
            self.sample(window, |page, metric, value| {
                if let Some(values) = site.values.get_mut(metric) {
                    values.push(value);
                }
                let of_page = pages.entry(page).or_default().get_mut(n);
                if let Some(values) = of_page.and_then(|samples| samples.values.get_mut(metric)) {
                    values.push(value);
                }
            });
            answer.insert(window.as_str().into(), site.json());
        }
        let total = pages.len();
        let rows: Vec<(PageId, [Samples; 2])> = pages.into_iter().collect();
        let count = |samples: &Samples| samples.values.iter().map(Vec::len).max().unwrap_or(0);
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|(id, samples)| (samples.iter().map(count).max().unwrap_or(0), self.page_name(id), samples))
            .collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let rows: Vec<Value> = self
            .rows
            .cut(rows, usize::MAX)
            .into_iter()
            .map(|(_, (path, title), [five, thirty])| {
                json!({ "path": path, "title": title, "5m": five.json(), "30m": thirty.json() })
            })
            .collect();
        answer.insert("pages".into(), rows.into());
        answer.insert("total".into(), total.into());
        answer.insert("navigation".into(), self.navigation());
        Value::Object(answer)
    }

    /// Calls with every sample of a window: page, metric, value.
    fn sample(&self, window: Window, mut then: impl FnMut(PageId, usize, f64)) {
        for timing in self.site.timings.window(window, self.now) {
            if self.filter.profile(timing.profile) && self.filter.page(timing.page) {
                for (metric, value) in timing.values.into_iter().enumerate().filter(|(_, v)| *v != UNTOLD) {
                    then(timing.page, metric, f64::from(value));
                }
            }
        }
        for request in self.site.requests.window(window, self.now).filter(|r| !r.bot) {
            if self.filter.profile(request.profile) && self.filter.page(request.page) {
                if request.generation != u32::MAX {
                    then(request.page, GENERATION, f64::from(request.generation) / 1000.0);
                }
                if request.queries != u32::MAX {
                    then(request.page, QUERIES, f64::from(request.queries));
                }
            }
        }
    }

    /// M3: median load time of views that came from a page of the site.
    fn navigation(&self) -> Value {
        let timings = self.site.timings.window(Window::Thirty, self.now);
        let mut loads: Vec<f64> = timings
            .filter(|t| t.internal && self.filter.profile(t.profile) && self.filter.page(t.page))
            .filter_map(|t| t.values.first().filter(|load| **load != UNTOLD).map(|load| f64::from(*load)))
            .collect();
        json!({ "n": loads.len(), "p50": quantile(&mut loads, 0.5) })
    }
}

impl Samples {
    fn json(mut self) -> Value {
        let names = TIMINGS.into_iter().chain(["generation", "queries"]);
        let quantiles = names.zip(&mut self.values).map(|(name, values)| {
            let [p50, p75, p95] = [0.5, 0.75, 0.95].map(|q| quantile(values, q));
            (name.to_owned(), json!({ "n": values.len(), "p50": p50, "p75": p75, "p95": p95 }))
        });
        Value::Object(quantiles.collect())
    }
}
