//! Who is asking: accounts, passwords, sessions.
//!
//! Read it in this order: [`handlers`] (signing in and out), [`own`] (one's own password and sessions), [`session`] (who
//! a request is from), [`known`] (who was looked up a moment ago), [`over`] (when a session ends under a request that waits),
//! [`seal`] (what a device seals unsent writes with).
//!
//! **Invariant:** the database holds no password and no token, only what recognises them.

pub mod accounts;
pub mod attempt;
mod email;
mod handlers;
mod known;
mod origin;
mod over;
pub mod own;
mod password;
pub mod password_rules;
mod people;
mod recognise;
mod seal;
mod session;
pub mod sessions;

pub use email::Email;
pub use handlers::routes;
pub use known::KnownSessions;
pub use origin::refuse_foreign_origin;
pub use over::Over;
pub use password::Passwords;
pub use session::{AnySession, COOKIE as SESSION_COOKIE, Session, SessionId, bearer, sign_in_first};

/// How long a session lasts, in seconds.
const SESSION_SECONDS: i64 = 7 * 24 * 60 * 60;
