//! What becomes of a queue when its user goes, or is made to go: a sign-out, a reset password, a home that is given away.
//!
//! Real Chromium, real server process. Nothing is destroyed, nobody else sees or sends it, and what was applied is not applied again.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{
    Api, App, Scene,
    page::files::saved,
    scene::{ADMIN, Held, MANAGER, SECOND_MANAGER, at_work},
};

const PASSPHRASE: &str = "heron over the basement";

#[tokio::test]
async fn signing_out_destroys_nothing_and_another_user_sees_and_sends_nothing_of_it() -> Result<()> {
    let scene = Scene::manager_at_work().await?;
    let Scene { server, tablet, app, .. } = &scene;
    let property = app.first_card("Draft").await?;

    tablet.set_offline(true).await?;
    app.move_to(&property, "Inspection").await?;
    app.wait_for_status("Offline · 1 change waiting").await?;
    app.page().named("button", "Sign out").click().await?;
    app.page().role("dialog").wait_text("1 change stays on this device").await?;
    app.page().named("button", "Sign out anyway").click().await?;
    app.page().wait_for_path("/login").await?;
    tablet.set_offline(false).await?;

    let second = App::sign_in(tablet, &server.url(), SECOND_MANAGER).await?;
    second.wait_for_status("All changes saved").await?;
    ensure!(second.card(&property).count().await? == 0, "manager2 sees a turn of manager's");
    ensure!(
        server.db_number("select count(*) from receipts").await? == 0,
        "manager2's session sent manager's write"
    );
    second.page().named("button", "Sign out").click().await?;
    second.page().wait_for_path("/login").await?;

    // Hers again: what she left behind goes by itself.
    let first = App::sign_in(tablet, &server.url(), MANAGER).await?;
    first.wait_for_card(&property, "Inspection").await?;
    first.wait_for_status("All changes saved").await?;
    ensure!(server.db_number("select count(*) from receipts").await? == 1);
    Ok(())
}

#[tokio::test]
async fn a_sign_out_while_a_send_is_on_its_way_loses_and_doubles_nothing() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let mut answer = held.wire.hold_answer_of("/api/write/batch");
    held.app.move_to(&property, "Inspection").await?;
    answer.wait().await?;
    ensure!(held.receipts().await? == 1, "the server has it, and the tablet does not know");

    // The sign-out waits for the answer for some seconds, and goes on without it.
    let page = held.app.page();
    page.named("button", "Sign out").click().await?;
    page.role("dialog").wait_text("1 change stays on this device").await?;
    page.named("button", "Sign out anyway").click().await?;
    page.wait_for_path("/login").await?;
    answer.lose();
    // Browsers send a request anew by themselves when its connection breaks: not before the sender has given up is the wire mended.
    let nobody_sends = "navigator.locks.query().then(locks => !locks.held.some(lock => lock.name === 'turns-drain'))";
    page.wait_for(nobody_sends, "the sender to give up").await?;
    held.wire.pass();
    let asked = held.wire.requests_of("/api/write/batch");

    let second = App::sign_in(&held.tablet, &held.wire.url(), SECOND_MANAGER).await?;
    second.wait_for_status("All changes saved").await?;
    second.visit("/sync").await?;
    second.page().role("main").wait_text("Nothing is waiting").await?;
    let main = second.page().role("main").text().await?;
    ensure!(!main.contains(&property), "manager2 reads of manager's turn: {main}");
    let asked_since = held.wire.requests_of("/api/write/batch") - asked;
    ensure!(asked_since == 0, "manager2's session sent something");
    second.page().named("button", "Sign out").click().await?;
    second.page().wait_for_path("/login").await?;
    second.page().clone().close().await?;

    // Hers again: what she left behind is asked about, and was applied before.
    page.clone().close().await?;
    let first = App::sign_in(&held.tablet, &held.wire.url(), MANAGER).await?;
    first.wait_for_card(&property, "Inspection").await?;
    first.wait_for_status("All changes saved").await?;
    ensure!(held.wire.requests_of("/api/write/batch") > asked, "it was not asked about");
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (1, 1), "{receipts} receipts, {writes} writes");
    first.page().assert_no_errors()
}

