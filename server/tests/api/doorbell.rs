//! `GET /api/sync/live`

use crate::support::{Person, SHAPES, TestApp};
use futures::{StreamExt, stream::BoxStream};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// An open connection to the doorbell.
pub struct Bell {
    chunks: BoxStream<'static, String>,
    text: String,
}

impl Bell {
    pub async fn listen(person: &Person) -> Self {
        let response = person.http.get(format!("{}/api/sync/live", person.url)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"));
        let chunks = response
            .bytes_stream()
            .filter_map(|chunk| async { Some(String::from_utf8(chunk.ok()?.to_vec()).unwrap()) });
        Self {
            chunks: chunks.boxed(),
            text: String::new(),
        }
    }

    /// The next ring's tables; `None` when the server has ended the connection.
    pub async fn ring(&mut self) -> Option<BTreeSet<String>> {
        self.event("news").await
    }

    /// The tables of the next event with this name.
    pub async fn event(&mut self, name: &str) -> Option<BTreeSet<String>> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let news = event
                    .strip_prefix(&format!("event: {name}\ndata: "))
                    .map(|data| serde_json::from_str::<Json>(data).unwrap());
                self.text = rest.to_owned();
                if let Some(news) = news {
                    return Some(
                        news["tables"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|table| table.as_str().unwrap().to_owned())
                            .collect(),
                    );
                }
            } else {
                self.text += &self.chunks.next().await?;
            }
        }
    }
}

fn tables(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

async fn change_notes(person: &Person, table: &str, version: i64) {
    let row = person.first(table).await;
    let answer = person
        .write(
            table,
            json!({"operation": "update", "rowId": row["id"], "version": version, "data": {"notes": version.to_string()}}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn it_rings_for_those_concerned_and_names_the_tables() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mut all, mut mine, mut theirs) = (Bell::listen(&admin).await, Bell::listen(&manager).await, Bell::listen(&other).await);
    for bell in [&mut all, &mut mine, &mut theirs] {
        assert_eq!(bell.ring().await, tables(&SHAPES), "the first ring names every shape");
    }
    change_notes(&manager, "turns", 1).await;
    assert_eq!((all.ring().await, mine.ring().await), (tables(&["turns"]), tables(&["turns"])));
    change_notes(&other, "properties", 1).await;
    assert_eq!(
        (all.ring().await, theirs.ring().await),
        (tables(&["properties"]), tables(&["properties"])),
        "the other manager’s turn did not ring here"
    );
}

#[tokio::test]
async fn a_row_that_leaves_rings_on_both_sides() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mut mine, mut theirs) = (Bell::listen(&manager).await, Bell::listen(&other).await);
    for bell in [&mut mine, &mut theirs] {
        assert!(bell.ring().await.is_some());
    }
    let turn = manager.first("turns").await;
    let hand_over = json!({"operation": "update", "propertyId": turn["property_id"], "version": 1, "data": {"property_manager_id": other.id}});
    assert_eq!(admin.write("properties", hand_over).await.status, 200);
    let moved = tables(&["properties", "turns", "scope-items"]);
    assert_eq!((mine.ring().await, theirs.ring().await), (moved.clone(), moved));
}

#[tokio::test]
async fn what_comes_together_rings_once() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let mut bell = Bell::listen(&manager).await;
    assert!(bell.ring().await.is_some());
    let (turn, home) = (manager.first("turns").await, manager.first("properties").await);
    let update = |table: &str, row: &Json| json!({"table": table, "operation": "update", "rowId": row, "version": 1, "data": {"notes": "x"}});
    let batch = manager
        .batch(false, vec![update("turns", &turn["id"]), update("properties", &home["id"])])
        .await;
    assert_eq!(batch.status, 200);
    assert_eq!(bell.ring().await, tables(&["properties", "turns"]));
}

#[tokio::test]
async fn it_ends_with_the_session_and_with_the_server() {
    let mut app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mut mine, mut theirs) = (Bell::listen(&manager).await, Bell::listen(&other).await);
    for bell in [&mut mine, &mut theirs] {
        assert!(bell.ring().await.is_some());
    }
    manager.post("/api/auth/logout", &json!({})).await;
    assert_eq!(mine.ring().await, None);
    change_notes(&other, "turns", 1).await;
    assert_eq!(theirs.ring().await, tables(&["turns"]), "another’s session goes on");
    app.stop().await;
    assert_eq!(theirs.ring().await, None);
}

#[tokio::test]
async fn it_ends_when_an_administrator_ends_the_session_or_changes_the_role() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mut mine, mut theirs, mut own) = (Bell::listen(&manager).await, Bell::listen(&other).await, Bell::listen(&admin).await);
    for bell in [&mut mine, &mut theirs, &mut own] {
        assert!(bell.ring().await.is_some());
    }
    admin.delete(&format!("/api/admin/users/{}/sessions", manager.id)).await;
    assert_eq!(mine.ring().await, None);
    let promoted = admin
        .patch(&format!("/api/admin/users/{}", other.id), &json!({"role": "SR_PROPERTY_MANAGER"}))
        .await;
    assert_eq!(promoted.status, 200);
    assert_eq!(theirs.ring().await, None, "it rang for the rows of another role");
    assert!(Bell::listen(&other).await.ring().await.is_some(), "the session goes on");
    change_notes(&admin, "turns", 1).await;
    assert_eq!(own.ring().await, tables(&["turns"]), "what happens to others ends nobody else’s");
}

#[tokio::test]
async fn it_ends_with_a_session_that_another_program_has_ended() {
    use sea_orm::ConnectionTrait;
    let app = TestApp::start_with(|settings| settings.limits.look_again = std::time::Duration::from_millis(20)).await;
    let manager = app.sign_in("manager").await;
    let mut mine = Bell::listen(&manager).await;
    assert!(mine.ring().await.is_some());
    app.database().await.execute_unprepared("DELETE FROM sessions").await.unwrap();
    assert_eq!(mine.ring().await, None);
}
