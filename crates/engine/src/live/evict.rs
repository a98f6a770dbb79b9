//! What goes when memory ends: the visitors heard from longest ago, counted where they were counted.

use super::profiles::ProfileId;
use super::touch::{Detail, Touch, TouchKind};
use super::{Live, Second};
use crate::live::pages::OTHER;

/// Visitors compared to find an old one; the oldest of 32 is among the oldest tenth in 97 of 100 cases.
const SAMPLE: u32 = 32;

impl Live {
    /// Evicts until the state fits its budget again and answers a touch for each visitor that went: the journal must
    /// know, or a restart would bring them back and count them twice.
    pub fn evict(&mut self) -> Vec<Touch> {
        let mut gone = Vec::new();
        while self.bytes() > self.budget {
            let Some(index) = self.oldest() else { break };
            let Some(visitor) = self.visitors.get(index) else { break };
            let Some(place) = self.sites.get(usize::from(visitor.site)) else { break };
            gone.push(Touch {
                site: place.id,
                kind: TouchKind::Evict,
                on: false,
                private: visitor.private,
                at: self.now,
                sequence: 0,
                key: visitor.key,
                view: 0,
                page: OTHER,
                from: OTHER,
                profile: ProfileId(0),
                detail: Detail::default(),
            });
            self.count_evicted(index);
            self.evict_visitor(index);
        }
        gone
    }

    /// Removes a visitor whose counts have been kept.
    pub(super) fn evict_visitor(&mut self, index: u32) {
        self.remove_visitor(index);
    }

    fn count_evicted(&mut self, index: u32) {
        let Some(visitor) = self.visitors.get(index) else { return };
        let Some(place) = self.sites.get_mut(usize::from(visitor.site)) else { return };
        let site = &mut place.site;
        site.kept.evicted += 1;
        site.kept.approximate = true;
        site.dirty = true;
        site.evicted.add(visitor.heard, u64::from(visitor.thirty));
        if visitor.day == site.kept.day as u16 {
            site.kept.evicted_today += u64::from(visitor.today);
        }
    }

    /// An old visitor of a site that uses more than its equal share: the oldest of a sample that moves on.
    fn oldest(&mut self) -> Option<u32> {
        let high = self.visitors.high();
        let known = self.sites.iter().filter(|p| p.known).count().max(1);
        let share = (self.visitors.len() / known) as u32;
        let mut best: Option<(Second, u32)> = None;
        let (mut looked, mut sampled) = (0, 0);
        while looked < high && sampled < SAMPLE {
            looked += 1;
            self.hand = if self.hand + 1 < high { self.hand + 1 } else { 0 };
            let Some(visitor) = self.visitors.get(self.hand) else { continue };
            let over = self.sites.get(usize::from(visitor.site)).is_some_and(|p| p.site.visitors >= share);
            if visitor.key.0 == 0 || !over {
                continue;
            }
            sampled += 1;
            if best.is_none_or(|(heard, _)| visitor.heard < heard) {
                best = Some((visitor.heard, self.hand));
            }
        }
        best.map(|(_, index)| index)
    }
}
