//! What a tracker or plugin of ours could have told. The rest is dropped as a whole and changes nothing else.

use qahm_event::{Kind, Record, Tag};

use super::act::{TIMED, one_of};
use crate::live::facts::{CLICKED, FORMED};
use crate::live::touch::Detail;

/// Longest time a page may say that something took, in ms.
const LONGEST_MS: u64 = 600_000;
/// Longest time a view may say that somebody was engaged with it, in s.
const LONGEST_S: u64 = 86_400;
/// Statuses of HTTP have three digits.
const STATUS_MAX: u64 = 999;

/// What an event tells besides; `None` if nothing of ours could have told that.
pub(super) fn detail(record: &Record) -> Option<Detail> {
    let most = |tag, most| record.number(tag).is_none_or(|told| told <= most);
    let is_one_of = |words| one_of(words, &record.text(Tag::What).unwrap_or_default()).is_some();
    let number = |tag| record.number(tag).unwrap_or(0);
    let honest = match record.head.kind {
        Kind::View => most(Tag::Type, 3),
        Kind::Engage => most(Tag::Engaged, LONGEST_S) && most(Tag::Scroll, 100) && most(Tag::Tall, 1),
        Kind::Timing => TIMED.into_iter().all(|tag| most(tag, LONGEST_MS)),
        Kind::Click => is_one_of(&CLICKED),
        Kind::Form => is_one_of(&FORMED),
        Kind::Error => most(Tag::Own, 1) && most(Tag::Line, u32::MAX.into()),
        Kind::Request => {
            // As many µs as are told apart from none are an hour.
            most(Tag::Status, STATUS_MAX)
                && [Tag::Generation, Tag::Queries, Tag::Added].into_iter().all(|tag| most(tag, UNTOLD))
        }
        Kind::Signal => [Tag::Results, Tag::Line, Tag::Generation].into_iter().all(|tag| most(tag, UNTOLD)),
        Kind::Visible | Kind::Hidden | Kind::Beat | Kind::Leave | Kind::Custom | Kind::Excluded => true,
    };
    honest.then(|| match record.head.kind {
        Kind::View => Detail::of_view(number(Tag::Type) as u8, false),
        Kind::Engage => Detail::of_engagement(
            number(Tag::Engaged).min(u16::MAX.into()) as u16,
            number(Tag::Scroll) as u8,
            number(Tag::Tall) == 1,
        ),
        _ => Detail::default(),
    })
}

/// The largest number of a request or signal.
const UNTOLD: u64 = u32::MAX as u64 - 1;
