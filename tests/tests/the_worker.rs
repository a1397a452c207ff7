//! The worker in the browser's hands, which stops it when it pleases and wakes it again: also between the server's commit and its answer.
//!
//! Real Chromium, whose own controls stop and start the worker; a real server process.

use anyhow::{Result, ensure};
use tests::{App, eventually, scene::Held};

const WRITES: &str = "/api/write/batch";

#[tokio::test]
async fn a_worker_stopped_in_the_middle_of_a_send_asks_again_when_a_sync_wakes_it() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let base = held.wire.url();
    let mut answer = held.wire.hold_answer_of(WRITES);
    held.app.move_to(&property, "Inspection").await?;
    answer.wait().await?;
    ensure!(held.receipts().await? == 1, "the write is committed");
    let asked = held.wire.requests_of(WRITES);

    // Nobody but the browser is left to wake it.
    held.app.page().clone().close().await?;
    held.tablet.workers().stop_all().await?;
    held.tablet.workers().sync(&base, "sync-writes", false).await?;
    eventually("the worker to ask what has become of it", async || {
        ensure!(held.wire.requests_of(WRITES) > asked, "nothing was sent");
        Ok(())
    })
    .await?;
    let app = App::open_at(&held.tablet, &base, "/board").await?;
    app.wait_for_status("All changes saved").await?;
    app.wait_for_card(&property, "Inspection").await?;
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (1, 1), "{receipts} receipts, {writes} writes");

    // The inspector knows who woke it, before the app was opened.
    app.page().named("link", "Sync").click().await?;
    let device = app.page().named("region", "This device");
    device.wait_text("because the app was opened").await?;
    app.page()
        .eval("document.querySelector('section[aria-label=\"This device\"] details summary').click()")
        .await?;
    device.wait_text("woken by the browser").await?;
    app.page().assert_no_errors()
}

#[tokio::test]
async fn a_worker_stopped_in_the_middle_of_a_send_goes_on_with_the_next_tap() -> Result<()> {
    let held = Held::at_work().await?;
    let (first, second) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    let mut answer = held.wire.hold_answer_of(WRITES);
    held.app.move_to(&first, "Inspection").await?;
    answer.wait().await?;
    held.tablet.workers().stop_all().await?;

    held.tablet.workers().start(&held.wire.url()).await?;
    held.app.move_to(&second, "Inspection").await?;
    held.app.wait_for_status("All changes saved").await?;
    for property in [first, second] {
        held.app.wait_for_card(&property, "Inspection").await?;
    }
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (2, 2), "{receipts} receipts, {writes} writes");
    held.app.page().assert_no_errors()
}
