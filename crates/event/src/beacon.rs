//! The body a browser posts: JSON from anybody on the internet, at most 4 KiB.
//!
//! ```text
//! {"v":1,"s":"<site>","i":"<view id>","n":<sequence of the first event>,"u":"<path and query>","e":[[kind,…],…]}
//!
//! ["v",visible 0|1,"referrer","title"]  the view begins     ["h"]           hidden
//! ["s"]                                 shown again         ["b"]           still there
//!                                                           ["l",link 0|1]  left
//! "c":1  beside them: the visitor has consented
//! ```
//! Event k has sequence n + k. Members and trailing elements that are not known are ignored, so that a later tracker
//! can say more; anything else that is not as above refuses the whole beacon. A member given twice refuses it too:
//! parsers differ in which one they take, and a filter in front of us may have looked at the other.

use crate::{Kind, Reject, SiteId, ViewId};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
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
    /// 1 to [`EVENTS_MAX`] events, in order.
    pub events: Vec<Event<'a>>,
}

/// One event of a beacon. Texts hold no C0 control character, but are not cleaned of anything else yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A view begins.
    View {
        /// Whether the page is shown from the start.
        visible: bool,
        /// Where the visitor came from, or empty.
        referrer: Cow<'a, str>,
        /// The page's title, or empty.
        title: Cow<'a, str>,
    },
    /// Shown again.
    Visible,
    /// Hidden.
    Hidden,
    /// Still there.
    Beat,
    /// Left.
    Leave {
        /// After a click on a link of the site.
        link: bool,
    },
}

impl Event<'_> {
    /// The kind of record this event becomes.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::View { .. } => Kind::View,
            Self::Visible => Kind::Visible,
            Self::Hidden => Kind::Hidden,
            Self::Beat => Kind::Beat,
            Self::Leave { .. } => Kind::Leave,
        }
    }
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
        Ok(Beacon { site, view, sequence, url, consent, events })
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
    e: Option<&'a RawValue>,
}

fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// Whether a string of this JSON holds a C0 control character, as it is or escaped. One pass that need not know
/// whether the JSON is valid; it also sees members that nobody reads, which a parser that skips them would not.
fn has_control(body: &[u8]) -> bool {
    let mut bytes = body.iter().enumerate();
    let mut inside = false;
    while let Some((at, &byte)) = bytes.next() {
        match byte {
            b'"' => inside = !inside,
            0..0x20 if inside => return true,
            b'\\' if inside => match bytes.next() {
                Some((_, b'b' | b'f' | b'n' | b'r' | b't' | 0..0x20)) => return true,
                Some((_, b'u')) => {
                    if let Some([b'0', b'0', b'0' | b'1', _]) = body.get(at + 2..at + 6) {
                        return true;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    false
}

/// A JSON string, borrowed if it has no escapes. Half a surrogate pair becomes U+FFFD instead of refusing the
/// beacon: a script that shortens a title in the middle of an emoji sends one.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text(String::from_utf8_lossy(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }
        }
        deserializer.deserialize_bytes(Reader)
    }
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

impl<'de: 'a, 'a> Deserialize<'de> for Event<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Event<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let kind: Text<'_> = next(&mut items)?;
                let event = match &*kind.0 {
                    "v" => Event::View {
                        visible: next_bit(&mut items)?,
                        referrer: next::<Text<'_>, _>(&mut items)?.0,
                        title: next::<Text<'_>, _>(&mut items)?.0,
                    },
                    "s" => Event::Visible,
                    "h" => Event::Hidden,
                    "b" => Event::Beat,
                    "l" => Event::Leave { link: next_bit(&mut items)? },
                    _ => return Err(A::Error::custom("unknown kind")),
                };
                skip_rest(&mut items)?;
                Ok(event)
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(items: &mut A) -> Result<T, A::Error> {
    items.next_element()?.ok_or_else(|| A::Error::custom("missing element"))
}

fn next_bit<'de, A: SeqAccess<'de>>(items: &mut A) -> Result<bool, A::Error> {
    match next::<u8, A>(items)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(A::Error::custom("neither 0 nor 1")),
    }
}

/// Whether there was anything to skip. The parser skips without recursion, however deep the rest is nested.
fn skip_rest<'de, A: SeqAccess<'de>>(items: &mut A) -> Result<bool, A::Error> {
    let mut any = false;
    while items.next_element::<IgnoredAny>()?.is_some() {
        any = true;
    }
    Ok(any)
}
