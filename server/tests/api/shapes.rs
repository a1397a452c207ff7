//! `GET /api/sync/{table}`

use crate::support::{Person, TestApp, new_id};
use serde_json::{Value as Json, json};
use server::config::Settings;
use std::time::Duration;

fn small_pages(settings: &mut Settings) {
    settings.limits.page_rows = 3;
}

async fn change_notes(person: &Person, turn: &Json, version: i64) -> Json {
    let notes = format!("version {}", version + 1);
    let answer = person
        .write(
            "turns",
            json!({"operation": "update", "turnId": turn, "version": version, "data": {"notes": notes}}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

#[tokio::test]
async fn a_snapshot_comes_in_pages_and_ends_with_its_marker() {
    let app = TestApp::start_with(small_pages).await;
    let admin = app.sign_in("admin").await;
    let pages = admin.pages("properties", "offset=-1").await;
    let sizes: Vec<_> = pages.iter().map(|page| page.changes().len()).collect();
    assert_eq!(sizes, [3, 3, 3, 1, 0]);
    assert!(pages.iter().all(|page| page.handle == pages[0].handle));
    assert!(pages[0].offset.starts_with("0_") && pages[3].offset == "0_inf" && !pages[3].is_up_to_date);
    let end = pages[3].messages.last().unwrap();
    assert_eq!(end["headers"], json!({"control": "snapshot-end", "xmin": "1", "xmax": "1", "xip_list": []}));
    assert_eq!(pages[4].messages, [json!({"headers": {"control": "up-to-date", "global_last_seen_lsn": "0"}})]);
    let first = pages[0].changes()[0];
    assert_eq!(first["headers"], json!({"relation": ["public", "properties"], "operation": "insert"}));
    assert_eq!(
        first["key"],
        format!("\"public\".\"properties\"/\"{}\"", first["value"]["id"].as_str().unwrap())
    );
    assert_eq!((&first["value"]["version"], &first["value"]["is_active"]), (&json!("1"), &json!("true")));
}

#[tokio::test]
async fn pages_end_by_size_too() {
    let app = TestApp::start_with(|settings| settings.limits.page_bytes = 2_000).await;
    let admin = app.sign_in("admin").await;
    let pages = admin.pages("properties", "offset=-1").await;
    assert!(pages.len() > 3 && pages.iter().all(|page| page.changes().len() <= 3), "{}", pages.len());
    assert_eq!(admin.rows("properties").await.0.len(), 10);
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_whatever_is_written_meanwhile() {
    let app = TestApp::start_with(small_pages).await;
    let admin = app.sign_in("admin").await;
    let (before, _) = admin.rows("properties").await;
    let ids: Vec<_> = before.keys().cloned().collect();
    let first = admin.shape("properties", "offset=-1").await;
    let rename = |id: &str| json!({"operation": "update", "propertyId": id, "version": 1, "data": {"name": "renamed"}});
    assert_eq!(admin.write("properties", rename(&ids[0])).await.status, 200);
    assert_eq!(admin.write("properties", rename(&ids[9])).await.status, 200);
    let created = new_id();
    let create = json!({"operation": "create", "data": {"id": created, "property_number": "N-1", "name": "new", "street_address": "x", "city": "y"}});
    assert_eq!(admin.write("properties", create).await.status, 200);
    let without_turn = {
        let (turns, _) = admin.rows("turns").await;
        ids.iter()
            .rev()
            .find(|id| turns.values().all(|turn| turn["property_id"] != id.as_str()))
            .unwrap()
            .clone()
    };
    let version = if without_turn == ids[9] { 2 } else { 1 };
    let delete = json!({"operation": "delete", "propertyId": without_turn, "version": version});
    assert_eq!(admin.write("properties", delete).await.status, 200);

    let mut rows = std::collections::BTreeMap::new();
    let mut page = first;
    while !page.messages.iter().any(|message| message["headers"]["control"] == "snapshot-end") {
        page.apply_to(&mut rows);
        page = admin.follow("properties", &page).await;
    }
    page.apply_to(&mut rows);
    assert_eq!(rows, before, "the snapshot is what was when it began");
    admin.follow("properties", &page).await.apply_to(&mut rows);
    assert_eq!(rows, admin.rows("properties").await.0, "and with what came since it is what is");
    assert!(rows.contains_key(&created) && !rows.contains_key(&without_turn));
}

#[tokio::test]
async fn changes_follow_as_recorded() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (rows, end) = manager.rows("turns").await;
    let turn = json!(rows.keys().next().unwrap());
    change_notes(&manager, &turn, 1).await;
    let page = manager.follow("turns", &end).await;
    assert_eq!(
        (page.offset.as_str(), page.is_up_to_date, page.headers["electric-has-data"].as_str()),
        ("1_0", true, "true")
    );
    let change = page.changes()[0];
    let headers = json!({"last": true, "relation": ["public", "turns"], "operation": "update", "lsn": "1", "op_position": 0, "txids": [1]});
    assert_eq!(change["headers"], headers);
    let mut columns: Vec<_> = change["value"].as_object().unwrap().keys().map(String::as_str).collect();
    columns.retain(|column| *column != "updated_by");
    assert_eq!(columns, ["id", "notes", "updated_at", "version"]);
    assert!(page.headers.contains_key("electric-schema") && !page.headers.contains_key("electric-cursor"));
    assert_eq!(page.headers["cache-control"], "private, max-age=0, must-revalidate");
    let schema: Json = serde_json::from_str(&page.headers["electric-schema"]).unwrap();
    assert_eq!(schema["id"], json!({"type": "uuid", "not_null": true, "pk_index": 0}));
    // A quiet shape's place moves on with everybody else's writes.
    let stages = manager.follow("turn-stages", &manager.rows("turn-stages").await.1).await;
    assert_eq!((stages.offset.as_str(), stages.changes().len()), ("1_inf", 0));
}

#[tokio::test]
async fn the_log_comes_in_pages_and_transactions_end_where_they_end() {
    let app = TestApp::start_with(|settings| settings.limits.page_bytes = 300).await;
    let manager = app.sign_in("manager").await;
    let (rows, end) = manager.rows("turns").await;
    let turn = json!(rows.keys().next().unwrap());
    let update = |version: i64| json!({"table": "turns", "operation": "update", "turnId": turn, "version": version, "data": {"notes": format!("{version}")}});
    assert_eq!(manager.batch(true, (1..=5).map(update).collect()).await.status, 200);
    assert_eq!(manager.batch(true, (6..=7).map(update).collect()).await.status, 200);
    let pages = manager.pages("turns", &format!("offset={}&handle={}", end.offset, end.handle)).await;
    assert!(pages.len() > 2, "{}", pages.len());
    let last: Vec<_> = pages
        .iter()
        .flat_map(|page| page.changes())
        .map(|change| change["headers"]["last"] == true)
        .collect();
    assert_eq!(last, [false, false, false, false, true, false, true]);
    let places: Vec<_> = pages
        .iter()
        .flat_map(|page| page.changes())
        .map(|change| change["headers"]["op_position"].as_i64().unwrap())
        .collect();
    assert_eq!(places, [0, 2, 4, 6, 8, 0, 2]);
}

#[tokio::test]
async fn a_live_request_wakes_with_a_change_and_only_with_one_that_concerns_it() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (rows, end) = manager.rows("turns").await;
    let turn = json!(rows.keys().next().unwrap());
    let waiting = tokio::spawn({
        let (manager, end) = (manager.clone(), end.clone());
        async move { manager.wait("turns", &end).await }
    });
    let theirs = other.first("turns").await["id"].clone();
    change_notes(&other, &theirs, 1).await;
    change_notes(&manager, &turn, 1).await;
    let page = waiting.await.unwrap();
    assert_eq!(page.operations(), ["update"]);
    assert!(page.headers["electric-cursor"].parse::<u64>().is_ok() && !page.headers.contains_key("electric-schema"));
    let behind = manager.wait("turns", &end).await;
    assert_eq!(behind.operations(), ["update"], "behind, it is answered at once");
}

#[tokio::test]
async fn waiting_from_now_on_brings_what_comes_while_waiting() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = manager.first("turns").await["id"].clone();
    let waiting = tokio::spawn({
        let manager = manager.clone();
        async move { manager.shape("turns", "offset=now&live=true").await }
    });
    // Whether it waits already cannot be seen from here: change until it has heard.
    let mut version = 1;
    while !waiting.is_finished() {
        change_notes(&manager, &turn, version).await;
        change_notes(&other, &other.first("turns").await["id"], version).await;
        version += 1;
    }
    assert_eq!(waiting.await.unwrap().operations()[..1], ["update"]);
}

#[tokio::test]
async fn a_live_request_ends_empty_after_its_time() {
    let app = TestApp::start_with(|settings| settings.limits.long_poll = Duration::from_millis(30)).await;
    let manager = app.sign_in("manager").await;
    let (_, end) = manager.rows("turns").await;
    let page = manager.wait("turns", &end).await;
    assert_eq!(
        (page.status.as_u16(), page.offset, page.is_up_to_date, page.messages.len()),
        (200, end.offset, true, 1)
    );
    assert_eq!(page.headers["electric-has-data"], "false");
}

#[tokio::test]
async fn rows_enter_and_leave_with_their_manager() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = manager.first("turns").await;
    let (mut mine, my_end) = manager.rows("turns").await;
    let (mut theirs, their_end) = other.rows("turns").await;
    let hand_over = json!({"operation": "update", "propertyId": turn["property_id"], "version": 1, "data": {"property_manager_id": other.id}});
    assert_eq!(admin.write("properties", hand_over).await.status, 200);
    let (left, entered) = (manager.follow("turns", &my_end).await, other.follow("turns", &their_end).await);
    assert_eq!((left.operations(), entered.operations()), (vec!["delete"], vec!["insert"]));
    assert_eq!(left.changes()[0]["value"], json!({"id": turn["id"]}));
    left.apply_to(&mut mine);
    entered.apply_to(&mut theirs);
    assert_eq!((mine, theirs), (manager.rows("turns").await.0, other.rows("turns").await.0));
}

