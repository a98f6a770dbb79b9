//! A message: the whole state of a stream, or what changed. Made once, the same for everybody and on every codec.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use serde::Serialize;

use super::patch::Op;
use super::{StreamKey, Topic};

/// What a message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says the whole state.
    Put,
    /// Says what changed; applies to the state of `base` of the same epoch only.
    Patch,
}

impl Kind {
    /// The name of the event on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Put => "put",
            Kind::Patch => "patch",
        }
    }
}

/// A message of one stream.
pub struct Message {
    pub kind: Kind,
    pub topic: Topic,
    /// Of a patch: the state it applies to.
    pub base: Option<u64>,
    /// The state it leads to.
    pub seq: u64,
    json: Arc<str>,
    packed: OnceLock<Bytes>,
}

impl Message {
    /// `{"t","f","e","s","path":"/","data"}`.
    pub(super) fn put(key: &StreamKey, epoch: &str, seq: u64, data: &impl Serialize) -> Message {
        let rest = (format_args!("\"s\":{seq},\"path\":\"/\",\"data\":"), data);
        Message::new(Kind::Put, key, None, seq, encode(key, epoch, rest))
    }

    /// `{"t","f","e","b","s","ops"}`.
    pub(super) fn patch(key: &StreamKey, epoch: &str, base: u64, seq: u64, ops: &[Op]) -> Message {
        let rest = (format_args!("\"b\":{base},\"s\":{seq},\"ops\":"), &ops);
        Message::new(Kind::Patch, key, Some(base), seq, encode(key, epoch, rest))
    }

    fn new(kind: Kind, key: &StreamKey, base: Option<u64>, seq: u64, json: Arc<str>) -> Message {
        Message { kind, topic: key.topic, base, seq, json, packed: OnceLock::new() }
    }

    /// The message as it is written.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The same, to be kept.
    pub fn text(&self) -> Arc<str> {
        self.json.clone()
    }

    /// The message as raw deflate, ended by a full flush (`00 00 FF FF`) and not by a last block: such pieces may follow
    /// each other in one stream, and what stands alone is ended with [`LAST_BLOCK`]. Packed once for everybody, by who
    /// asks first.
    pub fn packed(&self) -> Bytes {
        self.packed.get_or_init(|| pack(self.json.as_bytes())).clone()
    }
}

/// What ends a raw deflate stream: an empty last block.
pub const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.json)
    }
}

fn encode(key: &StreamKey, epoch: &str, (numbers, data): (fmt::Arguments, &impl Serialize)) -> Arc<str> {
    let mut out = Vec::with_capacity(256);
    // Neither writing to memory nor turning JSON values into text can fail.
    let _written = (|| {
        // A canonical filter has no character that JSON would escape.
        write!(out, "{{\"t\":\"{}\",\"f\":\"{}\",\"e\":\"{epoch}\",", key.topic.as_str(), key.filter).ok()?;
        out.write_fmt(numbers).ok()?;
        serde_json::to_writer(&mut out, data).ok()?;
        out.write_all(b"}").ok()
    })();
    String::from_utf8(out).unwrap_or_default().into()
}

/// Raw deflate with a full flush at the end.
pub fn pack(bytes: &[u8]) -> Bytes {
    let mut deflate = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(bytes.len() / 3 + 64);
    loop {
        let rest = bytes.get(deflate.total_in() as usize..).unwrap_or_default();
        // Only a caller's mistake can make it fail; what is then cut short, no client takes.
        if deflate.compress_vec(rest, &mut out, FlushCompress::Full).is_err() {
            return Bytes::new();
        }
        // Room left over: everything has been flushed.
        if deflate.total_in() as usize >= bytes.len() && out.len() < out.capacity() {
            return out.into();
        }
        out.reserve(out.len().max(64));
    }
}

#[cfg(test)]
mod tests {
    use super::super::FilterName;
    use super::*;
    use qahm_event::SiteId;
    use serde_json::json;
    use std::io::Read;

    fn key(filter: &str) -> StreamKey {
        StreamKey::new(SiteId(1), FilterName::from_query(filter).unwrap(), Topic::Live)
    }

    #[test]
    fn messages_as_they_are_written() {
        let put = Message::put(&key("country=FR"), "00ff", 7, &json!({ "a": 1 }));
        assert_eq!(put.json(), r#"{"t":"live","f":"country=FR","e":"00ff","s":7,"path":"/","data":{"a":1}}"#);
        let ops = [Op::set("a", json!(null)), Op::remove("b")];
        let patch = Message::patch(&key(""), "00ff", 7, 9, &ops);
        assert_eq!(patch.json(), r#"{"t":"live","f":"","e":"00ff","b":7,"s":9,"ops":[["a",null],["b"]]}"#);
    }

    #[test]
    fn packed_pieces_follow_each_other() {
        let long = json!((0..20_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect::<Vec<_>>());
        let messages = [json!(1), long].map(|data| Message::put(&key("page=%2Fa%22"), "00ff", 1, &data));
        let mut stream: Vec<u8> = Vec::new();
        let mut plain = String::new();
        for message in &messages {
            assert!(message.packed().ends_with(&[0, 0, 0xff, 0xff]));
            stream.extend_from_slice(&message.packed());
            plain.push_str(message.json());
        }
        stream.extend_from_slice(&LAST_BLOCK);
        let mut unpacked = String::new();
        flate2::read::DeflateDecoder::new(&*stream).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        serde_json::from_str::<serde_json::Value>(messages[0].json()).unwrap();
    }
}
