//! G1–G5: places, sources, devices, browsers, systems: of V1 and of the last half hour.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::Scene;
use crate::live::profiles::{Feature, OTHER, Profile, ProfileId};

/// Active now, and in the last half hour.
type Counts = (u64, u64);

impl Scene<'_> {
    pub(super) fn sources(&self) -> Value {
        let present = self.present();
        let channels = self.by(&present, Feature::Channel);
        let hosts = self.by(&present, Feature::Source);
        let mut campaigns: HashMap<[&str; 3], Counts> = HashMap::new();
        for (profile, counts) in &present {
            let Some(p) = profile.filter(|p| !p.utm_source.is_empty() || !p.utm_campaign.is_empty()) else {
                continue;
            };
            add(campaigns.entry([&p.utm_source, &p.utm_medium, &p.utm_campaign]).or_default(), *counts);
        }
        let campaigns = self.rows.of(
            campaigns.into_iter().collect(),
            |(name, counts)| (Reverse(*counts), *name),
            |([source, medium, campaign], (active, visitors))| {
                json!({ "source": source, "medium": medium, "campaign": campaign, "active": active, "visitors": visitors })
            },
        );
        json!({ "channels": channels, "hosts": hosts, "campaigns": campaigns })
    }

    pub(super) fn devices(&self) -> Value {
        let present = self.present();
        json!({
            "devices": self.by(&present, Feature::Device),
            "browsers": self.by(&present, Feature::Browser),
            "systems": self.by(&present, Feature::Os),
        })
    }

    pub(super) fn geo(&self) -> Value {
        let present = self.present();
        // Cities as totals only: those that are known.
        let cities: Vec<_> =
            present.iter().filter(|(p, _)| p.is_some_and(|p| !p.city.is_empty())).copied().collect();
        json!({ "countries": self.by(&present, Feature::Country), "cities": self.by_name(&cities, |p| p.city.to_string()) })
    }

    /// Counts by profile of those asked about.
    fn present(&self) -> Vec<(Option<&Profile>, Counts)> {
        let mut counts: HashMap<ProfileId, Counts> = HashMap::new();
        if self.filter.about_a_page() {
            self.each(|visitor, views| {
                if !self.filter.profile(visitor.profile) {
                    return;
                }
                let here = views.iter().filter(|v| v.counted && self.filter.page(v.page)).count();
                let visitors = if self.filter.saw(visitor, views) { visitor.thirty } else { 0 };
                if here > 0 || visitors > 0 {
                    add(counts.entry(visitor.profile).or_default(), (here as u64, visitors.into()));
                }
            });
        } else {
            let present = self.site.present.iter().filter(|(id, _)| self.filter.profile(**id));
            counts.extend(present.map(|(id, p)| (*id, (p.active.into(), p.thirty.into()))));
        }
        counts.into_iter().map(|(id, counts)| (self.site.profiles.get(id.0), counts)).collect()
    }

    /// Sums by a feature of the profile, most active first.
    fn by(&self, present: &[(Option<&Profile>, Counts)], by: Feature) -> Vec<Value> {
        self.by_name(present, |profile| profile.name(by).into_owned())
    }

    fn by_name(
        &self,
        present: &[(Option<&Profile>, Counts)],
        name: impl Fn(&Profile) -> String,
    ) -> Vec<Value> {
        let mut sums: HashMap<String, Counts> = HashMap::new();
        for (profile, counts) in present {
            let name = profile.map_or_else(|| OTHER.to_owned(), &name);
            add(sums.entry(name).or_default(), *counts);
        }
        self.rows.of(
            sums.into_iter().collect(),
            |(name, counts)| (Reverse(*counts), name.clone()),
            |(name, (active, visitors))| json!({ "name": name, "active": active, "visitors": visitors }),
        )
    }
}

fn add(sum: &mut Counts, counts: Counts) {
    sum.0 += counts.0;
    sum.1 += counts.1;
}
