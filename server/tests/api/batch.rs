//! `POST /api/write/batch`

use crate::support::{Answer, Person, TestApp, new_id};
use serde_json::{Value as Json, json};

fn notes(turn: &Json, version: i64, notes: &str) -> Json {
    json!({"table": "turns", "operation": "update", "writeId": new_id(), "turnId": turn, "version": version, "data": {"notes": notes}})
}

fn field<'a>(answer: &'a Answer, name: &str) -> Vec<&'a Json> {
    answer.json["results"].as_array().unwrap().iter().map(|result| &result[name]).collect()
}

#[tokio::test]
async fn atomic_is_all_or_nothing() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let before = app.counts().await;
    let refused = manager
        .post("/api/write/batch", &json!({"operations": [notes(&turn, 1, "a"), notes(&turn, 1, "b")]}))
        .await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (409, "CONFLICT"));
    let malformed = manager.batch(true, vec![notes(&turn, 1, "a"), json!({"table": "turns"})]).await;
    assert_eq!(malformed.status, 422);
    assert_eq!(app.counts().await, before);
    let done = manager.batch(true, vec![notes(&turn, 1, "a"), notes(&turn, 2, "b")]).await;
    assert_eq!(field(&done, "version"), [2, 3]);
    let txids = field(&done, "txid");
    assert_eq!(txids[0], txids[1], "one transaction");
}

#[tokio::test]
async fn otherwise_each_write_stands_alone() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (turn, theirs) = (manager.first("turns").await["id"].clone(), other.first("turns").await["id"].clone());
    let before = app.counts().await;
    let answer = manager.batch(
        false,
        vec![
            notes(&turn, 1, "a"),
            notes(&turn, 1, "conflict"),
            json!({"writeId": "01990000-0000-7000-8000-0000000000aa", "table": "turns", "operation": "approve"}),
            json!(7),
            notes(&theirs, 1, "not mine"),
            json!({"table": "nothing", "operation": "update", "rowId": turn}),
            notes(&turn, 2, "b"),
        ],
    );
    let answer = answer.await;
    assert_eq!(answer.status, 200);
    assert_eq!(field(&answer, "status"), [200, 409, 422, 422, 403, 404, 200]);
    assert_eq!(answer.json["results"][2]["writeId"], "01990000-0000-7000-8000-0000000000aa");
    assert_eq!(
        (&answer.json["results"][0]["txid"], &answer.json["results"][6]["txid"]),
        (&json!("1"), &json!("2")),
        "each has a position of its own, and no gaps"
    );
    let after = app.counts().await;
    assert_eq!(
        (
            after.audit_logs - before.audit_logs,
            after.changes - before.changes,
            after.receipts - before.receipts
        ),
        (2, 2, 2)
    );
}

#[tokio::test]
async fn a_batch_of_another_user_is_not_applied() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = manager.first("turns").await["id"].clone();
    let before = app.counts().await;
    let batch = |user: &str| json!({"operations": [notes(&turn, 1, "a")], "atomic": false, "userId": user});
    let refused = manager.post("/api/write/batch", &batch(&other.id)).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (401, "UNAUTHENTICATED"));
    assert_eq!(app.counts().await, before);
    assert_eq!(manager.post("/api/write/batch", &batch(&manager.id)).await.status, 200);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_may_be_empty() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let before = app.counts().await;
    let many = |count: usize| (0..count).map(|_| notes(&turn, 9, "x")).collect();
    assert_eq!(manager.batch(false, many(101)).await.problem(), "VALIDATION");
    assert_eq!(field(&manager.batch(false, many(100)).await, "status"), vec![409; 100]);
    assert_eq!(manager.batch(true, vec![]).await.json, json!({"success": true, "results": []}));
    for body in [json!({}), json!([]), json!({"operations": {}}), json!({"operations": [], "userId": 7})] {
        assert_eq!(manager.post("/api/write/batch", &body).await.problem(), "VALIDATION", "{body}");
    }
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn a_write_that_the_database_refuses_leaves_no_trace_and_holds_up_no_other() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    // The last step of a write fails: everything before it must be taken back.
    app.refuse_inserts("receipts", "answer", "boom").await;
    let before = app.counts().await;
    let alone = manager.write("turns", notes(&turn, 1, "boom")).await;
    assert_eq!((alone.status.as_u16(), alone.problem()), (500, "INTERNAL"));
    assert!(!alone.text.contains("secret"));
    assert_eq!(manager.batch(true, vec![notes(&turn, 1, "a"), notes(&turn, 2, "boom")]).await.status, 500);
    assert_eq!(app.counts().await, before);
    let beside_others = manager
        .batch(false, vec![notes(&turn, 1, "a"), notes(&turn, 2, "boom"), notes(&turn, 2, "b")])
        .await;
    assert_eq!(field(&beside_others, "status"), [200, 500, 200]);
    let after = app.counts().await;
    assert_eq!([after.audit_logs, after.changes, after.receipts], [2; 3]);
    assert_eq!(app.number("SELECT value FROM counters WHERE name = 'change_position'").await, 2);
}

#[tokio::test]
async fn writes_that_the_database_refuses_cost_the_others_no_further_transaction() {
    const WRITES: i64 = 100;
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    app.refuse_inserts("receipts", "answer", "boom").await;
    let mut commits = app.db().commits();
    for poisoned in [vec![41], vec![0, 1, 50, 99], (0..WRITES).collect()] {
        let before: i64 = version(&manager, &turn).await;
        let is_poisoned = |n: i64| poisoned.contains(&n);
        let mut stands = before;
        let writes = (0..WRITES).map(|n| {
            let write = notes(&turn, stands, if is_poisoned(n) { "boom" } else { "fine" });
            stands += i64::from(!is_poisoned(n));
            write
        });
        let answer = manager.batch(false, writes.collect()).await;
        let expected: Vec<i32> = (0..WRITES).map(|n| if is_poisoned(n) { 500 } else { 200 }).collect();
        assert_eq!(field(&answer, "status"), expected, "{}", answer.text);
        assert_eq!(version(&manager, &turn).await, before + WRITES - poisoned.len() as i64);
        let expected_commits = usize::from((poisoned.len() as i64) < WRITES);
        let told = std::iter::from_fn(|| commits.try_recv().ok())
            .filter(|commit| !commit.changes.is_empty())
            .count();
        assert_eq!(told, expected_commits, "one transaction, told of once");
    }
}

async fn version(manager: &Person, turn: &Json) -> i64 {
    manager.rows("turns").await.0[turn.as_str().unwrap()]["version"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}
