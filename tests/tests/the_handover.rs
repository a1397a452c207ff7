//! What devices have handed over as files, held against the server's receipts, and brought in while the device sends as well.
//!
//! Real Chromium, whose own downloads the files are; the server's own commands and its API read them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{
    Api, App,
    page::files::saved,
    scene::{ADMIN, Held, SECOND_MANAGER, at_work},
};

const PASSPHRASE: &str = "heron over the basement";

/// Exports on the inspector's page; gives the file.
async fn export(app: &App, folder: &Path) -> Result<PathBuf> {
    let page = app.page();
    page.save_files_in(folder).await?;
    page.named("link", "Sync").click().await?;
    page.role("main").role_inside("button").name("Export unsent work").click().await?;
    page.named("textbox", "Passphrase").fill(PASSPHRASE).await?;
    page.named("textbox", "Passphrase again").fill(PASSPHRASE).await?;
    page.named("button", "Save file").click().await?;
    saved(folder, "turns-unsent.json").await
}

/// What `audit-outbox` ends with, and what it says.
async fn audit(held: &Held, file: &Path) -> Result<(Option<i32>, String)> {
    let passphrase = file.with_extension("passphrase");
    std::fs::write(&passphrase, PASSPHRASE)?;
    let [file, passphrase] = [file, &passphrase].map(|path| path.to_string_lossy().into_owned());
    held.server.run_to_end(&["audit-outbox", &file, "--passphrase-file", &passphrase]).await
}

#[tokio::test]
async fn two_devices_files_agree_with_the_receipts_and_a_missing_receipt_is_named() -> Result<()> {
    let held = Held::at_work().await?;
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let property = held.app.first_card("Draft").await?;
    let (given_up, waiting) = (held.app.first_card("Secure Property").await?, held.app.first_card("Scope Review").await?);
    for stage in ["Inspection", "Draft"] {
        held.app.move_to(&property, stage).await?;
        held.app.wait_for_status("All changes saved").await?;
    }
    held.tablet.set_offline(true).await?;
    held.app.move_to(&given_up, "Draft").await?;
    held.app.move_to(&waiting, "Inspection").await?;
    held.app.wait_for_status("Offline · 2 changes waiting").await?;
    let page = held.app.page();
    page.named("link", "Sync").click().await?;
    let write = page.role("article").name_containing(&given_up);
    write.role_inside("button").name("Discard").click().await?;
    page.role("dialog").role_inside("button").name("Discard").click().await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    let first = export(&held.app, folders[0].path()).await?;

    let other = at_work(&held.browser.another_device().await?, &held.server.url(), SECOND_MANAGER).await?;
    let hers = other.first_card("Draft").await?;
    other.move_to(&hers, "Inspection").await?;
    other.wait_for_status("All changes saved").await?;
    let second = export(&other, folders[1].path()).await?;

    for (file, sum) in [
        (&first, "4 enqueued = 2 applied + 1 resolved by their user + 1 waiting"),
        (&second, "1 enqueued = 1 applied + 0 resolved by their user + 0 waiting"),
    ] {
        let (code, said) = audit(&held, file).await?;
        ensure!(code == Some(0) && said.contains(sum) && said.contains("Everything agrees."), "{code:?} {said}");
    }

    // A receipt that is not there any more is a write that is lost, or could come twice.
    let settled = other.page().stored("history").await?;
    let write = settled
        .first()
        .and_then(|record| record["writeId"].as_str())
        .context("no write of hers is settled")?;
    held.server.db(&format!("delete from receipts where write_id = '{write}'")).await?;
    let (code, said) = audit(&held, &second).await?;
    ensure!(code == Some(1) && said.contains(write), "{code:?} {said}");
    let (code, said) = audit(&held, &first).await?;
    ensure!(code == Some(0), "the other device's is not concerned: {said}");
    page.assert_no_errors()
}

#[tokio::test]
async fn what_is_handed_over_and_sent_by_its_device_too_is_applied_once() -> Result<()> {
    let held = Held::at_work().await?;
    let folder = tempfile::tempdir()?;
    let (first, second) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    held.tablet.set_offline(true).await?;
    held.app.move_to(&first, "Inspection").await?;
    held.app.move_to(&second, "Draft").await?;
    held.app.wait_for_status("Offline · 2 changes waiting").await?;
    let file = export(&held.app, folder.path()).await?;
    held.app
        .page()
        .named("status", "Messages")
        .wait_text("2 unsent changes are in the file")
        .await?;

    let office = Api::login(&held.server.url(), ADMIN).await?;
    let content: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let wrong = json!({ "file": content, "passphrase": "not this passphrase" });
    let (status, answer) = office.post("/api/admin/unsent", &wrong).await?;
    ensure!(status == 422 && held.receipts().await? == 0, "{status} {answer}");
    let handed_over = json!({ "file": content, "passphrase": PASSPHRASE });
    for counts in [("applied", 2), ("already", 2)] {
        let (status, answer) = office.post("/api/admin/unsent", &handed_over).await?;
        ensure!(status == 200 && answer["counts"][counts.0] == counts.1, "{status} {answer}");
    }
    let (code, said) = audit(&held, &file).await?;
    ensure!(
        code == Some(0) && said.contains("(2 of those applied the device has not heard of yet)"),
        "{code:?} {said}"
    );
    let passphrase = file.with_extension("passphrase");
    let by_command = held
        .server
        .run(&["import-unsent", &file.to_string_lossy(), "--passphrase-file", &passphrase.to_string_lossy()])
        .await?;
    ensure!(by_command.contains("0 applied now, 2 before"), "{by_command}");

    // And the tablet sends them as well.
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("All changes saved").await?;
    held.app.visit("/board").await?;
    held.app.wait_for_card(&first, "Inspection").await?;
    held.app.wait_for_card(&second, "Draft").await?;
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (2, 2), "{receipts} receipts, {writes} writes");
    held.app.page().assert_no_errors()
}

/// The tablet's storage is about to be lost, or the tablet itself: its photos are in the file, too.
#[tokio::test]
async fn photos_that_were_not_sent_reach_the_office_in_the_file() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let folder = tempfile::tempdir()?;
    held.photograph_without_signal(folder.path()).await?;
    let turn = page.path().await?;
    let file = export(&held.app, folder.path()).await?;
    page.named("status", "Messages")
        .wait_text("1 unsent change and 1 photo are in the file")
        .await?;

    let office = Api::login(&held.server.url(), ADMIN).await?;
    let content: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let handed_over = json!({ "file": content, "passphrase": PASSPHRASE });
    let (status, answer) = office.post("/api/admin/unsent", &handed_over).await?;
    ensure!(status == 200 && answer["counts"]["applied"] == 1, "{status} {answer}");
    ensure!(
        answer["photos"][0]["documentId"].is_string() && answer["photos"][0]["problem"].is_null(),
        "{answer}"
    );
    let seen = at_work(&held.browser.another_device().await?, &held.server.url(), ADMIN).await?;
    seen.visit(&turn).await?;
    seen.page().wait_for_photos(1).await?;

    // The tablet is found again and sends what it has: it is there once.
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("All changes saved").await?;
    let kept = held
        .server
        .db("select d.id from documents d join document_files f on f.document_id = d.id where d.kind = 'before'")
        .await?;
    ensure!(kept.len() == 1, "{kept:?}");
    page.assert_no_errors()
}
