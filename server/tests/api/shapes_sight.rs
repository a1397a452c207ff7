//! What somebody sees changes: rows leave and enter the shapes of those who wait, and who may see nothing waits no longer.

use crate::support::{Person, ShapePage, TestApp};
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeMap, time::Duration};

/// Far less than a live request waits by itself.
const A_SECOND: Duration = Duration::from_secs(1);

type Rows = BTreeMap<String, Map<String, Json>>;

async fn wait(person: &Person, table: &str, page: &ShapePage) -> ShapePage {
    tokio::time::timeout(A_SECOND, person.wait(table, page)).await.unwrap()
}

async fn change(person: &Person, table: &str, row: &Map<String, Json>, data: Json) {
    let version: i64 = row["version"].as_str().unwrap().parse().unwrap();
    let answer = person
        .write(table, json!({"operation": "update", "rowId": row["id"], "version": version, "data": data}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The ids of the rows in which a column has a value.
fn having(rows: &Rows, column: &str, value: &Json) -> Vec<String> {
    rows.iter().filter(|(_, row)| row[column] == *value).map(|(id, _)| id.clone()).collect()
}

/// The ids of the rows that came or went.
fn moved(page: &ShapePage, operation: &str) -> Vec<String> {
    let changes = page.changes();
    let moved = changes.iter().filter(|change| change["headers"]["operation"] == operation);
    let mut ids: Vec<String> = moved.map(|change| change["value"]["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_shape_that_names_its_user_is_nobody_elses() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let asked = |user: &str| format!("offset=-1&user={user}");
    assert_eq!(manager.shape("turns", &asked(&manager.id)).await.status, 200);
    for user in [other.id.as_str(), "nobody"] {
        assert_eq!(manager.shape("turns", &asked(user)).await.status, 401);
    }
}

#[tokio::test]
async fn a_home_that_passes_to_another_manager_takes_its_turns_and_scope_along() {
    let app = TestApp::start().await;
    let (admin, giver, taker) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (turns, _) = giver.rows("turns").await;
    let (turn_id, turn) = turns.first_key_value().unwrap();
    let home = giver.rows("properties").await.0[turn["property_id"].as_str().unwrap()].clone();
    let items = having(&giver.rows("scope-items").await.0, "turn_id", &json!(turn_id));
    assert!(!items.is_empty());
    for (table, ids) in [
        ("properties", vec![home["id"].as_str().unwrap().to_owned()]),
        ("turns", vec![turn_id.clone()]),
        ("scope-items", items),
    ] {
        let home = admin.rows("properties").await.0[home["id"].as_str().unwrap()].clone();
        let is_givers = home["property_manager_id"] == giver.id.as_str();
        let (from, to) = if is_givers { (&giver, &taker) } else { (&taker, &giver) };
        let (left, entered) = (from.rows(table).await.1, to.rows(table).await.1);
        let pass_on = change(&admin, "properties", &home, json!({"property_manager_id": to.id}));
        let (left, entered, ()) = tokio::join!(wait(from, table, &left), wait(to, table, &entered), pass_on);
        assert_eq!((moved(&left, "delete"), moved(&entered, "insert")), (ids.clone(), ids), "{table}");
    }
}

#[tokio::test]
async fn a_vendor_sees_work_for_as_long_as_it_is_theirs() {
    let app = TestApp::start_with_properties(40).await;
    let (admin, vendor) = (app.sign_in("admin").await, app.sign_in("vendor").await);
    let (turns, page) = vendor.rows("turns").await;
    let (id, turn) = turns.first_key_value().unwrap();
    let column = if turn["vendor_id"].is_null() { "flooring_vendor_id" } else { "vendor_id" };
    let theirs = admin.rows("turns").await.0[id].clone();
    let (left, ()) = tokio::join!(wait(&vendor, "turns", &page), change(&admin, "turns", &theirs, json!({column: null})));
    assert_eq!(moved(&left, "delete"), std::slice::from_ref(id));
    let nobodys = admin.rows("turns").await.0[id].clone();
    let (back, ()) = tokio::join!(wait(&vendor, "turns", &left), change(&admin, "turns", &nobodys, json!({column: turn[column]})));
    assert_eq!(moved(&back, "insert"), std::slice::from_ref(id));
}

#[tokio::test]
async fn another_role_is_another_shape_and_nobody_waits_on_the_old_one() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let page = manager.rows("turns").await.1;
    let promote = async {
        let answer = admin.patch(&format!("/api/admin/users/{}", manager.id), &json!({"role": "INSPECTOR"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let (ended, ()) = tokio::join!(wait(&manager, "turns", &page), promote);
    assert_eq!((ended.status.as_u16(), ended.changes().len()), (200, 0));
    let next = manager.follow("turns", &ended).await;
    assert_eq!(next.status, 409);
    assert_ne!(next.handle, page.handle);
    assert_eq!(manager.rows("turns").await.1.handle, next.handle);
}

#[tokio::test]
async fn whoever_is_deactivated_waits_no_longer() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let page = manager.rows("turns").await.1;
    let (account, inactive) = (format!("/api/admin/users/{}", manager.id), json!({"isActive": false}));
    let deactivate = async { assert_eq!(admin.patch(&account, &inactive).await.status, 200) };
    let (ended, ()) = tokio::join!(wait(&manager, "turns", &page), deactivate);
    assert_eq!(ended.status, 401);
}