#[tokio::test]
async fn each_role_sees_what_is_its_own() {
    let app = TestApp::start().await;
    for (name, properties) in [("admin", 10), ("senior", 5), ("manager", 5), ("manager2", 5), ("inspector", 2), ("vendor", 0)] {
        let person = app.sign_in(name).await;
        assert_eq!(person.rows("properties").await.0.len(), properties, "{name}");
        assert_eq!(person.rows("turn-stages").await.0.len(), 9, "{name}");
    }
}

#[tokio::test]
async fn a_place_that_is_not_ours_must_be_fetched_again() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (_, end) = manager.rows("turns").await;
    let (_, theirs) = other.rows("turns").await;
    for (query, is_ours) in [
        (format!("offset=0_inf&handle={}", theirs.handle), false),
        ("offset=0_inf&handle=1-2".to_owned(), false),
        (format!("offset=99_0&handle={}", end.handle), true),
        (format!("offset=0_{}&handle={}", "9".repeat(58), end.handle), true),
        (format!("offset={}_0&handle={}&live=true", "9".repeat(40), end.handle), true),
    ] {
        let page = manager.shape("turns", &query).await;
        assert_eq!((page.status.as_u16(), page.handle == end.handle), (409, !is_ours), "{query}");
        assert_eq!(page.messages, [json!({"headers": {"control": "must-refetch"}})]);
    }
    assert_eq!(
        manager.shape("turns", "offset=-1&handle=1-2").await.status,
        200,
        "beginning anew, any handle is passed over"
    );
}

