//! From a beacon to records: what every collector of beacons does with one, whether it stands in PHP or listens itself.

use crate::{Beacon, Encoder, Event, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Tag};

/// The request that brought a beacon. Texts are headers as they came, empty where there was none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// When it came.
    pub time: Micros,
    /// Address of the connection, before any proxy header is applied.
    pub peer: Peer,
    /// What the request says: [`Flags::HOST_OK`], [`Flags::PRIVATE`]. The beacon's own are added.
    pub flags: Flags,
    /// `User-Agent`.
    pub agent: &'a [u8],
    /// `Sec-CH-UA` and its like, joined by [`join_hints`](crate::join_hints).
    pub hints: &'a [u8],
    /// `X-Forwarded-For`.
    pub forwarded: &'a [u8],
}

impl Beacon<'_> {
    /// The record of event `index` of this beacon, written into `buffer`; `None` if it has no such event. Texts that are
    /// too long are cut.
    pub fn record<'b>(
        &self,
        index: usize,
        visitor: &Visitor<'_>,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Option<&'b [u8]> {
        self.write(index, "", visitor, buffer)
    }

    /// The record of the first event, to be explained and not counted; with the reason why a collector would have
    /// excluded the beacon, if it would.
    pub fn explained<'b>(
        &self,
        reason: Option<&str>,
        visitor: &Visitor<'_>,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Option<&'b [u8]> {
        self.write(0, reason.unwrap_or_default(), visitor, buffer)
    }

    #[inline]
    fn write<'b>(
        &self,
        index: usize,
        reason: &str,
        visitor: &Visitor<'_>,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Option<&'b [u8]> {
        let event = self.events.get(index)?;
        let mut head = self.head(event.kind(), visitor);
        // Fewer than 65 events, and parsing has seen that the last one's number does not overflow.
        head.sequence = head.sequence.wrapping_add(index as u32);
        match event {
            Event::View { visible, .. } => head.flags = head.flags.with(Flags::VISIBLE, *visible),
            Event::Leave { link } => head.flags = head.flags.with(Flags::LINK, *link),
            _ => {}
        }
        let mut record = Encoder::new(buffer, &head);
        // Numbers first, then what finds the page and the visitor: it is the event's own texts that a record too full
        // cuts, and at last the hints, which only the beginning of a visit is asked for.
        numbers(event, &mut record);
        record.text(Tag::Reason, reason.as_bytes());
        record.text(Tag::Url, self.url.as_bytes());
        record.text(Tag::UserAgent, visitor.agent);
        record.text(Tag::ForwardedFor, visitor.forwarded);
        if let Event::View { referrer, title, meta, .. } = event {
            record.text(Tag::ClientHints, visitor.hints);
            record.text(Tag::Referrer, referrer.as_bytes());
            record.text(Tag::Title, title.as_bytes());
            record.meta(meta.each_ref().map(|part| part.as_bytes()));
        } else {
            texts(event, &mut record);
            record.text(Tag::ClientHints, visitor.hints);
        }
        Some(record.finish())
    }

    /// The one record of a beacon that is not counted, and why: `role` is the only reason a collector knows.
    pub fn excluded<'b>(
        &self,
        reason: &str,
        visitor: &Visitor<'_>,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> &'b [u8] {
        let mut record = Encoder::new(buffer, &self.head(Kind::Excluded, visitor));
        record.text(Tag::Reason, reason.as_bytes());
        record.finish()
    }

    fn head(&self, kind: Kind, visitor: &Visitor<'_>) -> Head {
        let flags = visitor.flags.with(Flags::CONSENT, self.consent).with(Flags::WEBDRIVER, self.webdriver);
        let Visitor { time, peer, .. } = *visitor;
        Head { kind, flags, site: self.site, time, view: self.view, sequence: self.sequence, peer }
    }
}

fn numbers(event: &Event<'_>, record: &mut Encoder<'_>) {
    let mut number = |tag, value: u32| record.number(tag, value.into());
    match *event {
        Event::View { kind, .. } if kind != 0 => number(Tag::Type, kind),
        Event::Engage { engaged, scroll, tall } => {
            number(Tag::Engaged, engaged);
            number(Tag::Scroll, scroll.min(100));
            number(Tag::Tall, tall.into());
        }
        Event::Timing { load, first_byte, first_paint, largest_paint, interaction, shift } => {
            for (tag, value) in [
                (Tag::Load, load),
                (Tag::FirstByte, first_byte),
                (Tag::FirstPaint, first_paint),
                (Tag::LargestPaint, largest_paint),
                (Tag::Interaction, interaction),
                (Tag::Shift, shift),
            ] {
                if let Some(value) = value {
                    number(tag, value);
                }
            }
        }
        Event::Error { line, own, .. } => {
            number(Tag::Line, line);
            number(Tag::Own, own.into());
        }
        _ => {}
    }
}

fn texts(event: &Event<'_>, record: &mut Encoder<'_>) {
    let mut text = |tag, text: &str| record.text(tag, text.as_bytes());
    match event {
        Event::Click { what, target, label } => {
            text(Tag::What, what);
            text(Tag::Target, target);
            text(Tag::Name, label);
        }
        Event::Form { what, form } => {
            text(Tag::What, what);
            text(Tag::Name, form);
        }
        Event::Error { message, source, .. } => {
            text(Tag::Title, message);
            text(Tag::Target, source);
        }
        Event::Custom { name, properties } => {
            text(Tag::Name, name);
            text(Tag::Properties, properties);
        }
        Event::View { .. }
        | Event::Visible
        | Event::Hidden
        | Event::Beat
        | Event::Leave { .. }
        | Event::Engage { .. }
        | Event::Timing { .. } => {}
    }
}
