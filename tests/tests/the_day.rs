//! A day's refusals, worked through in the basement by keyboard alone, and what the office has of it afterwards.
//!
//! Real Chromium, real server process. Every refusal is the server's own: what others did meanwhile, and what the rules say.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use tests::{
    Api, App, Page,
    question::{FOCUSED, asked, make_elsewhere, text, turn_of, update, waiting_record},
    scene::{ADMIN, Held, MANAGER},
};

/// Goes on with a key until the focus is there.
async fn walk_to(page: &Page, key: &str, name: &str) -> Result<()> {
    let mut passed = Vec::new();
    for _ in 0..80 {
        page.press(key).await?;
        let on = page.eval(FOCUSED).await?;
        if on == name {
            return Ok(());
        }
        passed.push(on.to_string());
    }
    bail!("{key} never came to {name:?}, but to {passed:?}")
}

/// What a story changes, as the office finds it by its own means.
struct Rows {
    notes: Map<String, Value>,
    number: Map<String, Value>,
    priced: Map<String, Value>,
    gone: Map<String, Value>,
}

/// Types into a field of a turn's page and leaves it.
async fn write_in(app: &App, property: &str, field: &str, typed: &str) -> Result<()> {
    app.visit("/board").await?;
    app.card(property).role_inside("link").nth(0).click().await?;
    app.page().named("textbox", field).fill(typed).await?;
    app.page().press("Tab").await?;
    app.page().named("textbox", field).wait_text(typed).await
}

/// A refused change of each kind, made without signal: a conflict about one value and what was made on it, one about two, an item that
/// somebody deletes, a turn that somebody has begun, and a value that the rules refuse.
async fn a_bad_day(held: &Held) -> Result<Rows> {
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let (noted, numbered) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    let scoped = held.app.first_card("In Progress").await?;
    let turn = turn_of(&office, &scoped).await?;
    let items = office.rows("scope-items").await?;
    let mut items = items.into_iter().filter(|item| item["turn_id"] == turn["id"]);
    let (priced, gone) = (items.next().context("no item")?, items.next().context("one item only")?);
    let rows = Rows {
        notes: turn_of(&office, &noted).await?,
        number: turn_of(&office, &numbered).await?,
        priced,
        gone,
    };

    held.tablet.set_offline(true).await?;
    write_in(&held.app, &noted, "Notes", "Keys are under the mat").await?;
    write_in(&held.app, &noted, "Work order number", "WO made on it").await?;
    held.app.visit("/board").await?;
    held.app.open_scope(&scoped).await?;
    for (item, description, cost) in [(&rows.priced, "Mine, and my price", "111.11"), (&rows.gone, "Still to be done", "5.00")] {
        let page = held.app.page();
        page.named("button", &format!("Edit {}", text(item, "description"))).click().await?;
        let form = page.role("form").name_containing(text(item, "description"));
        form.role_inside("textbox").name_containing("Description").fill(description).await?;
        form.role_inside("textbox").name_containing("Unit cost").fill(cost).await?;
        form.role_inside("button").name("Save item").click().await?;
        page.named("checkbox", &format!("Done: {description}")).wait().await?;
    }
    held.app.wait_for_status("Offline · 4 changes waiting").await?;

    let others = [
        ("turns", update(&rows.notes, "update", json!({ "notes": "Keys are with the neighbour" }))?),
        (
            "scope-items",
            update(&rows.priced, "update", json!({ "description": "Theirs", "unit_cost": "99.00" }))?,
        ),
        ("scope-items", update(&rows.gone, "delete", json!({}))?),
    ];
    for (table, write) in others {
        office.write_applied(table, &write).await?;
    }
    Ok(rows)
}

