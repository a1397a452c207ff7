//! Two people without signal make the same thing: through `POST /api/write/batch`, as their devices send it.

use crate::support::{Person, TestApp, new_id};
use serde_json::{Value as Json, json};

fn home(number: &str) -> Json {
    json!({"table": "properties", "operation": "create", "writeId": new_id(), "rowId": new_id(), "data": {
        "property_number": number, "name": "12 Elm Street", "street_address": "12 Elm Street", "city": "Tulsa"}})
}

fn turn(property: &Json) -> Json {
    json!({"table": "turns", "operation": "create", "writeId": new_id(), "rowId": new_id(), "data": {"property_id": property}})
}

/// One answer for each write.
async fn send(person: &Person, writes: Vec<Json>) -> Vec<Json> {
    let answer = person.batch(false, writes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_same_home_made_twice_is_a_conflict_with_the_first() {
    let app = TestApp::start().await;
    let (manager, other, admin) = (app.sign_in("manager").await, app.sign_in("manager2").await, app.sign_in("admin").await);
    let (first, second) = (home("N-77"), home("N-77"));
    assert_eq!(send(&manager, vec![first.clone()]).await[0]["status"], 200);
    let before = app.counts().await;

    let unseen = &send(&other, vec![second.clone()]).await[0];
    assert_eq!((&unseen["status"], &unseen["error"]["type"]), (&json!(409), &json!("CONFLICT")));
    assert_eq!(unseen["error"]["fields"], json!({"property_number": "is already another one’s"}));
    assert_eq!(unseen["error"]["conflicts"]["serverData"], json!({}), "it is somebody else’s home");
    assert_eq!(unseen["error"]["conflicts"]["localData"], second["data"]);

    let seen = &send(&admin, vec![home("N-77")]).await[0]["error"]["conflicts"];
    assert_eq!((&seen["serverData"]["id"], &seen["serverVersion"]), (&first["rowId"], &json!(1)));
    assert_eq!(app.counts().await, before);

    let mut mended = second;
    mended["data"]["property_number"] = json!("N-78");
    assert_eq!(send(&other, vec![mended.clone()]).await[0]["status"], 200, "mended, it goes under its own id");
    let taken = json!({"table": "properties", "operation": "update", "rowId": mended["rowId"], "version": 1, "data": {"property_number": "N-77"}});
    assert_eq!(
        send(&other, vec![taken]).await[0]["error"]["type"],
        "VALIDATION",
        "an update takes nobody’s number"
    );
}

#[tokio::test]
async fn a_home_has_one_turn_under_way() {
    let app = TestApp::start().await;
    let (manager, senior) = (app.sign_in("manager").await, app.sign_in("senior").await);
    let empty = home("N-79");
    let mine = send(&manager, vec![empty.clone()]).await;
    assert_eq!(mine[0]["status"], 200);
    let shared = json!({"table": "properties", "operation": "update", "rowId": empty["rowId"], "version": 1, "data": {"sr_property_manager_id": senior.id}});
    assert_eq!(send(&manager, vec![shared]).await[0]["status"], 200);

    let (first, second) = (turn(&empty["rowId"]), turn(&empty["rowId"]));
    let item = json!({"table": "scope-items", "operation": "create", "writeId": new_id(), "rowId": new_id(), "after": [second["writeId"]],
        "data": {"turn_id": second["rowId"], "room": "Kitchen", "category": "Paint", "description": "Walls"}});
    assert_eq!(send(&manager, vec![first.clone()]).await[0]["status"], 200);
    let refused = send(&senior, vec![second.clone(), item]).await;
    assert_eq!((&refused[0]["status"], &refused[1]["status"]), (&json!(409), &json!(424)));
    assert_eq!(refused[0]["error"]["conflicts"]["serverData"]["id"], first["rowId"]);

    let (stages, _) = manager.rows("turn-stages").await;
    let last = stages.values().find(|stage| stage["is_final"] == "true").unwrap();
    let done = json!({"table": "turns", "operation": "stage-change", "rowId": first["rowId"], "version": 1, "data": {"stage_id": last["id"]}});
    let finished = send(&manager, vec![done]).await;
    assert_eq!(finished[0]["status"], 200, "{}", finished[0]);
    assert_eq!(send(&senior, vec![second]).await[0]["status"], 200, "the next vacancy has a turn of its own");
}
