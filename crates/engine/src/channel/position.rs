//! How far a client has read: what it says to go on from there.

use std::collections::BTreeMap;
use std::fmt;

use super::Topic;

/// A place in one stream. Good within the life of one engine and for one filter, told by `epoch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    pub epoch: u64,
    pub seq: u64,
}

/// Places in the streams of several topics of one filter: `<e>.<topic>:<s>,<topic>:<s>…`, topics in their own order.
/// The epoch is the filter's own: whoever changes the filter begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    epoch: u64,
    seqs: BTreeMap<Topic, u64>,
}

impl Position {
    /// A position that says nothing yet.
    pub fn new(epoch: u64) -> Position {
        Position { epoch, seqs: BTreeMap::new() }
    }

    /// Reads a position; `None` of anything else. Each topic may be there once.
    pub fn parse(text: &str) -> Option<Position> {
        let (epoch, topics) = text.split_once('.')?;
        if epoch.len() != 16 || !epoch.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut position = Position::new(u64::from_str_radix(epoch, 16).ok()?);
        for topic in topics.split(',').filter(|topic| !topic.is_empty()) {
            let (name, seq) = topic.split_once(':')?;
            let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
            let seq = seq.parse().ok().filter(|_| digits)?;
            if position.seqs.insert(Topic::parse(name)?, seq).is_some() {
                return None;
            }
        }
        Some(position)
    }

    /// The place in a topic's stream, if it says one.
    pub fn at(&self, topic: Topic) -> Option<At> {
        self.seqs.get(&topic).map(|seq| At { epoch: self.epoch, seq: *seq })
    }

    /// Notes that a topic has been read up to a place. A place of another epoch makes the others worthless.
    pub fn advance(&mut self, topic: Topic, at: At) {
        if at.epoch != self.epoch {
            *self = Position::new(at.epoch);
        }
        self.seqs.insert(topic, at.seq);
    }

    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// An epoch as it is written: 16 hex digits.
pub fn epoch_text(epoch: u64) -> String {
    format!("{epoch:016x}")
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}.", epoch_text(self.epoch))?;
        for (n, (topic, seq)) in self.seqs.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{}:{seq}", topic.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_and_read() {
        let text = "00000000000000ff.live:1042,events:7";
        let mut position = Position::parse(text).unwrap();
        assert_eq!(position.to_string(), text);
        assert_eq!(position.at(Topic::Live), Some(At { epoch: 255, seq: 1042 }));
        assert_eq!(position.at(Topic::Alerts), None);
        position.advance(Topic::Live, At { epoch: 255, seq: 1043 });
        assert_eq!(position.to_string(), "00000000000000ff.live:1043,events:7");
        position.advance(Topic::Live, At { epoch: 1, seq: 2 });
        assert_eq!(position.to_string(), "0000000000000001.live:2", "places of another epoch mean nothing");
        assert_eq!(Position::parse("00000000000000ff.").unwrap(), Position::new(255));
    }

    #[test]
    fn nothing_else_is_read() {
        for bad in [
            "",
            "ff.live:1",
            "00000000000000FF.live:1",
            "00000000000000ff",
            "00000000000000ff.live",
            "00000000000000ff.live:",
            "00000000000000ff.live:+1",
            "00000000000000ff.live:18446744073709551616",
            "00000000000000ff.nothing:1",
            "00000000000000ff.live:1,live:1",
        ] {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "[0-9a-f]{16}\\.([a-z]{4,6}:[0-9]{1,3},?){0,4}") {
            if let Some(position) = Position::parse(&text) {
                prop_assert_eq!(Position::parse(&position.to_string()), Some(position));
            }
        }
    }
}