#[tokio::test]
async fn a_reset_password_destroys_nothing() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    // Meanwhile the office resets her password.
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let id = office.account_id(MANAGER).await?;
    let (status, answer) = office.post(&format!("/api/admin/users/{id}/reset-password"), &json!({})).await?;
    ensure!(status == 200, "{status} {answer}");
    let password = answer["oneTimePassword"].as_str().unwrap_or_default().to_owned();

    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("Sign in to send 1 change").await?;
    // Everything is still there to look at.
    held.app.wait_for_card(&property, "Inspection").await?;
    held.app.sign_in_again(&password, "a-new-and-long-password-9").await?;
    held.wait_saved_once(&property, "Inspection").await
}

/// She moves a turn without signal, and presses **Sign out**.
async fn leaving_with_unsent_work(held: &Held) -> Result<String> {
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.app.page().named("button", "Sign out").click().await?;
    held.app.page().role("dialog").wait_text("1 change stays on this device").await?;
    Ok(property)
}

#[tokio::test]
async fn what_is_exported_on_the_way_out_and_left_sealed_is_applied_once() -> Result<()> {
    let held = Held::at_work().await?;
    let folder = tempfile::tempdir()?;
    let page = held.app.page();
    page.save_files_in(folder.path()).await?;
    let property = leaving_with_unsent_work(&held).await?;
    page.role("dialog").role_inside("button").name("Export unsent work").click().await?;
    page.named("dialog", "Export your work as a file").wait().await?;
    page.named("textbox", "Passphrase").fill(PASSPHRASE).await?;
    page.named("textbox", "Passphrase again").fill(PASSPHRASE).await?;
    page.named("button", "Save file").click().await?;
    let file = saved(folder.path(), "turns-unsent.json").await?;
    // The question is still there.
    page.named("dialog", "Export your work as a file").wait_gone().await?;
    page.named("button", "Sign out anyway").click().await?;
    page.wait_for_path("/login").await?;
    ensure!(
        page.stored("outbox").await?.is_empty() && page.stored("seals").await?.len() == 1,
        "it is not sealed"
    );

    let office = Api::login(&held.server.url(), ADMIN).await?;
    let content: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let (status, answer) = office.post("/api/admin/unsent", &json!({ "file": content, "passphrase": PASSPHRASE })).await?;
    ensure!(status == 200 && answer["counts"]["applied"] == 1, "{status} {answer}");
    held.tablet.set_offline(false).await?;
    held.app.enter(MANAGER).await?;
    held.wait_saved_once(&property, "Inspection").await?;
    page.assert_no_errors()
}

#[tokio::test]
async fn who_gives_up_their_unsent_work_is_asked_twice_and_finds_nothing_of_it() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let property = leaving_with_unsent_work(&held).await?;
    page.named("button", "Give them up and sign out").click().await?;
    page.named("button", "Give up for good?").wait().await?;
    // Whoever thinks better of it has given up nothing, and is asked from the beginning the next time.
    page.named("button", "Stay signed in").click().await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    page.named("button", "Sign out").click().await?;
    page.named("button", "Give them up and sign out").click().await?;
    page.named("button", "Give up for good?").click().await?;
    page.wait_for_path("/login").await?;
    for store in ["outbox", "history", "seals"] {
        ensure!(page.stored(store).await?.is_empty(), "something of it lies in {store}");
    }

    held.tablet.set_offline(false).await?;
    held.app.enter(MANAGER).await?;
    held.app.wait_for_card(&property, "Draft").await?;
    held.app.wait_for_status("All changes saved").await?;
    held.app.visit("/sync").await?;
    page.role("main").wait_text("Nothing is waiting").await?;
    ensure!(held.receipts().await? == 0, "what was given up was sent");
    page.assert_no_errors()
}

