//! Pure functions of a record: who sent it, where it stands.

pub mod bare;
pub mod path;
pub mod visitor;
