//! The records of a producer: number n of producer p can be told from what the engine stores of it.
//!
//! Most are requests, which the engine never recognises as repeated: a record drained twice gives two rows. One in
//! sixteen is a view, for the live state.

use std::net::Ipv4Addr;

use qahm_event::{Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, SiteId, Tag, ViewId};

/// The site everything happens on.
pub const SITE: SiteId = SiteId(0xc4a0_5c4a_05c4_a05c);
/// Its host.
pub const HOST: &str = "chaos.test";

/// Addresses that views come from, at most.
const ADDRESSES: u32 = 4000;

/// One producer's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Numbered {
    pub producer: u32,
    /// From 0, without a gap.
    pub number: u32,
}

impl Numbered {
    /// Whether it is a view; else it is a request.
    pub fn is_view(self) -> bool {
        self.number % 16 == 15
    }

    fn view(self) -> u64 {
        u64::from(self.producer + 1) << 32 | u64::from(self.number)
    }

    /// The record as it goes into the ring.
    pub fn encode(self, buffer: &mut [u8; RECORD_MAX]) -> &[u8] {
        if self.is_view() {
            return self.touch(Kind::View, 0, buffer);
        }
        let mut record = Encoder::new(buffer, &self.head(Kind::Request, 0));
        record.text(Tag::Url, format!("/chaos/{}/{}", self.producer, self.number).as_bytes());
        // The store keeps the path of what was not found.
        record.number(Tag::Status, 404);
        record.number(Tag::Generation, 1000);
        record.finish()
    }

    /// Something that happens to this view.
    pub fn touch(self, kind: Kind, sequence: u32, buffer: &mut [u8; RECORD_MAX]) -> &[u8] {
        let mut record = Encoder::new(buffer, &self.head(kind, sequence));
        record.text(Tag::Url, format!("/page/{}", self.producer % 40).as_bytes());
        record.text(Tag::Title, format!("Page {}", self.producer % 40).as_bytes());
        record
            .text(Tag::UserAgent, b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        record.finish()
    }

    fn head(self, kind: Kind, sequence: u32) -> Head {
        let address = self.producer % ADDRESSES;
        let peer = Ipv4Addr::new(81, 57, (address >> 8) as u8, address as u8);
        Head {
            kind,
            flags: Flags(Flags::HOST_OK.0 | Flags::VISIBLE.0),
            site: SITE,
            time: Micros::now(),
            view: ViewId(if kind == Kind::Request { 0 } else { self.view() }),
            sequence,
            peer: Peer::from(std::net::IpAddr::V4(peer)),
        }
    }

    /// The record that a stored request's path names.
    pub fn of_path(path: &str) -> Option<Numbered> {
        let (producer, number) = path.strip_prefix("/chaos/")?.split_once('/')?;
        Some(Numbered { producer: producer.parse().ok()?, number: number.parse().ok()? })
    }

    /// The record that a stored view's id names.
    pub fn of_view(view: u64) -> Option<Numbered> {
        let producer = u32::try_from(view >> 32).ok()?.checked_sub(1)?;
        Some(Numbered { producer, number: view as u32 })
    }
}
