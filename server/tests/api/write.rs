//! `POST /api/write/{table}`: what may be written, and what follows from it.

use crate::support::{Person, TestApp, new_id};
use serde_json::{Value as Json, json};

fn property(id: &str, number: &str) -> Json {
    json!({"operation": "create", "data": {"id": id, "property_number": number, "name": "12 Elm Street", "street_address": "12 Elm Street", "city": "Tulsa"}})
}

fn scope_item(id: &str, turn: &str) -> Json {
    json!({"operation": "create", "rowId": id, "data": {"turn_id": turn, "room": "Kitchen", "category": "Paint", "description": "Walls", "unit_cost": "120.50"}})
}

async fn new_turn(person: &Person, property: &str) -> String {
    let id = new_id();
    let made = person
        .write("turns", json!({"operation": "create", "turnId": id, "data": {"property_id": property}}))
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    id
}

async fn stage(person: &Person, key: &str) -> String {
    let (stages, _) = person.rows("turn-stages").await;
    stages.into_values().find(|stage| stage["key"] == key).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_property_is_made_changed_and_deleted() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let id = new_id();
    let made = manager.write("properties", property(&id, "N-1")).await;
    assert_eq!(
        (made.status.as_u16(), &made.json["version"], &made.json["inShape"]),
        (200, &json!(1), &json!(true))
    );
    assert_eq!(
        made.json["property"]["property_manager_id"],
        manager.id.as_str(),
        "a manager keeps what they make"
    );
    let changed = manager
        .write(
            "properties",
            json!({"operation": "update", "propertyId": id, "version": 1, "data": {"monthly_rent": 1250.5}}),
        )
        .await;
    assert_eq!(
        (&changed.json["version"], &changed.json["property"]["monthly_rent"]),
        (&json!(2), &json!("1250.50"))
    );
    let refused = manager
        .write("properties", json!({"operation": "delete", "propertyId": id, "version": 2}))
        .await;
    assert_eq!(refused.problem(), "PERMISSION");
    let deleted = admin.write("properties", json!({"operation": "delete", "propertyId": id, "version": 2})).await;
    assert_eq!(
        (deleted.status.as_u16(), &deleted.json["property"], &deleted.json["version"]),
        (200, &Json::Null, &Json::Null)
    );
    let gone = admin
        .write("properties", json!({"operation": "update", "propertyId": id, "version": 2, "data": {}}))
        .await;
    assert_eq!((gone.status.as_u16(), gone.problem()), (404, "NOT_FOUND"));
    let audit = format!("SELECT count(*) FROM audit_logs WHERE row_id = '{id}' AND address = '127.0.0.1' AND operation IN ('create', 'update', 'delete')");
    assert_eq!(app.number(&audit).await, 3);
}

#[tokio::test]
async fn a_turn_begins_as_a_draft_with_a_number_and_its_propertys_people() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let home = manager.home_without_turn().await;
    let turn = new_turn(&manager, home["id"].as_str().unwrap()).await;
    let row = manager.rows("turns").await.0.remove(&turn).unwrap();
    assert_eq!(row["stage_id"], stage(&manager, "draft").await);
    assert_eq!(row["property_manager_id"], manager.id.as_str());
    assert_eq!(row["sr_property_manager_id"], home["sr_property_manager_id"]);
    let number = row["turn_number"].as_str().unwrap();
    // The demo has four already.
    assert!(number.starts_with("TURN-20") && number.ends_with("-00005"), "{number}");
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM turn_stage_history WHERE turn_id = '{turn}' AND from_stage_id IS NULL"
        ))
        .await,
        1
    );
}

#[tokio::test]
async fn a_stage_asks_for_what_it_demands_and_history_is_kept() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let home = new_id();
    manager.write("properties", property(&home, "N-2")).await;
    let turn = new_turn(&manager, &home).await;
    let move_to = |stage: String, version: i64| json!({"operation": "stage-change", "turnId": turn, "version": version, "data": {"stage_id": stage}});
    for key in ["secure_property", "scope_review", "vendor_assigned"] {
        let refused = manager.write("turns", move_to(stage(&manager, key).await, 1)).await;
        assert_eq!(
            (refused.problem(), refused.json["error"]["fields"]["stage_id"].is_string()),
            ("VALIDATION", true),
            "{key}"
        );
    }
    assert_eq!(manager.write("scope-items", scope_item(&new_id(), &turn)).await.status, 200);
    let moved = manager.write("turns", move_to(stage(&manager, "scope_review").await, 1)).await;
    assert_eq!((moved.status.as_u16(), &moved.json["version"]), (200, &json!(2)));
    let done = manager.write("turns", move_to(stage(&manager, "turns_complete").await, 2)).await;
    assert!(done.json["turn"]["completed_on"].is_string());
    let history = format!("SELECT count(*) FROM turn_stage_history WHERE turn_id = '{turn}' AND (from_stage_id IS NULL OR seconds_in_stage >= 0)");
    assert_eq!(app.number(&history).await, 3);
    let by_update = json!({"operation": "update", "turnId": turn, "version": 3, "data": {"stage_id": stage(&manager, "draft").await}});
    assert_eq!(manager.write("turns", by_update).await.problem(), "VALIDATION");
}

