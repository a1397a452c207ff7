//! The board: which turns it shows, and what their cards say.
//!
//! Real Chromium, real server process.

use anyhow::{Context, Result, ensure};
use tests::{Page, Scene, eventually};

/// How many turns the columns say they hold, whether their cards are drawn or not.
const TURNS: &str = "[...document.querySelectorAll('.column-sum .count')].reduce((sum, count) => sum + parseInt(count.textContent), 0)";

async fn turns(page: &Page) -> Result<u64> {
    page.eval(TURNS).await?.as_u64().context("a number of turns")
}

async fn wait_for_turns(page: &Page, holds: impl Fn(u64) -> bool) -> Result<u64> {
    eventually("the board to show other turns", async || {
        let shown = turns(page).await?;
        ensure!(holds(shown), "it shows {shown}");
        Ok(shown)
    })
    .await
}

#[tokio::test]
async fn it_shows_what_is_asked_for_until_all_is() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let page = scene.app.page();
    page.set_viewport(1440, 900, false).await?;
    let all = turns(page).await?;

    let vendor = page.eval("document.querySelector('select[aria-label=Vendor]').options[1].textContent").await?;
    let vendor = vendor.as_str().context("a vendor's name")?;
    page.named("combobox", "Vendor").select(vendor).await?;
    let of_vendor = wait_for_turns(page, |shown| 0 < shown && shown < all).await?;
    page.named("button", "Mine").click().await?;
    wait_for_turns(page, |shown| shown <= of_vendor).await?;
    let is_on = page.named("button", "Mine").attribute("aria-pressed").await?;
    ensure!(is_on.as_deref() == Some("true"), "the button says {is_on:?}");

    // It is still so when its user comes back from a turn.
    let mine = turns(page).await?;
    let first = page.eval("document.querySelector('article').getAttribute('aria-label')").await?;
    let first = first.as_str().context("a card")?;
    scene.app.open_turn(first).await?;
    page.eval("history.back()").await?;
    page.wait_for_path("/board").await?;
    wait_for_turns(page, |shown| shown == mine).await?;

    page.role("searchbox").nth(0).fill("nowhere at all").await?;
    wait_for_turns(page, |shown| shown == 0).await?;
    page.role("heading").name_containing("No turn matches").wait().await?;
    page.named("button", "Show all turns").click().await?;
    wait_for_turns(page, |shown| shown == all).await?;
    ensure!(page.role("searchbox").nth(0).text().await?.is_empty(), "it still looks for something");
    page.assert_no_errors()
}

#[tokio::test]
async fn a_card_says_who_holds_it_and_what_the_empty_home_has_cost() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let page = scene.app.page();
    let at_work = scene.app.first_card("In Progress").await?;
    let read =
        |what: &str| format!("[...document.querySelectorAll('article')].find(card => card.ariaLabel === {at_work:?}).querySelector('{what}').textContent");
    let vacancy = page.eval(&read(".vacancy")).await?;
    let vacancy = vacancy.as_str().context("how long it is empty")?;
    ensure!(vacancy.contains("vacant · $") && vacancy.ends_with("rent lost"), "the card says {vacancy}");
    let holder = page.eval(&read(".holder")).await?;
    let holder = holder.as_str().context("who holds it")?;
    ensure!(holder.contains('·') && !holder.starts_with("You"), "it is held by {holder}");
    page.assert_no_errors()
}
