//! S1, V5: the visits in progress.

use serde_json::{Value, json};

use super::quantile::quantile;
use super::{Scene, visitor_name};
use crate::live::pages::PageId;
use crate::live::profiles::Feature;
use crate::live::visitor::{View, Visitor};

/// What a row needs besides the profile.
struct Row {
    name: String,
    count: u64,
    began: u32,
    views: u16,
    engaged: u32,
    entry: PageId,
    page: PageId,
    pages: Vec<PageId>,
    profile: crate::live::profiles::ProfileId,
}

impl Scene<'_> {
    pub(super) fn visitors(&self) -> Value {
        let mut rows = Vec::new();
        let mut private = 0u64;
        self.each(|visitor, views| {
            if visitor.active == 0 || !self.filter.profile(visitor.profile) {
                return;
            }
            // Of a page: who is on it now. So with those who are private, and those whose first event was lost and who
            // have no visit, the rows sum to `active`.
            let count = match self.filter.about_a_page() {
                true => views.iter().filter(|v| v.counted && self.filter.page(v.page)).count() as u64,
                false => visitor.active.into(),
            };
            if count > 0 && visitor.private {
                private += count;
            } else if count > 0 && visitor.visit != 0 {
                rows.push(self.row(visitor, views, count));
            }
        });
        let mut durations: Vec<u32> = rows.iter().map(|row| self.now.saturating_sub(row.began)).collect();
        let total = rows.len();
        let mean = durations.iter().map(|d| f64::from(*d)).sum::<f64>() / durations.len().max(1) as f64;
        let duration = json!({
            "mean": if durations.is_empty() { Value::Null } else { json!(mean) },
            "median": quantile(&mut durations, 0.5),
            "p90": quantile(&mut durations, 0.9),
        });
        // GDPR mode shows no row per visit.
        let listed = if self.config.gdpr_mode { 0 } else { self.config.max_visitors as usize };
        rows.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| a.name.cmp(&b.name)));
        let rows: Vec<Value> =
            self.rows.cut(rows, listed).into_iter().map(|row| self.visitor_row(&row)).collect();
        json!({
            "visitors": rows,
            "total": total,
            "listed": total.min(listed),
            "duration": duration,
            "private": private,
        })
    }

    fn visitor_row(&self, row: &Row) -> Value {
        let unknown = crate::live::profiles::Profile::default();
        let profile = self.site.profiles.get(row.profile.0).unwrap_or(&unknown);
        let (page, title) = self.page_name(row.page);
        let pages: Vec<&str> = row.pages.iter().map(|id| self.page_name(*id).0).collect();
        json!({
            "id": row.name,
            "count": row.count,
            "entry": self.page_name(row.entry).0,
            "page": page,
            "title": title,
            "pages": pages,
            "views": row.views,
            "began": self.unix(row.began),
            "duration": self.now.saturating_sub(row.began),
            "engaged": row.engaged,
            "channel": profile.name(Feature::Channel),
            "source": &*profile.source,
            "campaign": &*profile.utm_campaign,
            "device": profile.name(Feature::Device),
            "browser": &*profile.browser,
            "os": &*profile.os,
            "country": profile.country_str(),
            "city": &*profile.city,
        })
    }

    fn row(&self, visitor: &Visitor, views: &[&View], count: u64) -> Row {
        let here = views.iter().filter(|v| v.counted && self.filter.page(v.page));
        let current = here.max_by_key(|v| v.seen.max(v.began));
        Row {
            name: visitor_name(visitor.key),
            count,
            began: visitor.visit,
            views: visitor.visit_views,
            engaged: visitor.engaged,
            entry: visitor.entry,
            page: current.map_or(visitor.exit, |view| view.page),
            pages: visitor.pages().collect(),
            profile: visitor.profile,
        }
    }
}
