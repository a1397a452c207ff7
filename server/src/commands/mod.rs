//! What the program does beside serving: one thing, said on the terminal, and it ends.
//!
//! **Invariant:** a command works on the database alone. A server that runs on it meanwhile sees the result at its next
//! look-up and needs no word.

pub mod user;
