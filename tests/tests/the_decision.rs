//! Refused changes decided one by one, where they were made, and nothing decided by a quick hand.
//!
//! Real Chromium, real server process.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use tests::{
    Api, App,
    question::{asked, make_elsewhere, text, turn_of, update, waiting_record},
    scene::{ADMIN, Held, MANAGER},
};

/// A turn's first scope item, and the turn's home.
async fn an_item(held: &Held, office: &Api) -> Result<(String, Map<String, Value>)> {
    let property = held.app.first_card("In Progress").await?;
    let turn = turn_of(office, &property).await?;
    let items = office.rows("scope-items").await?;
    let item = items.into_iter().find(|item| item["turn_id"] == turn["id"]).context("no item")?;
    Ok((property, item))
}

/// Deletes an item without signal while the office gives it another cost, and waits until that is a question.
async fn delete_what_is_edited(held: &Held, office: &Api, property: &str, item: &Map<String, Value>, cost: &str) -> Result<()> {
    let item = office.row("scope-items", "id", text(item, "id")).await?;
    held.app.visit("/board").await?;
    held.app.open_scope(property).await?;
    held.tablet.set_offline(true).await?;
    let delete = format!("Delete {}", text(&item, "description"));
    held.app.page().named("button", &delete).click().await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    office
        .write_applied("scope-items", &update(&item, "update", json!({ "unit_cost": cost }))?)
        .await?;
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("1 change needs you").await?;
    held.app.visit("/board").await?;
    held.app.resolve(property).await
}

#[tokio::test]
async fn nothing_is_deleted_over_somebodys_edit_by_a_quick_hand() -> Result<()> {
    let held = Held::at_work().await?;
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let (property, item) = an_item(&held, &office).await?;
    let page = held.app.page();
    let dialog = page.role("dialog");

    delete_what_is_edited(&held, &office, &property, &item, "4711.00").await?;
    asked(page, "Delete", "Do not delete it").await?;
    // What would go with it stands there: what it was, and what somebody made of it.
    dialog.wait_text("$4,711.00").await?;
    dialog.wait_text("deleted").await?;
    page.press("t").await?;
    asked(page, "Delete", "Do not delete it").await?;
    page.press("Enter").await?;
    dialog.wait_gone().await?;
    held.app.wait_for_status("All changes saved").await?;
    let kept = office.row("scope-items", "id", text(&item, "id")).await?;
    ensure!(kept["unit_cost"] == "4711.00", "{kept:?}");

    delete_what_is_edited(&held, &office, &property, &item, "4712.00").await?;
    asked(page, "Delete", "Do not delete it").await?;
    page.press("m").await?;
    asked(page, "Delete", "Delete it anyway").await?;
    page.press("Enter").await?;
    dialog.wait_gone().await?;
    held.app.wait_for_status("All changes saved").await?;
    let items = office.rows("scope-items").await?;
    ensure!(items.iter().all(|other| other["id"] != item["id"]), "it was to be deleted anyway");
    page.assert_no_errors()
}

async fn a_turn_of_medium_priority(held: &Held, office: &Api) -> Result<(String, Map<String, Value>)> {
    for property in held.app.cards("Draft").await? {
        let turn = turn_of(office, &property).await?;
        if turn["priority"] == "medium" {
            return Ok((property, turn));
        }
    }
    bail!("none in Draft is of medium priority")
}

#[tokio::test]
async fn what_is_refused_is_decided_where_it_was_done_and_what_is_typed_stays() -> Result<()> {
    let held = Held::at_work().await?;
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let (property, turn) = a_turn_of_medium_priority(&held, &office).await?;
    let page = held.app.page();

    held.app.card(&property).role_inside("link").nth(0).click().await?;
    held.tablet.set_offline(true).await?;
    page.named("combobox", "Priority").select("High").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    office
        .write_applied("turns", &update(&turn, "update", json!({ "priority": "urgent" }))?)
        .await?;
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("1 change needs you").await?;

    // At the field itself.
    page.named("button", "Resolve: high").click().await?;
    asked(page, "Change priority", "Keep mine").await?;
    page.named("combobox", "Mine: Priority").select("Low").await?;
    let dialog = page.role("dialog");
    dialog.inside("button", "Send these values").wait().await?;
    // Somebody changes it once more while she looks: she sees it, and what she chose is still there.
    let now = office.row("turns", "id", text(&turn, "id")).await?;
    office.write_applied("turns", &update(&now, "update", json!({ "priority": "medium" }))?).await?;
    dialog.wait_text("The other side has changed").await?;
    ensure!(page.named("combobox", "Mine: Priority").text().await? == "low");
    dialog.inside("button", "Send these values").click().await?;
    dialog.wait_gone().await?;
    held.app.wait_for_status("All changes saved").await?;
    let sent = office.row("turns", "id", text(&turn, "id")).await?;
    ensure!(sent["priority"] == "low", "{sent:?}");
    page.assert_no_errors()
}

