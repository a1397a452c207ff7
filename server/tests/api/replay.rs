//! Write ids: asking again, and building on earlier writes.

use crate::support::{Person, TestApp, new_id};
use serde_json::{Value as Json, json};

async fn turn_of(person: &Person) -> Json {
    Json::Object(person.first("turns").await)
}

fn notes(turn: &Json, write_id: &str, version: i64, notes: &str) -> Json {
    json!({"operation": "update", "writeId": write_id, "turnId": turn["id"], "version": version, "data": {"notes": notes}})
}

#[tokio::test]
async fn asked_again_the_answer_is_the_same_to_the_byte() {
    let mut app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = turn_of(&manager).await;
    let id = new_id();
    let first = manager.write("turns", notes(&turn, &id, 1, "a")).await;
    assert_eq!(first.status, 200);
    assert_eq!(manager.write("turns", notes(&turn, &new_id(), 2, "b")).await.status, 200);
    let before = app.counts().await;
    assert_eq!(manager.write("turns", notes(&turn, &id, 1, "a")).await.text, first.text);
    assert_eq!(
        manager.write("turns", notes(&turn, &id, 7, "a")).await.text,
        first.text,
        "rebased, it is the same write"
    );
    let batch = manager.batch(
        false,
        vec![{
            let mut write = notes(&turn, &id, 1, "a");
            write["table"] = json!("turns");
            write
        }],
    );
    assert_eq!(batch.await.text, format!(r#"{{"success":true,"results":[{}]}}"#, first.text));
    app.restart().await;
    assert_eq!(manager.write("turns", notes(&turn, &id, 1, "a")).await.text, first.text);
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn a_used_id_is_nobodys_else_and_nothing_elses() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let turn = turn_of(&manager).await;
    let id = new_id();
    assert_eq!(manager.write("turns", notes(&turn, &id, 1, "a")).await.status, 200);
    let before = app.counts().await;
    for (person, write) in [(&manager, notes(&turn, &id, 2, "other")), (&admin, notes(&turn, &id, 1, "a"))] {
        let answer = person.write("turns", write).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"));
    }
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn a_refused_write_may_come_again_mended() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = turn_of(&manager).await;
    let id = new_id();
    assert_eq!(manager.write("turns", notes(&turn, &id, 9, "a")).await.status, 409);
    assert_eq!(app.counts().await.receipts, 0);
    assert_eq!(manager.write("turns", notes(&turn, &id, 1, "mended")).await.status, 200);
}

#[tokio::test]
async fn a_write_waits_for_those_it_builds_on() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let turn = turn_of(&manager).await;
    let (first, second) = (new_id(), new_id());
    let mut later = notes(&turn, &second, 1, "second");
    later["after"] = json!([first]);
    let blocked = manager.write("turns", later.clone()).await;
    assert_eq!((blocked.status.as_u16(), blocked.problem()), (424, "BLOCKED"));
    assert_eq!(manager.write("turns", notes(&turn, &first, 1, "first")).await.json["version"], 2);
    let mut others = later.clone();
    others["writeId"] = json!(new_id());
    assert_eq!(
        admin.write("turns", others).await.problem(),
        "BLOCKED",
        "somebody else’s write is nothing to build on"
    );
    assert_eq!(
        manager.write("turns", later).await.json["version"],
        3,
        "the ancestor’s version counts, not the one given"
    );
}

#[tokio::test]
async fn building_on_an_own_write_does_not_overlook_somebody_elses() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let turn = turn_of(&manager).await;
    let first = new_id();
    manager.write("turns", notes(&turn, &first, 1, "first")).await;
    assert_eq!(admin.write("turns", notes(&turn, &new_id(), 2, "theirs")).await.status, 200);
    let mut later = notes(&turn, &new_id(), 1, "second");
    later["after"] = json!([first]);
    let conflict = manager.write("turns", later.clone()).await;
    assert_eq!(
        (conflict.problem(), &conflict.json["error"]["conflicts"]["localVersion"]),
        ("CONFLICT", &json!(2))
    );
    later["version"] = json!(3);
    assert_eq!(
        manager.write("turns", later).await.json["version"],
        4,
        "merged and rebased on theirs, it goes through"
    );
}

/// A request may be long on its way, and come again when what it builds on was merged with what its author has not seen.
#[tokio::test]
async fn building_on_an_own_write_that_was_merged_meanwhile_sees_no_further() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let turn = turn_of(&manager).await;
    assert_eq!(admin.write("turns", notes(&turn, &new_id(), 1, "theirs")).await.status, 200);
    let first = new_id();
    let merged = manager.write("turns", notes(&turn, &first, 2, "first, merged with theirs")).await;
    assert_eq!(merged.json["version"], 3);
    let mut late = notes(&turn, &new_id(), 1, "second, made on what theirs was written over");
    late["after"] = json!([first]);
    let conflict = manager.write("turns", late).await;
    assert_eq!((conflict.status.as_u16(), conflict.problem()), (409, "CONFLICT"));
}

#[tokio::test]
async fn a_child_waits_for_the_row_that_it_belongs_to() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let home = manager.home_without_turn().await["id"].clone();
    let (turn, made) = (new_id(), new_id());
    let item = json!({"table": "scope-items", "operation": "create", "writeId": new_id(), "rowId": new_id(), "after": [made],
        "data": {"turn_id": turn, "room": "Kitchen", "category": "Paint", "description": "Walls"}});
    assert_eq!(manager.write("scope-items", item.clone()).await.problem(), "BLOCKED");
    let create = json!({"table": "turns", "operation": "create", "writeId": made, "rowId": turn, "data": {"property_id": home}});
    let both = manager.batch(false, vec![create, item]).await;
    let statuses: Vec<_> = both.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 200], "{}", both.text);
}
