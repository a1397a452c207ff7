//! What the program does beside serving: one thing, said on the terminal, and it ends.
//!
//! **Invariant:** a command works on the database alone. A server that runs on it meanwhile hears of it through the change log,
//! but for [`restored`], which is for a database on which none runs.

pub mod restored;
pub mod user;
