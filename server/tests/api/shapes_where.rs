//! What a client may want of a shape: `where`, `columns`, whole rows, changes only.

use crate::{
    oracle::shape::any_condition,
    support::{Dice, Person, TestApp, is_postgres, new_id},
};
use domain::Table;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

async fn asked(person: &Person, table: &str, parameters: &[(&str, &str)]) -> (u16, Json) {
    let request = person.http.get(format!("{}/api/sync/{table}", person.url)).query(parameters);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn ids(person: &Person, clause: &str) -> BTreeSet<String> {
    let mut url = reqwest::Url::parse("http://x/turns").unwrap();
    url.query_pairs_mut().append_pair("where", clause);
    let shape = format!("turns?{}", url.query().unwrap());
    person.rows(&shape).await.0.into_keys().collect()
}

#[tokio::test]
async fn a_where_narrows_what_one_sees_and_never_widens_it() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let own: BTreeSet<String> = manager.rows("turns").await.0.into_keys().collect();
    assert!(own.len() < admin.rows("turns").await.0.len());
    assert_eq!(ids(&manager, "true OR property_manager_id IS NOT NULL").await, own);
    assert_eq!(ids(&manager, "version > 1").await, BTreeSet::new());
    let one = own.first().unwrap();
    assert_eq!(ids(&manager, &format!("id = '{one}'")).await, [one.clone()].into());
}

#[tokio::test]
async fn a_row_that_moves_in_or_out_is_told_whole_or_gone() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let shape = "turns?where=notes%20%3D%20'wanted'";
    let mut page = manager.rows(shape).await.1;
    for (version, notes, operations) in [(1, "wanted", vec!["insert"]), (2, "other", vec!["delete"]), (3, "elsewhere", vec![])] {
        let write = json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": notes}});
        assert_eq!(manager.write("turns", write).await.status, 200);
        page = manager.follow(shape, &page).await;
        assert_eq!(page.operations(), operations, "{notes}");
    }
}

#[tokio::test]
async fn columns_and_whole_rows() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let (few, full) = ("turns?columns=id,%22notes%22", "turns?replica=full&columns=id,notes,priority");
    let (rows, few_page) = manager.rows(few).await;
    assert!(rows.values().all(|row| row.len() == 2 && row.contains_key("notes")));
    let full_page = manager.rows(full).await.1;
    let change = async |version: i64, data: Json| {
        let write = json!({"operation": "update", "rowId": turn, "version": version, "data": data});
        assert_eq!(manager.write("turns", write).await.status, 200);
    };
    change(1, json!({"priority": "urgent"})).await;
    assert!(
        manager.follow(few, &few_page).await.changes().is_empty(),
        "nobody hears of columns that they did not ask for"
    );
    change(2, json!({"notes": "new"})).await;
    let page = manager.follow(few, &few_page).await;
    assert_eq!(page.changes()[0]["value"], json!({"id": turn, "notes": "new"}));
    let page = manager.follow(full, &full_page).await;
    let told = page.changes();
    assert_eq!(told[1]["value"], json!({"id": turn, "notes": "new", "priority": "urgent"}));
    assert_eq!(told[1]["old_value"].as_object().unwrap().keys().collect::<Vec<_>>(), ["notes"]);
}

#[tokio::test]
async fn changes_only_has_no_snapshot() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let shape = "turns?log=changes_only";
    let first = manager.shape(shape, "offset=-1").await;
    assert_eq!(first.messages.len(), 1);
    assert_eq!(first.messages[0]["headers"]["control"], "snapshot-end");
    let next = manager.follow(shape, &first).await;
    assert!(next.is_up_to_date && next.changes().is_empty());
    let turn = manager.first("turns").await["id"].clone();
    let write = json!({"operation": "update", "rowId": turn, "version": 1, "data": {"notes": "heard"}});
    assert_eq!(manager.write("turns", write).await.status, 200);
    assert_eq!(manager.follow(shape, &next).await.operations(), ["update"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_as_electric_says_it() {
    let app = TestApp::start().await;
    let vendor = app.sign_in("vendor").await;
    for (table, parameters, expected) in [
        (
            "properties",
            vec![("where", "nosuch = 1")],
            json!({"where": ["At location 0: unknown reference nosuch"]}),
        ),
        (
            "properties",
            vec![("where", "version = name")],
            json!({"where": ["At location 8: Could not select an operator overload"]}),
        ),
        (
            "properties",
            vec![("where", "version = $1")],
            json!({"where": ["At location 10: parameter $1 was not provided"]}),
        ),
        ("properties", vec![("where", "true"), ("params", "{}")], json!({"params": ["is invalid"]})),
        (
            "properties",
            vec![("columns", "name")],
            json!({"columns": ["The list of columns must include all primary key columns, missing: id"]}),
        ),
        (
            "properties",
            vec![("columns", "id,nosuch")],
            json!({"columns": ["The following columns are not found on the table: nosuch"]}),
        ),
        ("properties", vec![("replica", "half")], json!({"replica": ["is invalid"]})),
        ("properties", vec![("log", "half")], json!({"log": ["is invalid"]})),
        // What a role does not see it cannot ask about either.
        (
            "scope-items",
            vec![("where", "unit_cost > 100")],
            json!({"where": ["At location 0: unknown reference unit_cost"]}),
        ),
        (
            "scope-items",
            vec![("columns", "id,unit_cost")],
            json!({"columns": ["The following columns are not found on the table: unit_cost"]}),
        ),
    ] {
        let parameters = [parameters, vec![("offset", "-1")]].concat();
        assert_eq!(
            asked(&vendor, table, &parameters).await,
            (400, json!({"message": "Invalid request", "errors": expected}))
        );
    }
}

#[tokio::test]
async fn the_database_itself_would_choose_the_same_rows() {
    let app = TestApp::start_with_properties(60).await;
    let admin = app.sign_in("admin").await;
    let turns = admin.rows("turns").await.0;
    for (id, _) in turns.iter().take(10) {
        let write = json!({"operation": "update", "writeId": new_id(), "rowId": id, "version": 1, "data": {"notes": "x"}});
        assert_eq!(admin.write("turns", write).await.status, 200);
    }
    let db = app.database().await;
    let mut dice = Dice(11);
    let mut sizes = BTreeSet::new();
    for _ in 0..200 {
        let clause = any_condition(Table::Turns, &mut dice, 3);
        // SQLite keeps money in cents, and not every role sees it.
        let clause = match dice.below(4) {
            0 if is_postgres() => format!("({clause}) AND estimated_amount > 900.5"),
            1 if is_postgres() => format!("({clause}) OR estimated_amount IN (100, 4321.00) OR approval_status = 'none'"),
            _ => clause,
        };
        let id = if is_postgres() { "id::text" } else { "id" };
        let active = if is_postgres() { "is_active" } else { "is_active = 1" };
        let sql = format!("SELECT {id} FROM turns WHERE {active} AND ({clause})");
        let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        let expected: BTreeSet<String> = found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        sizes.insert(expected.len());
        assert_eq!(ids(&admin, &clause).await, expected, "{clause}");
    }
    assert!(sizes.len() > 8, "the clauses tell rows apart: {sizes:?}");
}
