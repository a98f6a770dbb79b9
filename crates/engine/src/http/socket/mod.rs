//! Socket.IO: the live channel as a browser likes it best. WebSocket only; what it carries is `docs/live.md`'s.
//!
//! `handshake` an HTTP request becomes a connection · `line` its bytes, and whether they (`heads`) are too many · `carrier` the library that speaks Socket.IO on
//! it, behind [`Voice`] · `guest` who is at the other end, before and after it says a token · `session` what is said
//!
//! Each connection is one task that waits for its streams and writes when it can: nothing is queued for anybody but what
//! the library is writing.

mod carrier;
mod guest;
mod handshake;
mod heads;
mod line;
mod session;

use serde::Serialize;
use serde_json::Value;

use super::command::Command;
pub use handshake::routes;

/// A put or patch of more bytes goes packed to whoever can unpack it.
const PACKED_FROM: usize = 1000;

/// What a session needs of the library, so that another can take its place.
trait Voice: Send + 'static {
    /// Says an event with one argument.
    fn say<T: Serialize + ?Sized>(&self, event: &str, argument: &T) -> Said;

    /// Says goodbye in the words of the protocol: clients do not come back by themselves.
    fn part(&self);
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    /// There is no room: later.
    Full,
    /// There is nobody.
    Gone,
}

/// A command on its way to the session, and who waits for its answer.
struct Posted {
    command: Command,
    reply: Box<dyn FnOnce(&Value) + Send>,
}
