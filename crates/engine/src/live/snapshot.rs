//! Visitors as bytes: the buckets that let the journal be short.
//!
//! Visitors are spread over `BUCKETS` by their key. Every few commits one bucket is written whole, so that the
//! journal only has to reach back to the oldest of them, and no single commit writes much.

use qahm_event::SiteId;

use super::Live;
use super::facts::{Entry, EntryKind, Request, Timing};
use super::forms::Place;
use super::minutes::{Minute, Minutes};
use super::pages::PageId;
use super::profiles::ProfileId;
use super::site::Kept;
use super::slab::NIL;
use super::touch::{byte, long, word};
use super::visitor::{View, Visitor, VisitorKey};

/// Buckets that visitors are spread over.
pub const BUCKETS: u64 = 64;

/// Changes when the bytes do.
const VERSION: u8 = 2;

impl Live {
    /// The visitors of a bucket and the keys seen today, as bytes.
    pub fn encode_bucket(&self, bucket: u64) -> Vec<u8> {
        let mut out = vec![VERSION];
        for index in 0..self.visitors.high() {
            let Some(visitor) = self.visitors.get(index) else { continue };
            if visitor.key.0 == 0 || visitor.key.0 % BUCKETS != bucket {
                continue;
            }
            let Some(place) = self.sites.get(usize::from(visitor.site)) else { continue };
            let views: Vec<&View> =
                self.view_list(index).into_iter().filter_map(|v| self.views.get(v)).collect();
            encode_visitor(&mut out, place.id, visitor, &views);
        }
        for place in self.sites.iter().filter(|p| p.known) {
            for (key, counted) in place.site.seen.iter().filter(|(k, _)| k.0 % BUCKETS == bucket) {
                out.push(b'S');
                out.extend_from_slice(&place.id.0.to_le_bytes());
                out.extend_from_slice(&key.0.to_le_bytes());
                out.extend_from_slice(&u32::from(*counted).to_le_bytes());
            }
        }
        out
    }

    /// Puts back the visitors of a bucket, at the second in which it was written; bytes that are not a bucket's are left
    /// alone from where they go wrong. `restore_site` must follow when all buckets and the journal have been read.
    pub fn decode_bucket(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if byte(&mut rest) != Some(VERSION) {
            return;
        }
        while self.decode_entry(&mut rest).is_some() {}
    }

    fn decode_entry(&mut self, rest: &mut &[u8]) -> Option<()> {
        let tag = byte(rest)?;
        let site = SiteId(long(rest)?);
        let number = self.by_id.get(&site).copied();
        let key = VisitorKey(long(rest)?);
        if tag == b'S' {
            let counted = word(rest)? as u16;
            if let Some(place) = number.and_then(|n| self.sites.get_mut(usize::from(n))) {
                place.site.seen.insert(key, counted);
            }
            return Some(());
        }
        let bits = byte(rest)?;
        let mut visitor = Visitor::new(key, number.unwrap_or(0), bits & 1 != 0);
        visitor.forgot = bits & 2 != 0;
        visitor.today = word(rest)? as u16;
        visitor.day = word(rest)? as u16;
        visitor.heard = word(rest)?;
        visitor.visit = word(rest)?;
        visitor.visit_views = word(rest)? as u16;
        visitor.entry = PageId(word(rest)?);
        visitor.exit = PageId(word(rest)?);
        let profile = ProfileId(word(rest)?);
        visitor.engaged = word(rest)?;
        visitor.absent = word(rest)?;
        visitor.left = word(rest)?;
        visitor.left_entry = long(rest)?;
        let journey = word(rest)?;
        for _ in 0..journey {
            let page = PageId(word(rest)?);
            visitor.journey.get_or_insert_default().push(page);
        }
        let past = word(rest)?;
        for _ in 0..past {
            let change = (word(rest)?, word(rest)? as u16);
            visitor.past.get_or_insert_default().push(change);
        }
        let count = word(rest)?;
        // A forgotten site's visitors are read over; a key that is there twice is taken once.
        let index = match number {
            Some(n) if key.0 != 0 && self.find_visitor(n, key).is_none() => {
                self.past_bytes += visitor.past_bytes();
                let index = self.visitors.insert(visitor);
                let visitors = &self.visitors;
                let name = |i| visitors.get(i).map_or((0, 0), |v: &Visitor| (v.site, v.key.0));
                self.by_key.insert((n, key.0), index, name);
                if let Some(place) = self.sites.get_mut(usize::from(n)) {
                    place.site.visitors += 1;
                }
                self.set_profile(index, profile);
                Some((n, index))
            }
            _ => None,
        };
        for _ in 0..count {
            let view = decode_view(rest)?;
            if let Some((site, visitor)) = index {
                self.restore_view(site, visitor, view);
            }
        }
        if let Some((_, visitor)) = index {
            self.recount(visitor, self.now);
        }
        Some(())
    }

    fn restore_view(&mut self, site: u16, visitor: u32, mut view: View) {
        if self.find_view(site, view.id).is_some() {
            return;
        }
        view.visitor = visitor;
        if let Some(place) = self.sites.get_mut(usize::from(site)) {
            view.page = place.site.pages.hold(view.page);
        }
        let id = view.id;
        let at = self.views.insert(view);
        if let Some(owner) = self.visitors.get_mut(visitor) {
            let first = std::mem::replace(&mut owner.views, at);
            if let Some(view) = self.views.get_mut(at) {
                view.next = first;
            }
        }
        let (views, visitors) = (&self.views, &self.visitors);
        self.by_view.insert((site, id), at, |i| {
            views.get(i).map_or((0, 0), |v| (visitors.get(v.visitor).map_or(0, |o| o.site), v.id))
        });
    }

