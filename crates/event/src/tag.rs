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
    /// The page's title, at most 160 bytes.
    Title = 4,
    /// Sec-CH-UA headers joined by "; ", at most 200 bytes.
    ClientHints = 5,
    /// The X-Forwarded-For header, at most 96 bytes; the end is kept, which is what the nearest proxies wrote.
    ForwardedFor = 6,
    /// Name of an event, at most 64 bytes.
    Name = 7,
    /// Properties of an event, at most 512 bytes.
    Properties = 8,
    /// HTTP status (number).
    Status = 9,
    /// Time the answer took, in microseconds (number).
    Generation = 10,
    /// Database queries of the request (number).
    Queries = 11,
    /// Why a beacon was excluded, at most 32 bytes.
    Reason = 12,
}

impl Tag {
    /// One more than the highest number.
    pub(crate) const COUNT: usize = 13;

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
            Self::Status | Self::Generation | Self::Queries => 8,
            Self::Reason => 32,
        }
    }

    /// Whether the value is a number rather than text.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Status | Self::Generation | Self::Queries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tags_agree() {
        let known: Vec<Tag> = (0..=u8::MAX).filter_map(Tag::from_u8).collect();
        assert_eq!(known.len(), Tag::COUNT - 1);
        for tag in known {
            assert_eq!(Tag::from_u8(tag as u8), Some(tag));
            assert!((tag as usize) < Tag::COUNT);
        }
    }
}
