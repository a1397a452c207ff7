//! What is HTTP's own: headers, bodies and files. Nothing here knows a turn.
//!
//! **Invariant:** every module here would serve any other application as well.

pub mod address;
pub mod assets;
pub mod body;
pub mod client;
pub mod fields;
pub mod follow;
pub mod headers;
pub mod instant;
