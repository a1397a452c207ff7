//! What Turns costs: `cargo xtask bench` measures the loop through the real screen, `cargo xtask bench server` the server
//! by itself, `cargo xtask bench shapes` its read path, `cargo xtask bench sync` the first sync of a hundred thousand rows.
//!
//! Times belong to the machine; counts and ratios travel. Every figure comes from one run, and a wrong answer is an
//! error, not a figure.

mod drain;
mod first_load;
mod first_sync;
mod live;
mod report;
mod screen;
mod server;
mod shapes;
mod tap;
mod the_loop;

use anyhow::{Result, bail};

/// An account that sees everything.
const ADMIN: &str = "admin@example.com";

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => the_loop::measure().await,
        Some("server") => server::measure().await,
        Some("shapes") => shapes::measure().await,
        Some("sync") => first_sync::measure().await,
        Some(other) => bail!("bench knows server, shapes and sync, or nothing for the loop, not {other}"),
    }
}
