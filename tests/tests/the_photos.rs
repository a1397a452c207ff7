//! Photos taken without a signal: they wait behind the text, survive whatever happens on the way, and are the office's in the end, byte for byte.
//!
//! Real Chromium with its own camera button and service worker; a real server process; a wire that can be cut.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;
use tests::{
    App, Page, eventually,
    scene::{ADMIN, Held, at_work},
};

const WRITES: &str = "/api/write/batch";
const UPLOADS: &str = "/api/upload/resumable";
/// Of one upload that has begun.
const PIECES: &str = "/api/upload/resumable/";

/// Where pictures are kept when somebody wants to look: the variable `SCREENS` names a folder.
async fn picture(page: &Page, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("SCREENS").map(PathBuf::from) else {
        return Ok(());
    };
    std::fs::create_dir_all(&folder)?;
    page.screenshot(&folder.join(format!("{name}.png"))).await
}

async fn take_photo(page: &Page, subject: &str, file: &std::path::Path) -> Result<()> {
    page.named("button", &format!("Take photo: {subject}")).choose_files(&[file]).await
}

/// The documents that the server has, with the bytes of each that have come.
async fn documents(held: &Held) -> Result<Vec<Value>> {
    held.server
        .db(
            "select d.id, d.content_hash, d.size_bytes, f.content_hash as stored, f.size_bytes as stored_bytes \
             from documents d left join document_files f on f.document_id = d.id where d.kind = 'scope_photo'",
        )
        .await
}

async fn wait_for_all(held: &Held, count: usize) -> Result<Vec<Value>> {
    eventually("the photos to arrive", async || {
        let documents = documents(held).await?;
        let whole = documents.iter().filter(|document| !document["stored"].is_null()).count();
        ensure!(whole == count, "{whole} have: {documents:?}");
        Ok(documents)
    })
    .await
}

