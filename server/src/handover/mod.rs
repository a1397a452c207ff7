//! What a device has handed over as a file ([`protocol::handover`]): opened, and applied as its user's writes.
//!
//! The account was closed, the tablet given back, its storage is about to be lost: then its unsent work comes as a file. Read it in
//! this order: [`open`] (from the file and its passphrase to the writes), [`apply`] (each of them, once), [`handlers`] (HTTP), [`look_up`] (what is
//! known of them, to hold the file against). The command line does the same ([`crate::commands`]).
//!
//! **Invariant:** a file says whose writes it has, and nothing more: what they may do is what that person may do now, and write ids keep
//! each write from being applied twice, however often the file is read and whatever the device sends meanwhile.

pub mod apply;
pub mod handlers;
pub mod look_up;
pub mod open;

pub use handlers::routes;
