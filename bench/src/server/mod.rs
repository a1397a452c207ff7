//! The server by itself: how many writes it keeps, how fast it reports.
//!
//! Callers and server share the machine's cores, as the figures' names say.

mod writes;

use crate::report::Report;
use anyhow::Result;
use tests::{ServerOptions, ServerProcess};

/// Homes in the demo; two in five are being turned, with some ten scope items each.
const PROPERTIES: u32 = 2_600;

/// Nobody is slowed down: the limits are for people.
const WITHOUT_LIMITS: [(&str, &str); 6] = [
    ("RATE_LIMIT_WRITES", "off"),
    ("RATE_LIMIT_AUTH", "off"),
    ("RATE_LIMIT_SHAPES", "off"),
    ("RATE_LIMIT_REPORTS", "off"),
    ("RATE_LIMIT_EXPORTS", "off"),
    ("RATE_LIMIT_UPLOADS", "off"),
];

/// Runs it all, prints the figures and keeps them.
pub async fn measure() -> Result<()> {
    let mut report = Report::default();
    eprintln!("Starting a server with {PROPERTIES} properties …");
    let server = ServerProcess::start(ServerOptions {
        demo: PROPERTIES,
        env: WITHOUT_LIMITS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    })
    .await?;
    writes::measure(&mut report, &server).await?;
    report.print();
    report.save("server")
}
