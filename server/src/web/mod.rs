//! What is HTTP's own: headers, bodies and files. Nothing here knows a turn.

pub mod assets;
pub mod body;
pub mod client;
pub mod headers;