/// Two more, which no page of the app makes today: by the outbox's own form.
async fn and_from_elsewhere(held: &Held, rows: &Rows) -> Result<()> {
    let user = Api::login(&held.server.url(), ADMIN).await?.account_id(MANAGER).await?;
    let record = |row: &Value, operation: &str, base: &Value, changes: &Value| waiting_record(&user, "turns", row, operation, base, changes);
    let version: i64 = text(&rows.number, "version").parse()?;
    let too_long = json!({ "work_order_number": { "from": rows.number["work_order_number"], "to": "9".repeat(200) } });
    let again = json!({ "property_id": { "from": null, "to": rows.number["property_id"] } });
    let records = [
        record(&json!(tests::api::new_write_id()), "create", &Value::Null, &again),
        record(&rows.number["id"], "update", &json!(version), &too_long),
    ];
    make_elsewhere(&held.tablet, &held.wire.url(), &records).await
}

#[tokio::test]
async fn a_days_refusals_are_worked_through_offline_by_keyboard() -> Result<()> {
    let held = Held::at_work().await?;
    let rows = a_bad_day(&held).await?;
    held.app.page().clone().close().await?;
    held.tablet.set_offline(false).await?;
    and_from_elsewhere(&held, &rows).await?;
    let app = App::open_at(&held.tablet, &held.wire.url(), "/sync").await?;
    app.wait_for_status("6 changes need you").await?;

    held.tablet.set_offline(true).await?;
    let page = app.page();
    app.wait_for_status("Offline · 6 changes need you").await?;
    walk_to(page, "Tab", "Resolve").await?;
    page.press("Enter").await?;

    // Mine over theirs.
    asked(page, "Change notes", "Keep mine").await?;
    page.role("dialog").wait_text("1 of 6 that need you").await?;
    page.role("dialog").wait_text("Keys are with the neighbour").await?;
    page.role("dialog").wait_text("They are kept and merged with what you decide here").await?;
    page.press("Enter").await?;
    // What was made on it goes with it, and asks nothing. My words at their price.
    asked(page, "Change", "Keep mine").await?;
    walk_to(page, "Shift+Tab", "radio Mine: Unit cost").await?;
    page.press("ArrowDown").await?;
    page.wait_for(&format!("{FOCUSED} === 'radio Theirs: Unit cost'"), "their price to be chosen")
        .await?;
    walk_to(page, "Tab", "Send these values").await?;
    page.press("Enter").await?;
    // What was deleted is made again.
    asked(page, "Change", "Make it again").await?;
    page.press("Enter").await?;
    // What was begun already is gone on with.
    asked(page, "Start a turn", "Go on with theirs").await?;
    page.press("Enter").await?;
    // What the rules refuse is typed anew.
    asked(page, "Change work order number", "Send again").await?;
    walk_to(page, "Shift+Tab", "Mine: Work order number").await?;
    page.type_text("WO 4711").await?;
    page.press("Enter").await?;

    page.role("dialog").wait_gone().await?;
    app.wait_for_status("Offline · 5 changes waiting").await?;
    held.tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;
    page.assert_no_errors()?;
    chosen_is_there(&held, &rows).await
}

async fn chosen_is_there(held: &Held, rows: &Rows) -> Result<()> {
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let row = async |table: &str, row: &Map<String, Value>| office.row(table, "id", text(row, "id")).await;
    let notes = row("turns", &rows.notes).await?;
    ensure!(
        notes["notes"] == "Keys are under the mat" && notes["work_order_number"] == "WO made on it",
        "{notes:?}"
    );
    let priced = row("scope-items", &rows.priced).await?;
    ensure!(priced["description"] == "Mine, and my price" && priced["unit_cost"] == "99.00", "{priced:?}");
    let again = office.row("scope-items", "description", "Still to be done").await?;
    ensure!(again["id"] != rows.gone["id"] && again["turn_id"] == rows.gone["turn_id"], "{again:?}");
    let number = row("turns", &rows.number).await?;
    ensure!(number["work_order_number"] == "WO 4711", "{number:?}");
    let turns = office.rows("turns").await?;
    let of_home = turns.iter().filter(|turn| turn["property_id"] == rows.number["property_id"]).count();
    ensure!(of_home == 1, "the home has {of_home} turns under way");
    Ok(())
}
