//! The tables that only the server knows, as SeaORM entities.
//!
//! The synced tables are not here: [`super::rows`] stores them by the domain's own description.
//!
//! **Invariant:** a column here is a column of the migrations; the tests over HTTP go through every one of these tables.

pub mod approval_threshold;
pub mod audit_log;
pub mod change;
pub mod counter;
pub mod document_file;
pub mod meta;
pub mod quarantine;
pub mod receipt;
pub mod session;
pub mod turn_stage_history;
pub mod user;
