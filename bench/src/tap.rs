//! From the tap to the view, and from the tap to the disk, with a hundred writes waiting.

use crate::{report::Report, screen};
use anyhow::{Result, ensure};
use tests::{App, Device};

const PENDING: usize = 100;
const TAPS: usize = 30;

/// Taps without signal, so that what waits goes on waiting. The figures are the app's own marks (User Timing).
pub async fn measure(report: &mut Report, tablet: &Device, app: &App) -> Result<()> {
    tablet.set_offline(true).await?;
    eprintln!("Making {PENDING} writes wait …");
    screen::move_many(app, PENDING, "Draft").await?;
    app.wait_for_status(&format!("Offline · {PENDING} changes waiting")).await?;
    screen::collect_measurements(app).await?;

    eprintln!("Tapping …");
    let property = app.first_card("Draft").await?;
    for tap in 0..TAPS {
        screen::move_turn(app, &property, if tap % 2 == 0 { "Inspection" } else { "Draft" }).await?;
    }
    app.wait_for_status(&format!("{} changes waiting", PENDING + TAPS)).await?;
    for (name, what) in [("turns:view", "tap → view changed"), ("turns:durable", "tap → durable (strict)")] {
        let samples = screen::measurements(app, name).await?;
        ensure!(samples.len() == TAPS, "{} of {TAPS} taps were measured", samples.len());
        report.add_samples(what, samples, "ms");
    }
    tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await
}
