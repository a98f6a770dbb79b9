//! The live channel and the collector over HTTP.

pub mod collect;