#[tokio::test]
async fn a_handle_is_not_given_again_to_a_client_that_was_sent_away_from_it() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let mut known = manager.shape("turns", "offset=-1").await.handle;
    for _ in 0..2 {
        let gone = manager.shape("turns", &format!("offset=99_0&handle={known}")).await;
        let anew = manager
            .shape("turns", &format!("offset=-1&expired_handle={known}&handle={}", gone.handle))
            .await;
        assert_eq!((gone.status.as_u16(), anew.status.as_u16(), &anew.handle), (409, 200, &gone.handle));
        assert_ne!(anew.handle, known);
        let on = manager
            .shape("turns", &format!("offset={}&handle={}&expired_handle={known}", anew.offset, anew.handle))
            .await;
        assert_eq!((on.status.as_u16(), &on.handle), (200, &anew.handle));
        known = anew.handle;
    }
}

#[tokio::test]
async fn wrong_parameters_are_told_as_electric_tells_them() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    for (query, field, text) in [
        ("", "offset", "can't be blank"),
        ("offset=abc", "offset", "has invalid format"),
        ("offset=%ff&%ff=%zz&&=", "offset", "has invalid format"),
        ("offset=1_2_3&handle=1-2", "offset", "has invalid format"),
        ("offset=0_0", "handle", "can't be blank when offset != -1"),
        ("offset=-1&live=true", "live", "can't be true when offset == -1"),
    ] {
        let answer = manager.get(&format!("/api/sync/turns?{query}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json),
            (400, json!({"message": "Invalid request", "errors": {field: [text]}})),
            "{query}"
        );
    }
    assert_eq!(manager.get("/api/sync/users?offset=-1").await.problem(), "NOT_FOUND");
    let not_utf8 = manager.get("/api/sync/%ff?offset=-1").await;
    assert_eq!((not_utf8.status.as_u16(), not_utf8.problem()), (400, "VALIDATION"));
    let now = manager.shape("turns", "offset=now").await;
    assert!(now.is_up_to_date && now.changes().is_empty());
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let mut app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (rows, end) = manager.rows("turns").await;
    change_notes(&manager, &json!(rows.keys().next().unwrap()), 1).await;
    app.restart().await;
    let page = manager.follow("turns", &end).await;
    assert_eq!((page.status.as_u16(), &page.handle, page.operations().len()), (200, &end.handle, 1));
}

