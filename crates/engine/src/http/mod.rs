//! The live channel over HTTP: one thread, one tokio runtime, all connections.
//!
//! Who may know whom: `router` the routes · `collect` beacons · `events`, `live`, `session`, `command` one route each · `metrics`
//! `socket` Socket.IO · `following` what one connection follows
//! `connection` who is connected, until when, and why it ends · `auth` who may read · `shared` what all routes share
//! `server` the thread: accepts, serves, says goodbye · `listen`, `address`, `wire` sockets
//! `limit` how often one address may come · `stats` what is counted · `reply` answers that look the same everywhere
//!
//! Nothing here changes anything: numbers come from the hub and its streams, changes go to the pipeline as orders. The
//! web server stands in front and maps the site's own prefix onto [`PREFIX`].

pub mod address;
pub mod auth;
pub mod collect;
pub mod command;
pub mod connection;
pub mod following;
pub mod limit;
pub mod listen;
mod metrics;
mod probe;
pub mod reply;
mod router;
pub mod server;
pub mod shared;
pub mod socket;
pub mod stats;
mod wire;

pub use server::Server;
pub use shared::Shared;

/// What every public path begins with, as it arrives here.
pub const PREFIX: &str = "/qahm-live/";
/// The socket in the runtime folder, unless another address is asked for.
pub const SOCKET: &str = "live.sock";
/// Bytes of a body, or of one message of a client, at most.
pub const BODY_MAX: usize = 16 * 1024;
/// Bytes of path and query at most.
pub const URL_MAX: usize = 4 * 1024;
/// Connections at once.
pub const CONNECTIONS_MAX: usize = 4000;
/// Who is told to come back chooses a moment within this many milliseconds, so that not all come at once.
pub const BACK_MS: u64 = 5000;
