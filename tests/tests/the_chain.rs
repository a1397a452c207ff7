//! A home made without signal, with its turn, the scope of it and a photo: each waits for what it belongs to, and none for anything else.
//!
//! Real Chromium, real server process. The app has no page yet that makes a home or begins a turn: their records are put into its outbox in
//! its own form, as that page would; everything after that is the app's.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use tests::{
    Api, App, eventually,
    scene::{ADMIN, Held, MANAGER},
};

const HOME: &str = "1 Basement Lane";

/// The rows of a chain, and its writes in the order that they were made.
struct Chain {
    rows: Vec<(&'static str, String)>,
    records: Vec<Value>,
}

impl Chain {
    /// A home with one more value, its turn in this stage, two items of scope, and a photo of the first of these. What the device foresees that
    /// the server will add stands beside what their author gave.
    fn of(user: &str, stage: &str, (column, value): (&str, &str)) -> Self {
        let mut chain = Self {
            rows: Vec::new(),
            records: Vec::new(),
        };
        let device = tests::api::new_write_id();
        let mut add = |table: &'static str, after: Option<usize>, values: Value, foreseen: Value| {
            let (row, write) = (tests::api::new_write_id(), tests::api::new_write_id());
            let mut changes = Map::new();
            for (values, predicted) in [(values, false), (foreseen, true)] {
                for (column, value) in values.as_object().into_iter().flatten() {
                    changes.insert(column.clone(), json!({ "from": null, "to": value, "predicted": predicted }));
                }
            }
            let depends_on: Vec<&Value> = after.into_iter().map(|place| &chain.records[place]["writeId"]).collect();
            let record = json!({
                "schema": 2, "writeId": write, "userId": user, "deviceId": device, "table": table, "rowId": row, "operation": "create",
                "changes": changes, "seen": {}, "baseVersion": null, "dependsOn": depends_on, "madeAtMs": 1_763_870_000_000_i64,
                "state": "pending", "attempts": 0, "nextAttemptAtMs": null, "isUnanswered": false, "lastError": null, "receipt": null, "revision": 0
            });
            chain.records.push(record);
            chain.rows.push((table, row.clone()));
            row
        };
        let home = json!({
            "property_number": "B-1", "name": HOME, "street_address": HOME, "city": "Tulsa", column: value, "property_manager_id": user,
        });
        let home = add("properties", None, home, json!({ "is_active": true }));
        let begun = json!({ "property_id": home, "notes": "Begun in the basement" });
        let turn = add(
            "turns",
            Some(0),
            begun,
            json!({ "stage_id": stage, "priority": "medium", "is_active": true, "property_manager_id": user }),
        );
        let item = |description: &str| json!({ "turn_id": turn, "room": "Kitchen", "category": "Paint", "description": description, "unit_cost": "125.50" });
        let one = json!({ "quantity": "1.00", "unit": "each", "is_done": false, "is_active": true, "property_manager_id": user });
        let wall = add("scope-items", Some(1), item("Repaint the north wall"), one.clone());
        add("scope-items", Some(1), item("Mend the sink"), one);
        let photo = json!({
            "entity_type": "scope_item", "entity_id": wall, "kind": "scope_photo", "file_name": "wall.jpg", "content_type": "image/jpeg",
            "size_bytes": 1_234, "content_hash": "ab".repeat(32),
        });
        add("documents", Some(2), photo, json!({ "is_active": true, "property_manager_id": user }));
        chain
    }

    /// The server has exactly so many of its rows.
    async fn count(&self, held: &Held) -> Result<i64> {
        let mut count = 0;
        for (table, id) in &self.rows {
            let table = table.replace('-', "_");
            count += held.server.db_number(&format!("select count(*) from {table} where id = '{id}'")).await?;
        }
        Ok(count)
    }
}

