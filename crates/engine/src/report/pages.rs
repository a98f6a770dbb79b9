//! P1–P6: pages, who is on them, how long they hold, where visits begin and end.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::Scene;
use crate::live::pages::PageId;
use crate::live::visitor::{View, Visitor};

/// What is counted of a page.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    active: u64,
    /// Views of the window, their seconds engaged and on the page.
    views: u64,
    engaged: u64,
    time: u64,
    /// Visits of the window that saw it; of them began on it; of those that saw it left; of them with it as last page.
    saw: u64,
    began: u64,
    left: u64,
    exits: u64,
}

impl Scene<'_> {
    pub(super) fn pages(&self) -> Value {
        let (pages, visits) = self.page_sums();
        let total = pages.len();
        let shown: u64 = pages.values().map(|sums| sums.active).sum();
        let groups = self.page_groups(&pages);
        let rows = self.rows.of(
            pages.into_iter().collect(),
            |(id, sums)| (Reverse((sums.active, sums.views)), self.page_name(*id).0.to_owned()),
            |(id, sums)| self.page_row(*id, sums),
        );
        json!({ "pages": rows, "total": total, "visits": visits, "groups": groups, "sum": shown })
    }

    fn page_sums(&self) -> (HashMap<PageId, Sums>, u64) {
        let mut pages: HashMap<PageId, Sums> = HashMap::new();
        let mut visits = 0;
        self.each(|visitor, views| {
            if self.filter.profile(visitor.profile) {
                self.sum_views(&mut pages, views);
                if visitor.visit != 0 && visitor.heard + crate::live::THIRTY > self.now {
                    visits += u64::from(self.filter.visitor(visitor));
                    sum_visit(&mut pages, visitor);
                }
            }
        });
        pages.retain(|id, _| self.filter.page(*id));
        (pages, visits)
    }

    fn sum_views(&self, pages: &mut HashMap<PageId, Sums>, views: &[&View]) {
        for view in views {
            let sums = pages.entry(view.page).or_default();
            sums.active += u64::from(view.counted);
            if view.heard + crate::live::THIRTY > self.now {
                sums.views += 1;
                sums.engaged += u64::from(view.engaged);
                sums.time += u64::from(view.time(self.now, self.site.window));
            }
        }
    }

    fn page_row(&self, id: PageId, sums: &Sums) -> Value {
        let mean =
            |sum: u64| if sums.views == 0 { Value::Null } else { json!(sum as f64 / sums.views as f64) };
        let (path, title) = self.page_name(id);
        let meta = self.site.pages.get(id).map(|page| &page.meta);
        json!({
            "path": path,
            "title": title,
            "post_type": meta.map_or("", |m| &*m.post_type),
            "author": meta.map_or("", |m| &*m.author),
            "category": meta.map_or("", |m| &*m.category),
            "active": sums.active,
            "views": sums.views,
            "engaged": mean(sums.engaged),
            "time": mean(sums.time),
            "saw": sums.saw,
            "began": sums.began,
            "left": sums.left,
            "exits": sums.exits,
            "entry_rate": [sums.began, sums.saw],
            "exit_rate": [sums.exits, sums.left],
        })
    }

    /// P6: the same by what WordPress says of the pages.
    fn page_groups(&self, pages: &HashMap<PageId, Sums>) -> Value {
        let mut groups: [HashMap<&str, (u64, u64)>; 3] = Default::default();
        for (id, sums) in pages {
            let Some(page) = self.site.pages.get(*id) else { continue };
            let names = [&page.meta.post_type, &page.meta.author, &page.meta.category];
            for (group, name) in groups.iter_mut().zip(names).filter(|(_, name)| !name.is_empty()) {
                let (active, views) = group.entry(name).or_default();
                *active += sums.active;
                *views += sums.views;
            }
        }
        let [post_type, author, category] = groups.map(|group| {
            self.rows.of(
                group.into_iter().collect(),
                |(name, numbers)| (Reverse(*numbers), name.to_string()),
                |(name, (active, views))| json!({ "name": name, "active": active, "views": views }),
            )
        });
        json!({ "post_type": post_type, "author": author, "category": category })
    }
}

fn sum_visit(pages: &mut HashMap<PageId, Sums>, visitor: &Visitor) {
    let mut seen: Vec<PageId> = visitor.pages().collect();
    seen.sort_unstable();
    seen.dedup();
    for page in seen {
        let sums = pages.entry(page).or_default();
        sums.saw += 1;
        sums.began += u64::from(page == visitor.entry);
        if visitor.left != 0 {
            sums.left += 1;
            sums.exits += u64::from(page == visitor.exit);
        }
    }
}
