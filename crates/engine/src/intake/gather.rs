//! What the live state has changed since the last commit, for the batch.

use super::Intake;
use crate::live::facts::METRICS;
use crate::store::batch::EventRow;

impl Intake {
    /// Adds to the batch what is not made of records: the state of sites, feeds, sums, names.
    pub fn gather(&mut self) {
        let batch = &mut self.batch;
        let offsets = self.live.offsets().clone();
        let ms = |second| offsets.unix(second) * 1000;
        for (id, site) in self.live.sites_mut() {
            if !std::mem::take(&mut site.dirty) {
                continue;
            }
            if let Ok(json) = serde_json::to_string(&site.kept) {
                batch.kept.insert(id, json);
            }
            batch.pages.extend(site.pages.take_changed().into_iter().map(|page| (id, page)));
            for minute in site.minutes.take_unstored() {
                batch.minutes.insert((id, minute.number), minute);
            }
            // GDPR mode stores what happened without visitor, visit and view: no row of the past can be put together to a
            // visit. What a restart needs can, while it does: the journal and the buckets hold the visits of the last
            // half hour by key, and the keys of who came today. They are written over within another half hour, and no
            // question is answered from them.
            let gdpr = self.configs.get(&id).is_some_and(|c| c.gdpr_mode);
            batch.events.extend(site.fresh.drain(..).map(|entry| {
                let row = EventRow { site: id, at: ms(entry.at), entry };
                if gdpr { row.anonymous() } else { row }
            }));
            batch.undone.extend(site.undone.drain(..).map(|(entry, at)| (id, entry, ms(at))));
            for (cell, sums) in site.rollups.drain() {
                let stored = batch.rollups.entry((id, cell)).or_insert([0; METRICS]);
                stored.iter_mut().zip(sums).for_each(|(stored, sum)| *stored += sum);
            }
            let names = site.names.take_changed().into_iter();
            batch.names.extend(names.map(|(name, kind, text, day)| (id, name, kind, text, day)));
            let profiles = site.profiles.take_changed().into_iter();
            batch.profiles.extend(profiles.map(|(number, profile, day)| (id, number, profile, day)));
        }
    }
}
