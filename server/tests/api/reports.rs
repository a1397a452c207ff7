//! `GET /api/reports/dashboard`

use crate::support::{TestApp, figures, new_id, value};
use serde_json::json;

#[tokio::test]
async fn the_dashboard_is_the_board_in_numbers() {
    let app = TestApp::start_with_properties(90).await;
    let manager = app.sign_in("manager").await;
    let answer = manager.get("/api/reports/dashboard").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let (turns, _) = manager.rows("turns").await;
    let (homes, _) = manager.rows("properties").await;
    assert_eq!(answer.json["activeTurns"], turns.len());
    assert_eq!(answer.json["totalProperties"], homes.len());
    for stage in answer.json["turnsByStage"].as_array().unwrap() {
        let stands = turns.values().filter(|turn| turn["stage_id"] == stage["stageId"]).count();
        assert_eq!(stage["turns"], stands, "{stage}");
    }
    assert_eq!(answer.json["turnsByStage"].as_array().unwrap().len(), 9);
    assert_eq!(answer.json["costPerTurnByMonth"].as_array().unwrap().len(), 13);
    assert_eq!(answer.json["source"], "primary");
}

#[tokio::test]
async fn a_portfolio_without_turns_has_a_dashboard_of_nothing() {
    let app = TestApp::start_with_properties(0).await;
    let answer = app.sign_in("admin").await.get("/api/reports/dashboard").await;
    assert_eq!(answer.json["averageTurnDays"], json!(null));
    assert_eq!(answer.json["vacancy"], json!({"vacantHomes": 0, "vacancyDays": 0, "lostRent": "0.00"}));
    assert_eq!(answer.json["approvalsWaiting"]["ho"], json!({"count": 0, "amount": "0.00"}));
    assert!(answer.json["turnsByStage"].as_array().unwrap().iter().all(|stage| stage["turns"] == 0));
}

#[tokio::test]
async fn figures_and_files_come_from_the_standby() {
    let mut app = TestApp::start().await;
    let Some(standby) = app.use_standby().await else { return };
    let admin = app.sign_in("admin").await;
    let homes = async || {
        let answer = admin.get("/api/reports/dashboard").await;
        let lines = admin.get("/api/reports/export?type=properties&format=csv").await.text.lines().count();
        (
            answer.json["source"].as_str().unwrap().to_owned(),
            answer.json["totalProperties"].as_i64().unwrap(),
            lines,
        )
    };
    // Signing in was written after the standby had caught up.
    app.catch_up(&standby).await;
    assert_eq!(homes().await, ("replica".to_owned(), 10, 11));
    standby.pause().await;
    let home = json!({"id": new_id(), "property_number": "N-1", "name": "1 Elm St", "street_address": "1 Elm St", "city": "Tulsa"});
    let write = json!({"operation": "create", "writeId": new_id(), "data": home});
    assert_eq!(admin.write("properties", write).await.status, 200);
    assert_eq!(homes().await, ("replica".to_owned(), 10, 11), "it shows what it has");
    let lag = async || value(&figures(&app).await, "turns_replica_lag_seconds").unwrap();
    while lag().await <= 0.0 {
        tokio::task::yield_now().await;
    }
    standby.resume().await;
    app.catch_up(&standby).await;
    assert_eq!(homes().await, ("replica".to_owned(), 11, 12));
    while lag().await > 0.0 {
        tokio::task::yield_now().await;
    }
}