/// She moves a turn without signal; meanwhile somebody else gets the home. Gives the home.
async fn held_for_a_supervisor(held: &Held) -> Result<String> {
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    let office = Api::login(&held.server.url(), ADMIN).await?;
    let home = office.row("properties", "name", &property).await?;
    let version: i64 = home["version"].as_str().unwrap_or_default().parse()?;
    let given = json!({
        "operation": "update", "writeId": tests::api::new_write_id(), "propertyId": home["id"], "version": version,
        "data": { "property_manager_id": office.account_id(SECOND_MANAGER).await? },
    });
    office.write_applied("properties", &given).await?;
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("1 change is with a supervisor").await?;
    held.app.card(&property).wait_gone().await?;
    Ok(property)
}

/// A supervisor, who looks at the one change that is held.
async fn supervisor_at(held: &Held, property: &str) -> Result<App> {
    let supervisor = at_work(&held.browser.another_device().await?, &held.server.url(), ADMIN).await?;
    supervisor.page().named("link", "Held changes").click().await?;
    let change = supervisor.page().role("article").name_containing(&format!("Move {property} to Inspection"));
    change.wait().await?;
    Ok(supervisor)
}

async fn wait_decided(supervisor: &App) -> Result<()> {
    supervisor
        .page()
        .wait_for("document.body.textContent.includes('No change waits for you')", "an empty docket")
        .await?;
    supervisor.page().assert_no_errors()
}

#[tokio::test]
async fn a_withdrawn_property_destroys_nothing_and_its_author_is_told_of_the_adoption() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held_for_a_supervisor(&held).await?;
    let supervisor = supervisor_at(&held, &property).await?;
    supervisor.page().named("button", "Adopt").click().await?;
    wait_decided(&supervisor).await?;

    // Its author touches nothing: she is told, and the app asks by itself what has become of it.
    let notices = held.app.page().named("region", "Notices");
    notices.wait_text("was adopted by").await?;
    held.app.wait_for_status("All changes saved").await?;
    notices.role_inside("button").name("Got it").click().await?;
    notices.role_inside("status").wait_gone().await?;
    held.app.page().assert_no_errors()?;
    supervisor.visit("/board").await?;
    supervisor.wait_for_card(&property, "Inspection").await
}

#[tokio::test]
async fn a_refused_change_tells_its_author_why() -> Result<()> {
    let held = Held::at_work().await?;
    let page = held.app.page();
    let property = held_for_a_supervisor(&held).await?;
    let supervisor = supervisor_at(&held, &property).await?;
    let reason = "The home is Noa's now, and she has seen to it";
    supervisor.page().named("button", "Refuse").click().await?;
    // Not without a reason.
    supervisor.page().role("main").role_inside("alert").wait().await?;
    supervisor.page().role("textbox").name_containing("Reason").fill(reason).await?;
    supervisor.page().named("button", "Refuse").click().await?;
    wait_decided(&supervisor).await?;

    // Its author touches nothing.
    let notices = page.named("region", "Notices");
    notices.wait_text(reason).await?;
    notices.wait_text("was refused").await?;
    held.app.wait_for_status("1 change needs you").await?;
    page.named("link", "Sync").click().await?;
    let change = page.named("region", "Changes on their way").role_inside("article");
    change.wait_text(&format!("refused this: {reason}")).await?;
    notices.role_inside("button").name("Got it").click().await?;
    notices.role_inside("alert").wait_gone().await?;

    // It stays hers until she gives it up; what she has seen does not come again.
    change.role_inside("button").name("Discard").click().await?;
    page.role("dialog").role_inside("button").name("Discard").click().await?;
    held.app.wait_for_status("All changes saved").await?;
    page.reload().await?;
    page.role("main").wait_text("Nothing is waiting").await?;
    ensure!(!notices.text().await?.contains(reason), "she is told again");
    let moves = held.server.db_number("select count(*) from receipts where table_name = 'turns'").await?;
    ensure!(moves == 0, "the turn was moved {moves} times");
    page.assert_no_errors()
}
