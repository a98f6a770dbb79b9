//! The engine of live analytics: one process per Unix user.
//!
//! Who may know whom, from top to bottom (a module uses only what stands below it; no circles):
//!
//! - `main` starts the threads, nothing else; [`failure`] why it could not
//! - [`pipeline`] the one drain loop: the story of an event · [`http`] the live channel, the collector
//! - [`serve`] questions and commands over the control socket · [`notify`] alerts on their way out
//! - [`intake`] one record: who, where, set aside, counted · [`history`] answers about hours and days
//! - [`store`] SQLite · [`channel`] what changed of what is shown, for those who follow
//! - [`hub`] what is shown
//! - [`report`] answers about now and the last half hour: pure · [`alert`] rules, the life of an alert, the outbox: pure
//! - [`live`] the state: pure, no I/O, injected clock · [`config`] what a site asked for · [`daemon`] lock and signals
//! - [`enrich`] pure functions of a record
//! - [`clock`], [`calendar`], [`options`], [`burden`] the ground

pub mod alert;
pub mod burden;
pub mod calendar;
pub mod channel;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod enrich;
pub mod failure;
pub mod history;
pub mod http;
pub mod hub;
pub mod intake;
pub mod live;
pub mod notify;
pub mod options;
pub mod pipeline;
pub mod report;
pub mod serve;
pub mod store;

pub use failure::Failure;
