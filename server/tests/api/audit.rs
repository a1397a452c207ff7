//! `GET /api/audit`, and what comes into the log.

use crate::support::{Answer, Person, TestApp, send};
use reqwest::Client;
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

async fn audit(person: &Person, query: &str) -> Answer {
    person.get(&format!("/api/audit?{query}")).await
}

async fn entries(person: &Person, query: &str) -> Vec<Json> {
    let answer = audit(person, query).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["entries"].as_array().unwrap().clone()
}

async fn change(person: &Person, turn: &Json, version: i64, data: Json) -> Answer {
    let write = json!({"operation": "update", "rowId": turn, "version": version, "data": data});
    let answer = person.write("turns", write).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[tokio::test]
async fn the_log_is_for_administrators() {
    let app = TestApp::start().await;
    for name in ["senior", "manager", "inspector", "vendor", "dfo", "ho"] {
        assert_eq!(audit(&app.sign_in(name).await, "").await.problem(), "PERMISSION", "{name}");
    }
    assert_eq!(send(Client::new().get(format!("{}/api/audit", app.url()))).await.problem(), "UNAUTHENTICATED");
    assert_eq!(audit(&app.sign_in("admin").await, "").await.status, 200);
}

#[tokio::test]
async fn a_change_is_found_by_who_what_and_when() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (turn, theirs) = (manager.first("turns").await, other.first("turns").await);
    change(&manager, &turn["id"], 1, json!({"notes": "Keys under mat", "priority": "urgent"})).await;
    change(&other, &theirs["id"], 1, json!({"work_order_number": "W-7"})).await;
    let all = entries(&admin, "table=turns").await;
    assert_eq!(all.len(), 2);
    let entry = &all[1];
    for (field, expected) in [
        ("table", json!("turns")),
        ("rowId", turn["id"].clone()),
        ("operation", json!("update")),
        ("role", json!("PROPERTY_MANAGER")),
        ("address", json!("127.0.0.1")),
        ("user", json!({"id": manager.id, "name": "Priya Raman"})),
    ] {
        assert_eq!(entry[field], expected, "{entry}");
    }
    assert_eq!((&entry["old"]["notes"], &entry["new"]["notes"]), (&turn["notes"], &json!("Keys under mat")));
    assert!(entry["changedColumns"].as_array().unwrap().contains(&json!("priority")));
    let at = entry["at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.contains('T'), "{at}");

    let id = |entry: &Json| entry["id"].as_i64().unwrap();
    let (newest, oldest) = (id(&all[0]), id(&all[1]));
    for (query, expected) in [
        (format!("user={}&table=turns", manager.id), vec![oldest]),
        (format!("row={}", theirs["id"].as_str().unwrap()), vec![newest]),
        (format!("writeId={}", entry["writeId"].as_str().unwrap()), vec![oldest]),
        ("changed=work_order_number".to_owned(), vec![newest]),
        ("changed=work-order-number".to_owned(), vec![]),
        ("operation=update&table=turns".to_owned(), vec![newest, oldest]),
        ("operation=delete".to_owned(), vec![]),
        (format!("table=turns&from={at}"), vec![newest, oldest]),
        (format!("table=turns&to={at}"), vec![]),
        (format!("table=turns&before={newest}"), vec![oldest]),
    ] {
        let found: Vec<i64> = entries(&admin, &query).await.iter().map(id).collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_while_the_log_grows() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let turn = manager.first("turns").await["id"].clone();
    for version in 1..=7 {
        change(&manager, &turn, version, json!({"notes": version.to_string()})).await;
    }
    let (mut found, mut query) = (vec![], "table=turns&limit=3".to_owned());
    loop {
        let page = audit(&admin, &query).await.json;
        found.extend(
            page["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry["new"]["notes"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_i64() else { break };
        change(&manager, &turn, 8 + found.len() as i64 / 3 - 1, json!({"notes": "later"})).await;
        query = format!("table=turns&limit=3&before={next}");
    }
    assert_eq!(found, ["7", "6", "5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let answer = audit(&admin, "user=maria&from=yesterday&limit=0&colour=red").await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"));
    let fields: Vec<&String> = answer.json["error"]["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["colour", "from", "limit", "user"]);
}

#[tokio::test]
async fn coming_and_going_is_remembered_without_what_was_typed() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    for (email, password) in [("manager@example.com", "typed-wrong"), ("typed-into-the-wrong-field", "x")] {
        let body = json!({"email": email, "password": password});
        send(Client::new().post(format!("{}/api/auth/login", app.url())).json(&body)).await;
    }
    manager.post("/api/auth/logout", &json!({})).await;
    let found = entries(&admin, "table=sessions").await;
    let told: Vec<(&str, &Json, &Json)> = found
        .iter()
        .map(|entry| (entry["operation"].as_str().unwrap(), &entry["user"]["name"], &entry["new"]["user_id"]))
        .collect();
    let (nobody, priya, dana) = (Json::Null, json!("Priya Raman"), json!("Dana Whitfield"));
    let (manager_id, admin_id) = (json!(manager.id), json!(admin.id));
    assert_eq!(
        told,
        [
            ("sign-out", &priya, &nobody),
            ("sign-in-failed", &nobody, &nobody),
            ("sign-in-failed", &nobody, &manager_id),
            ("sign-in", &priya, &manager_id),
            ("sign-in", &dana, &admin_id),
        ]
    );
    assert_eq!(found[0]["rowId"], found[3]["rowId"], "one session");
    assert!(!serde_json::to_string(&found).unwrap().contains("typed"));
}

#[tokio::test]
async fn the_database_refuses_to_change_or_delete_an_entry() {
    let app = TestApp::start().await;
    app.sign_in("admin").await;
    let db = app.database().await;
    for sql in ["UPDATE audit_logs SET role = 'ADMIN'", "DELETE FROM audit_logs"] {
        let refused = db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
    assert_eq!(app.number("SELECT count(*) FROM audit_logs").await, 1);
}