#[tokio::test]
async fn other_peoples_rows_are_out_of_reach() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (home, turn, item) = (other.first("properties").await, other.first("turns").await, other.first("scope-items").await);
    let before = app.counts().await;
    for (table, row) in [("properties", &home), ("turns", &turn), ("scope-items", &item)] {
        for operation in ["update", "delete", "create"] {
            let answer = manager
                .write(table, json!({"operation": operation, "rowId": row["id"], "version": 1, "data": {}}))
                .await;
            assert_eq!(answer.problem(), "PERMISSION", "{operation} {table}: {}", answer.text);
            assert!(answer.json["error"]["conflicts"].is_null());
        }
    }
    let into_their_turn = manager.write("scope-items", scope_item(&new_id(), turn["id"].as_str().unwrap())).await;
    assert_eq!(
        (into_their_turn.problem(), into_their_turn.json["error"]["fields"]["turn_id"].is_string()),
        ("VALIDATION", true)
    );
    let mut theirs = property(&new_id(), "N-3");
    theirs["data"]["property_manager_id"] = json!(other.id);
    assert_eq!(manager.write("properties", theirs).await.problem(), "PERMISSION");
    let mine = manager.first("properties").await;
    let give_away = json!({"operation": "update", "propertyId": mine["id"], "version": 1, "data": {"property_manager_id": other.id}});
    assert_eq!(manager.write("properties", give_away).await.problem(), "PERMISSION");
    for name in ["inspector", "vendor", "dfo", "ho"] {
        let answer = app.sign_in(name).await.write("properties", property(&new_id(), "N-4")).await;
        assert_eq!(answer.problem(), "PERMISSION", "{name}");
    }
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn a_property_that_changes_hands_takes_its_turns_along() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = manager.first("turns").await;
    let (items, _) = manager.rows("scope-items").await;
    let its_items = items.values().filter(|item| item["turn_id"] == turn["id"]).count();
    let before = app.counts().await;
    let hand_over = json!({"operation": "update", "propertyId": turn["property_id"], "version": 1, "data": {"property_manager_id": other.id}});
    let handed = admin.write("properties", hand_over).await;
    assert_eq!(handed.status, 200, "{}", handed.text);
    let changed = its_items as i64 + 2;
    let after = app.counts().await;
    assert_eq!(
        (
            after.audit_logs - before.audit_logs,
            after.changes - before.changes,
            after.receipts - before.receipts
        ),
        (changed, changed, 1)
    );
    assert_eq!(
        app.number("SELECT count(DISTINCT position) FROM changes").await,
        1,
        "one transaction, one position"
    );
    let theirs = other.rows("turns").await.0;
    assert_eq!(
        theirs[turn["id"].as_str().unwrap()]["version"],
        "1",
        "nobody’s edit of the turn meets a conflict because its home changed hands"
    );
    assert!(!manager.rows("turns").await.0.contains_key(turn["id"].as_str().unwrap()));
    assert_eq!(
        other.rows("scope-items").await.0.values().filter(|item| item["turn_id"] == turn["id"]).count(),
        its_items
    );
}

