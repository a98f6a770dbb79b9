//! The live state as it was at the last commit: buckets, then the touches of the journal that came after each.

use std::collections::HashMap;

use qahm_event::SiteId;
use rusqlite::params;

use super::recent::Recent;
use super::{Result, Store, words};
use crate::config::SiteConfig;
use crate::live::minutes::{KEPT, Minute};
use crate::live::names::{self, NameId, NameKind, Names};
use crate::live::pages::{CAP, Meta, PageId};
use crate::live::profiles::{self, Profile, Profiles};
use crate::live::site::Kept;
use crate::live::snapshot::BUCKETS;
use crate::live::touch::Entry;
use crate::live::{Live, Second};

/// What came back.
#[derive(Debug)]
pub struct Recovered {
    pub live: Live,
    pub touches: u64,
}

struct Bucket {
    number: i64,
    batch: i64,
    second: Second,
}

impl Store {
    /// Rebuilds the live state. `last` is the second of the last commit, `offset` Unix time minus engine second.
    pub fn recover(
        &self,
        sites: &HashMap<SiteId, SiteConfig>,
        last: Second,
        offset: i64,
        budget: usize,
    ) -> Result<Recovered> {
        let buckets = self.buckets()?;
        let first = self.first_second(&buckets)?.unwrap_or(last).min(last);
        let mut live = Live::new(first, offset, budget);
        for (id, config) in sites {
            live.set_site(*id, config.active_window, config.calendar.clone());
            self.recover_pages(*id, &mut live)?;
            if let Some(site) = live.site_mut(*id) {
                self.recover_words(*id, &mut site.names, &mut site.profiles, first)?;
                if config.gdpr_mode {
                    site.scrub();
                }
            }
        }
        live.recall_offsets(self.offsets(last, offset)?);
        // What is read now was told and summed up when it happened.
        live.set_replaying(true);
        let touches = self.replay(&mut live, &buckets)?;
        live.advance(last);
        live.set_replaying(false);
        for id in sites.keys() {
            self.recover_site(*id, &mut live)?;
            let Recent { events, times, requests } = self.recent(*id, last, offset)?;
            // GDPR mode stores them without visitor and view: whose they were is not known any more.
            let gdpr = sites.get(id).is_some_and(|config| config.gdpr_mode);
            let nameless =
                events.iter().filter(|entry| entry.kind.is_deed() && (gdpr || entry.is_nameless()));
            let nameless = nameless.map(|entry| entry.at).max();
            live.restore_logs(*id, events, times, requests);
            if let (Some(site), Some(at)) = (live.site_mut(*id), nameless) {
                site.deeds.lose(at);
            }
        }
        Ok(Recovered { live, touches })
    }

