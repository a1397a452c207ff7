//! The harness, tried on a tiny page: what it says it has done, it has done.

mod site;

use std::time::Duration;

use anyhow::{Result, ensure};
use site::Site;
use tests::{Chromium, Device, HoldingProxy, Page, eventually};

const REGISTER: &str = "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => true)";

async fn opened(url: &str) -> Result<(Chromium, Device, Page)> {
    let browser = Chromium::launch_new().await?;
    let device = browser.device().await?;
    let page = device.open_page(url).await?;
    Ok((browser, device, page))
}

async fn with_worker(device: &Device, page: &Page, url: &str) -> Result<()> {
    page.eval(REGISTER).await?;
    device.workers().wait_activated(url).await?;
    page.wait_for("navigator.serviceWorker.controller", "the worker to take charge").await
}

#[tokio::test]
async fn a_person_finds_and_uses_what_is_there() -> Result<()> {
    let site = Site::start().await?;
    let (_browser, _device, page) = opened(&site.url()).await?;
    let result = page.named("status", "Result");

    page.named("textbox", "Name").fill("Ann").await?;
    page.named("Date", "Day").fill("2026-03-01").await?;
    page.named("combobox", "Stage").select("Inspection").await?;
    page.named("button", "Save").click().await?;
    result.wait_text("saved Ann 2026-03-01 2").await?;

    page.named("textbox", "Name").fill("").await?;
    ensure!(page.named("textbox", "Name").text().await?.is_empty());
    page.type_text("Beat").await?;
    page.press("Backspace").await?;
    page.press("Enter").await?;
    result.wait_text("entered Bea").await?;

    page.named("button", "Far below").click().await?;
    result.wait_text("far").await?;

    page.eval("setTimeout(() => (document.getElementById('late').disabled = false), 300)").await?;
    page.named("button", "Later").click().await?;
    result.wait_text("late").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn elements_are_told_apart_by_what_holds_them() -> Result<()> {
    let site = Site::start().await?;
    let (_browser, _device, page) = opened(&site.url()).await?;
    let stages = page.role("region");
    ensure!(stages.names().await? == ["Draft", "Inspection"]);
    let inspection = page.named("region", "Inspection");
    ensure!(inspection.role_inside("article").names().await? == ["Oak Street"]);
    ensure!(page.named("button", "Open").count().await? == 2);
    ensure!(inspection.inside("button", "Open").count().await? == 1);
    ensure!(page.role("article").name_containing("Street").nth(1).text().await?.contains("Open"));
    page.named("button", "Nowhere").wait_gone().await?;
    ensure!(page.snapshot().await?.contains("article \"Elm Street\""), "{}", page.snapshot().await?);
    Ok(())
}

#[tokio::test]
async fn cards_are_dragged_with_mouse_and_finger() -> Result<()> {
    let site = Site::start().await?;
    let (_browser, _device, page) = opened(&site.url()).await?;
    let (card, inspection) = (page.named("article", "Elm Street"), page.named("region", "Inspection"));
    card.drag_to(&inspection).await?;
    page.named("status", "Result").wait_text("dropped Elm Street").await?;

    page.set_viewport(800, 1000, true).await?;
    card.touch_drag_to(&inspection, Duration::from_millis(100)).await?;
    page.named("status", "Result").wait_text("touched Inspection").await
}

#[tokio::test]
async fn photos_screenshots_errors_and_metrics() -> Result<()> {
    let site = Site::start().await?;
    let (browser, _device, page) = opened(&site.url()).await?;
    let photo = browser.profile().join("sink.png");
    page.screenshot(&photo).await?;
    ensure!(std::fs::metadata(&photo)?.len() > 1000);
    page.named("button", "Take photo").choose_files(&[&photo]).await?;
    page.named("status", "Result").wait_text("photo sink.png").await?;
    ensure!(page.metrics().await?["JSHeapUsedSize"] > 0.0);

    page.assert_no_errors()?;
    page.eval("setTimeout(() => { throw new Error('broken') })").await?;
    eventually("the exception", async || {
        page.assert_no_errors().err().ok_or_else(|| anyhow::anyhow!("no error yet"))
    })
    .await?;
    ensure!(page.eval("Promise.reject(new Error('no'))").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_device_without_signal_has_none_in_its_worker_either() -> Result<()> {
    let site = Site::start().await?;
    let url = site.url();
    let (browser, device, page) = opened(&url).await?;
    with_worker(&device, &page, &url).await?;
    ensure!(page.eval("ask()").await? == "online");

    device.set_offline(true).await?;
    ensure!(page.eval("navigator.onLine").await? == false);
    ensure!(page.eval("fetch('/ping').then(() => 'through', () => 'cut')").await? == "cut");
    ensure!(page.eval("ask()").await? == "offline");

    // A worker that wakes meanwhile has no signal from its first line on, and the page comes from its cache.
    device.workers().stop_all().await?;
    ensure!(page.eval("ask()").await? == "offline");
    page.reload().await?;
    page.role("heading").name("Harness").wait().await?;

    // Another device is not touched by it.
    let other = browser.another_device().await?.open_page(&url).await?;
    ensure!(other.eval("fetch('/ping').then(() => 'through', () => 'cut')").await? == "through");

    device.workers().stop_all().await?;
    device.set_offline(false).await?;
    ensure!(page.eval("navigator.onLine").await? == true);
    ensure!(page.eval("ask()").await? == "online");
    Ok(())
}

#[tokio::test]
async fn a_stopped_worker_is_woken_by_a_sync() -> Result<()> {
    let site = Site::start().await?;
    let url = site.url();
    let (_browser, device, page) = opened(&url).await?;
    with_worker(&device, &page, &url).await?;
    page.close().await?;
    let workers = device.workers();

    workers.stop_all().await?;
    workers.wait_stopped(&url).await?;
    workers.sync(&url, "sync-writes", false).await?;
    let heard = async || {
        ensure!(site.count("/synced") == 1, "there was none");
        Ok(())
    };
    eventually("the worker's request", heard).await?;

    workers.stop_all().await?;
    workers.start(&url).await?;
    let printed = device.worker_journal().to_string();
    ensure!(printed.contains("the worker has started"), "{printed}");
    Ok(())
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() -> Result<()> {
    let site = Site::start().await?;
    let url = site.url();
    let profile = tempfile::tempdir()?;
    for (before, after) in [(serde_json::Value::Null, 1), (1.into(), 2), (2.into(), 3)] {
        let browser = Chromium::launch(profile.path()).await?;
        let page = browser.device().await?.open_page(&url).await?;
        ensure!(page.eval("keep()").await? == before, "before {after}");
        page.eval(&format!("keep({after})")).await?;
        // Once closed as people do, once by an empty battery.
        if after == 1 { browser.close().await? } else { browser.kill() }
    }
    Ok(())
}

#[tokio::test]
async fn the_proxy_holds_loses_and_refuses() -> Result<()> {
    let site = Site::start().await?;
    let proxy = HoldingProxy::start(site.port).await?;
    let (_browser, _device, page) = opened(&proxy.url()).await?;
    let send = "window.sent = fetch('/write', {method: 'POST', body: 'x'}).then(() => 'answered', () => 'broken'); 0";

    let mut held = proxy.hold_answer_of("/write");
    page.eval(send).await?;
    held.wait().await?;
    ensure!(site.count("/write") == 1);
    ensure!(page.eval("Promise.race([sent, new Promise(r => setTimeout(r, 300, 'waiting'))])").await? == "waiting");
    held.lose();
    ensure!(page.eval("sent").await? == "broken");

    proxy.pass();
    let mut lost = proxy.lose_request_of("/write");
    page.eval(send).await?;
    lost.wait().await?;
    let first = page.eval("sent").await?;
    ensure!(first == "broken" && site.count("/write") == 1, "{first}, {} requests", site.count("/write"));

    proxy.pass();
    page.eval(send).await?;
    ensure!(page.eval("sent").await? == "answered");
    proxy.refuse();
    page.eval(send).await?;
    ensure!(page.eval("sent").await? == "broken");
    proxy.pass();
    page.eval(send).await?;
    ensure!(page.eval("sent").await? == "answered");
    Ok(())
}
