//! The write path: one intent, decided and carried out in one transaction.
//!
//! Read it in this order: [`handlers`] (HTTP), [`batch`] (many at once), [`intent`] (what was asked), [`decide`]
//! (may it be, and what results), [`carry_out`] (row, audit, log), [`receipt`] (the answer that stays).
//!
//! **Invariant:** a write is applied with its audit entry, its log entry and its receipt, or not at all; a refusal
//! leaves nothing behind.

mod apply;
mod author;
mod base;
mod batch;
mod carry_out;
mod decide;
mod handlers;
mod intent;
mod properties;
mod receipt;
mod refusal;
mod surroundings;
mod turns;

pub use author::Author;
pub use carry_out::{RowChange, record};
pub use handlers::routes;
pub use turns::{counter_name, turn_number};
