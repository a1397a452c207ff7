//! The browser's storage when it is full, cleared under an open app, or in the form of another version: nothing that was kept is lost, and
//! nothing is shown as kept that is not.
//!
//! Real Chromium, whose own storage is brought into these states; a real server process.

use anyhow::{Result, ensure};
use tests::{
    Chromium, ServerProcess, eventually,
    page::storage::MOST_ROOM,
    scene::{HOMES, Held, MANAGER, at_work},
};

#[tokio::test]
async fn a_full_device_says_what_it_cannot_keep_and_loses_nothing_that_it_kept() -> Result<()> {
    // A device with little room from the start; whoever decides about it stays open.
    let server = ServerProcess::with_demo(HOMES).await?;
    let browser = Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    let room = tablet.open_page(&format!("{}/health", server.url())).await?;
    room.set_storage_quota(Some(MOST_ROOM)).await?;
    let app = at_work(&tablet, &server.url(), MANAGER).await?;
    let page = app.page();
    let (kept, refused) = (app.first_card("Draft").await?, app.first_card("Secure Property").await?);
    tablet.set_offline(true).await?;
    app.move_to(&kept, "Inspection").await?;
    app.wait_for_status("Offline · 1 change waiting").await?;

    room.fill_storage().await?;
    app.move_to(&refused, "Draft").await?;
    page.named("region", "Notices")
        .wait_text("could not keep your last change: there is no room left")
        .await?;
    app.wait_for_card(&refused, "Secure Property").await?;
    app.wait_for_card(&kept, "Inspection").await?;
    app.wait_for_status("Offline · 1 change waiting").await?;
    ensure!(page.stored("outbox").await?.len() == 1, "what is shown is what is stored");

    // There is room again.
    room.set_storage_quota(None).await?;
    app.move_to(&refused, "Draft").await?;
    app.wait_for_status("Offline · 2 changes waiting").await?;
    page.reload().await?;
    app.wait_for_status("Offline · 2 changes waiting").await?;
    tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;
    app.wait_for_card(&kept, "Inspection").await?;
    app.wait_for_card(&refused, "Draft").await?;
    let receipts = server.db_number("select count(*) from receipts").await?;
    ensure!(receipts == 2, "{receipts} receipts");
    Ok(())
}

#[tokio::test]
async fn what_the_browser_clears_under_an_open_app_is_stored_anew_and_reaches_the_office() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    let cards = held.app.cards("Inspection").await?.len();

    page.clear_site_data("indexeddb").await?;
    eventually("the change to be stored anew", async || {
        let stored = page.stored("outbox").await?.len();
        ensure!(stored == 1, "{stored} writes are stored");
        Ok(())
    })
    .await?;
    held.app.wait_for_card(&property, "Inspection").await?;
    ensure!(held.app.cards("Inspection").await?.len() == cards, "the rows are still to be seen");
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    // Also for whoever loads the page before the signal is back.
    page.reload().await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    let fetched = held.wire.requests_of("/api/sync/turns?offset=-1");
    held.tablet.set_offline(false).await?;
    held.wait_saved_once(&property, "Inspection").await?;
    ensure!(held.wire.requests_of("/api/sync/turns?offset=-1") > fetched, "the rows come again");
    page.assert_no_errors()
}
