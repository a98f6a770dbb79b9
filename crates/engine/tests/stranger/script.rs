//! What somebody does: read from an act of a script.

/// Between two acts. Neither JSON nor a head may have it.
pub const BETWEEN: u8 = 0x1e;

const HEAD: &[u8] = b"GET /qahm-live/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a.test\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
/// Any will do, but not none.
const MASK: [u8; 4] = [0x5a, 0x01, 0xf0, 0x33];

/// See the module's own words.
pub enum Act {
    Send(Vec<u8>),
    /// Seconds.
    Wait(u64),
    /// Bytes, 1 or more.
    Pieces(usize),
    Listen(bool),
    Silence,
    Close,
    Revoke,
}

impl Act {
    pub fn read(act: &[u8]) -> Act {
        let Some((kind, rest)) = act.split_first() else { return Act::Send(Vec::new()) };
        let number = rest.first().copied().unwrap_or(1);
        match kind {
            b'h' => Act::Send([HEAD, rest, b"\r\n"].concat()),
            b'f' => frame(0x01, rest),
            b'g' => frame(0x02, rest),
            b'c' => frame(0x00, rest),
            b'e' => frame(0x80, rest),
            b'm' => frame(0x81, rest),
            b'b' => frame(0x82, rest),
            b'q' => frame(0x88, rest),
            b'p' => frame(0x89, rest),
            b'o' => frame(0x8a, rest),
            b'n' => Act::Listen(false),
            b'y' => Act::Listen(true),
            b'l' => Act::Silence,
            b's' => Act::Pieces(number.max(1).into()),
            b'w' => Act::Wait((number & 63).into()),
            b'z' => Act::Close,
            b'k' => Act::Revoke,
            b'x' => Act::Send(rest.to_vec()),
            _ => Act::Send(act.to_vec()),
        }
    }
}

/// A client's frame: the first byte as given, the length, masked.
fn frame(first: u8, payload: &[u8]) -> Act {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ ..126) => frame.push(0x80 | short as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    Act::Send(frame)
}
