//! The path that the product stands or falls with: a tap without signal, the app closed, the office up to date.
//!
//! Real Chromium, real server process, real files. Nothing is mocked.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::{
    Api, App, Chromium, HoldingProxy, Scene, ServerProcess, eventually, eventually_within,
    scene::{ADMIN, HOMES, MANAGER, at_work},
};

/// The browser fires a sync by itself; how soon is its own affair.
const BROWSERS_OWN_TIME: Duration = Duration::from_secs(60);

/// What the server keeps of one write, counted from outside.
struct Kept {
    receipts: i64,
    audits: i64,
}

async fn kept(server: &ServerProcess) -> Result<Kept> {
    Ok(Kept {
        receipts: server.db_number("select count(*) from receipts").await?,
        // Signing in, and news for others, have entries of their own.
        audits: server
            .db_number("select count(*) from audit_logs where table_name in ('turns', 'scope_items')")
            .await?,
    })
}

async fn version_of_turn(server: &ServerProcess, property: &str) -> Result<i64> {
    let sql = format!(
        "select t.version from turns t join properties p on p.id = t.property_id where p.name = '{}'",
        property.replace('\'', "''")
    );
    server.db_number(&sql).await
}

#[tokio::test]
async fn work_without_signal_reaches_the_office_with_the_app_closed() -> Result<()> {
    let mut server = ServerProcess::with_demo(HOMES).await?;
    let base = server.url();
    let profile = tempfile::tempdir()?;

    let browser = Chromium::launch(profile.path()).await?;
    let tablet = browser.device().await?;
    let app = at_work(&tablet, &base, MANAGER).await?;
    let property = app.first_card("Draft").await?;

    // The basement: no signal, and the office's server is down as well.
    tablet.set_offline(true).await?;
    server.kill9();
    app.move_to(&property, "Inspection").await?;
    app.wait_for_card(&property, "Inspection").await?;
    app.open_scope(&property).await?;
    app.add_item("Kitchen", "Repaint the north wall", "125.50").await?;
    app.page().named("checkbox", "Done: Repaint the north wall").wait().await?;
    app.wait_for_status("Offline · 2 changes waiting").await?;
    app.page().assert_no_errors()?;

    // She closes the app, and later the browser too.
    app.page().clone().close().await?;
    browser.close().await?;

    // The signal is back; nobody opens the app.
    server.restart().await?;
    let browser = Chromium::launch(profile.path()).await?;
    let tablet = browser.device().await?;
    eventually_within(BROWSERS_OWN_TIME, "the worker to send both changes by itself", async || {
        let kept = kept(&server).await?;
        ensure!(
            kept.receipts == 2 && kept.audits == 2,
            "{} receipts, {} audit entries",
            kept.receipts,
            kept.audits
        );
        Ok(())
    })
    .await?;

    // A second tablet shows both.
    let office_browser = Chromium::launch_new().await?;
    let office = at_work(&office_browser.device().await?, &base, ADMIN).await?;
    office.wait_for_card(&property, "Inspection").await?;
    office.open_scope(&property).await?;
    office.page().named("checkbox", "Done: Repaint the north wall").wait().await?;

    // And hers, opened again, has nothing left to do.
    let app = App::open_at(&tablet, &base, "/board").await?;
    app.wait_for_card(&property, "Inspection").await?;
    app.wait_for_status("All changes saved").await?;
    ensure!(kept(&server).await?.receipts == 2, "opening the app again must send nothing");
    app.page().assert_no_errors()
}

#[tokio::test]
async fn a_server_that_dies_between_commit_and_answer_applies_once() -> Result<()> {
    let mut server = ServerProcess::with_demo(HOMES).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let base = wire.url();
    let browser = Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    let app = at_work(&tablet, &base, MANAGER).await?;
    let property = app.first_card("Draft").await?;
    let before = version_of_turn(&server, &property).await?;

    let mut held = wire.hold_answer_of("/api/write/batch");
    app.move_to(&property, "Inspection").await?;
    held.wait().await?;
    ensure!(kept(&server).await?.receipts == 1, "the write is committed");

    // Before its answer arrives: the server is killed, the app is closed, the worker is stopped.
    server.kill9();
    wire.refuse();
    app.page().clone().close().await?;
    tablet.workers().stop_all().await?;
    drop(held);

    server.restart().await?;
    wire.pass();
    tablet.workers().sync(&base, "sync-writes", false).await?;
    let app = App::open_at(&tablet, &base, "/board").await?;
    app.wait_for_status("All changes saved").await?;
    app.wait_for_card(&property, "Inspection").await?;

    let kept = kept(&server).await?;
    ensure!(
        (kept.receipts, kept.audits) == (1, 1),
        "{} receipts, {} audit entries",
        kept.receipts,
        kept.audits
    );
    let steps = version_of_turn(&server, &property).await? - before;
    ensure!(steps == 1, "the turn's version went {steps} steps");
    Ok(())
}

