//! The server by itself: how many writes it keeps, how fast it reports.
//!
//! Callers and server share the machine's cores, as the figures' names say.

pub mod memory;
mod reports;
mod writes;

use crate::report::Report;
use anyhow::Result;
use tests::ServerProcess;

/// Homes in the demo; two in five are being turned, with some ten scope items each.
const PROPERTIES: u32 = 2_600;

/// Runs it all, prints the figures and keeps them.
pub async fn measure() -> Result<()> {
    let mut report = Report::default();
    eprintln!("Starting a server with {PROPERTIES} properties …");
    let server = ServerProcess::with_demo(PROPERTIES).await?;
    writes::measure(&mut report, &server).await?;
    drop(server);
    reports::measure(&mut report).await?;
    report.print();
    report.save("server")
}