/// A new line that the rules refuse stands in no list; its turn says so all the same.
#[tokio::test]
async fn a_refused_new_line_is_reached_from_its_turns_card() -> Result<()> {
    let held = Held::at_work().await?;
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let property = held.app.first_card("Draft").await?;
    let turn = turn_of(&office, &property).await?;
    let user = office.account_id(MANAGER).await?;
    let given = json!({ "turn_id": turn["id"], "room": "R".repeat(300), "category": "Paint", "description": "Ceiling" });
    let changes: Map<String, Value> = given
        .as_object()
        .into_iter()
        .flatten()
        .map(|(column, to)| (column.clone(), json!({ "from": null, "to": to })))
        .collect();
    let row = json!(tests::api::new_write_id());
    let record = waiting_record(&user, "scope-items", &row, "create", &Value::Null, &json!(changes));
    held.app.page().clone().close().await?;
    make_elsewhere(&held.tablet, &held.wire.url(), &[record]).await?;

    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    app.wait_for_status("1 change needs you").await?;
    app.resolve(&property).await?;
    let page = app.page();
    asked(page, "Ceiling", "Send again").await?;
    page.named("textbox", "Mine: Room").fill("Kitchen").await?;
    page.press("Enter").await?;
    page.role("dialog").wait_gone().await?;
    app.wait_for_status("All changes saved").await?;
    let made = office.row("scope-items", "description", "Ceiling").await?;
    ensure!(made["room"] == "Kitchen" && made["turn_id"] == turn["id"], "{made:?}");
    ensure!(app.card(&property).role_inside("button").name_containing("Resolve").count().await? == 0);
    page.assert_no_errors()
}

/// Two people begin the turn of one home: the second beginning stands on no board, and is found all the same.
#[tokio::test]
async fn a_refused_beginning_of_a_turn_is_on_the_board_and_has_a_page() -> Result<()> {
    let held = Held::at_work().await?;
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let property = held.app.first_card("Draft").await?;
    let turn = turn_of(&office, &property).await?;
    let (user, id) = (office.account_id(MANAGER).await?, tests::api::new_write_id());
    let changes = json!({ "property_id": { "from": null, "to": turn["property_id"] } });
    let record = waiting_record(&user, "turns", &json!(id), "create", &Value::Null, &changes);
    held.app.page().clone().close().await?;
    make_elsewhere(&held.tablet, &held.wire.url(), &[record]).await?;

    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    app.wait_for_status("1 change needs you").await?;
    let page = app.page();
    let resolve = format!("Resolve: Start a turn of {property}");
    page.named("region", "Changes that need you").inside("button", &resolve).wait().await?;
    app.visit(&format!("/turns/{id}")).await?;
    page.named("heading", &property).wait().await?;
    page.named("button", &resolve).click().await?;
    asked(page, "Start a turn", "Go on with theirs").await?;
    page.press("Enter").await?;
    page.role("dialog").wait_gone().await?;
    app.wait_for_status("All changes saved").await?;
    page.assert_no_errors()
}

/// A vendor is taken for an amount: one half of that decision is never sent with the other half of somebody else's.
#[tokio::test]
async fn an_amount_and_somebody_elses_vendor_are_decided_together() -> Result<()> {
    let held = Held::at_work().await?;
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let (property, turn) = a_turn_of_medium_priority(&held, &office).await?;
    let vendors = office.rows("vendors").await?;
    let page = held.app.page();
    let dialog = page.role("dialog");
    held.app.card(&property).role_inside("link").nth(0).click().await?;

    for (amount, vendor, key, answer) in [("1250", &vendors[0], "t", "Take theirs"), ("1375", &vendors[1], "m", "Keep mine")] {
        let before = office.row("turns", "id", text(&turn, "id")).await?;
        held.tablet.set_offline(true).await?;
        page.role("textbox").name_containing("Estimated amount").fill(amount).await?;
        page.press("Tab").await?;
        held.app.wait_for_status("Offline · 1 change waiting").await?;
        let given = json!({ "vendor_id": vendor["id"] });
        office.write_applied("turns", &update(&before, "update", given)?).await?;
        held.tablet.set_offline(false).await?;
        held.app.wait_for_status("1 change needs you").await?;

        page.role("button").name_containing("Resolve: Change estimated amount").click().await?;
        asked(page, "Change estimated amount", "Keep mine").await?;
        dialog.wait_text(text(vendor, "name")).await?;
        page.press(key).await?;
        asked(page, "Change estimated amount", answer).await?;
        page.press("Enter").await?;
        dialog.wait_gone().await?;
        held.app.wait_for_status("All changes saved").await?;
        let now = office.row("turns", "id", text(&turn, "id")).await?;
        let (expected_vendor, expected_amount) = match key {
            "t" => (&vendor["id"], before["estimated_amount"].clone()),
            _ => (&before["vendor_id"], json!(format!("{amount}.00"))),
        };
        ensure!(
            (&now["vendor_id"], &now["estimated_amount"]) == (expected_vendor, &expected_amount),
            "{key}: {now:?}"
        );
    }
    page.assert_no_errors()
}
