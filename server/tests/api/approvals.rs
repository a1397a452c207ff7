//! Asking for approval, deciding, and what a changed scope does to both.

use crate::support::{Answer, Person, TestApp, new_id};
use serde_json::{Map, Value as Json, json};

/// A turn of `manager`'s with an empty scope that nobody has asked for yet, and the people around it.
struct Work {
    app: TestApp,
    manager: Person,
    dfo: Person,
    ho: Person,
    turn: String,
}

impl Work {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let (manager, dfo, ho) = (app.sign_in("manager").await, app.sign_in("dfo").await, app.sign_in("ho").await);
        let home = new_id();
        let data = json!({"property_number": "N-1", "name": "12 Elm Street", "street_address": "12 Elm Street", "city": "Tulsa"});
        assert_eq!(
            manager
                .write("properties", json!({"operation": "create", "rowId": home, "data": data}))
                .await
                .status,
            200
        );
        let turn = new_id();
        let made = manager
            .write("turns", json!({"operation": "create", "turnId": turn, "data": {"property_id": home}}))
            .await;
        assert_eq!(made.status, 200, "{}", made.text);
        Self { app, manager, dfo, ho, turn }
    }

    async fn add_item(&self, cost: &str) -> String {
        let id = new_id();
        let data = json!({"turn_id": self.turn, "room": "Kitchen", "category": "Paint", "description": "Walls", "unit_cost": cost});
        let made = self
            .manager
            .write("scope-items", json!({"operation": "create", "rowId": id, "data": data}))
            .await;
        assert_eq!(made.status, 200, "{}", made.text);
        id
    }

    async fn change_item(&self, id: &str, data: Json) {
        let version = self.manager.rows("scope-items").await.0[id]["version"]
            .as_str()
            .unwrap()
            .parse::<i64>()
            .unwrap();
        let write = json!({"operation": "update", "rowId": id, "version": version, "data": data});
        let changed = self.manager.write("scope-items", write).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
    }

    async fn ask(&self) -> Answer {
        self.manager
            .write("approvals", json!({"operation": "create", "rowId": new_id(), "data": {"turn_id": self.turn}}))
            .await
    }

    async fn turn(&self) -> Map<String, Json> {
        self.manager.rows("turns").await.0.remove(&self.turn).unwrap()
    }

    async fn decide(&self, by: &Person, operation: &str, metadata: Json) -> Answer {
        let digest = self.turn().await["scope_digest"].clone();
        by.write(
            "turns",
            json!({"operation": operation, "turnId": self.turn, "data": {"scope_digest": digest}, "metadata": metadata}),
        )
        .await
    }

    async fn approve(&self, by: &Person, level: &str) -> Answer {
        self.decide(by, "approve", json!({"approvalLevel": level})).await
    }

    /// Level, status and reason of every request, oldest first.
    async fn requests(&self) -> Vec<(String, String, Json)> {
        let rows = self.manager.rows("approvals").await.0;
        let mut mine: Vec<_> = rows.into_values().filter(|row| row["turn_id"] == self.turn.as_str()).collect();
        mine.sort_by_key(|row| (row["created_at"].to_string(), row["level"].to_string()));
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        mine.iter()
            .map(|row| (text(&row["level"]), text(&row["status"]), row["reason"].clone()))
            .collect()
    }

    async fn move_to(&self, key: &str) -> Answer {
        let stages = self.manager.rows("turn-stages").await.0;
        let stage = stages.into_values().find(|stage| stage["key"] == key).unwrap();
        let version = self.turn().await["version"].as_str().unwrap().parse::<i64>().unwrap();
        self.manager
            .write(
                "turns",
                json!({"operation": "stage-change", "turnId": self.turn, "version": version, "data": {"stage_id": stage["id"]}}),
            )
            .await
    }

    async fn kinds_of_news(&self, person: &Person) -> Vec<String> {
        let rows = person.rows("notifications").await.0;
        let about_it = rows.into_values().filter(|row| row["turn_id"] == self.turn.as_str());
        about_it.map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_small_amount_needs_nobody() {
    let work = Work::begin().await;
    work.add_item("2999.99").await;
    let asked = work.ask().await;
    assert_eq!(asked.problem(), "VALIDATION");
    assert!(
        asked.json["error"]["fields"]["turn_id"].as_str().unwrap().contains("$3,000.00"),
        "{}",
        asked.text
    );
    assert_eq!(work.move_to("scope_review").await.status, 200);
    assert_eq!(work.move_to("in_progress").await.status, 200);
}

#[tokio::test]
async fn the_director_approves_and_the_turn_goes_on() {
    let work = Work::begin().await;
    work.add_item("4000").await;
    assert_eq!(work.move_to("scope_review").await.status, 200);
    let held = work.move_to("in_progress").await;
    assert_eq!(held.problem(), "VALIDATION");
    assert!(held.json["error"]["fields"]["stage_id"].as_str().unwrap().contains("DFO"), "{}", held.text);

    assert!(!work.dfo.rows("turns").await.0.contains_key(&work.turn), "nothing awaits the director yet");
    let asked = work.ask().await;
    assert_eq!(
        (asked.status.as_u16(), &asked.json["approval"]["amount"]),
        (200, &json!("4000.00")),
        "{}",
        asked.text
    );
    assert_eq!(work.turn().await["approval_status"], "dfo_needed");
    let twice = work.ask().await;
    assert!(twice.json["error"]["fields"]["turn_id"].as_str().unwrap().contains("already"), "{}", twice.text);

    assert!(
        work.dfo.rows("turns").await.0.contains_key(&work.turn),
        "what awaits the director is seen by the director"
    );
    assert_eq!(
        work.dfo
            .rows("scope-items")
            .await
            .0
            .values()
            .filter(|item| item["turn_id"] == work.turn.as_str())
            .count(),
        1
    );
    assert_eq!(work.kinds_of_news(&work.dfo).await, ["approval_requested"]);

    let approved = work.approve(&work.dfo, "DFO").await;
    assert_eq!(
        (approved.status.as_u16(), &approved.json["turn"]["approved_amount"], &approved.json["inShape"]),
        (200, &json!("4000.00"), &json!(false)),
        "{}",
        approved.text
    );
    assert!(work.turn().await["scope_approved_on"].is_string());
    assert_eq!(work.requests().await, [("DFO".to_owned(), "approved".to_owned(), Json::Null)]);
    assert!(work.kinds_of_news(&work.manager).await.contains(&"approval_decided".to_owned()));
    assert_eq!(work.move_to("in_progress").await.status, 200);

    let again = work.approve(&work.dfo, "DFO").await;
    assert_eq!(again.problem(), "VALIDATION");
    assert!(again.json["error"]["message"].as_str().unwrap().contains("decided already"), "{}", again.text);
}

#[tokio::test]
async fn much_money_goes_to_the_home_office_after_the_director() {
    let work = Work::begin().await;
    work.add_item("12000").await;
    assert_eq!(work.ask().await.status, 200);
    assert_eq!(work.approve(&work.ho, "HO").await.problem(), "VALIDATION", "the director comes first");
    assert_eq!(work.approve(&work.ho, "DFO").await.problem(), "PERMISSION");
    let first = work.approve(&work.dfo, "DFO").await;
    assert_eq!(
        (first.status.as_u16(), &first.json["turn"]["approval_status"]),
        (200, &json!("ho_needed")),
        "{}",
        first.text
    );
    assert_eq!(work.kinds_of_news(&work.ho).await, ["approval_requested"]);
    assert!(work.ho.rows("turns").await.0.contains_key(&work.turn));
    assert_eq!(
        work.move_to("turns_complete").await.problem(),
        "VALIDATION",
        "half an approval finishes nothing"
    );
    let second = work.approve(&work.ho, "HO").await;
    assert_eq!(
        (second.status.as_u16(), &second.json["turn"]["approval_status"]),
        (200, &json!("approved")),
        "{}",
        second.text
    );
    let levels: Vec<_> = work.requests().await.into_iter().map(|(level, status, _)| (level, status)).collect();
    assert_eq!(levels, [("DFO".to_owned(), "approved".to_owned()), ("HO".to_owned(), "approved".to_owned())]);
    assert_eq!(work.move_to("turns_complete").await.status, 200);
}

#[tokio::test]
async fn a_rejection_says_why_and_may_be_asked_again() {
    let work = Work::begin().await;
    work.add_item("5000").await;
    assert_eq!(work.ask().await.status, 200);
    let without = work.decide(&work.dfo, "reject", json!({"approvalLevel": "DFO"})).await;
    assert!(without.json["error"]["fields"]["rejectReason"].is_string(), "{}", without.text);
    let reason = json!({"approvalLevel": "DFO", "rejectReason": "Two quotes, please"});
    let rejected = work.decide(&work.dfo, "reject", reason).await;
    assert_eq!(
        (rejected.status.as_u16(), &rejected.json["turn"]["approval_status"]),
        (200, &json!("rejected")),
        "{}",
        rejected.text
    );
    assert_eq!(work.requests().await, [("DFO".to_owned(), "rejected".to_owned(), json!("Two quotes, please"))]);
    assert_eq!(work.ask().await.status, 200);
    assert_eq!(work.turn().await["approval_status"], "dfo_needed");
}

#[tokio::test]
async fn what_was_approved_is_void_when_its_scope_changes() {
    let work = Work::begin().await;
    let item = work.add_item("4000").await;
    assert_eq!(work.ask().await.status, 200);
    let seen_before = work.turn().await["scope_digest"].clone();
    work.change_item(&item, json!({"is_done": true, "position": 3})).await;
    assert_eq!(
        work.turn().await["approval_status"],
        "dfo_needed",
        "ticking an item off changes nothing that was asked"
    );
    assert_eq!(work.approve(&work.dfo, "DFO").await.status, 200);

    work.change_item(&item, json!({"unit_cost": "4001"})).await;
    let turn = work.turn().await;
    assert_eq!((&turn["approval_status"], &turn["approved_amount"]), (&json!("none"), &Json::Null));
    assert_eq!(work.requests().await[0].1, "void");

    assert_eq!(work.ask().await.status, 200);
    let stale = json!({"operation": "approve", "turnId": work.turn, "data": {"scope_digest": seen_before}, "metadata": {"approvalLevel": "DFO"}});
    let refused = work.dfo.write("turns", stale).await;
    assert!(refused.json["error"]["fields"]["scope_digest"].is_string(), "{}", refused.text);
    let unseen = json!({"operation": "approve", "turnId": work.turn, "data": {}, "metadata": {"approvalLevel": "DFO"}});
    assert!(work.dfo.write("turns", unseen).await.json["error"]["fields"]["scope_digest"].is_string());

    // A change order asks for the new total.
    assert_eq!(work.approve(&work.dfo, "DFO").await.status, 200);
    work.add_item("7000").await;
    assert_eq!(work.ask().await.json["approval"]["amount"], "11001.00");
}

#[tokio::test]
async fn nobody_approves_their_own_request() {
    let work = Work::begin().await;
    work.app.add_super_administrator().await;
    let both = work.app.sign_in("super").await;
    work.add_item("4000").await;
    let asked = both
        .write("approvals", json!({"operation": "create", "rowId": new_id(), "data": {"turn_id": work.turn}}))
        .await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let own = work.approve(&both, "DFO").await;
    assert_eq!(own.problem(), "PERMISSION");
    assert!(own.json["error"]["message"].as_str().unwrap().contains("own request"), "{}", own.text);
    assert_eq!(work.approve(&work.dfo, "DFO").await.status, 200);
}

#[tokio::test]
async fn a_vendor_sees_the_home_it_works_in_and_nobodys_money() {
    let work = Work::begin().await;
    work.add_item("100").await;
    let admin = work.app.sign_in("admin").await;
    let vendor = work.app.sign_in("vendor").await;
    let home = work.turn().await["property_id"].as_str().unwrap().to_owned();
    assert!(!vendor.rows("properties").await.0.contains_key(&home));
    let company = vendor.first("vendors").await["id"].clone();
    let assign = |version: i64, to: Json| json!({"operation": "update", "turnId": work.turn, "version": version, "data": {"vendor_id": to}});
    assert_eq!(admin.write("turns", assign(1, company)).await.status, 200);
    let homes = vendor.rows("properties").await.0;
    assert!(homes[&home].contains_key("lock_box_code") && !homes[&home].contains_key("monthly_rent"));
    let turn = &vendor.rows("turns").await.0[&work.turn];
    assert!(!turn.contains_key("estimated_amount") && turn.contains_key("due_date"));
    let item = vendor
        .rows("scope-items")
        .await
        .0
        .into_values()
        .find(|item| item["turn_id"] == work.turn.as_str())
        .unwrap();
    assert!(!item.contains_key("unit_cost"));
    let done = json!({"operation": "update", "rowId": item["id"], "version": 1, "data": {"is_done": true}});
    let ticked = vendor.write("scope-items", done).await;
    assert_eq!(
        (ticked.status.as_u16(), &ticked.json["scopeItem"]["unit_cost"]),
        (200, &Json::Null),
        "{}",
        ticked.text
    );
    let dearer = json!({"operation": "update", "rowId": item["id"], "version": 2, "data": {"unit_cost": "900"}});
    assert_eq!(vendor.write("scope-items", dearer).await.problem(), "PERMISSION");
    assert_eq!(work.kinds_of_news(&vendor).await, ["work_assigned"]);

    assert_eq!(admin.write("turns", assign(2, Json::Null)).await.status, 200);
    assert!(
        !vendor.rows("properties").await.0.contains_key(&home),
        "the code is seen only while the work is theirs"
    );
    assert!(!vendor.rows("turns").await.0.contains_key(&work.turn));
}