/// Text first, then photos; each begun once, and no byte twice.
fn demand_each_byte_once_behind_the_text(held: &Held, arrived: &[Value]) -> Result<()> {
    let asked = held.wire.seen_of("/api/");
    let place = |what: &str| asked.iter().position(|asked| asked.starts_with(what));
    ensure!(place(&format!("POST {WRITES}")) < place(&format!("POST {UPLOADS}")), "{asked:?}");
    ensure!(asked.iter().filter(|asked| **asked == format!("POST {UPLOADS}")).count() == 2, "{asked:?}");
    ensure!(place(&format!("HEAD {PIECES}")).is_some(), "who goes on asks where: {asked:?}");
    let size: i64 = arrived.iter().filter_map(|document| document["size_bytes"].as_i64()).sum();
    ensure!(
        held.wire.bytes_of(PIECES) as i64 == size,
        "{} bytes went over the wire for photos of {size}",
        held.wire.bytes_of(PIECES)
    );
    for document in arrived {
        ensure!(
            document["stored"] == document["content_hash"] && document["stored_bytes"] == document["size_bytes"],
            "{document}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_scope_item_and_its_photos_made_without_signal_reach_the_office_with_the_app_closed() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page().clone();
    let base = held.wire.url();
    let folder = tempfile::tempdir()?;
    let (north, south) = (
        page.photo_in(folder.path(), "north.jpg", 2_400, 1_800).await?,
        page.photo_in(folder.path(), "south.jpg", 900, 1_200).await?,
    );
    let property = held.app.first_card("Draft").await?;
    held.app.open_scope(&property).await?;
    held.tablet.set_offline(true).await?;
    held.app.add_item("Kitchen", "Repaint the north wall", "125.50").await?;
    take_photo(&page, "Repaint the north wall", &north).await?;
    page.wait_for_photos(1).await?;
    take_photo(&page, "Repaint the north wall", &south).await?;
    page.wait_for_photos(2).await?;
    page.role("button").name_containing("Photo north.jpg, waiting").wait().await?;
    held.app.wait_for_status("Offline · 3 changes waiting").await?;
    page.assert_no_errors()?;
    picture(&page, "photos-waiting").await?;
    let scope = page.path().await?;

    // She closes the app. When the signal is back, nobody but the browser is left to wake the worker; and the first piece's answer gets lost.
    page.close().await?;
    held.tablet.workers().stop_all().await?;
    let mut piece = held.wire.hold_answer_of(PIECES);
    held.tablet.set_offline(false).await?;
    held.tablet.workers().sync(&base, "sync-writes", false).await?;
    piece.wait().await?;
    let sent = held.wire.bytes_of(PIECES);
    ensure!(sent > 0 && held.receipts().await? == 3, "all text is there before the first byte of a photo");
    piece.lose();
    held.tablet.workers().stop_all().await?;
    held.wire.pass();
    held.tablet.workers().sync(&base, "sync-writes", false).await?;
    let arrived = wait_for_all(&held, 2).await?;

    demand_each_byte_once_behind_the_text(&held, &arrived)?;

    // The office sees them, and reads the very bytes that the tablet kept.
    let office = at_work(&held.browser.another_device().await?, &held.server.url(), ADMIN).await?;
    office.visit(&scope).await?;
    office.page().wait_for_photos(2).await?;
    for document in &arrived {
        let id = document["id"].as_str().unwrap_or_default();
        let digest = office.page().digest_of(&format!("/api/documents/{id}/content")).await?;
        ensure!(document["content_hash"] == digest.as_str(), "{document}: {digest}");
    }

    // Her tablet shows its own, and has nothing left to send.
    let app = App::open_at(&held.tablet, &base, &scope).await?;
    app.wait_for_status("All changes saved").await?;
    app.page().wait_for_photos(2).await?;
    app.page().role("button").name_containing("Photo north.jpg, saved").wait().await?;
    app.page().assert_no_errors()
}

#[tokio::test]
async fn photos_before_and_after_stand_with_the_turn_and_one_that_was_a_mistake_goes() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page().clone();
    let folder = tempfile::tempdir()?;
    let files = [("hall.jpg", 1_200, 900), ("blurred.jpg", 800, 600), ("done.jpg", 640, 480)];
    let mut paths = Vec::new();
    for (name, width, height) in files {
        paths.push(page.photo_in(folder.path(), name, width, height).await?);
    }
    let property = held.app.first_card("Draft").await?;
    held.app.card(&property).role_inside("link").nth(0).click().await?;
    page.named("region", "Before").wait().await?;
    held.tablet.set_offline(true).await?;
    take_photo(&page, "Before", &paths[0]).await?;
    page.wait_for_photos(1).await?;
    take_photo(&page, "Before", &paths[1]).await?;
    page.wait_for_photos(2).await?;
    take_photo(&page, "After", &paths[2]).await?;
    page.wait_for_photos(3).await?;
    held.app.wait_for_status("Offline · 3 changes waiting").await?;
    page.set_viewport(1_280, 900, false).await?;
    picture(&page, "photos-turn").await?;
    page.set_viewport(390, 844, true).await?;
    picture(&page, "photos-turn-phone").await?;
    page.set_viewport(1_280, 900, false).await?;

    page.role("button").name_containing("Photo blurred.jpg").click().await?;
    page.role("dialog").wait_text("Waiting").await?;
    picture(&page, "photos-large").await?;
    page.named("button", "Remove photo").click().await?;
    page.role("button").name_containing("Photo blurred.jpg").wait_gone().await?;
    held.app.wait_for_status("Offline · 2 changes waiting").await?;

    // The inspector names what waits, with its size.
    page.named("link", "Sync").click().await?;
    page.named("region", "Photos on their way").wait_text("hall.jpg of").await?;
    page.named("region", "Photos on their way").wait_text("kB").await?;
    picture(&page, "photos-sync").await?;

    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("All changes saved").await?;
    page.named("region", "Photos on their way").wait_gone().await?;
    let stored = held.server.db_number("select count(*) from document_files").await?;
    ensure!(stored == 2, "{stored} files are stored");
    page.assert_no_errors()
}

/// A page holds what was written, and not what a photo is made of.
#[tokio::test]
async fn who_loses_photos_to_a_cleared_storage_is_told_to_take_them_again() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let folder = tempfile::tempdir()?;
    held.photograph_without_signal(folder.path()).await?;
    page.clear_site_data("indexeddb").await?;
    let told = page.named("status", "Messages");
    told.wait_text("1 change was not sent yet and stored again. 1 photo had not been sent and is gone")
        .await?;
    page.assert_no_errors()
}
