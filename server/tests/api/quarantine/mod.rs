//! Writes of people who have lost sight of the row while they were offline: `/api/quarantine`, and what their devices hear.

mod adopting;
mod holding;

use crate::support::{Answer, Person, TestApp, new_id};
use serde_json::{Map, Value as Json, json};

/// A manager's turn, and the people around it.
struct World {
    app: TestApp,
    admin: Person,
    manager: Person,
    other: Person,
    home: Map<String, Json>,
    turn: Map<String, Json>,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start_with_properties(30).await;
        let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
        let turn = manager.first("turns").await;
        let home = manager.rows("properties").await.0.remove(turn["property_id"].as_str().unwrap()).unwrap();
        Self {
            app,
            admin,
            manager,
            other,
            home,
            turn,
        }
    }

    /// The home, and with it the turn, becomes another manager's.
    async fn hand_over(&self) {
        self.give_to(&self.other).await;
    }

    async fn give_to(&self, manager: &Person) {
        let home = &self.admin.rows("properties").await.0[self.home["id"].as_str().unwrap()];
        let write = json!({"operation": "update", "rowId": home["id"], "version": version(home), "data": {"property_manager_id": manager.id}});
        let done = self.admin.write("properties", write).await;
        assert_eq!(done.status, 200, "{}", done.text);
    }

    /// What the manager wrote on the turn as they saw it.
    fn update(&self, data: Json) -> Json {
        json!({"table": "turns", "operation": "update", "writeId": new_id(), "rowId": self.turn["id"], "version": version(&self.turn), "data": data})
    }

    /// The turn as it stands.
    async fn turn_now(&self) -> Map<String, Json> {
        self.admin.rows("turns").await.0.remove(self.turn["id"].as_str().unwrap()).unwrap()
    }

    async fn adopt(&self, write: &Json, body: Json) -> Answer {
        self.admin.post(&path(write, "adopt"), &body).await
    }

    /// Sends a write that is held.
    async fn hold(&self, write: &Json) {
        let answer = send(&self.manager, write).await;
        assert_eq!(code(&answer), "QUARANTINED", "{answer}");
    }
}

fn version(row: &Map<String, Json>) -> i64 {
    row["version"].as_str().unwrap().parse().unwrap()
}

fn path(write: &Json, decision: &str) -> String {
    format!("/api/quarantine/{}/{decision}", write["writeId"].as_str().unwrap())
}

/// As a device sends it; gives the answer to this one write.
async fn send(person: &Person, write: &Json) -> Json {
    send_all(person, vec![write.clone()]).await.remove(0)
}

async fn send_all(person: &Person, writes: Vec<Json>) -> Vec<Json> {
    let answer = person.batch(false, writes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["results"].as_array().unwrap().clone()
}

fn code(answer: &Json) -> &str {
    answer["error"]["type"].as_str().unwrap_or("applied")
}

/// The ids of what waits for somebody.
async fn docket(person: &Person) -> Vec<Json> {
    let answer = person.get("/api/quarantine").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let writes = answer.json["writes"].as_array().unwrap();
    writes.iter().map(|write| write["writeId"].clone()).collect()
}

/// Somebody's notifications of a kind, as title and body.
async fn told(person: &Person, kind: &str) -> Vec<[String; 2]> {
    let rows = person.rows("notifications").await.0.into_values();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    rows.filter(|row| row["kind"] == kind)
        .map(|row| [text(&row["title"]), text(&row["body"])])
        .collect()
}
