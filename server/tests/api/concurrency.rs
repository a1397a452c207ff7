//! Many at once.

use crate::support::{TestApp, new_id};
use futures::future::join_all;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_on_one_row_make_each_version_once() {
    const CLIENTS: usize = 50;
    const WRITES: usize = 20_000;
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let clients = (0..CLIENTS).map(|client| {
        let (manager, turn) = (manager.clone(), turn.clone());
        tokio::spawn(async move {
            let (mut version, mut made) = (1, vec![]);
            for write in 0..WRITES / CLIENTS {
                let data = json!({"notes": format!("client {client}, write {write}")});
                let write = json!({"operation": "update", "writeId": new_id(), "turnId": turn, "version": version, "data": data});
                let answer = manager.write("turns", write).await;
                match answer.status.as_u16() {
                    200 => made.push(answer.json["version"].as_i64().unwrap()),
                    409 => {}
                    _ => panic!("{}", answer.text),
                }
                // One's own version after a success, everybody's after a conflict.
                version = [&answer.json["version"], &answer.json["error"]["conflicts"]["serverVersion"]]
                    .into_iter()
                    .find_map(Json::as_i64)
                    .unwrap();
            }
            made
        })
    });
    let made: Vec<i64> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();
    let versions: BTreeSet<i64> = made.iter().copied().collect();
    assert_eq!(versions.len(), made.len(), "no version was given twice");
    assert_eq!(versions, (2..=made.len() as i64 + 1).collect(), "and none was left out");
    let counts = app.counts().await;
    assert_eq!([counts.audit_logs, counts.receipts, counts.changes], [made.len() as i64; 3]);
    assert_eq!(app.number("SELECT count(DISTINCT position) FROM changes").await, made.len() as i64);
    assert_eq!(app.number("SELECT max(version) FROM receipts").await, made.len() as i64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_write_sent_by_many_tabs_at_once_is_applied_once() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let write = json!({"operation": "update", "writeId": new_id(), "turnId": turn, "version": 1, "data": {"notes": "once"}});
    let answers = join_all((0..10).map(|_| manager.write("turns", write.clone()))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
    assert_eq!(app.counts().await.audit_logs, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sees_every_change_of_many_writers_in_order() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let (mut rows, mut page) = manager.rows("scope-items").await;
    let turn = manager.first("turns").await["id"].clone();
    let writers = (0..8).map(|writer| {
        let (admin, turn) = (admin.clone(), turn.clone());
        tokio::spawn(async move {
            for item in 0..5 {
                let data = json!({"turn_id": turn, "room": "Kitchen", "category": "Paint", "description": format!("{writer} {item}")});
                let create: Json = json!({"operation": "create", "rowId": new_id(), "data": data});
                assert_eq!(admin.write("scope-items", create).await.status, 200);
            }
        })
    });
    let writers = tokio::spawn(join_all(writers));
    let wanted = rows.len() + 40;
    while rows.len() < wanted {
        page = manager.wait("scope-items", &page).await;
        page.apply_to(&mut rows);
    }
    writers.await.unwrap().into_iter().for_each(Result::unwrap);
    assert_eq!(rows, manager.rows("scope-items").await.0);
}
