//! Deeds that must not happen later, without whoever did them: without a signal they say so and are not done, not even when it is back.
//!
//! Real Chromium, real server process. `docs/WRITE_PATTERNS.md` says which deeds these are.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{
    Api, App, HoldingProxy,
    scene::{ADMIN, HOMES, MANAGER, SECOND_MANAGER, at_work},
};

/// A manager's write to a home that is somebody else's by now; a supervisor has to decide about it.
async fn hold_a_write(base: &str) -> Result<()> {
    let (manager, office) = (Api::login(base, MANAGER).await?, Api::login(base, ADMIN).await?);
    let home = manager.rows("properties").await?.swap_remove(0);
    let version: i64 = home["version"].as_str().unwrap_or_default().parse()?;
    let write = |data| json!({ "operation": "update", "writeId": tests::api::new_write_id(), "id": home["id"], "version": version, "data": data });
    let given = write(json!({ "property_manager_id": office.account_id(SECOND_MANAGER).await? }));
    office.write_applied("properties", &given).await?;
    let (status, answer) = manager.write("properties", &write(json!({ "notes": "Mine until this morning" }))).await?;
    ensure!(answer["error"]["type"] == "QUARANTINED", "{status} {answer}");
    Ok(())
}

#[tokio::test]
async fn a_verdict_and_an_export_without_signal_say_so_and_are_not_done_later() -> Result<()> {
    let server = tests::ServerProcess::with_demo(HOMES).await?;
    hold_a_write(&server.url()).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let browser = tests::Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    let app: App = at_work(&tablet, &wire.url(), ADMIN).await?;
    let page = app.page();
    let property = app.first_card("Draft").await?;
    page.named("link", "Held changes").click().await?;
    page.named("button", "Adopt").wait().await?;

    tablet.set_offline(true).await?;
    let said = page.role("main").role_inside("alert");
    page.named("button", "Adopt").click().await?;
    said.wait_text("Turns could not be reached").await?;
    page.role("textbox").name_containing("Reason").fill("Noa has done it").await?;
    page.named("button", "Refuse").click().await?;
    said.wait_text("Turns could not be reached").await?;
    // An export is a program's or an office's own request; the worker neither answers it nor keeps it.
    let export = "fetch('/api/reports/export?report=properties&format=csv').then(() => 'answered', () => 'not reached')";
    ensure!(page.eval(export).await? == "not reached");
    ensure!(page.stored("outbox").await?.is_empty(), "a verdict was queued");
    ensure!(app.status().await? == "Offline · All changes saved", "the header counts a verdict as waiting");

    // What is work goes by itself when the signal is back; by then a verdict would have gone too.
    page.named("link", "Board").click().await?;
    app.move_to(&property, "Inspection").await?;
    tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;
    ensure!(server.db_number("select count(*) from receipts where table_name = 'turns'").await? == 1);
    for path in ["/api/quarantine/", "/api/reports/"] {
        ensure!(wire.requests_of(path) == 0, "{path} was asked later");
    }
    ensure!(server.db_number("select count(*) from quarantine where state = 'waiting'").await? == 1);

    // It still waits for its supervisor.
    page.named("link", "Held changes").click().await?;
    page.named("button", "Adopt").click().await?;
    page.role("main").wait_text("No change waits for you").await?;
    ensure!(server.db_number("select count(*) from quarantine where state = 'adopted'").await? == 1);
    page.assert_no_errors()
}
