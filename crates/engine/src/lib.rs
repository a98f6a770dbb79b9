//! The engine of live analytics: one process per Unix user.
//!
//! Who may know whom, from top to bottom (a module uses only what stands below it):
//! `pipeline` the one drain loop, the story of an event · `notify` alerts on their way out
//! `alert` rules and the life of an alert · `serve` questions and commands over the control socket
//! `store` SQLite · `hub` what is shown
//! `live` the state: pure, no I/O, injected clock
//! `daemon` lock and signals · `enrich` pure functions of a record
//! `config`, `clock`, `calendar` plain data

pub mod calendar;
pub mod clock;
pub mod config;
pub mod enrich;
pub mod live;
