//! What the extension and the engine share of one Unix user's runtime directory.
//!
//! `place`    the runtime and the data directory: found, made, and believed only after a check
//! `key`      the secret that signs tokens; `token` who may read a site's live data, and until when
//! `control`  questions to the engine over its socket, within a deadline
//! `peer`     which process is at the other end of that socket; groups by name
//! `collector` what becomes of a beacon: the rules of every collector
//!
//! Architecture invariant: nothing here trusts a path. Every directory and file is opened without following a link
//! and its owner, mode and type are read from the open descriptor; what we did not make we do not repair.

#[cfg(test)]
mod again;
pub mod collector;
mod control;
mod error;
mod key;
mod peer;
mod place;
mod token;

pub use control::{ANSWER_MAX, CONTROL_FILE, REQUEST_MAX, call, control_path, read_frame, write_frame};
pub use error::{Error, Fault};
pub use key::{KEY_BYTES, KEY_FILE, Key, existing_token_key, token_key};
pub use peer::{group_id, peer, started};
pub use place::{DATA_BASE, Place, RUN_BASE, SHM_BASE, data_dir, has_room, other_runtime_dirs, runtime_dir};
pub use token::{
    CHAIN_S, Claims, Denied, ORIGIN_MAX, Purpose, TOKEN_MAX, check, check_any_site, mint, renew,
};
