//! The fields of a record and how long each may be.

/// A field of a record. The numbers are part of the record's layout; unknown ones are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    /// Path and query of the page, at most 400 bytes.
    Url = 1,
    /// Where the view came from, at most 300 bytes.
    Referrer = 2,
    /// The User-Agent header, at most 256 bytes.
    UserAgent = 3,
    /// The page's title; the message of an error; of a signal what it is about. At most 160 bytes.
    Title = 4,
    /// Sec-CH-UA headers joined by "; ", at most 200 bytes.
    ClientHints = 5,
    /// The X-Forwarded-For header, at most 96 bytes; the end is kept, which is what the nearest proxies wrote.
    ForwardedFor = 6,
    /// Name of an event or signal, of a form, label of what was clicked; at most 64 bytes.
    Name = 7,
    /// Properties of an event, JSON, at most 512 bytes.
    Properties = 8,
    /// HTTP status (number).
    Status = 9,
    /// Time the answer took, in microseconds (number).
    Generation = 10,
    /// Database queries of the request (number).
    Queries = 11,
    /// Why a beacon was excluded, at most 32 bytes.
    Reason = 12,
    /// Seconds of engagement with the view so far (number).
    Engaged = 13,
    /// The lowest point scrolled to so far, in percent of the page, 0 to 100 (number).
    Scroll = 14,
    /// 1: the page is at least 1.2 screens tall, so that its scroll depth says something; else 0 (number).
    Tall = 15,
    /// Navigation start to the end of the load event, in milliseconds (number).
    Load = 16,
    /// Time to first byte, in milliseconds (number).
    FirstByte = 17,
    /// First contentful paint, in milliseconds (number).
    FirstPaint = 18,
    /// Largest contentful paint, in milliseconds (number).
    LargestPaint = 19,
    /// Interaction to next paint, in milliseconds (number).
    Interaction = 20,
    /// Cumulative layout shift, in thousandths (number).
    Shift = 21,
    /// Line of an error (number).
    Line = 22,
    /// 1: the error is in a file of the site's own; else 0 (number).
    Own = 23,
    /// Results a search found (number).
    Results = 24,
    /// How the view began, as [`Event::View`](crate::Event::View) says it; absent for a page load (number).
    Type = 25,
    /// What the plugin itself added to the time of the answer, in microseconds (number).
    Added = 26,
    /// What was clicked, what became of a form, which change or error a signal is; at most 32 bytes.
    What = 32,
    /// Where a click leads, the file of an error, the goal or form of a signal; at most 300 bytes.
    Target = 33,
    /// Post type, author and category of the page, joined by U+001F; at most 200 bytes. See [`Record::meta`](crate::Record::meta).
    Meta = 34,
}

impl Tag {
    /// One more than the highest number.
    pub(crate) const COUNT: usize = 35;

    /// The tag with this number, if there is one.
    pub const fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            1 => Self::Url,
            2 => Self::Referrer,
            3 => Self::UserAgent,
            4 => Self::Title,
            5 => Self::ClientHints,
            6 => Self::ForwardedFor,
            7 => Self::Name,
            8 => Self::Properties,
            9 => Self::Status,
            10 => Self::Generation,
            11 => Self::Queries,
            12 => Self::Reason,
            13 => Self::Engaged,
            14 => Self::Scroll,
            15 => Self::Tall,
            16 => Self::Load,
            17 => Self::FirstByte,
            18 => Self::FirstPaint,
            19 => Self::LargestPaint,
            20 => Self::Interaction,
            21 => Self::Shift,
            22 => Self::Line,
            23 => Self::Own,
            24 => Self::Results,
            25 => Self::Type,
            26 => Self::Added,
            32 => Self::What,
            33 => Self::Target,
            34 => Self::Meta,
            _ => return None,
        })
    }

    /// The longest value in bytes; 8 for a number.
    pub const fn limit(self) -> usize {
        match self {
            Self::Url => 400,
            Self::Referrer => 300,
            Self::UserAgent => 256,
            Self::Title => 160,
            Self::ClientHints => 200,
            Self::ForwardedFor => 96,
            Self::Name => 64,
            Self::Properties => 512,
            Self::Reason | Self::What => 32,
            Self::Target => 300,
            Self::Meta => 200,
            _ => 8,
        }
    }

    /// Whether the value is a number rather than text.
    pub const fn is_number(self) -> bool {
        matches!(self as u8, 9..=11 | 13..=26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tags_agree() {
        let known: Vec<Tag> = (0..=u8::MAX).filter_map(Tag::from_u8).collect();
        assert_eq!(known.len(), 29);
        assert_eq!(known.last().map(|&tag| tag as usize + 1), Some(Tag::COUNT));
        for tag in known {
            assert_eq!(Tag::from_u8(tag as u8), Some(tag));
            assert_eq!(tag.is_number(), tag.limit() == 8);
        }
    }
}
