//! Questions and commands over the control socket.

pub mod answers;
pub mod control;
pub mod request;
mod today;
