//! What **Sync** says of a device: of what was sent, of the rows, of the tabs.
//!
//! Real Chromium, real server process.

use anyhow::{Context, Result, ensure};
use tests::{App, Instead, scene::Held};

const DEVICE: &str = "document.querySelector('[aria-label=\"This device\"]').innerText";

#[tokio::test]
async fn an_amended_write_keeps_its_details_open() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    // The office cannot be reached: each attempt amends the write.
    held.wire.refuse();
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.app.visit("/sync").await?;
    let page = held.app.page();
    page.role("article").name_containing(&property).wait().await?;
    page.eval("document.querySelector('.write details summary').click()").await?;
    let attempts = "Number(/Attempts\\s+(\\d+)/.exec(document.querySelector('.write details[open]').innerText)[1])";
    let before = page.eval(attempts).await?.as_i64().context("a number of attempts")?;
    page.named("button", "Retry now").click().await?;
    page.wait_for(&format!("{attempts} > {before}"), "another attempt, in the details that are open")
        .await?;
    held.wire.pass();
    held.app.wait_for_status("All changes saved").await?;
    // It has gone on to what is over, with everything that can be asked about it.
    let settled = page.named("region", "Recently settled");
    settled.wait_text(&property).await?;
    page.eval("document.querySelector('.history details summary').click()").await?;
    settled.wait_text("Write id").await?;
    settled.wait_text("transaction").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn rows_are_found_by_the_names_that_people_read() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Inspection").await?;
    held.app.visit("/sync").await?;
    let page = held.app.page();
    page.named("button", "Turns").click().await?;
    let search = page.named("searchbox", "Search turns");
    search.fill(&format!("{property} Inspection")).await?;
    let rows = page.named("region", "Turns");
    rows.wait_text(&property).await?;
    let found = page.eval("document.querySelectorAll('.found > li').length").await?;
    ensure!(found == 1, "{found} turns are found by the home's and the stage's name");
    search.fill(&format!("{property} Nowhere")).await?;
    rows.wait_text("No row holds this").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn every_tab_says_which_one_leads() -> Result<()> {
    let held = Held::at_work().await?;
    held.app.visit("/sync").await?;
    let first = held.app.page();
    first
        .wait_for(&format!("/This tab \\(\\w+\\) keeps/.test({DEVICE})"), "the first tab to lead")
        .await?;
    let name = first.eval(&format!("/This tab \\((\\w+)\\)/.exec({DEVICE})[1]")).await?;
    let name = name.as_str().context("the tab's name")?;
    let second = App::open_at(&held.tablet, &held.wire.url(), "/sync").await?;
    let other = second.page();
    other
        .wait_for(&format!("{DEVICE}.includes('Tab {name} keeps')"), "the second tab to know the first")
        .await?;
    first.clone().close().await?;
    other
        .wait_for(&format!("/This tab \\(\\w+\\) keeps/.test({DEVICE})"), "the second tab to lead")
        .await?;
    other.assert_no_errors()
}

#[tokio::test]
async fn what_was_sent_while_one_was_asked_is_not_said_to_be_discarded() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let forbidden = Instead {
        status: 403,
        body: r#"{"success": false, "error": {"type": "PERMISSION", "message": "not from here"}}"#,
        is_carried_out: false,
    };
    let mut answered = held.wire.answer_instead("/api/write/batch", forbidden);
    held.app.move_to(&property, "Inspection").await?;
    answered.wait().await?;
    held.app.wait_for_status("1 change needs you").await?;
    held.app.visit("/sync").await?;
    held.app.page().named("button", "Discard").click().await?;
    let dialog = held.app.page().role("dialog");
    dialog.wait_text("It is taken back on this device").await?;
    // In another tab she has decided otherwise.
    let second = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    second.resolve(&property).await?;
    second.page().role("dialog").inside("button", "Send again").click().await?;
    second.wait_for_status("All changes saved").await?;
    dialog.wait_text("It was sent meanwhile and cannot be discarded any more").await?;
    ensure!(dialog.inside("button", "Discard").count().await? == 0, "there is nothing to press any more");
    held.app.page().assert_no_errors()
}
