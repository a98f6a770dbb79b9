//! What goes out as it is, or as one gzip stream of which the dear parts were packed once for everybody.
//!
//! A gzip stream is a head, deflate blocks, and a checksum. A message comes as blocks that refer to nothing before them
//! (they end with a full flush), so the same bytes fit into everybody's stream; the few words around it are blocks that are
//! not compressed at all, for a compressor per connection would cost more than it saves.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use flate2::Crc;

use crate::channel::{LAST_BLOCK, Message};

/// RFC 1952: no name, no time, made on an unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Bytes of a block that is not compressed.
const STORED_MAX: usize = 0xffff;

/// Writes one answer.
pub(super) struct Writer {
    out: Vec<u8>,
    /// Of all bytes that were packed; `None`: not packed.
    crc: Option<Crc>,
}

impl Writer {
    pub(super) fn new(gzip: bool) -> Writer {
        let out = if gzip { HEAD.to_vec() } else { Vec::new() };
        Writer { out, crc: gzip.then(Crc::new) }
    }

    pub(super) fn text(&mut self, text: &str) {
        let Some(crc) = &mut self.crc else { return self.out.extend_from_slice(text.as_bytes()) };
        crc.update(text.as_bytes());
        for piece in text.as_bytes().chunks(STORED_MAX) {
            let length = piece.len() as u16;
            self.out.push(0);
            self.out.extend_from_slice(&length.to_le_bytes());
            self.out.extend_from_slice(&(!length).to_le_bytes());
            self.out.extend_from_slice(piece);
        }
    }

    /// Answers how many bytes it became.
    pub(super) fn message(&mut self, message: &Message) -> usize {
        let before = self.out.len();
        match &mut self.crc {
            Some(crc) => {
                crc.update(message.json().as_bytes());
                self.out.extend_from_slice(&message.packed());
            }
            None => self.out.extend_from_slice(message.json().as_bytes()),
        }
        self.out.len() - before
    }

    /// What ends the answer.
    pub(super) fn end(&mut self) {
        if let Some(crc) = &self.crc {
            self.out.extend_from_slice(&LAST_BLOCK);
            self.out.extend_from_slice(&crc.sum().to_le_bytes());
            self.out.extend_from_slice(&crc.amount().to_le_bytes());
        }
    }

    /// Bytes that wait to be taken.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// All that was written since the last time.
    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.out).into()
    }
}

/// Whether the client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Channel, FilterName, News, StreamKey, Topic};
    use crate::config::SiteConfig;
    use crate::hub::Hub;
    use qahm_event::SiteId;
    use std::io::Read;
    use std::sync::Arc;

    #[test]
    fn one_stream_of_many_pieces() {
        let hub = Arc::new(Hub::default());
        hub.set_config(SiteId(1), SiteConfig::default());
        let (channel, worker) = Channel::new(hub);
        let key = StreamKey::new(SiteId(1), FilterName::everybody(), Topic::Visitors);
        let follower = channel.follow(key.clone()).unwrap();
        channel.tell(&key, News::State(serde_json::json!({ "n": "x".repeat(3000) })));
        worker.settle();
        let crate::channel::After::Messages(messages) = follower.after(None) else { panic!("no state") };

        let long = "0123456789".repeat(20_000);
        let [packed, plain] = [true, false].map(|gzip| {
            let mut writer = Writer::new(gzip);
            writer.text("id: 1\n");
            writer.message(&messages[0]);
            let mut all = writer.take().to_vec();
            writer.text(&long);
            writer.message(&messages[0]);
            writer.end();
            all.extend(writer.take());
            all
        });
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        let json = messages[0].json();
        assert_eq!(String::from_utf8(plain).unwrap(), format!("id: 1\n{json}{long}{json}"));
    }

    #[test]
    fn who_takes_gzip() {
        for (value, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, br", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())]);
            assert_eq!(takes_gzip(&headers), takes, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
