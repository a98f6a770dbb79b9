//! The frame of those a filter speaks of: members, names and types of `hub::Frame`. What cannot be known of them is null:
//! a number of the whole site in its place would be wrong.
//!
//! Not known are the highest V1 of minutes and of the day, with all that it is compared with, what today has counted, and
//! what was set aside; `alerts` are the site's, and `epoch` and `seq` count its frames.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Scene;
use crate::live::pages::PageId;
use crate::live::profiles::{Feature, OTHER, ProfileId};

/// Pages of a frame at most.
pub const PAGES_MAX: usize = 100;

impl Scene<'_> {
    /// `pages`: at most so many.
    pub(super) fn live(&self, pages: usize) -> Value {
        let mut active_on: HashMap<PageId, u64> = HashMap::new();
        let mut active_as: HashMap<ProfileId, u64> = HashMap::new();
        let (mut five, mut thirty) = (0u64, 0u64);
        self.each(|visitor, views| {
            if !self.filter.profile(visitor.profile) {
                return;
            }
            for view in views.iter().filter(|v| v.counted && self.filter.page(v.page)) {
                *active_on.entry(view.page).or_default() += 1;
                *active_as.entry(visitor.profile).or_default() += 1;
            }
            if self.filter.saw(visitor, views) {
                five += u64::from(visitor.five);
                thirty += u64::from(visitor.thirty);
            }
        });
        json!({
            "epoch": null,
            "seq": null,
            "visitors_5m": five,
            "visitors_30m": thirty,
            "visitors_today": null,
            "views_today": null,
            "visits_today": null,
            "window": self.site.window,
            "peak": null,
            "pages": self.active_pages(active_on, pages),
            "minutes": null,
            "private": null,
            "excluded": null,
            "alerts": null,
            "trend": null,
            "usual": null,
            "record": null,
            "yesterday": null,
            "channels": self.active_by(&active_as, Feature::Channel),
            "devices": self.active_by(&active_as, Feature::Device),
            "countries": self.active_by(&active_as, Feature::Country),
            "stale": false,
        })
    }

    fn active_pages(&self, active: HashMap<PageId, u64>, most: usize) -> Vec<Value> {
        let mut rows: Vec<(Reverse<u64>, &str, &str)> = active
            .into_iter()
            .map(|(id, active)| {
                let (path, title) = self.page_name(id);
                (Reverse(active), path, title)
            })
            .collect();
        rows.sort_unstable();
        rows.into_iter()
            .take(most.min(PAGES_MAX))
            .map(|(Reverse(active), path, title)| json!({ "path": path, "title": title, "active": active }))
            .collect()
    }

    /// Sums to `active`.
    fn active_by(&self, active: &HashMap<ProfileId, u64>, by: Feature) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (id, active) in active {
            let name = self.site.profiles.get(id.0).map_or(OTHER.into(), |p| p.name(by));
            *sums.entry(name.into_owned()).or_default() += active;
        }
        sums
    }
}