/// She has no signal, and makes a chain; the app is open on what she has.
async fn made_without_signal(held: &Held, value: (&str, &str)) -> Result<(Chain, App)> {
    let user = Api::login(&held.server.url(), ADMIN).await?.account_id(MANAGER).await?;
    let stage = held.server.db("select id from turn_stages where is_default").await?;
    let stage = stage.first().and_then(|row| row["id"].as_str()).context("no stage is the first one")?;
    held.app.page().clone().close().await?;
    let chain = Chain::of(&user, stage, value);
    let blank = held.tablet.open_page(&format!("{}/health", held.wire.url())).await?;
    held.tablet.set_offline(true).await?;
    blank.make_elsewhere(&chain.records).await?;
    blank.close().await?;
    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    app.wait_for_status("Offline · 5 changes waiting").await?;
    Ok((chain, app))
}

#[tokio::test]
async fn a_home_with_its_turn_scope_and_photo_arrives_in_order_under_the_ids_of_the_device() -> Result<()> {
    let held = Held::at_work().await?;
    let (chain, app) = made_without_signal(&held, ("zip_code", "74104")).await?;
    // It is there to work on before anybody else knows of it.
    app.card(HOME).wait().await?;
    held.tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;

    let arrived = held
        .server
        .db("select row_id from changes where row_id in (select row_id from receipts) and old_row is null order by position, op")
        .await?;
    let arrived: Vec<&str> = arrived.iter().filter_map(|row| row["row_id"].as_str()).collect();
    let made: Vec<&str> = chain.rows.iter().map(|(_, id)| id.as_str()).collect();
    ensure!(arrived == made, "made {made:?}, arrived {arrived:?}");
    let receipts = held.receipts().await?;
    ensure!(receipts == 5 && chain.count(&held).await? == 5, "{receipts} receipts");

    app.card(HOME).wait().await?;
    app.open_scope(HOME).await?;
    for item in ["Repaint the north wall", "Mend the sink"] {
        app.page().named("checkbox", &format!("Done: {item}")).wait().await?;
    }
    app.page().assert_no_errors()
}

#[tokio::test]
async fn a_refused_home_parks_what_belongs_to_it_and_nothing_else_and_discarding_it_takes_that_along() -> Result<()> {
    let held = Held::at_work().await?;
    let other = held.app.first_card("Draft").await?;
    let (chain, app) = made_without_signal(&held, ("zip_code", &"7".repeat(40))).await?;
    app.move_to(&other, "Inspection").await?;
    app.wait_for_status("Offline · 6 changes waiting").await?;
    held.tablet.set_offline(false).await?;
    app.wait_for_status("5 changes need you").await?;
    app.wait_for_card(&other, "Inspection").await?;
    eventually("what belongs to no refused home to be applied", async || {
        let receipts = held.receipts().await?;
        ensure!(receipts == 1, "{receipts} receipts");
        Ok(())
    })
    .await?;
    ensure!(chain.count(&held).await? == 0, "something of the refused home is at the office");

    let page = app.page();
    page.named("link", "Sync").click().await?;
    let unsettled = page.named("region", "Changes on their way");
    unsettled.wait_text("1 Basement Lane").await?;
    let stored = page.stored("outbox").await?;
    let state = |record: &Value| {
        stored
            .iter()
            .find(|stored| stored["writeId"] == record["writeId"])
            .map(|stored| &stored["state"])
    };
    let states: Vec<_> = chain.records.iter().map(state).collect();
    let (refused, parked) = (json!("rejected"), json!("blocked"));
    let expected: Vec<_> = [&refused, &parked, &parked, &parked, &parked].into_iter().map(Some).collect();
    ensure!(states == expected, "{states:?}");

    let home = unsettled.role_inside("article").name(&format!("Add {HOME}"));
    home.wait_text("Zip code").await?;
    home.role_inside("button").name("Discard").click().await?;
    let question = page.role("dialog");
    for with_it in ["Start a turn", "Repaint the north wall", "Mend the sink", "wall.jpg"] {
        question.wait_text(with_it).await?;
    }
    question.role_inside("button").name("Discard").click().await?;
    app.wait_for_status("All changes saved").await?;
    page.role("main").wait_text("Nothing is waiting").await?;
    ensure!(page.stored("outbox").await?.is_empty(), "something is still on the tablet");
    ensure!(chain.count(&held).await? == 0 && held.receipts().await? == 1);
    app.visit("/board").await?;
    app.wait_for_card(&other, "Inspection").await?;
    app.card(HOME).wait_gone().await?;
    page.assert_no_errors()
}
