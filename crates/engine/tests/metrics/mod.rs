//! Plays what the slow reference tells.
//!
//! - `player` scenarios on an engine of their own · `past` what is committed of them
//! - `record` a record as a worker would have written it

mod past;
pub(crate) mod player;
mod record;
