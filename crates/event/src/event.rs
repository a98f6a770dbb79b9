//! One event of a beacon: `["kind",…]`.

use crate::Kind;
use crate::json::{next, next_bit, next_optional, next_text, skip_rest};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// One event of a beacon. Texts hold no C0 control character, but are neither cleaned of anything else nor cut yet.
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
        /// How it began: 0 a page was loaded, 1 navigation within the page, 2 from the browser's back-forward cache, 3 a
        /// page rendered in advance is shown. Others are a later tracker's.
        kind: u32,
        /// Post type, author, category; each may be empty.
        meta: [Cow<'a, str>; 3],
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
    /// Engagement with this view so far; merged by maximum.
    Engage {
        /// Seconds visible and interacted with.
        engaged: u32,
        /// The lowest point seen, in percent of the page.
        scroll: u32,
        /// The page is at least 1.2 screens tall.
        tall: bool,
    },
    /// Load times that have become known, in milliseconds since the navigation began; each is sent once per view.
    Timing {
        /// End of the load event.
        load: Option<u32>,
        /// First byte of the answer.
        first_byte: Option<u32>,
        /// First contentful paint.
        first_paint: Option<u32>,
        /// Largest contentful paint.
        largest_paint: Option<u32>,
        /// Interaction to next paint: a duration.
        interaction: Option<u32>,
        /// Cumulative layout shift, in thousandths.
        shift: Option<u32>,
    },
    /// A click.
    Click {
        /// `link`, `button`, `outbound`, `download` or `marked`.
        what: Cow<'a, str>,
        /// Path of an own link, host and path of another, name of what is marked; else empty.
        target: Cow<'a, str>,
        /// What can be read on it.
        label: Cow<'a, str>,
    },
    /// Something happened to a form.
    Form {
        /// `start`, `active`, `abandon` or `submit`.
        what: Cow<'a, str>,
        /// Name, id or action path of the form.
        form: Cow<'a, str>,
    },
    /// An uncaught error of JavaScript.
    Error {
        /// What the browser says.
        message: Cow<'a, str>,
        /// The script: path of an own one, host and path of another.
        source: Cow<'a, str>,
        /// Line in it; 0 if it is not known.
        line: u32,
        /// The script is the site's own.
        own: bool,
    },
    /// An event the site named itself.
    Custom {
        /// Its name.
        name: Cow<'a, str>,
        /// A JSON object as text, or empty.
        properties: Cow<'a, str>,
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
            Self::Engage { .. } => Kind::Engage,
            Self::Timing { .. } => Kind::Timing,
            Self::Click { .. } => Kind::Click,
            Self::Form { .. } => Kind::Form,
            Self::Error { .. } => Kind::Error,
            Self::Custom { .. } => Kind::Custom,
        }
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
                let kind = next_text(&mut items)?;
                let event = read(&kind, &mut items)?;
                skip_rest(&mut items)?;
                Ok(event)
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

/// What follows the kind. Elements are read in the order they are written in here.
fn read<'de, A: SeqAccess<'de>>(kind: &str, items: &mut A) -> Result<Event<'de>, A::Error> {
    Ok(match kind {
        "v" => Event::View {
            visible: next_bit(items)?,
            referrer: next_text(items)?,
            title: next_text(items)?,
            kind: next_optional(items)?.unwrap_or(0),
            meta: next_optional::<Meta<'_>, _>(items)?.unwrap_or_default().0,
        },
        "s" => Event::Visible,
        "h" => Event::Hidden,
        "b" => Event::Beat,
        "l" => Event::Leave { link: next_bit(items)? },
        "e" => Event::Engage { engaged: next(items)?, scroll: next(items)?, tall: next_bit(items)? },
        "t" => Event::Timing {
            load: next(items)?,
            first_byte: next(items)?,
            first_paint: next(items)?,
            largest_paint: next(items)?,
            interaction: next(items)?,
            shift: next(items)?,
        },
        "c" => Event::Click { what: next_text(items)?, target: next_text(items)?, label: next_text(items)? },
        "f" => Event::Form { what: next_text(items)?, form: next_text(items)? },
        "x" => Event::Error {
            message: next_text(items)?,
            source: next_text(items)?,
            line: next(items)?,
            own: next_bit(items)?,
        },
        "g" => Event::Custom { name: next_text(items)?, properties: next_text(items)? },
        _ => return Err(A::Error::custom("unknown kind")),
    })
}

/// Three texts, and whatever a later tracker adds.
#[derive(Default)]
struct Meta<'a>([Cow<'a, str>; 3]);

impl<'de: 'a, 'a> Deserialize<'de> for Meta<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Meta<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("post type, author, category")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let meta = Meta([next_text(&mut items)?, next_text(&mut items)?, next_text(&mut items)?]);
                skip_rest(&mut items)?;
                Ok(meta)
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}
