//! `GET /api/turns/{id}/history`

use crate::support::{Person, TestApp, new_id};
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

async fn history(person: &Person, turn: &str, query: &str) -> Json {
    let answer = person.get(&format!("/api/turns/{turn}/history?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

async fn write(person: &Person, table: &str, write: Json) {
    let answer = person.write(table, write).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// A turn with a stage move, a change and a scope item that came and went.
async fn eventful_turn(person: &Person) -> String {
    let (home, turn, item) = (person.home_without_turn().await["id"].clone(), new_id(), new_id());
    write(person, "turns", json!({"operation": "create", "turnId": turn, "data": {"property_id": home}})).await;
    let line = json!({"turn_id": turn, "room": "Kitchen", "category": "Paint", "description": "Walls", "unit_cost": "120.50"});
    write(person, "scope-items", json!({"operation": "create", "rowId": item, "data": line})).await;
    write(person, "scope-items", json!({"operation": "delete", "rowId": item, "version": 1})).await;
    let (stages, _) = person.rows("turn-stages").await;
    let inspection = stages.into_values().find(|stage| stage["key"] == "inspection").unwrap()["id"].clone();
    let version = |rows: &std::collections::BTreeMap<String, serde_json::Map<String, Json>>| rows[&turn]["version"].as_str().unwrap().parse::<i64>().unwrap();
    let now = version(&person.rows("turns").await.0);
    write(
        person,
        "turns",
        json!({"operation": "stage-change", "turnId": turn, "version": now, "data": {"stage_id": inspection}}),
    )
    .await;
    let now = version(&person.rows("turns").await.0);
    write(
        person,
        "turns",
        json!({"operation": "update", "turnId": turn, "version": now, "data": {"notes": "Keys under mat", "estimated_amount": "900.00"}}),
    )
    .await;
    turn
}

/// Each event in a word or two, newest first.
fn outline(history: &Json) -> Vec<String> {
    let events = history["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| match event["kind"].as_str().unwrap() {
            "stage" => format!("to {}", event["to"]["name"].as_str().unwrap()),
            _ => format!("{} {}", event["operation"].as_str().unwrap(), event["table"].as_str().unwrap()),
        })
        .collect()
}

#[tokio::test]
async fn it_tells_stages_and_changes_newest_first() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = eventful_turn(&manager).await;
    let told = history(&manager, &turn, "").await;
    assert_eq!(
        outline(&told),
        [
            "update turns",
            "to Inspection",
            "delete scope-items",
            "create scope-items",
            "to Draft",
            "create turns"
        ]
    );
    let [update, stage, deleted, ..] = &told["events"].as_array().unwrap()[..] else {
        panic!("{told}")
    };
    assert_eq!(update["columns"]["notes"], json!({"from": null, "to": "Keys under mat"}));
    assert_eq!(update["by"], json!({"id": manager.id, "name": "Priya Raman"}));
    assert!(update["columns"].get("version").is_none() && update["columns"].get("updated_at").is_none());
    assert_eq!((&stage["from"]["name"], stage["secondsInStage"].is_i64()), (&json!("Draft"), true));
    assert_eq!(deleted["columns"]["unit_cost"], json!({"from": "120.50", "to": null}));
    assert!(deleted["columns"].get("property_manager_id").is_none(), "{deleted}");

    let (mut paged, mut query) = (vec![], "limit=2".to_owned());
    loop {
        let page = history(&manager, &turn, &query).await;
        paged.extend(outline(&page));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=2&before={next}");
    }
    assert_eq!(paged, outline(&told));
}

#[tokio::test]
async fn it_shows_what_the_viewer_sees_and_no_more() {
    let app = TestApp::start().await;
    let (admin, manager, other, vendor) = (
        app.sign_in("admin").await,
        app.sign_in("manager").await,
        app.sign_in("manager2").await,
        app.sign_in("vendor").await,
    );
    let turn = eventful_turn(&manager).await;
    let path = format!("/api/turns/{turn}/history");
    for stranger in [&other, &vendor] {
        let answer = stranger.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (404, "NOT_FOUND"));
    }
    assert_eq!(outline(&history(&admin, &turn, "").await).len(), 6);
    let company = vendor.get("/api/auth/session").await.json["user"]["vendorId"].clone();
    let now: i64 = manager.rows("turns").await.0[&turn]["version"].as_str().unwrap().parse().unwrap();
    write(
        &admin,
        "turns",
        json!({"operation": "update", "turnId": turn, "version": now, "data": {"vendor_id": company}}),
    )
    .await;
    let seen = history(&vendor, &turn, "").await;
    assert_eq!(outline(&seen).len(), 7);
    let text = seen.to_string();
    assert!(
        text.contains("Keys under mat") && !text.contains("900.00") && !text.contains("120.50"),
        "{text}"
    );

    let rest = format!("UPDATE turns SET is_active = FALSE WHERE id = '{turn}'");
    app.database().await.execute_unprepared(&rest).await.unwrap();
    assert_eq!(manager.get(&path).await.status, 404, "a finished turn has left the devices");
    assert_eq!(outline(&history(&admin, &turn, "").await).len(), 7);
    for wrong in ["limit=0", "limit=x", "before=yesterday"] {
        assert_eq!(admin.get(&format!("{path}?{wrong}")).await.problem(), "VALIDATION", "{wrong}");
    }
}
