//! What becomes of a beacon at a collector: one set of rules for the extension and for the engine's own.

use std::borrow::Cow;

use qahm_event::{Beacon, Flags, OPT_OUT, RECORD_MAX, SiteId, Visitor, host_hash};
use qahm_ring::Ring;

/// HTTP status, and the reason for the header `X-Qahm-Realtime`.
pub type Answer = (u16, Cow<'static, str>);

/// All events are in the ring.
pub const ACCEPTED: Answer = (204, Cow::Borrowed("accepted"));
/// A user whose role the site leaves out.
pub const ROLE: Answer = (204, Cow::Borrowed("excluded:role"));
/// A visitor who does not want to be counted.
pub const CHOICE: Answer = (204, Cow::Borrowed("excluded:opt-out"));
/// Asked for an explanation with a token that is none.
pub const TOKEN: Answer = (403, Cow::Borrowed("token"));
/// Not one of the site's hosts.
pub const HOST: Answer = (403, Cow::Borrowed("host"));
/// A site nobody knows.
pub const SITE: Answer = (404, Cow::Borrowed("site"));
/// No `POST`.
pub const METHOD: Answer = (405, Cow::Borrowed("method"));
/// Not all events fitted the ring.
pub const FULL: Answer = (503, Cow::Borrowed("full"));
/// There is no ring, or nobody who could explain.
pub const ABSENT: Answer = (503, Cow::Borrowed("absent"));

/// A beacon and the request that brought it.
pub struct Delivery<'a> {
    /// What was posted.
    pub beacon: &'a Beacon<'a>,
    /// Who posted it. Whether the host is the site's is found out here.
    pub visitor: Visitor<'a>,
    /// `Host`.
    pub host: &'a [u8],
    /// Why its sender is not counted, as [`exclusion`](qahm_event::exclusion) says.
    pub excluded: Option<&'static str>,
}

impl Delivery<'_> {
    /// Puts the events into the ring, written in `buffer` on their way. `None`: it is to be explained, not counted, and
    /// nothing stands in the way of that but its token.
    #[inline]
    pub fn collect(&mut self, ring: &Ring, buffer: &mut [u8; RECORD_MAX]) -> Option<Answer> {
        match admit(ring, self.beacon.site, self.host) {
            Ok(host_ok) => self.visitor.flags = self.visitor.flags.with(Flags::HOST_OK, host_ok),
            Err(answer) => return Some(answer),
        }
        if self.beacon.explain.is_some() {
            return None;
        }
        let Some(reason) = self.excluded else { return Some(self.push_all(ring, buffer)) };
        if ring.push(self.beacon.excluded(reason, &self.visitor, buffer)).is_err() {
            return Some(FULL);
        }
        Some(if reason == OPT_OUT { CHOICE } else { ROLE })
    }

    /// One record for each event, in order: nothing is pushed after one that did not fit, and all that is lost is counted.
    fn push_all(&self, ring: &Ring, buffer: &mut [u8; RECORD_MAX]) -> Answer {
        let count = self.beacon.events.len();
        for index in 0..count {
            let record = self.beacon.record(index, &self.visitor, buffer).unwrap_or_default();
            if ring.push(record).is_err() {
                ring.count_dropped(count.saturating_sub(index + 1) as u64);
                return FULL;
            }
        }
        ACCEPTED
    }

    /// The record that the engine is asked about: that of the first event.
    pub fn explained<'b>(&self, buffer: &'b mut [u8; RECORD_MAX]) -> Option<&'b [u8]> {
        self.beacon.explained(self.excluded, &self.visitor, buffer)
    }
}

/// Whether the host is known to be the site's. Before the engine has published its sites anything is admitted, and
/// the engine judges.
fn admit(ring: &Ring, site: SiteId, host: &[u8]) -> Result<bool, Answer> {
    match ring.site(site.0) {
        Some(row) if row.has_host(host_hash(host)) => Ok(true),
        Some(_) => Err(HOST),
        None if ring.header().sites_loaded() => Err(SITE),
        None => Ok(false),
    }
}
