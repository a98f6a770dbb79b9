//! Questions and commands over the control socket.

pub mod answers;
pub mod control;
mod poll;
pub mod request;
mod today;
