//! The audit log: who did what, when and from where.
//!
//! Changes of rows come into it by the write path, in the write's own transaction. Everything else that somebody may
//! have to answer for (sign-ins, sessions ended, accounts changed, data taken out) comes by [`note`].
//!
//! **Invariant:** it only grows: the database itself refuses to change or delete an entry. No password, no token and no
//! hash of one is ever in it.

mod note;
pub mod sign_in;

pub use note::{Note, note};
