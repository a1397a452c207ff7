//! Photos at the browser's edges: made smaller when they are taken ([`picture`]), sent behind the text ([`sender`]).

pub mod picture;
pub mod sender;