    /// Puts back the logs of a site, oldest first; after `restore_site`.
    pub fn restore_logs(
        &mut self,
        id: SiteId,
        feed: Vec<Entry>,
        timings: Vec<Timing>,
        requests: Vec<Request>,
    ) {
        let Some(&number) = self.by_id.get(&id) else { return };
        // Which entry says that a visit has left was not known while the journal was read.
        for entry in feed.iter().filter(|e| e.kind == EntryKind::Left && !e.undone) {
            let index = self.find_visitor(number, entry.key);
            if let Some(visitor) = index.and_then(|v| self.visitors.get_mut(v))
                && visitor.left == entry.at
            {
                visitor.left_entry = entry.id;
            }
        }
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        for entry in feed.iter().filter(|e| e.kind == EntryKind::Form) {
            let minute = place.site.minutes.of(entry.at);
            let minute = minute.unwrap_or_else(|| self.offsets.unix(entry.at).div_euclid(60));
            let there = Place { minute, page: entry.page, profile: entry.profile };
            // It was summed up when it happened.
            place.site.forms.hear(entry.view, entry.name, entry.sub, entry.at, there);
        }
        place.site.deeds.restore(feed.iter().filter(|e| e.kind.is_deed()).copied());
        place.site.feed.restore(feed);
        place.site.timings.restore(timings);
        place.site.requests.restore(requests);
    }

    /// Ends the reading back of a site: sets what cannot be derived from its visitors, and what is derived from both.
    pub fn restore_site(&mut self, id: SiteId, kept: Kept, minutes: impl Iterator<Item = Minute>) {
        let Some(&number) = self.by_id.get(&id) else { return };
        let Some(place) = self.sites.get_mut(usize::from(number)) else { return };
        let site = &mut place.site;
        site.pages.today = kept.day;
        site.today = kept.evicted_today + site.seen.values().map(|n| u64::from(*n)).sum::<u64>();
        site.minutes = Minutes::default();
        site.minutes.restore(minutes);
        site.minutes.turn(self.minute, site.active, self.now);
        site.changed = true;
        let day = kept.day as u16;
        site.kept = kept;
        let today = (0..self.visitors.high())
            .filter_map(|n| self.visitors.get(n))
            .filter(|v| v.key.0 != 0 && v.site == number && v.day == day && !v.private)
            .map(|v| u64::from(v.today))
            .sum::<u64>();
        site.today += today;
    }
}

fn encode_visitor(out: &mut Vec<u8>, site: SiteId, visitor: &Visitor, views: &[&View]) {
    out.push(b'V');
    out.extend_from_slice(&site.0.to_le_bytes());
    out.extend_from_slice(&visitor.key.0.to_le_bytes());
    out.push(u8::from(visitor.private) | u8::from(visitor.forgot) << 1);
    let past = visitor.past.as_deref().map_or(&[][..], |p| p);
    for number in [
        u32::from(visitor.today),
        u32::from(visitor.day),
        visitor.heard,
        visitor.visit,
        u32::from(visitor.visit_views),
        visitor.entry.0,
        visitor.exit.0,
        visitor.profile.0,
        visitor.engaged,
        visitor.absent,
        visitor.left,
    ] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&visitor.left_entry.to_le_bytes());
    let journey = visitor.journey.as_deref().map_or(&[][..], |pages| pages);
    out.extend_from_slice(&(journey.len() as u32).to_le_bytes());
    for page in journey {
        out.extend_from_slice(&page.0.to_le_bytes());
    }
    out.extend_from_slice(&(past.len() as u32).to_le_bytes());
    for (at, number) in past {
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&u32::from(*number).to_le_bytes());
    }
    out.extend_from_slice(&(views.len() as u32).to_le_bytes());
    // Oldest first, so that putting each at the head of the list gives the same order back.
    for view in views.iter().rev() {
        let bits =
            [view.visible, view.begun, view.gone, view.yielding, view.tall, view.failed, view.internal];
        out.push(bits.iter().enumerate().map(|(n, bit)| u8::from(*bit) << n).sum());
        out.extend_from_slice(&view.id.to_le_bytes());
        let engagement = u32::from(view.engaged) | u32::from(view.scroll) << 16;
        for number in [
            view.page.0,
            view.heard,
            view.seen,
            view.sequence,
            view.closing,
            view.began,
            view.ended,
            engagement,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

fn decode_view(rest: &mut &[u8]) -> Option<View> {
    let bits = byte(rest)?;
    let id = long(rest)?;
    let (page, heard, seen) = (PageId(word(rest)?), word(rest)?, word(rest)?);
    let (sequence, closing, began, ended) = (word(rest)?, word(rest)?, word(rest)?, word(rest)?);
    let engagement = word(rest)?;
    Some(View {
        id,
        visitor: NIL,
        next: NIL,
        page,
        heard,
        seen,
        sequence,
        closing,
        began,
        ended,
        engaged: engagement as u16,
        scroll: (engagement >> 16) as u8,
        visible: bits & 1 != 0,
        begun: bits & 2 != 0,
        gone: bits & 4 != 0,
        yielding: bits & 8 != 0,
        tall: bits & 16 != 0,
        failed: bits & 32 != 0,
        internal: bits & 64 != 0,
        counted: false,
    })
}
