//! The screen in the hands of different people: by keyboard alone, by a finger, signing in and out, installing.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{
    App, Chromium, Page, Scene, ServerOptions, ServerProcess, eventually,
    scene::{HOMES, MANAGER},
};

/// Where pictures are kept when somebody wants to look: the variable `SCREENS` names a folder.
async fn picture(page: &Page, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("SCREENS").map(PathBuf::from) else {
        return Ok(());
    };
    std::fs::create_dir_all(&folder)?;
    page.screenshot(&folder.join(format!("{name}.png"))).await
}

async fn focused(page: &Page) -> Result<String> {
    let name = page
        .eval("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()")
        .await?;
    Ok(name.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_desk_by_keyboard_alone() -> Result<()> {
    let server = ServerProcess::with_demo(HOMES).await?;
    let browser = Chromium::launch_new().await?;
    let page = browser.device().await?.open_page(&format!("{}/login", server.url())).await?;
    page.named("textbox", "Email").focus().await?;
    page.type_text(MANAGER).await?;
    page.press("Tab").await?;
    page.type_text(tests::server::DEMO_PASSWORD).await?;
    page.press("Enter").await?;
    page.wait_for_path("/board").await?;
    let app = App::on(page.clone(), &server.url());
    app.wait_for_cards().await?;

    let property = app.first_card("Draft").await?;
    app.card(&property).focus().await?;
    page.press("m").await?;
    // The likeliest choice has the focus: the stage after its own.
    eventually("the menu to take the focus", async || {
        let name = focused(&page).await?;
        ensure!(name.starts_with("Secure Property"), "the focus is on {name}");
        Ok(())
    })
    .await?;
    page.press("ArrowDown").await?;
    page.press("Enter").await?;
    app.wait_for_card(&property, "Inspection").await?;
    app.wait_for_status("All changes saved").await?;

    // The focus is back on the card's button, wherever the card is now.
    eventually("the focus to come back", async || {
        let name = focused(&page).await?;
        ensure!(name == "Move to…", "the focus is on {name}");
        Ok(())
    })
    .await?;
    app.card(&property).focus().await?;
    page.press("Enter").await?;
    page.wait_for("location.pathname.startsWith('/turns/')", "the turn's page").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn a_tablet_by_touch() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene { app, .. } = &scene;
    app.page().set_viewport(1280, 800, true).await?;
    let property = app.first_card("Secure Property").await?;
    let draft = app.page().named("region", "Draft");
    app.card(&property).touch_drag_to(&draft, Duration::from_millis(600)).await?;
    app.wait_for_card(&property, "Draft").await?;
    app.wait_for_status("All changes saved").await?;
    picture(app.page(), "tablet-board").await?;
    app.page().assert_no_errors()
}

#[tokio::test]
async fn a_desk_by_mouse_with_undo() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene { app, .. } = &scene;
    app.page().set_viewport(1440, 900, false).await?;
    let property = app.first_card("Secure Property").await?;
    app.card(&property).drag_to(&app.page().named("region", "Draft")).await?;
    app.wait_for_card(&property, "Draft").await?;
    app.page().named("button", "Undo").click().await?;
    app.wait_for_card(&property, "Secure Property").await?;
    app.wait_for_status("All changes saved").await
}

#[tokio::test]
async fn what_is_no_work_yet_is_gone_after_a_reload_and_in_no_outbox() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene { server, app, .. } = &scene;
    let page = app.page();
    let property = app.first_card("Draft").await?;

    // A menu that is open, and what is looked for.
    page.role("searchbox").nth(0).fill(&property).await?;
    app.card(&property).role_inside("button").name_containing("Move to").click().await?;
    page.named("menuitem", "Inspection").wait().await?;
    page.reload().await?;
    app.wait_for_card(&property, "Draft").await?;
    ensure!(page.role("menuitem").count().await? == 0, "the menu is still open");
    ensure!(page.role("searchbox").nth(0).text().await?.is_empty(), "it still looks for something");

    // A field that is half filled in.
    app.card(&property).role_inside("link").nth(0).click().await?;
    let field = page.named("textbox", "Work order number");
    let before = field.text().await?;
    field.fill("half a numb").await?;
    page.reload().await?;
    field.wait_text(&before).await?;
    ensure!(field.text().await? == before, "what was not saved came back");
    ensure!(page.stored("outbox").await?.is_empty(), "none of it is a write");
    ensure!(server.db_number("select count(*) from receipts").await? == 0, "none of it was sent");

    // An offer to undo: the move is work and stays, the offer goes.
    app.visit("/board").await?;
    app.move_to(&property, "Inspection").await?;
    page.named("button", "Undo").wait().await?;
    app.wait_for_status("All changes saved").await?;
    page.reload().await?;
    app.wait_for_card(&property, "Inspection").await?;
    ensure!(page.named("button", "Undo").count().await? == 0, "the offer is still there");
    page.assert_no_errors()
}

