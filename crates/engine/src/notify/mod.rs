//! Alerts on their way out of the engine.

pub mod loopback;
