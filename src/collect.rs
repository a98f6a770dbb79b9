//! `qahm_realtime_collect`: the beacon of a browser.

use ext_php_rs::{boxed::ZBox, builders::ModuleBuilder, php_function, types::ZendHashTable, wrap_function};
use qahm_event::{Beacon, Encoder, Event, Flags, Head, Kind, Micros, Peer, SiteId, Tag, host_hash};
use qahm_ring::Ring;

use crate::{
    bytes::Bytes,
    mapping::{self, Mapping, Reach},
};

/// The session cookie of an excluded role.
const EXCLUDE_COOKIE: &[u8] = b"qahm_realtime_exclude";

/// HTTP status, and the reason for the `X-Qahm-Realtime` header.
type Answer = (u16, &'static str);

const ACCEPTED: Answer = (204, "accepted");
const EXCLUDED: Answer = (204, "excluded:role");
const HOST: Answer = (403, "host");
const SITE: Answer = (404, "site");
const METHOD: Answer = (405, "method");
const FULL: Answer = (503, "full");
const ABSENT: Answer = (503, "absent");

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_collect))
}

/// Records the events of a browser's beacon. Never throws, whatever the browser sent.
///
/// @param string $body   The body of the request, as it came (at most 4096 bytes).
/// @param array  $server $_SERVER. Read are REQUEST_METHOD, REMOTE_ADDR, HTTP_HOST, HTTP_USER_AGENT,
///                       HTTP_X_FORWARDED_FOR, HTTP_SEC_GPC, HTTP_DNT, HTTP_COOKIE, HTTP_SEC_CH_UA,
///                       HTTP_SEC_CH_UA_MOBILE and HTTP_SEC_CH_UA_PLATFORM.
/// @return array{int, string} The HTTP status to answer with, and the reason: 204 'accepted' or 'excluded:role';
///                       400 or 413 and what is wrong with the beacon; 403 'host' (not one of the site's), 404 'site',
///                       405 'method', 503 'full' (not all events fitted the ring) or 'absent' (no ring).
#[php_function]
fn qahm_realtime_collect(body: Bytes<'_>, server: &ZendHashTable) -> ZBox<ZendHashTable> {
    let (status, reason) = collect(body.0, &Server(server));
    let mut answer = ZendHashTable::with_capacity(2);
    // Neither an integer nor a short text can fail to become a value of PHP.
    let _ = answer.push(i64::from(status));
    let _ = answer.push(reason);
    answer
}

fn collect(body: &[u8], server: &Server<'_>) -> Answer {
    if server.get("REQUEST_METHOD") != b"POST" {
        return METHOD;
    }
    let beacon = match Beacon::parse(body) {
        Ok(beacon) => beacon,
        Err(reject) => return (reject.status, reject.reason),
    };
    let time = Micros::now();
    mapping::with(|worker| {
        let Some(mapping) = worker.tended(time, Reach::Make) else { return ABSENT };
        let host_ok = match admit(&mapping.ring, beacon.site, server.get("HTTP_HOST")) {
            Ok(host_ok) => host_ok,
            Err(answer) => return answer,
        };
        let private = server.get("HTTP_SEC_GPC") == b"1" || server.get("HTTP_DNT") == b"1";
        let head = Head {
            kind: Kind::Excluded,
            flags: Flags::NONE
                .with(Flags::HOST_OK, host_ok)
                .with(Flags::PRIVATE, private)
                .with(Flags::CONSENT, beacon.consent),
            site: beacon.site,
            time,
            view: beacon.view,
            sequence: beacon.sequence,
            peer: Peer::parse(server.get("REMOTE_ADDR")).unwrap_or_default(),
        };
        if has_cookie(server.get("HTTP_COOKIE"), EXCLUDE_COOKIE, b"1") {
            return match mapping.push(&head, |record| record.text(Tag::Reason, b"role")) {
                true => EXCLUDED,
                false => FULL,
            };
        }
        push_all(mapping, &head, &beacon, server)
    })
}

/// One record for each event, in order: nothing is pushed after one that did not fit, and all that is lost is counted.
fn push_all(mapping: &mut Mapping, head: &Head, beacon: &Beacon<'_>, server: &Server<'_>) -> Answer {
    let mut hints = [0; 200];
    let hints = server.client_hints(&mut hints);
    for (event, k) in beacon.events.iter().zip(0u32..) {
        let (mut visible, mut link) = (false, false);
        match event {
            Event::View { visible: v, .. } => visible = *v,
            Event::Leave { link: l } => link = *l,
            _ => {}
        }
        let flags = head.flags.with(Flags::VISIBLE, visible).with(Flags::LINK, link);
        let head = Head { kind: event.kind(), flags, sequence: head.sequence.wrapping_add(k), ..*head };
        let pushed = mapping.push(&head, |record: &mut Encoder<'_>| {
            record.text(Tag::Url, beacon.url.as_bytes());
            record.text(Tag::UserAgent, server.get("HTTP_USER_AGENT"));
            record.text(Tag::ForwardedFor, server.get("HTTP_X_FORWARDED_FOR"));
            record.text(Tag::ClientHints, hints);
            if let Event::View { referrer, title, .. } = event {
                record.text(Tag::Referrer, referrer.as_bytes());
                record.text(Tag::Title, title.as_bytes());
            }
        });
        if !pushed {
            let rest = beacon.events.len().saturating_sub(k as usize + 1);
            mapping.ring.count_dropped(rest as u64);
            return FULL;
        }
    }
    ACCEPTED
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

/// `$_SERVER`, as bytes; what is absent or no string is empty.
struct Server<'a>(&'a ZendHashTable);

impl<'a> Server<'a> {
    fn get(&self, name: &'static str) -> &'a [u8] {
        self.0.get(name).and_then(|value| value.zend_str()).map_or(&[], |text| text.as_bytes())
    }

    /// The three client hints, joined by "; " in `buffer` and cut where it ends.
    fn client_hints<'b>(&self, buffer: &'b mut [u8]) -> &'b [u8] {
        let parts =
            ["HTTP_SEC_CH_UA", "HTTP_SEC_CH_UA_MOBILE", "HTTP_SEC_CH_UA_PLATFORM"].map(|n| self.get(n));
        if parts.iter().all(|part| part.is_empty()) {
            return &[];
        }
        let [brands, mobile, platform] = parts;
        let joined = brands.iter().chain(b"; ").chain(mobile).chain(b"; ").chain(platform);
        let length = buffer.iter_mut().zip(joined).map(|(to, from)| *to = *from).count();
        buffer.get(..length).unwrap_or(&[])
    }
}

/// Whether a Cookie header holds this cookie with this value: neither is found inside another's name or value.
fn has_cookie(header: &[u8], name: &[u8], value: &[u8]) -> bool {
    header.split(|&b| b == b';').any(|pair| {
        let pair = pair.trim_ascii();
        pair.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")) == Some(value)
    })
}
