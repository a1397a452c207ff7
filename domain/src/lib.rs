//! The rules of turning a rental home, as pure functions.
//!
//! The page, the service worker and the server all run this code: the device predicts with it, the
//! server decides with it.
//!
//! **Invariant:** nothing here does IO, reads a clock or makes a random number. Time and new ids are arguments.

pub mod approval;
pub mod date;
pub mod id;
pub mod money;
pub mod mutation;
pub mod permission;
pub mod role;
pub mod row;
pub mod schema;
pub mod stage;
pub mod value;

pub use date::{Date, Timestamp};
pub use id::{DeviceId, RowId, UserId, WriteId};
pub use money::Cents;
pub use mutation::{Mutation, Operation, Refusal};
pub use role::{Role, RowFilter, Viewer};
pub use row::Row;
pub use schema::{Column, ColumnType, MergePolicy, Table};
pub use value::Value;
