//! The pages, one module each, its texts at its top.

pub mod board;
pub mod held;
pub mod login;
pub mod not_found;
pub mod password;
pub mod scope;
pub mod sync;
pub mod turn;
