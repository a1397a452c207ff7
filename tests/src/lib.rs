//! The whole system from outside: a real browser, a real server, and a wire between them that can be cut.
//!
//! A story starts a [`ServerProcess`] and a [`Chromium`], uses the app by the roles and names that a screen reader
//! finds, takes the signal away ([`Device::set_offline`]), stops workers ([`Workers`]), kills what runs, and looks
//! into the server's database afterwards.
//!
//! **Invariant:** nothing here imports a crate of the app: what the stories know is what a person or a caller sees.

pub mod api;
pub mod app;
pub mod cdp;
pub mod chromium;
pub mod device;
pub mod page;
mod process_group;
pub mod proxy;
pub mod question;
pub mod scene;
pub mod server;
mod signal;
pub mod wait;
pub mod workers;

pub use api::Api;
pub use app::App;
pub use chromium::Chromium;
pub use device::Device;
pub use page::{Locator, Page};
pub use proxy::{HoldingProxy, Instead};
pub use scene::Scene;
pub use server::{ServerOptions, ServerProcess};
pub use wait::{eventually, eventually_within};
pub use workers::Workers;
