//! `live_sse=true`: a live request that stays.

use crate::support::{Person, TestApp};
use serde_json::{Value as Json, json};
use std::time::Duration;

async fn change(person: &Person, turn: &Json, version: i64, notes: &str) {
    let write = json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": notes}});
    assert_eq!(person.write("turns", write).await.status, 200);
}

/// Reads events until there are so many, or the stream ends.
async fn events(stream: &mut reqwest::Response, most: usize) -> Vec<Json> {
    let mut text = String::new();
    while text.matches("data: ").count() < most || !text.ends_with("\n\n") {
        let Some(chunk) = stream.chunk().await.unwrap() else { break };
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).unwrap()).collect()
}

fn address(person: &Person, offset: &str, handle: &str) -> String {
    format!("{}/api/sync/turns?offset={offset}&handle={handle}&live=true&live_sse=true", person.url)
}

#[tokio::test]
async fn what_was_missed_and_what_comes_arrive_on_one_connection() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    let place = manager.rows("turns").await.1;
    change(&manager, &turn, 1, "missed").await;
    let mut stream = manager.http.get(address(&manager, &place.offset, &place.handle)).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["electric-offset"], place.offset.as_str());
    assert_eq!(stream.headers()["electric-handle"], place.handle.as_str());
    assert!(stream.headers().contains_key("electric-cursor"));
    let missed = events(&mut stream, 2).await;
    assert_eq!(missed[0]["value"]["notes"], "missed");
    assert_eq!(missed[0]["key"], format!("\"public\".\"turns\"/{turn}"));
    assert_eq!(missed[1]["headers"]["control"], "up-to-date");
    change(&manager, &turn, 2, "heard").await;
    let heard = events(&mut stream, 2).await;
    assert_eq!(heard[0]["value"]["notes"], "heard");
    assert_eq!(
        (&heard[0]["headers"]["last"], &heard[1]["headers"]["control"]),
        (&json!(true), &json!("up-to-date"))
    );
}

#[tokio::test]
async fn a_stream_ends_by_itself_with_its_session_and_never_begins_at_a_place_that_is_gone() {
    let app = TestApp::start_with(|settings| settings.limits.stream = Duration::from_millis(50)).await;
    let manager = app.sign_in("manager").await;
    let place = manager.rows("turns").await.1;
    let mut short = manager.http.get(address(&manager, &place.offset, &place.handle)).send().await.unwrap();
    assert_eq!(events(&mut short, 1).await, [] as [Json; 0]);
    let gone = manager.http.get(address(&manager, "0_inf", "1-1")).send().await.unwrap();
    assert_eq!(gone.status(), 409);

    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let place = manager.rows("turns").await.1;
    let mut stream = manager.http.get(address(&manager, &place.offset, &place.handle)).send().await.unwrap();
    assert_eq!(manager.post("/api/auth/logout", &json!({})).await.status, 200);
    assert_eq!(events(&mut stream, 1).await, [] as [Json; 0]);
}

#[tokio::test]
async fn a_stream_is_a_live_request() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let page = manager.shape("turns", "offset=now&live_sse=true").await;
    assert_eq!(page.status, 400);
}
