//! The numbers of now of those a filter speaks of.

use serde_json::{Value, json};

use super::Scene;

impl Scene<'_> {
    /// V1, P2 and the last half hour of those asked about.
    pub(super) fn now(&self) -> Value {
        let mut visitors = 0u64;
        let mut pages = std::collections::HashMap::new();
        self.each(|visitor, views| {
            if !self.filter.profile(visitor.profile) {
                return;
            }
            for view in views.iter().filter(|v| v.counted && self.filter.page(v.page)) {
                *pages.entry(view.page).or_insert(0u64) += 1;
            }
            if self.filter.saw(visitor, views) {
                visitors += u64::from(visitor.thirty);
            }
        });
        let rows = pages.into_iter().map(|(id, active)| (self.page_name(id), active)).collect();
        let rows = self.rows.of(
            rows,
            |((path, _), active)| (std::cmp::Reverse(*active), path.to_string()),
            |((path, title), active)| json!({ "path": path, "title": title, "active": active }),
        );
        json!({ "pages": rows, "visitors_30m": visitors, "filtered": true })
    }
}
