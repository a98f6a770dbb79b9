//! Writes small databases in MaxMind's format: <https://maxmind.github.io/MaxMind-DB/>.

use std::net::IpAddr;

pub(crate) enum Value {
    Text(String),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(String, Value)>),
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

impl Value {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Value::Text(text) => {
                control(2, text.len(), to);
                to.extend_from_slice(text.as_bytes());
            }
            Value::Number(number) => {
                control(6, 4, to);
                to.extend_from_slice(&number.to_be_bytes());
            }
            Value::Short(number) => {
                control(5, 2, to);
                to.extend_from_slice(&number.to_be_bytes());
            }
            // An extended type: its number less 7 follows.
            Value::Long(number) => {
                to.extend_from_slice(&[8, 2]);
                to.extend_from_slice(&number.to_be_bytes());
            }
            Value::Map(members) => {
                control(7, members.len(), to);
                for (key, value) in members {
                    text(key).write(to);
                    value.write(to);
                }
            }
        }
    }
}

fn control(kind: u8, size: usize, to: &mut Vec<u8>) {
    match size {
        0..29 => to.push(kind << 5 | size as u8),
        _ => to.extend_from_slice(&[kind << 5 | 29, (size - 29) as u8]),
    }
}

/// A database of IPv6 addresses, IPv4 within, records of 24 bits. Networks name their record by number.
pub(crate) fn database(kind: &str, records: &[Value], networks: &[(&str, usize)]) -> Vec<u8> {
    const EMPTY: usize = usize::MAX;
    const RECORD: usize = usize::MAX / 2;
    let mut nodes = vec![[EMPTY; 2]];
    for (network, record) in networks {
        let (address, length) = network.split_once('/').unwrap();
        let (address, length): (IpAddr, u32) = (address.parse().unwrap(), length.parse().unwrap());
        let (bits, length) = match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), length + 96),
            IpAddr::V6(v6) => (v6.to_bits(), length),
        };
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[node][side] = RECORD + record;
            } else if nodes[node][side] == EMPTY {
                nodes[node][side] = nodes.len();
                node = nodes.len();
                nodes.push([EMPTY; 2]);
            } else {
                node = nodes[node][side];
            }
        }
    }
    let (mut data, mut offsets) = (Vec::new(), Vec::new());
    for record in records {
        offsets.push(data.len());
        record.write(&mut data);
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for side in nodes.iter().flatten() {
        let pointer = match *side {
            EMPTY => count,
            record if record >= RECORD => count + 16 + offsets[record - RECORD],
            node => node,
        };
        file.extend_from_slice(&(pointer as u32).to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(&data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let metadata = [
        ("node_count", Value::Number(count as u32)),
        ("record_size", Value::Short(24)),
        ("ip_version", Value::Short(6)),
        ("database_type", text(kind)),
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("description", map([("en", text("Test"))])),
    ];
    control(7, metadata.len() + 1, &mut file);
    for (key, value) in &metadata {
        text(key).write(&mut file);
        value.write(&mut file);
    }
    text("languages").write(&mut file);
    // An empty array.
    file.extend_from_slice(&[0, 4]);
    file
}
