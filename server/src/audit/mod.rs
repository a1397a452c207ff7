//! The audit log: who did what, when and from where.
//!
//! Changes of rows come into it by the write path, in the write's own transaction. Everything else that somebody may
//! have to answer for (sign-ins, sessions ended, accounts changed, data taken out) comes by [`note`]. Administrators search it
//! ([`handlers`], [`filter`]); everybody reads the [`history`] of the turns that they see.
//!
//! **Invariant:** it only grows: the database itself refuses to change or delete an entry. No password, no token and no
//! hash of one is ever in it.

mod cursor;
mod event;
mod filter;
mod handlers;
mod history;
mod note;
mod people;
pub mod sign_in;

pub use handlers::routes;
pub use note::{Note, note};
pub use people::{Doer, People};