    /// From which second on which offset, until the last one.
    fn offsets(&self, last: Second, offset: i64) -> Result<Vec<(Second, i64)>> {
        let mut query = self.db.prepare(
            "SELECT second, shift FROM (SELECT second, shift FROM offsets ORDER BY second DESC LIMIT 30) ORDER BY second",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut offsets: Vec<(Second, i64)> = rows.collect::<std::result::Result<_, _>>()?;
        if offsets.last().is_none_or(|known| (known.1 - offset).abs() > 1) {
            offsets.push((last, offset));
        }
        Ok(offsets)
    }

    fn buckets(&self) -> Result<Vec<Bucket>> {
        let mut query = self.db.prepare("SELECT bucket, batch, second FROM buckets ORDER BY batch")?;
        let rows = query.query_map([], |row| {
            Ok(Bucket { number: row.get(0)?, batch: row.get(1)?, second: row.get(2)? })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// When the story begins: at the oldest bucket or the first touch.
    fn first_second(&self, buckets: &[Bucket]) -> Result<Option<Second>> {
        let mut query = self.db.prepare("SELECT touches FROM journal ORDER BY batch LIMIT 1")?;
        let mut rows = query.query([])?;
        let entry = match rows.next()? {
            Some(row) => Entry::decode(&mut row.get_ref(0)?.as_blob().unwrap_or_default()),
            None => None,
        };
        let entry = entry.map(|entry| match entry {
            Entry::Touch(touch) => touch.at,
            Entry::Late(second) => second,
        });
        let bucket = buckets.first().map(|b| b.second);
        Ok(bucket.into_iter().chain(entry).min())
    }

    /// Each bucket is put back in the second it was written, so that time and later touches find it as it was.
    fn replay(&self, live: &mut Live, buckets: &[Bucket]) -> Result<u64> {
        let mut since = [0i64; BUCKETS as usize];
        for bucket in buckets {
            if let Some(batch) = since.get_mut(bucket.number as usize) {
                *batch = bucket.batch;
            }
        }
        let mut waiting = buckets.iter().peekable();
        let mut touches = 0;
        let mut query = self.db.prepare("SELECT batch, touches FROM journal ORDER BY batch")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let batch: i64 = row.get(0)?;
            while let Some(bucket) = waiting.next_if(|b| b.batch < batch) {
                self.restore(live, bucket)?;
            }
            let mut bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
            while let Some(entry) = Entry::decode(&mut bytes) {
                let touch = match entry {
                    Entry::Touch(touch) => touch,
                    Entry::Late(second) => {
                        live.advance(second);
                        continue;
                    }
                };
                // What the bucket already holds must not be applied again.
                if since.get((touch.key.0 % BUCKETS) as usize).is_some_and(|b| *b >= batch) {
                    continue;
                }
                live.advance(touch.at);
                live.apply(&touch);
                touches += 1;
            }
        }
        for bucket in waiting {
            self.restore(live, bucket)?;
        }
        Ok(touches)
    }

    fn restore(&self, live: &mut Live, bucket: &Bucket) -> Result<()> {
        live.advance(bucket.second);
        let mut query = self.db.prepare_cached("SELECT state FROM buckets WHERE bucket = ?1")?;
        let state: Vec<u8> = query.query_row([bucket.number], |row| row.get(0))?;
        live.decode_bucket(&state);
        Ok(())
    }

    fn recover_pages(&self, id: SiteId, live: &mut Live) -> Result<()> {
        let Some(site) = live.site_mut(id) else { return Ok(()) };
        // The oldest of the last day first: what a flood of invented paths brought today must not push them out.
        let mut query = self.db.prepare_cached(
            "SELECT page, path, title, day, post_type, author, category FROM pages WHERE site = ?1 ORDER BY day DESC, page LIMIT ?2",
        )?;
        let mut rows = query.query(params![id.0 as i64, CAP as i64])?;
        while let Some(row) = rows.next()? {
            let path = row.get_ref(1)?.as_str().unwrap_or_default();
            let title = row.get_ref(2)?.as_str().unwrap_or_default();
            let text = |n| row.get_ref(n).map(|text| Box::from(text.as_str().unwrap_or_default()));
            let meta = Meta { post_type: text(4)?, author: text(5)?, category: text(6)? };
            site.pages.restore(PageId(row.get(0)?), path, title, meta, row.get(3)?);
        }
        let mut query = self.db.prepare_cached("SELECT ifnull(max(page), 0) FROM pages WHERE site = ?1")?;
        site.pages.reserve(query.query_row([id.0 as i64], |row| row.get(0))?);
        Ok(())
    }

    /// Puts back the names and profiles of a site: before the replay, whose touches refer to them.
    fn recover_words(
        &self,
        id: SiteId,
        names: &mut Names,
        profiles: &mut Profiles,
        now: Second,
    ) -> Result<()> {
        let id = id.0 as i64;
        for kind in NameKind::ALL {
            let mut query = self.db.prepare_cached(
                "SELECT id, text, day FROM names WHERE site = ?1 AND kind = ?2 ORDER BY day DESC, id DESC LIMIT ?3",
            )?;
            let mut rows = query.query(params![id, kind as u8, names::CAP as i64])?;
            while let Some(row) = rows.next()? {
                let text = row.get_ref(1)?.as_str().unwrap_or_default();
                names.restore(NameId(row.get(0)?), text, row.get(2)?, now);
            }
        }
        let highest = "SELECT ifnull(max(id), 0) FROM names WHERE site = ?1";
        names.reserve(NameId(self.db.query_row(highest, [id], |row| row.get(0))?));
        let sql = format!(
            "SELECT id, day, {} FROM profiles WHERE site = ?1 ORDER BY day DESC, id DESC LIMIT ?2",
            words::PROFILE
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(params![id, profiles::CAP as i64])?;
        while let Some(row) = rows.next()? {
            let profile: Profile = words::read(row, 2)?;
            profiles.restore(row.get(0)?, profile, row.get(1)?, now);
        }
        let highest = "SELECT ifnull(max(id), 0) FROM profiles WHERE site = ?1";
        profiles.reserve(self.db.query_row(highest, [id], |row| row.get(0))?);
        Ok(())
    }

    fn recover_site(&self, id: SiteId, live: &mut Live) -> Result<()> {
        let mut query = self.db.prepare_cached("SELECT kept FROM sites WHERE site = ?1")?;
        let kept: Option<String> = query.query_row([id.0 as i64], |row| row.get(0))?;
        let mut query = self.db.prepare_cached(
            "SELECT minute, active, views, ifnull(visitors_today, 0), ifnull(views_today, 0) FROM minutes
             WHERE site = ?1 ORDER BY minute DESC LIMIT ?2",
        )?;
        let rows = query.query_map(params![id.0 as i64, KEPT as i64], |row| {
            Ok(Minute {
                number: row.get(0)?,
                active: row.get(1)?,
                views: row.get(2)?,
                today: row.get::<_, i64>(3)? as u64,
                views_total: row.get::<_, i64>(4)? as u64,
            })
        })?;
        let mut minutes = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        minutes.reverse();
        if let Some(kept) = kept {
            live.restore_site(id, serde_json::from_str::<Kept>(&kept)?, minutes.into_iter());
        }
        Ok(())
    }
}
