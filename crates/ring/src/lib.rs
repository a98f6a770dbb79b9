//! The ring of events and the live counters, in one file of shared memory.
//!
//! Many producers (PHP workers), one consumer (the engine), any of which may be killed at any instant. No locks; who
//! holds something is written beside it. The ring knows nothing of what it carries: a payload is bytes.
//!
//! # Map
//!
//! - `layout`: the memory, drawn, and the life of a slot. Read this first.
//! - `map`: opening, checking and mapping the file; the only unsafe code. `create`: making it. `files`: file systems
//!   that will not do.
//! - `push`: the producer. `drain`: the consumer. `owner`: is the process that holds a slot alive?
//! - `header`: beat, counts. `sites`: one row per site with its live counters. `message`: texts for people.
//!   `spawn`: who may start the engine. `ring`: what of all this is open in this process.
//! - `chaos` (a feature): where a producer kills itself, for the tests.
#![deny(missing_docs)]

#[cfg(feature = "chaos")]
pub mod chaos;
#[cfg(not(feature = "chaos"))]
mod chaos;
mod create;
mod drain;
mod error;
mod files;
mod header;
mod layout;
mod map;
mod message;
mod owner;
mod push;
mod ring;
mod sites;
mod spawn;

pub use drain::{Drain, Step};
pub use error::{Error, Refused};
pub use files::Storage;
pub use header::{pack_version, version_text};
pub use layout::{
    COUNTERS, HOSTS_MAX, Header, LAYOUT, MESSAGE_MAX, PAYLOAD_MAX, SITES_MAX, SLOT_BYTES, SLOTS_MAX,
    SLOTS_MIN,
};
pub use message::Message;
pub use ring::{Ring, boottime_us, file_name};
pub use sites::SiteRow;
pub use spawn::SPAWN_BACKOFF_US;
