//! What travels between device and server: writes and their answers, problems, shape messages, sign-in, handed-over writes.
//!
//! **Invariant:** types and their serialised forms only; nothing here knows a web framework, a browser or a database.
//! Envelopes are camelCase, rows snake_case.

pub mod auth;
pub mod handover;
pub mod problem;
pub mod shape;
pub mod write;

pub use auth::{LoginAnswer, LoginRequest, PasswordChange, SessionAnswer, User};
pub use handover::{DeviceWrite, DeviceWrites, SealedWrites, Standing};
pub use problem::{Conflicts, Problem, ProblemCode};
pub use shape::{Control, News, RowOperation, ShapeMessage, ShapeRequest};
pub use write::{BatchAnswer, BatchRequest, WireWrite, WriteAnswer, WriteMetadata};

/// The version of the form of all that travels. Nobody is asked for it: what is added may be left out, and nothing is renamed. It is raised
/// with every change of the form, which a test in `sync` holds against it.
pub const WIRE_VERSION: u16 = 1;

/// The most writes in one batch.
pub const MAX_BATCH_WRITES: usize = 100;

/// The largest body that the server reads, in bytes. A hundred writes with full notes fit.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The Background Sync tag that wakes the worker.
pub const SYNC_TAG: &str = "sync-writes";
