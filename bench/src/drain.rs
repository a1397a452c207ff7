//! How fast, and in how many requests, five hundred waiting writes reach the server.

use crate::{report::Report, screen};
use anyhow::{Result, ensure};
use std::time::Instant;
use tests::{App, Device, HoldingProxy, ServerProcess, eventually};

const WRITES: usize = 500;
const PATH: &str = "/api/write/batch";

/// From the signal's return until the server has every receipt, and until the device knows it.
pub async fn measure(report: &mut Report, server: &ServerProcess, wire: &HoldingProxy, tablet: &Device, app: &App) -> Result<()> {
    tablet.set_offline(true).await?;
    eprintln!("Making {WRITES} writes wait …");
    screen::move_many(app, WRITES, "Inspection").await?;
    app.wait_for_status(&format!("Offline · {WRITES} changes waiting")).await?;
    let (receipts, requests) = (receipts(server).await?, wire.requests_of(PATH));

    eprintln!("Draining …");
    let begin = Instant::now();
    tablet.set_offline(false).await?;
    let expected = receipts + WRITES as i64;
    eventually("every receipt", async || {
        let there = crate::drain::receipts(server).await?;
        ensure!(there == expected, "{there} of {expected} receipts");
        Ok(())
    })
    .await?;
    report.add(
        format!("drain {WRITES} writes: signal → all receipts stored"),
        begin.elapsed().as_secs_f64(),
        "s",
    );
    app.wait_for_status("All changes saved").await?;
    report.add(
        format!("drain {WRITES} writes: signal → “All changes saved”"),
        begin.elapsed().as_secs_f64(),
        "s",
    );
    report.add(format!("drain {WRITES} writes: requests"), (wire.requests_of(PATH) - requests) as f64, "");
    Ok(())
}

async fn receipts(server: &ServerProcess) -> Result<i64> {
    server.db_number("select count(*) from receipts").await
}