#[tokio::test]
async fn a_stage_says_at_once_what_it_demands() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene { server, app, .. } = &scene;
    let property = app.first_card("Draft").await?;
    app.move_to(&property, "Vendor Assigned").await?;
    app.page().role("alert").wait_text("needs a vendor").await?;
    app.wait_for_card(&property, "Draft").await?;
    ensure!(server.db_number("select count(*) from receipts").await? == 0, "a refused tap is not sent");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_told_and_a_session_ends() -> Result<()> {
    let server = ServerProcess::with_demo(HOMES).await?;
    let browser = Chromium::launch_new().await?;
    let device = browser.device().await?;
    let page = device.open_page(&server.url()).await?;
    page.wait_for_path("/login").await?;
    picture(&page, "login").await?;
    page.named("textbox", "Email").fill(MANAGER).await?;
    page.named("textbox", "Password").fill("not-this").await?;
    page.named("button", "Sign in").click().await?;
    page.role("alert").wait_text("password").await?;

    let app = App::sign_in(&device, &server.url(), MANAGER).await?;
    app.page().named("button", "Sign out").click().await?;
    app.page().wait_for_path("/login").await?;
    // Nothing of hers is left to be seen.
    app.visit("/board").await?;
    app.page().wait_for_path("/login").await
}

#[tokio::test]
async fn whoever_was_given_a_password_first_chooses_their_own() -> Result<()> {
    let server = ServerProcess::start(ServerOptions::default()).await?;
    let given = eventually("the one-time password", async || {
        let printed = server.printed();
        let (_, rest) = printed.split_once("with the password ").context("it is not printed yet")?;
        Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
    })
    .await?;
    let browser = Chromium::launch_new().await?;
    let app = App::open_at(&browser.device().await?, &server.url(), "/login").await?;
    let page = app.page();
    page.named("textbox", "Email").fill("admin@localhost").await?;
    page.named("textbox", "Password").fill(&given).await?;
    page.named("button", "Sign in").click().await?;
    page.wait_for_path("/password").await?;
    app.visit("/sync").await?;
    page.wait_for_path("/password").await?;
    picture(page, "choose-password").await?;

    page.named("textbox", "Password now").fill(&given).await?;
    page.named("textbox", "New password").fill("short").await?;
    page.named("button", "Save password").click().await?;
    page.role("alert").wait_text("New password").await?;
    page.named("textbox", "New password").fill("maple basement heron").await?;
    page.named("button", "Save password").click().await?;
    page.wait_for_path("/board").await?;
    page.wait_for("document.querySelectorAll('section').length > 1", "the stages of an empty board")
        .await?;
    picture(page, "empty-board").await?;

    // It is theirs from now on, and can be changed at any time.
    page.named("link", "Administrator").click().await?;
    page.wait_for_path("/password").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn it_can_be_installed_and_breaks_no_rule_of_its_own() -> Result<()> {
    let server = ServerProcess::with_demo(HOMES).await?;
    let profile = tempfile::tempdir()?;
    let browser = Chromium::launch(profile.path()).await?;
    let device = browser.device().await?;
    let app = App::sign_in(&device, &server.url(), MANAGER).await?;
    device.workers().wait_activated(&server.url()).await?;
    let page = app.page();
    let errors = page.call("Page.getInstallabilityErrors", json!({})).await?;
    ensure!(errors["installabilityErrors"].as_array().is_some_and(Vec::is_empty), "{errors}");
    let manifest = page.call("Page.getAppManifest", json!({})).await?;
    ensure!(manifest["errors"].as_array().is_some_and(Vec::is_empty), "{manifest}");

    // Each page, in the sizes that people hold; the Content-Security-Policy complains in the console.
    for (name, width, height) in [("desk", 1440, 900), ("tablet", 834, 1112), ("phone", 390, 844)] {
        page.set_viewport(width, height, name != "desk").await?;
        app.visit("/board").await?;
        app.wait_for_cards().await?;
        picture(page, &format!("{name}-board")).await?;
        let property = app.first_card("In Progress").await?;
        app.open_scope(&property).await?;
        page.role("checkbox").nth(0).wait().await?;
        picture(page, &format!("{name}-scope")).await?;
        let turn = page.path().await?.replace("/scope", "");
        app.visit(&turn).await?;
        page.role("heading").name(&property).wait().await?;
        picture(page, &format!("{name}-turn")).await?;
        app.visit("/sync").await?;
        page.named("button", "Retry now").wait().await?;
        picture(page, &format!("{name}-sync")).await?;
        let sideways = page.eval("document.documentElement.scrollWidth - innerWidth").await?;
        ensure!(sideways.as_i64() <= Some(0), "{name}: a page is {sideways} pixels wider than the screen");
    }
    page.set_media("prefers-color-scheme", "dark").await?;
    app.visit("/board").await?;
    app.wait_for_cards().await?;
    picture(page, "phone-board-dark").await?;
    page.assert_no_errors()
}
