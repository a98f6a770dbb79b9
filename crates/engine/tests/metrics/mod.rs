//! Plays what the slow reference tells.
//!
//! - `player` scenarios on an engine of their own · `record` a record as a worker would have written it

pub(crate) mod player;
mod record;