#[tokio::test]
async fn a_version_that_has_moved_on_is_a_conflict_with_both_sides() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in("manager").await, app.sign_in("admin").await);
    let turn = manager.first("turns").await;
    let notes = |version: Json, notes: &str| json!({"operation": "update", "turnId": turn["id"], "version": version, "data": {"notes": notes}});
    assert_eq!(admin.write("turns", notes(json!(1), "theirs")).await.status, 200);
    let before = app.counts().await;
    let conflict = manager.write("turns", notes(json!(1), "mine")).await;
    assert_eq!((conflict.status.as_u16(), conflict.problem()), (409, "CONFLICT"));
    let sides = &conflict.json["error"]["conflicts"];
    assert_eq!(
        (
            &sides["localVersion"],
            &sides["serverVersion"],
            &sides["localData"],
            &sides["serverData"]["notes"]
        ),
        (&json!(1), &json!(2), &json!({"notes": "mine"}), &json!("theirs"))
    );
    assert_eq!(manager.write("turns", notes(Json::Null, "mine")).await.problem(), "VALIDATION");
    let again = manager
        .write(
            "turns",
            json!({"operation": "create", "turnId": turn["id"], "data": {"property_id": turn["property_id"]}}),
        )
        .await;
    assert_eq!(
        (again.problem(), &again.json["error"]["conflicts"]["serverData"]["notes"]),
        ("CONFLICT", &json!("theirs"))
    );
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn what_must_be_unique_or_kept_is() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let turn = admin.first("turns").await;
    let before = app.counts().await;
    let with_turns = admin
        .write("properties", json!({"operation": "delete", "propertyId": turn["property_id"], "version": 1}))
        .await;
    assert_eq!((with_turns.status.as_u16(), with_turns.problem()), (422, "VALIDATION"));
    let taken = admin.write("properties", property(&new_id(), "P-10001")).await;
    assert!(taken.json["error"]["fields"]["property_number"].is_string(), "{}", taken.text);
    let mut stranger = property(&new_id(), "N-5");
    stranger["data"]["property_manager_id"] = json!(new_id());
    assert!(admin.write("properties", stranger).await.json["error"]["fields"]["property_manager_id"].is_string());
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn bad_input_is_refused_and_writes_nothing() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await;
    let update = |data: Json| json!({"operation": "update", "turnId": turn["id"], "version": 1, "data": data});
    let before = app.counts().await;
    for (table, body, status) in [
        ("turns", update(json!({"colour": "red"})), 422),
        ("turns", update(json!({"due_date": "soon"})), 422),
        ("turns", update(json!({"due_date": 7})), 422),
        ("turns", update(json!({"notes": "x".repeat(4_001)})), 422),
        ("turns", update(json!({"notes": "a\u{0}b"})), 422),
        ("turns", update(json!({"estimated_amount": -1})), 422),
        ("turns", update(json!({"estimated_amount": "99999999999999999999"})), 422),
        ("turns", update(json!({"turn_number": "TURN-1"})), 422),
        ("turns", update(json!({"property_manager_id": manager.id})), 422),
        ("turns", update(json!([])), 422),
        ("turns", json!({"operation": "explode", "turnId": turn["id"]}), 422),
        ("turns", json!({"operation": "update", "data": {}}), 422),
        ("turns", json!({"operation": "update", "turnId": "me", "data": {}}), 422),
        ("turns", json!({"operation": "update", "turnId": turn["id"], "version": "1", "data": {}}), 422),
        (
            "turns",
            json!({"operation": "update", "turnId": turn["id"], "version": i64::MAX, "data": {}}),
            409,
        ),
        (
            "turns",
            json!({"operation": "stage-change", "turnId": turn["id"], "version": 1, "data": {"stage_id": new_id()}}),
            422,
        ),
        ("turns", json!({"operation": "delete", "turnId": turn["id"], "version": 1}), 403),
        ("turns", json!(null), 422),
        ("turns", json!("turn"), 422),
        ("scope-items", json!({"operation": "create", "rowId": new_id(), "data": {}}), 422),
        ("scope-items", scope_item(&new_id(), &new_id()), 422),
        ("turn-stages", json!({"operation": "update", "rowId": new_id(), "version": 1, "data": {}}), 403),
        ("users", json!({"operation": "update", "rowId": new_id(), "version": 1, "data": {}}), 404),
        ("..%2fturns", json!({}), 404),
    ] {
        let answer = manager.write(table, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{table} {body}: {}", answer.text);
        assert_eq!(answer.json["success"], false, "{body}");
        assert!(!answer.json["error"]["message"].as_str().unwrap().is_empty());
    }
    for text in ["", "{", "{\"operation\":", "[1,2", "\u{feff}{}"] {
        let request = manager
            .http
            .post(format!("{}/api/write/turns", app.url()))
            .header("content-type", "application/json")
            .body(text);
        let answer = crate::support::send(request).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"), "{text}");
    }
    assert_eq!(app.counts().await, before);
    assert_eq!(app.number("SELECT value FROM counters WHERE name = 'change_position'").await, 0);
}

#[tokio::test]
async fn the_audit_log_is_append_only() {
    use sea_orm::ConnectionTrait;
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    admin.write("properties", property(&new_id(), "N-6")).await;
    let db = app.database().await;
    for sql in ["UPDATE audit_logs SET user_id = 'x'", "DELETE FROM audit_logs"] {
        assert!(db.execute_unprepared(sql).await.unwrap_err().to_string().contains("append-only"), "{sql}");
    }
}
