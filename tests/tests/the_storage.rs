//! The browser's storage when it is full, cleared under an open app, or in the form of another version: nothing that was kept is lost, and
//! nothing is shown as kept that is not.
//!
//! Real Chromium, whose own storage is brought into these states; a real server process.

use anyhow::{Result, ensure};
use tests::{
    App, Chromium, ServerProcess, eventually,
    page::storage::MOST_ROOM,
    scene::{HOMES, Held, MANAGER, at_work},
    server::DEMO_PASSWORD,
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
    page.named("status", "Messages").wait_text("1 change was not sent yet and stored again").await?;
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
    held.app.wait_for_card(&property, "Inspection").await?;
    page.role("main").wait_text("Your turns are shown as they were then").await?;
    ensure!(held.app.cards("Inspection").await?.len() == cards, "the rows that were stored again are shown");

    let fetched = held.wire.requests_of("/api/sync/turns?offset=-1");
    held.tablet.set_offline(false).await?;
    held.wait_saved_once(&property, "Inspection").await?;
    eventually("the rows to come again", async || {
        ensure!(
            held.wire.requests_of("/api/sync/turns?offset=-1") > fetched,
            "no request for the turns from the beginning"
        );
        Ok(())
    })
    .await?;
    held.app.wait_for_card(&property, "Inspection").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn who_clears_everything_signs_in_again_and_has_lost_nothing() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    // Cookies and the worker go too.
    page.clear_site_data("all").await?;
    page.named("status", "Messages").wait_text("stored again").await?;
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("Sign in to send 1 change").await?;
    held.app.wait_for_card(&property, "Inspection").await?;
    page.named("region", "Notices").role_inside("link").name("Sign in").click().await?;
    page.named("textbox", "Email").fill(MANAGER).await?;
    page.named("textbox", "Password").fill(DEMO_PASSWORD).await?;
    page.named("button", "Sign in").click().await?;
    page.wait_for_path("/board").await?;
    held.wait_saved_once(&property, "Inspection").await?;
    page.assert_no_errors()
}

/// Has a page on which no app runs hold the database as a newer app has left it.
const HOLD_NEWER: &str = r"new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns', 99);
    opening.onupgradeneeded = () => opening.result.createObjectStore('of tomorrow');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => { window.held = opening.result; resolve(true); };
})";

#[tokio::test]
async fn an_older_app_beside_a_newer_one_asks_to_be_loaded_again_and_harms_nothing() -> Result<()> {
    let held = Held::at_work().await?;
    let newer = held.tablet.open_page(&format!("{}/health", held.wire.url())).await?;
    let page = held.app.page();
    let (kept, refused) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    held.tablet.set_offline(true).await?;
    held.app.move_to(&kept, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    newer.eval(HOLD_NEWER).await?;
    page.named("region", "Notices")
        .wait_text("Load this page again; what you have changed is kept")
        .await?;
    // What it cannot keep any more it does not show as kept.
    held.app.move_to(&refused, "Draft").await?;
    page.named("region", "Notices").wait_text("could not keep your last change").await?;
    held.app.wait_for_card(&refused, "Secure Property").await?;
    held.app.wait_for_card(&kept, "Inspection").await?;
    let stored = newer.stored("outbox").await?;
    ensure!(stored.len() == 1 && stored[0]["state"] == "pending", "{stored:?}");

    // An older app that is opened now leaves it alone, and so does its worker when the signal is back.
    page.reload().await?;
    page.role("status").wait_text("A newer version of Turns has been here").await?;
    held.tablet.set_offline(false).await?;
    held.tablet.workers().sync(&held.wire.url(), "sync-writes", false).await?;
    ensure!(newer.stored("outbox").await? == stored, "it is as the newer app has it");
    ensure!(held.receipts().await? == 0);
    Ok(())
}

/// Puts what the app has stored into the layout of its first version, and holds it open as a page that does not let go.
const HOLD_OLDER: &str = r"(async () => {
    const done = request => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
    const today = await done(indexedDB.open('turns'));
    const names = ['outbox', 'history', 'snapshots', 'rows', 'places', 'notes'];
    const content = {};
    for (const name of names) {
        const store = () => today.transaction(name).objectStore(name);
        content[name] = [await done(store().getAllKeys()), await done(store().getAll())];
    }
    today.close();
    await done(indexedDB.deleteDatabase('turns'));
    const opening = indexedDB.open('turns', 1);
    opening.onupgradeneeded = () => names.forEach(name => {
        const store = opening.result.createObjectStore(name, ['outbox', 'history'].includes(name) ? { keyPath: 'writeId' } : undefined);
        const [keys, values] = content[name];
        values.forEach((value, index) => store.keyPath ? store.put(value) : store.put(value, keys[index]));
    });
    window.held = await done(opening);
    window.held.onversionchange = () => {};
    return true;
})()";

#[tokio::test]
async fn a_newer_app_beside_an_older_one_says_what_it_waits_for_and_goes_on_with_its_writes() -> Result<()> {
    let held = Held::at_work().await?;
    let older = held.tablet.open_page(&format!("{}/health", held.wire.url())).await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.app.page().clone().close().await?;
    held.tablet.workers().stop_all().await?;
    older.eval(HOLD_OLDER).await?;

    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    app.page().role("status").wait_text("Close it, and this one goes on").await?;
    older.close().await?;
    app.wait_for_card(&property, "Inspection").await?;
    app.wait_for_status("Offline · 1 change waiting").await?;
    held.tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (1, 1), "{receipts} receipts, {writes} writes");
    app.page().assert_no_errors()
}
