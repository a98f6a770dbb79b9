//! What an event looks like on its way from a PHP worker to the engine.
//!
//! `beacon`  the body a browser posts → [`Beacon`] or a [`Reject`] with status and reason; `event` each of its [`Event`]s;
//!           `json` how both are read
//! `visitor` a beacon and the [`Visitor`] who sent it → records; `header` what is read of the request's headers
//! `record`  the bytes of one slot of the ring: [`Encoder`] in the worker, [`Record`] in the engine
//! `kind`    [`Kind`] of an event and its [`Flags`]; `tag` the fields and their limits
//! `id`      [`SiteId`], [`ViewId`]; `peer` the network address; `time` [`Micros`] since boot
//! `hash`    64-bit hashes of hosts and configurations, compared through shared memory
//! `text`    cleaning of hostile text
//!
//! Architecture invariant: this crate does no I/O (but for reading the clock), never panics on input, and the
//! encoder allocates nothing: it runs in every PHP worker for each event.

mod beacon;
mod encoder;
mod error;
mod event;
mod hash;
mod header;
mod id;
mod json;
mod kind;
mod peer;
mod record;
mod reject;
mod tag;
mod text;
mod time;
mod visitor;

pub use beacon::{BEACON_MAX, Beacon, EVENTS_MAX, URL_MAX};
pub use encoder::Encoder;
pub use error::Error;
pub use event::Event;
pub use hash::{config_hash, host_hash};
pub use header::{HINTS_MAX, OPT_OUT, ROLE, exclusion, join_hints};
pub use id::{SiteId, ViewId};
pub use kind::{Flags, Kind};
pub use peer::Peer;
pub use record::{HEAD_BYTES, Head, LAYOUT, RECORD_MAX, Record};
pub use reject::Reject;
pub use tag::Tag;
pub use text::clean;
pub use time::Micros;
pub use visitor::Visitor;
