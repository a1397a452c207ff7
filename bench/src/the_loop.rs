//! The loop, measured through the real screen: a release server, a real Chromium, a portfolio of some ten thousand rows.

use crate::{ADMIN, drain, first_load, live, report::Report, tap};
use anyhow::Result;
use tests::{App, Chromium, HoldingProxy, ServerProcess};

/// So many properties make about ten thousand rows on an administrator's device.
const PROPERTIES: u32 = 2_600;

/// Runs it all, prints the figures and keeps them.
pub async fn measure() -> Result<()> {
    let mut report = Report::default();
    first_load::measure(&mut report)?;

    eprintln!("Starting a server with {PROPERTIES} properties …");
    let server = ServerProcess::with_demo(PROPERTIES).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let browser = Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    eprintln!("First sync …");
    let app = App::sign_in(&tablet, &wire.url(), ADMIN).await?;
    tablet.workers().wait_activated(&wire.url()).await?;
    app.wait_for_status("All changes saved").await?;
    report.add("rows on the device", rows_seen_by_admin(&server).await? as f64, "");

    eprintln!("Another browser looks on …");
    let onlooker = App::sign_in(&browser.another_device().await?, &server.url(), ADMIN).await?;
    live::measure(&mut report, &server, &app, &onlooker).await?;
    tap::measure(&mut report, &tablet, &app).await?;
    let bench = drain::Bench {
        server: &server,
        wire: &wire,
        tablet: &tablet,
        app: &app,
    };
    drain::measure(&mut report, &bench).await?;

    report.print();
    report.save("loop")?;
    report.demand_goals()
}

/// What the shapes of an administrator hold.
pub async fn rows_seen_by_admin(server: &ServerProcess) -> Result<i64> {
    server
        .db_number("select (select count(*) from properties) + (select count(*) from turn_stages) + (select count(*) from turns where is_active) + (select count(*) from scope_items where is_active)")
        .await
}