#[tokio::test]
async fn a_trimmed_log_must_be_fetched_again() {
    let mut app = TestApp::start_with(|settings| settings.limits.keep_entries = 1).await;
    let manager = app.sign_in("manager").await;
    let (rows, beginning) = manager.rows("turns").await;
    let turn = json!(rows.keys().next().unwrap());
    for version in 1..=3 {
        change_notes(&manager, &turn, version).await;
    }
    // The log is trimmed at the start and hourly; the start's is over before the first request of a second start is answered,
    // or right after it: ask until it is.
    app.restart().await;
    while app.number("SELECT value FROM counters WHERE name = 'changes_trimmed_to'").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.number("SELECT count(*) FROM changes").await, 1);
    assert_eq!(manager.follow("turns", &beginning).await.status, 409);
    let recent = manager.shape("turns", &format!("offset=2_inf&handle={}", beginning.handle)).await;
    assert_eq!(recent.operations(), ["update"]);
    change_notes(&manager, &turn, 4).await;
    assert_eq!(app.number("SELECT max(position) FROM changes").await, 4, "positions are never used twice");
}

#[tokio::test]
async fn a_known_page_is_not_sent_again() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let first = manager.shape("turns", "offset=-1").await;
    let request = manager
        .http
        .get(format!("{}/api/sync/turns?offset=-1", app.url()))
        .header("if-none-match", &first.headers["etag"]);
    assert_eq!(request.send().await.unwrap().status(), 304);
    change_notes(&manager, &first.changes()[0]["value"]["id"], 1).await;
    assert_ne!(manager.shape("turns", "offset=-1").await.headers["etag"], first.headers["etag"]);
}
