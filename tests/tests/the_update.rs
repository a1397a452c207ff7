//! A newer version of the app, put there while somebody works: it waits to be asked for, and costs nobody a write.
//!
//! Real Chromium, which finds the newer worker by itself; what lies on the wire is the same worker under another stamp.

use anyhow::{Context, Result, ensure};
use tests::{App, Page, eventually, scene::Held};

const WRITES: &str = "/api/write/batch";
const WORKER: &str = "/sw.js";

/// From now on the office has a newer version of the app.
async fn release(held: &Held) -> Result<()> {
    let script = reqwest::get(format!("{}{WORKER}", held.server.url())).await?.error_for_status()?.text().await?;
    let stamp = script.split("\"version\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let stamp = stamp.context("the worker's script does not say its version")?;
    held.wire.replace_script(WORKER, &script.replace(stamp, "of-tomorrow"));
    Ok(())
}

/// A page that is loaded anew loses this mark.
async fn mark(page: &Page) -> Result<()> {
    page.eval("void (window.neverReloaded = true)").await.map(drop)
}

async fn is_marked(page: &Page) -> Result<bool> {
    Ok(page.eval("window.neverReloaded === true").await? == true)
}

#[tokio::test]
async fn an_update_waits_to_be_asked_for_and_keeps_what_waits_and_what_is_being_sent() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let (sent, waiting) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    let mut answer = held.wire.hold_answer_of(WRITES);
    held.app.move_to(&sent, "Inspection").await?;
    answer.wait().await?;
    ensure!(held.receipts().await? == 1, "one is committed, and the tablet does not know");
    // There is one sender, and it is busy: this one waits.
    held.app.move_to(&waiting, "Inspection").await?;
    eventually("both to be stored", async || {
        let stored = page.stored("outbox").await?.len();
        ensure!(stored == 2, "{stored} writes are stored");
        Ok(())
    })
    .await?;

    // Whoever opens another tab has the browser look for a newer version.
    release(&held).await?;
    mark(page).await?;
    let second = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    mark(second.page()).await?;
    for app in [&held.app, &second] {
        app.page().named("region", "Notices").wait_text("A new version is ready").await?;
        app.wait_for_card(&waiting, "Inspection").await?;
        ensure!(is_marked(app.page()).await?, "a page was loaded anew under its user's hands");
    }

    // She asks for it, and loses the signal in the same moment.
    page.named("button", "Update").click().await?;
    answer.lose();
    page.wait_for("!window.neverReloaded && document.readyState === 'complete'", "the page to load anew")
        .await?;
    held.app.wait_for_card(&sent, "Inspection").await?;
    held.app.wait_for_card(&waiting, "Inspection").await?;
    held.app.wait_for_status("Offline · 2 changes waiting").await?;
    ensure!(page.named("button", "Update").count().await? == 0, "it is the newer version by now");
    ensure!(is_marked(second.page()).await?, "the other tab was loaded anew, and nobody asked there");
    let shells = page.eval("caches.keys().then(names => names.join())").await?;
    ensure!(shells == "turns-shell-of-tomorrow", "the app is kept as {shells}");

    held.wire.pass();
    for app in [&held.app, &second] {
        app.wait_for_status("All changes saved").await?;
        app.wait_for_card(&sent, "Inspection").await?;
        app.wait_for_card(&waiting, "Inspection").await?;
        app.page().assert_no_errors()?;
    }
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (2, 2), "{receipts} receipts, {writes} writes");
    eventually("the tablet to have seen both come back", async || {
        ensure!(page.stored("outbox").await?.is_empty(), "something is still on the tablet");
        Ok(())
    })
    .await?;
    Ok(())
}
