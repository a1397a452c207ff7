//! Who is asking: accounts, passwords, sessions.
//!
//! **Invariant:** the database holds no password and no token, only what recognises them.

pub mod accounts;
mod handlers;
mod origin;
mod password;
mod session;

pub use handlers::routes;
pub use origin::refuse_foreign_origin;
pub use password::Passwords;
pub use session::{COOKIE as SESSION_COOKIE, Session};

/// How long a session lasts, in seconds.
const SESSION_SECONDS: i64 = 7 * 24 * 60 * 60;
