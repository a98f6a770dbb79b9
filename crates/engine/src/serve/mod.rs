//! Questions and commands over the control socket.

pub mod control;
pub mod request;
