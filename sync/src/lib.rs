//! Sync without IO: what happens to a write from the tap to its echo, and to a row from the server to the view.
//!
//! The page, the service worker and the tests run this same code. It talks to the world through two traits,
//! [`Store`] and [`Network`], and gets time and chance through [`Clock`].
//!
//! **Invariant:** no `web-sys`, no `tokio`, no clock, no randomness.

pub mod handover;
pub mod outbox;
pub mod photos;
pub mod shape_stream;
pub mod status;
pub mod store;
pub mod view;

pub use outbox::{
    Change, Failure, OutboxRecord, Receipt, Stored, WriteState,
    delivery::Delivery,
    draft::draft,
    drain::{Clock, Drained, Network, drain},
};
pub use photos::{Photo, PhotoState};
pub use shape_stream::{Place, RowChange, ShapeBatch};
pub use status::SyncStatus;
pub use store::{Amendment, Applied, Store};
pub use view::{LocalView, Mark, Touched};
