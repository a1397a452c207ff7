//! The write path: one intent, decided and carried out in one transaction.
//!
//! Read it in this order: [`handlers`] (HTTP), [`queue`] (the line for the one writer), [`apart`] (what can be stored, though something beside it cannot), [`batch`] (many at once), [`intent`]
//! (what was asked), [`decide`] (may it be, and what results), [`carry_out`] (row, audit, log, and what follows), [`receipt`]
//! (the answer that stays); [`quarantine`] (what its author may not do any more).
//!
//! **Invariant:** a write is applied with its audit entry, its log entry and its receipt, or not at all; a refusal
//! leaves nothing behind.

mod apart;
mod apply;
mod approvals;
mod author;
mod base;
mod batch;
mod carry_out;
mod decide;
mod documents;
mod foresight;
mod handlers;
mod intent;
mod natural_key;
mod notify;
mod properties;
mod quarantine;
mod queue;
mod receipt;
mod refusal;
mod sight;
mod stages;
mod surroundings;
mod turns;
mod vendors;

pub use apply::apply;
pub use approvals::scope_digest;
pub use author::Author;
pub use batch::Batch;
pub use carry_out::{Hand, RowChange, record};
pub use handlers::routes;
pub use intent::Intent;
pub use quarantine::routes as quarantine_routes;
pub use queue::WriteQueue;
pub use receipt::Answer;
pub use turns::{counter_name, rest, turn_number};
