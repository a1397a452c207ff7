//! The browser's storage when it is full, cleared under an open app, or in the form of another version: nothing that was kept is lost, and
//! nothing is shown as kept that is not.
//!
//! Real Chromium, whose own storage is brought into these states; a real server process.

use anyhow::{Result, ensure};
use tests::{
    App, Chromium, ServerProcess, eventually,
    page::{files::saved, storage::MOST_ROOM},
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

const OWED_LOGOUT: &str = r"new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const reading = opening.result.transaction('notes').objectStore('notes').get('owed-logout');
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result ?? null); };
    };
})";

#[tokio::test]
async fn what_the_browser_clears_while_no_page_is_open_is_said_where_its_user_signs_in() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let blank = held.tablet.open_page(&format!("{}/health", held.wire.url())).await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.app.page().clone().close().await?;
    blank.clear_site_data("indexeddb").await?;
    held.tablet.set_offline(false).await?;

    // The cookie is still there: she has not signed out, and is not let in without a word.
    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    let page = app.page();
    page.wait_for_path("/login").await?;
    page.role("alert").wait_text("has cleared what Turns kept on this device").await?;
    page.role("alert").wait_text("changes that had not been sent are gone").await?;
    app.enter(MANAGER).await?;
    app.wait_for_card(&property, "Draft").await?;
    ensure!(held.receipts().await? == 0);

    // Who signs out has cleared nothing, whether the server has heard of it or not.
    app.wait_for_status("All changes saved").await?;
    page.named("button", "Sign out").click().await?;
    page.wait_for_path("/login").await?;
    eventually("the server to hear of the sign-out", async || {
        let owed = page.eval(OWED_LOGOUT).await?;
        ensure!(owed.is_null(), "the device still notes that it owes it");
        Ok(())
    })
    .await?;
    let asked = held.wire.requests_of("/api/auth/session");
    page.reload().await?;
    eventually("the app to ask whether anybody is signed in", async || {
        ensure!(held.wire.requests_of("/api/auth/session") > asked);
        Ok(())
    })
    .await?;
    ensure!(page.role("alert").count().await? == 0, "it says that something was cleared");
    page.assert_no_errors()
}

/// As in a private window of some browsers.
const NO_STORAGE: &str = "IDBFactory.prototype.open = () => { throw new DOMException('not in this window', 'UnknownError'); };";

#[tokio::test]
async fn who_works_in_memory_is_warned_for_as_long_as_it_lasts_and_can_take_the_work_along() -> Result<()> {
    let held = Held::in_a_browser(NO_STORAGE).await?;
    let page = held.app.page();
    let folder = tempfile::tempdir()?;
    page.save_files_in(folder.path()).await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    let warning = page.named("region", "Notices").role_inside("alert");
    for path in ["/board", "/sync"] {
        page.named("link", if path == "/board" { "Board" } else { "Sync" }).click().await?;
        page.wait_for_path(path).await?;
        warning.wait_text("Leave this page open until all changes are sent, or export them").await?;
    }
    let buttons = warning.role_inside("button").names().await?;
    ensure!(buttons == ["Export unsent work"], "it can be dismissed: {buttons:?}");
    warning.role_inside("button").click().await?;
    page.named("textbox", "Passphrase").fill("heron over the basement").await?;
    page.named("textbox", "Passphrase again").fill("heron over the basement").await?;
    page.named("button", "Save file").click().await?;
    saved(folder.path(), "turns-unsent.json").await?;
    page.named("status", "Messages").wait_text("1 unsent change is in the file").await?;

    // Leaving would lose it, and says so.
    page.named("button", "Sign out").click().await?;
    page.named("dialog", "Export your work before you sign out").wait().await?;
    page.named("button", "Stay signed in").click().await?;
    page.named("link", "Board").click().await?;
    page.wait_for_path("/board").await?;
    held.tablet.set_offline(false).await?;
    held.wait_saved_once(&property, "Inspection").await?;
    warning.wait_text("This browser keeps nothing at the moment").await?;
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
