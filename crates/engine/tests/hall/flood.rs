//! Everything one visitor may invent.

use qahm_event::{Kind, Tag};

use super::Sent;

/// What a site of the default 128 MiB has beside ring, program and logs.
pub const BUDGET: usize = 73 << 20;

/// Text that is never the same, of this many bytes.
pub fn invented(n: u64, length: usize) -> String {
    let mut text = format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    while text.len() < length {
        text.push_str("abcdefgh-");
    }
    text.truncate(length);
    text
}

/// Everything one visitor may invent, by the number of the event.
pub fn flood(n: u64, visitor: u32) -> Vec<Sent> {
    let long = |length| invented(n, length);
    let view = 1 + n;
    let url = format!("/{}?utm_source={n}&utm_medium=m{n}&utm_campaign=c{n}", long(300));
    let begin = Sent::view(visitor, view, &url)
        .text(Tag::Title, &long(160))
        .text(Tag::Referrer, &format!("https://{n}.example.org/{}", long(200)))
        .text(Tag::Meta, &format!("{}\u{1f}{n}\u{1f}{n}", long(60)));
    let act = |kind, sequence| Sent::new(kind, visitor, view, sequence).text(Tag::Url, &url);
    vec![
        begin,
        act(Kind::Click, 1).text(Tag::What, "link").text(Tag::Target, &long(300)).text(Tag::Name, &long(64)),
        act(Kind::Form, 2).text(Tag::What, "start").text(Tag::Name, &long(64)),
        act(Kind::Error, 3).text(Tag::Title, &long(160)).text(Tag::Target, &long(300)).number(Tag::Line, n),
        act(Kind::Custom, 4).text(Tag::Name, &long(64)).text(Tag::Properties, &long(512)),
        act(Kind::Timing, 5).number(Tag::Load, n % 3000).number(Tag::FirstByte, 5),
        act(Kind::Engage, 6).number(Tag::Engaged, 3).number(Tag::Scroll, n % 101).number(Tag::Tall, 1),
        Sent::new(Kind::Request, visitor, 0, 0)
            .text(Tag::Url, &url)
            .text(Tag::Referrer, &long(300))
            .number(Tag::Status, if n.is_multiple_of(2) { 404 } else { 500 }),
        Sent::new(Kind::Signal, visitor, 0, 0).text(Tag::Name, "search").text(Tag::Title, &long(160)),
        Sent::new(Kind::Signal, visitor, 0, 0)
            .text(Tag::Name, "php-error")
            .text(Tag::What, "warning")
            .text(Tag::Title, &long(160))
            .text(Tag::Target, &long(300)),
        act(Kind::Leave, 7),
    ]
}
