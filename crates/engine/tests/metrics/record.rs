//! A record of a scenario, in the bytes that a worker would have written.

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, SiteId, Tag, ViewId};
use serde_json::Value;

/// Fields by the names the scenarios give them.
const TAGS: [(&str, Tag); 26] = [
    ("url", Tag::Url),
    ("referrer", Tag::Referrer),
    ("agent", Tag::UserAgent),
    ("title", Tag::Title),
    ("name", Tag::Name),
    ("properties", Tag::Properties),
    ("status", Tag::Status),
    ("generation", Tag::Generation),
    ("queries", Tag::Queries),
    ("reason", Tag::Reason),
    ("engaged", Tag::Engaged),
    ("scroll", Tag::Scroll),
    ("tall", Tag::Tall),
    ("load", Tag::Load),
    ("ttfb", Tag::FirstByte),
    ("fcp", Tag::FirstPaint),
    ("lcp", Tag::LargestPaint),
    ("inp", Tag::Interaction),
    ("cls", Tag::Shift),
    ("line", Tag::Line),
    ("own", Tag::Own),
    ("results", Tag::Results),
    ("type", Tag::Type),
    ("what", Tag::What),
    ("target", Tag::Target),
    ("meta", Tag::Meta),
];

const FLAGS: [(&str, Flags); 5] = [
    ("visible", Flags::VISIBLE),
    ("link", Flags::LINK),
    ("private", Flags::PRIVATE),
    ("fatal", Flags::FATAL),
    ("webdriver", Flags::WEBDRIVER),
];

/// The bytes of a record; anything not known in it is a mistake of the scenario.
pub(crate) fn encode<'a>(record: &Value, site: SiteId, buffer: &'a mut [u8; RECORD_MAX]) -> &'a [u8] {
    let kind = record["kind"].as_str().unwrap();
    let mut flags = Flags::HOST_OK;
    for name in record["flags"].as_array().unwrap() {
        let known = FLAGS.iter().find(|known| known.0 == name.as_str().unwrap());
        flags.insert(known.expect("a flag").1);
    }
    let number = |value: &Value| value.as_u64().unwrap();
    let head = Head {
        kind: (0..=u8::MAX).filter_map(Kind::from_u8).find(|known| known.as_str() == kind).expect("a kind"),
        flags,
        site,
        time: Micros::from_seconds(number(&record["second"]) as u32),
        view: ViewId(number(&record["view"])),
        sequence: number(&record["sequence"]) as u32,
        peer: Peer::parse(record["peer"].as_str().unwrap().as_bytes()).expect("an address"),
    };
    let mut encoder = Encoder::new(buffer, &head);
    for (name, value) in record["fields"].as_object().unwrap() {
        let tag = TAGS.iter().find(|known| known.0 == name).expect("a field").1;
        match value {
            Value::Number(_) => encoder.number(tag, number(value)),
            Value::Array(parts) => {
                encoder.meta([0, 1, 2].map(|n| parts[n].as_str().unwrap().as_bytes()));
            }
            _ => encoder.text(tag, value.as_str().unwrap().as_bytes()),
        }
    }
    encoder.finish()
}
