//! The edges of the browser: IndexedDB, fetch, locks, channels, clock, and the device that puts them together.
//!
//! The page and the service worker both use this crate; neither decides anything here that [`sync`] can decide.
//!
//! **Invariant:** no UI framework, and no state that another tab could not rebuild from the store.

pub mod breath;
pub mod building;
pub mod channel;
pub mod clock;
pub mod crypto;
pub mod device;
pub mod doorbell;
pub mod drainer;
pub mod handover;
pub mod http;
pub mod ids;
pub mod leader;
pub mod locks;
pub mod persistence;
pub mod photos;
pub mod runs;
pub mod scope;
pub mod search;
pub mod store;
pub mod timing;
pub mod wake;

pub use device::{Device, Lists, News, OpenError, PhotoError, StoragePromise, TapError};
pub use handover::{Handover, HandoverError};
pub use http::supervision::{Docket, HeldWrite};
pub use persistence::StorageEstimate;
pub use runs::{WokenBy, WorkerRun};
pub use search::Found;
pub use store::{Leaving, StorageState};
