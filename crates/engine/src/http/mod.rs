//! The live channel over HTTP: one thread, one tokio runtime, all connections.
//!
//! - `server` the thread: accepts, serves, says goodbye · `listen`, `address`, `wire` sockets · `entrance` the way in without one
//! - `places` how many may come · `router` which path leads where · `collect` beacons · `socket` Socket.IO
//! - `events`, `live`, `session`, `post`, `probe`, `metrics` one route or two each
//! - `following` what a connection follows · `command` what it may ask · `connection` until when it lives, and why it ends
//! - `reader` somebody who may read, by `auth`, and what they ask, by `query` · `gate`, `limit` how often somebody may come
//! - `coding`, `pull`, `reply` how answers are made · `shared` what all routes share · `stats` what is counted · `times` how long all that may take
//!
//! Nothing here changes anything: numbers come from the hub and its streams, changes go to the pipeline as orders. The
//! web server stands in front and maps the site's own prefix onto [`PREFIX`].

pub mod address;
pub mod auth;
mod coding;
pub mod collect;
pub mod command;
pub mod connection;
pub mod entrance;
mod events;
pub mod following;
pub mod gate;
pub mod limit;
pub mod listen;
mod live;
mod metrics;
mod places;
pub mod post;
mod probe;
mod pull;
mod query;
mod reader;
pub mod reply;
mod router;
pub mod server;
mod service;
mod session;
pub mod shared;
pub mod socket;
pub mod stats;
pub mod times;
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
/// Connections at once: five thousand dashboards that come back together, and some more.
pub const CONNECTIONS_MAX: usize = 6000;
/// Of them those who have not yet said who they are, at most. A client does so within milliseconds.
pub const GUESTS_MAX: usize = 3000;
/// Who is told to come back chooses a moment within this many milliseconds, so that not all come at once.
pub const BACK_MS: u64 = 5000;