#[tokio::test]
async fn a_request_that_gets_lost_is_sent_again() -> Result<()> {
    let server = ServerProcess::with_demo(HOMES).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let browser = Chromium::launch_new().await?;
    let app = at_work(&browser.device().await?, &wire.url(), MANAGER).await?;
    let property = app.first_card("Draft").await?;

    let mut lost = wire.lose_request_of("/api/write/batch");
    app.move_to(&property, "Inspection").await?;
    lost.wait().await?;
    lost.lose();
    wire.pass();
    app.wait_for_status("All changes saved").await?;
    let kept = kept(&server).await?;
    ensure!(
        (kept.receipts, kept.audits) == (1, 1),
        "{} receipts, {} audit entries",
        kept.receipts,
        kept.audits
    );
    Ok(())
}

#[tokio::test]
async fn a_change_on_one_tablet_is_painted_on_the_other() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let office = scene.office().await?;
    let manager = &scene.app;
    let property = manager.first_card("Draft").await?;
    office.wait_for_card(&property, "Draft").await?;
    // A reload would lose this mark.
    office.page().eval("void (window.neverReloaded = true)").await?;

    manager.move_to(&property, "Inspection").await?;
    office.wait_for_card(&property, "Inspection").await?;
    office.move_to(&property, "Draft").await?;
    manager.wait_for_card(&property, "Draft").await?;
    ensure!(office.page().eval("window.neverReloaded === true").await? == true);
    for app in [manager, &office] {
        app.wait_for_status("All changes saved").await?;
        app.page().assert_no_errors()?;
    }
    Ok(())
}

#[tokio::test]
async fn two_tabs_of_one_tablet_show_the_same() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene {
        server, tablet, app: first, ..
    } = &scene;
    let second = App::open_at(tablet, &server.url(), "/board").await?;
    second.wait_for_cards().await?;
    let property = first.first_card("Draft").await?;

    tablet.set_offline(true).await?;
    second.move_to(&property, "Inspection").await?;
    first.wait_for_card(&property, "Inspection").await?;
    first.wait_for_status("Offline · 1 change waiting").await?;
    tablet.set_offline(false).await?;
    for app in [first, &second] {
        app.wait_for_status("All changes saved").await?;
    }
    ensure!(kept(server).await?.receipts == 1);
    Ok(())
}

#[tokio::test]
async fn the_app_opens_from_cold_without_a_network() -> Result<()> {
    let mut server = ServerProcess::with_demo(HOMES).await?;
    let base = server.url();
    let profile = tempfile::tempdir()?;
    let browser = Chromium::launch(profile.path()).await?;
    let app = at_work(&browser.device().await?, &base, MANAGER).await?;
    let property = app.first_card("In Progress").await?;
    browser.close().await?;
    server.terminate().await?;

    let browser = Chromium::launch(profile.path()).await?;
    let tablet = browser.device().await?;
    let app = App::open_at(&tablet, &base, "/board").await?;
    app.wait_for_card(&property, "In Progress").await?;
    app.open_scope(&property).await?;
    app.page().role("checkbox").nth(0).wait().await?;
    // A person may also come back by a link to a turn.
    let path = app.page().path().await?;
    let again = App::open_at(&tablet, &base, &path).await?;
    again.page().role("checkbox").nth(0).wait().await?;
    again.page().assert_no_errors()
}

#[tokio::test]
async fn a_change_that_both_made_waits_for_its_author_with_both_values() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let office = scene.office().await?;
    let Scene { app: manager, tablet, .. } = &scene;
    let property = manager.first_card("Secure Property").await?;

    tablet.set_offline(true).await?;
    manager.move_to(&property, "Draft").await?;
    office.move_to(&property, "Inspection").await?;
    office.wait_for_status("All changes saved").await?;
    tablet.set_offline(false).await?;

    manager.wait_for_status("1 change needs you").await?;
    // The view tells the server's truth; the inspector keeps hers, with the reason.
    manager.wait_for_card(&property, "Inspection").await?;
    manager.page().named("status", "Sync status").role_inside("link").nth(0).click().await?;
    manager.page().wait_for_path("/sync").await?;
    eventually("the inspector to show both values", async || {
        let text = manager.page().role("main").text().await?;
        ensure!(text.contains(&property) && text.contains("Draft") && text.contains("Inspection"), "{text}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn changes_of_different_things_merge_by_themselves() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene {
        server, tablet, app: manager, ..
    } = &scene;
    let property = manager.first_card("Draft").await?;
    let before = version_of_turn(server, &property).await?;

    tablet.set_offline(true).await?;
    manager.move_to(&property, "Inspection").await?;
    let office = Api::login(&server.url(), ADMIN).await?;
    let home = office.row("properties", "name", &property).await?;
    let turn = office.row("turns", "property_id", home["id"].as_str().unwrap_or_default()).await?;
    let notes = serde_json::json!({
        "operation": "update", "writeId": tests::api::new_write_id(), "turnId": turn["id"], "version": before,
        "data": { "notes": "Keys are with the neighbour" },
    });
    office.write_applied("turns", &notes).await?;
    tablet.set_offline(false).await?;

    manager.wait_for_status("All changes saved").await?;
    let turn = office.row("turns", "property_id", home["id"].as_str().unwrap_or_default()).await?;
    ensure!(turn["notes"] == "Keys are with the neighbour", "{turn:?}");
    ensure!(turn["version"].as_str() == Some(&(before + 2).to_string()), "{turn:?}");
    manager.wait_for_card(&property, "Inspection").await
}
