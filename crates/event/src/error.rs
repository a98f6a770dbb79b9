//! Why a slot's bytes are not a record.

/// Why [`Record::decode`](crate::Record::decode) refused the bytes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shorter than the head.
    #[error("{0} bytes are fewer than a record's head")]
    Short(usize),
    /// Longer than a slot holds.
    #[error("{0} bytes are more than a record may have")]
    Long(usize),
    /// Written by another layout of the head.
    #[error("layout version {0} is not known")]
    Layout(u8),
    /// A kind this version does not know.
    #[error("kind {0} is not known")]
    Kind(u8),
    /// A field says it is longer than what is left, or its own head is cut. Holds the offset in bytes.
    #[error("the field at byte {0} runs over the end")]
    Field(usize),
}
