//! The body a browser posts: JSON from anybody on the internet, at most 4 KiB.
//!
//! ```text
//! {"v":1,"s":"<site>","i":"<view id>","n":<sequence of the first event>,"u":"<path and query>","e":[[kind,…],…]}
//!
//! ["v",visible,"referrer","title",type?,["post type","author","category"]?]              the view begins
//! ["s"] ["h"] ["b"] ["l",link]                                  shown again, hidden, still there, left
//! ["e",engaged seconds,scroll %,tall]                           engagement so far
//! ["t",load,ttfb,fcp,lcp,inp,cls]                               load times: ms, cls × 1000, null = not known
//! ["c","link|button|outbound|download|marked","target","label"] a click
//! ["f","start|active|abandon|submit","form"]                    a form
//! ["x","message","source",line,own]                             an uncaught error
//! ["g","name","properties"]                                     an event of the site's own
//!
//! beside them  "c":1  the visitor has consented     "w":1  a program drives the browser
//!              "d":"<token>"  do not count this, explain it
//! ```
//! visible, link, tall and own are 0 or 1; other numbers are whole, 0 to 2³² − 1. Event k has sequence n + k. Texts of any
//! length are taken: the record keeps their beginnings. Members and trailing elements that are not known are ignored, so
//! that a later tracker can say more; anything else that is not as above refuses the whole beacon. A member given twice
//! refuses it too: parsers differ in which one they take, and a filter in front of us may have looked at the other.

use crate::json::{Text, has_control, read, skip_rest};
use crate::{Event, Reject, SiteId, ViewId};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The largest body in bytes.
pub const BEACON_MAX: usize = 4096;
/// The most events in one beacon.
pub const EVENTS_MAX: usize = 64;
/// The longest page address in bytes; the record keeps the first 400.
pub const URL_MAX: usize = 2048;

/// A beacon that is well formed. Whether the site exists and the host is its own is not looked at here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon<'a> {
    /// The site the page belongs to.
    pub site: SiteId,
    /// The view the events belong to.
    pub view: ViewId,
    /// Sequence of the first event; that of the last does not overflow.
    pub sequence: u32,
    /// Path and query of the page, begins with `/`, at most [`URL_MAX`] bytes.
    pub url: Cow<'a, str>,
    /// The visitor has consented (`"c":1`; anything else is no consent).
    pub consent: bool,
    /// A program drives the browser (`"w":1`; anything else is none).
    pub webdriver: bool,
    /// The token of someone who wants to know what becomes of this beacon, instead of having it counted. Empty if what
    /// was given is no text: a beacon that was meant to be explained is never counted.
    pub explain: Option<Cow<'a, str>>,
    /// 1 to [`EVENTS_MAX`] events, in order.
    pub events: Vec<Event<'a>>,
}

impl Beacon<'_> {
    /// Reads a beacon; texts without escapes are borrowed from `body`.
    ///
    /// # Errors
    /// A [`Reject`] with the status and reason to answer. Reasons are tried in the order of [`Reject::reason`]'s
    /// list. Never panics, whatever the bytes; needs no stack in proportion to nesting.
    pub fn parse(body: &[u8]) -> Result<Beacon<'_>, Reject> {
        if body.len() > BEACON_MAX {
            return Err(Reject::TOO_LARGE);
        }
        let text = str::from_utf8(body).map_err(|_| Reject::bad("not-utf8"))?;
        if has_control(body) {
            return Err(Reject::bad("control-bytes"));
        }
        // The derived reader would also take a list of the members' values.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Reject::bad("not-json"));
        }
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| Reject::bad("not-json"))?;

        read::<u32>(members.v).filter(|&version| version == 1).ok_or(Reject::bad("version"))?;
        let site = read::<Text<'_>>(members.s).and_then(|text| SiteId::parse(text.0.as_bytes()));
        let site = site.ok_or(Reject::bad("site"))?;
        let view = read::<Text<'_>>(members.i).and_then(|text| ViewId::parse(text.0.as_bytes()));
        let view = view.ok_or(Reject::bad("view"))?;
        let sequence = read::<u32>(members.n).ok_or(Reject::bad("sequence"))?;
        let url = read::<Text<'_>>(members.u).map(|text| text.0);
        let url = url.filter(|url| url.starts_with('/') && url.len() <= URL_MAX).ok_or(Reject::bad("url"))?;

        let list = members.e.filter(|raw| raw.get().starts_with('[')).ok_or(Reject::bad("events"))?;
        let Events { list: events, more } = read(Some(list)).ok_or(Reject::bad("event"))?;
        if events.is_empty() || more {
            return Err(Reject::bad("events"));
        }
        // At most 64, so the length fits.
        if sequence.checked_add(events.len() as u32 - 1).is_none() {
            return Err(Reject::bad("sequence"));
        }
        let consent = read::<u32>(members.c) == Some(1);
        let webdriver = read::<u32>(members.w) == Some(1);
        let explain =
            members.d.map(|raw| read::<Text<'_>>(Some(raw)).map_or(Cow::Borrowed(""), |text| text.0));
        Ok(Beacon { site, view, sequence, url, consent, webdriver, explain, events })
    }
}

/// The members before they are typed: each then has its own reason, whatever the order in the body.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    v: Option<&'a RawValue>,
    #[serde(borrow)]
    s: Option<&'a RawValue>,
    #[serde(borrow)]
    i: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    u: Option<&'a RawValue>,
    #[serde(borrow)]
    c: Option<&'a RawValue>,
    #[serde(borrow)]
    w: Option<&'a RawValue>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<&'a RawValue>,
}

struct Events<'a> {
    list: Vec<Event<'a>>,
    /// There were more than the limit; they were not read.
    more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Events<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Events<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < EVENTS_MAX {
                    match items.next_element()? {
                        Some(event) => list.push(event),
                        None => return Ok(Events { list, more: false }),
                    }
                }
                let more = skip_rest(&mut items)?;
                Ok(Events { list, more })
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}
