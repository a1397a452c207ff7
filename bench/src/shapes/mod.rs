//! The read path by itself: first syncs, and how long a commit takes to those who wait.
//!
//! Clients and server share the machine's cores; each client has a connection of its own and reads all that comes, without
//! parsing it.

mod connection;
mod first_sync;
mod follower;
mod live;
mod office;

use crate::report::Report;
use anyhow::Result;
use office::Office;

/// Runs it all, prints the figures and keeps them.
pub async fn measure() -> Result<()> {
    let mut report = Report::default();
    first_sync::measure(&mut report).await?;
    live::measure(&mut report).await?;
    report.print();
    report.save("shapes")
}
