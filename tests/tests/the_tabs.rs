//! Of several tabs one leads, runs the streams and rings the others; when it is closed or dies, the next one does.
//!
//! Real Chromium, real server process. The tabs themselves note by the wall clock when they lead.

use anyhow::{Context, Result, bail, ensure};
use tests::{App, eventually, scene::Held};

/// Behind the leading tab's own name.
const LEADS: &str = ") keeps the device up to date.";
const FOLLOWS: &str = "keeps the device up to date; this one";
/// Milliseconds.
const SOON: i64 = 1_000;

/// Has the page note when it says that it leads.
const WATCH: &str = r"void (async () => {
    const says = () => document.querySelector('main').innerText.includes(') keeps the device up to date.');
    while (!says()) await new Promise(resolve => setTimeout(resolve, 5));
    window.ledAt = Date.now();
})()";

async fn followers(held: &Held, count: usize) -> Result<Vec<App>> {
    let mut tabs = Vec::new();
    for _ in 0..count {
        let tab = App::open_at(&held.tablet, &held.wire.url(), "/sync").await?;
        tab.page().named("region", "This device").wait_text(FOLLOWS).await?;
        tab.page().eval(WATCH).await?;
        tabs.push(tab);
    }
    Ok(tabs)
}

/// By the clock of all the tabs.
async fn now_ms(tab: &App) -> Result<i64> {
    tab.page().eval("Date.now()").await?.as_i64().context("a clock")
}

/// Takes out the one that leads now, which must have begun soon after `since_ms`.
async fn next_leader(tabs: &mut Vec<App>, since_ms: i64) -> Result<App> {
    let (place, led_at) = eventually("another tab to lead", async || {
        for (place, tab) in tabs.iter().enumerate() {
            if let Some(at_ms) = tab.page().eval("window.ledAt ?? null").await?.as_i64() {
                return Ok((place, at_ms));
            }
        }
        bail!("none does")
    })
    .await?;
    let took = led_at - since_ms;
    ensure!(took < SOON, "the next tab led after {took} ms");
    Ok(tabs.remove(place))
}

#[tokio::test]
async fn a_leader_that_is_closed_or_dies_is_replaced_within_a_second() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.app.visit("/sync").await?;
    held.app.page().named("region", "This device").wait_text(LEADS).await?;
    let mut tabs = followers(&held, 2).await?;

    let since_ms = now_ms(&tabs[0]).await?;
    held.app.page().clone().close().await?;
    let second = next_leader(&mut tabs, since_ms).await?;
    let third = tabs.first().context("no tab is left")?.clone();

    let since_ms = now_ms(&third).await?;
    second.page().crash();
    let last = next_leader(&mut tabs, since_ms).await?;

    // It does what a leader does: what others change comes by its streams, and what is tapped goes.
    let office = tests::scene::at_work(&held.browser.another_device().await?, &held.server.url(), tests::scene::ADMIN).await?;
    last.visit("/board").await?;
    office.move_to(&property, "Inspection").await?;
    last.wait_for_card(&property, "Inspection").await?;
    last.move_to(&property, "Draft").await?;
    office.wait_for_card(&property, "Draft").await?;
    last.wait_for_status("All changes saved").await?;
    last.page().assert_no_errors()
}
