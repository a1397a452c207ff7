//! `GET /api/sync/{table}` where another server keeps the shapes: the same as from the built-in engine.

use crate::{
    doorbell::Bell,
    support::{Front, Person, ShapePage, figures, new_id, value},
};
use serde_json::{Value as Json, json};
use server::config::Budget;
use std::time::Duration;

async fn update(person: &Person, table: &str, id: &Json, version: i64, data: Json) {
    let write = json!({"operation": "update", "rowId": id, "version": version, "data": data});
    let answer = person.write(table, write).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Completes when so many wait on the server behind.
async fn wait_until_waiting(front: &Front, count: f64) {
    while value(&figures(&front.upstream).await, "turns_live_listeners{kind=\"request\"}").unwrap_or(0.0) != count {
        tokio::task::yield_now().await;
    }
}

/// Waits for news from a page on, until that is so.
async fn waiting(front: &Front, person: &Person, table: &'static str, page: &ShapePage) -> tokio::task::JoinHandle<ShapePage> {
    let (person, page) = (person.clone(), page.clone());
    let waiting = tokio::spawn(async move { person.wait(table, &page).await });
    wait_until_waiting(front, 1.0).await;
    waiting
}

#[tokio::test]
async fn everybody_gets_what_the_built_in_engine_gives() {
    let front = Front::start().await;
    for name in ["admin", "senior", "manager", "inspector", "vendor", "dfo", "ho"] {
        let person = front.sign_in(name).await;
        for table in crate::support::SHAPES {
            let (through, direct) = (person.rows(table).await.0, front.behind(&person).rows(table).await.0);
            assert_eq!(through, direct, "{name} {table}");
        }
    }
    let manager = front.sign_in("manager").await;
    for narrowed in [
        "turns?where=priority%20IN%20('low',%20'high')%20AND%20due_date%20IS%20NOT%20NULL",
        "turns?columns=id,version",
        "properties?replica=full&columns=id,name&where=version%20%3D%20%241&params[1]=1",
    ] {
        let (through, direct) = (manager.rows(narrowed).await.0, front.behind(&manager).rows(narrowed).await.0);
        assert!(!direct.is_empty(), "{narrowed}");
        assert_eq!(through, direct, "{narrowed}");
    }
    let body = json!({"where": "version < $1", "params": {"1": "5"}, "order_by": "due_date desc, id", "limit": 2, "offset": 1});
    let part = async |person: &Person| person.post("/api/sync/turns?offset=-1", &body).await.json["data"].clone();
    let (mut through, mut direct) = (part(&manager).await, part(&front.behind(&manager)).await);
    for row in [&mut through, &mut direct].into_iter().flat_map(|rows| rows.as_array_mut().unwrap()) {
        // Drawn for each answer.
        row["headers"]["snapshot_mark"].take();
    }
    assert_eq!((through.as_array().unwrap().len(), &through), (1, &direct));
    assert_eq!(manager.get("/api/sync/users?offset=-1").await.problem(), "NOT_FOUND");
}

#[tokio::test]
async fn rows_come_change_move_and_go_live() {
    let front = Front::start().await;
    let (admin, manager) = (front.sign_in("admin").await, front.sign_in("manager").await);
    let other = front.sign_in("manager2").await;
    let writer = front.writer(&admin);
    let (mut rows, mut page) = manager.rows("turns").await;
    let (turn, home) = {
        let turn = rows.values().next().unwrap();
        (turn["id"].clone(), turn["property_id"].clone())
    };
    let give_to = |person: &Person| json!({"property_manager_id": person.id});
    let steps: [(&str, &Json, i64, Json, &str); 3] = [
        ("turns", &turn, 1, json!({"notes": "heard"}), "update"),
        ("properties", &home, 1, give_to(&other), "delete"),
        ("properties", &home, 2, give_to(&manager), "insert"),
    ];
    for (table, id, version, data, heard) in steps {
        let waiting = waiting(&front, &manager, "turns", &page).await;
        update(&writer, table, id, version, data).await;
        page = waiting.await.unwrap();
        assert_eq!(page.operations(), [heard]);
        assert!(page.is_up_to_date && page.headers.contains_key("electric-cursor"), "{:?}", page.headers);
        page.apply_to(&mut rows);
    }
    assert_eq!(rows, manager.rows("turns").await.0);

    let (_, items) = manager.rows("scope-items").await;
    let hearing = waiting(&front, &manager, "scope-items", &items).await;
    let item = new_id();
    let create = json!({"operation": "create", "rowId": item, "data": {"turn_id": turn, "room": "Den", "category": "Paint", "description": "Trim"}});
    assert_eq!(writer.write("scope-items", create).await.status, 200);
    let items = hearing.await.unwrap();
    assert_eq!((items.operations(), &items.changes()[0]["value"]["id"]), (vec!["insert"], &json!(item)));
    let hearing = waiting(&front, &manager, "scope-items", &items).await;
    let delete = json!({"operation": "delete", "rowId": item, "version": 1});
    assert_eq!(writer.write("scope-items", delete).await.status, 200);
    assert_eq!(hearing.await.unwrap().operations(), ["delete"]);
}

#[tokio::test]
async fn full_replicas_tell_what_was_there_before() {
    let front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let table = "turns?replica=full&columns=id,notes";
    let (rows, page) = manager.rows(table).await;
    let id = json!(rows.keys().next().unwrap());
    update(&front.writer(&manager), "turns", &id, 1, json!({"notes": "new"})).await;
    let page = manager.wait(table, &page).await;
    assert_eq!(page.changes()[0]["value"], json!({"id": id, "notes": "new"}));
    assert!(page.changes()[0]["old_value"].as_object().unwrap().contains_key("notes"));
}

#[tokio::test]
async fn a_place_that_is_another_shapes_must_be_fetched_again() {
    let front = Front::start().await;
    let (manager, other) = (front.sign_in("manager").await, front.sign_in("manager2").await);
    let (mine, theirs) = (manager.rows("turns").await.1, other.rows("turns").await.1);
    for query in [
        format!("offset=0_inf&handle={}", theirs.handle),
        "offset=0_inf&handle=1-2".to_owned(),
        format!("offset=0_inf&handle={}&live=true", theirs.handle),
        format!("offset=0_inf&handle={}&live=true&live_sse=true", theirs.handle),
    ] {
        let page = manager.shape("turns", &query).await;
        assert_eq!((page.status.as_u16(), &page.handle), (409, &mine.handle), "{query}");
        assert_eq!(page.messages, [json!({"headers": {"control": "must-refetch"}})]);
    }
    let nowhere = manager.shape("turns", &format!("offset={}_0&handle={}", "9".repeat(40), mine.handle)).await;
    assert_eq!((nowhere.status.as_u16(), nowhere.messages.len()), (409, 1));
}

#[tokio::test]
async fn a_known_page_is_not_sent_again_and_a_large_one_is_compressed() {
    let front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let first = manager.shape("turns", "offset=-1").await;
    let ask = || manager.http.get(format!("{}/api/sync/turns?offset=-1", front.url()));
    let known = ask().header("if-none-match", &first.headers["etag"]).send().await.unwrap();
    assert_eq!(known.status(), 304);
    for encoding in ["br", "gzip"] {
        let plain = reqwest::Client::builder().no_brotli().no_gzip().build().unwrap();
        let request = plain.get(format!("{}/api/sync/turns?offset=-1", front.url())).bearer_auth(&manager.token);
        let packed = request.header("accept-encoding", encoding).send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], encoding);
        assert!(packed.bytes().await.unwrap().len() < serde_json::to_string(&first.messages).unwrap().len() / 2);
    }
}

#[tokio::test]
async fn who_wants_the_head_alone_gets_that() {
    let front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let head = manager.http.head(format!("{}/api/sync/turns?offset=-1", front.url())).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["electric-handle"], manager.shape("turns", "offset=-1").await.handle.as_str());
    assert_eq!(head.text().await.unwrap(), "");
}

/// As it is without Electric: what brings nothing new is free.
#[tokio::test]
async fn only_what_brings_something_is_charged() {
    let two = |settings: &mut server::config::Settings| {
        settings.rate_limits = settings.rate_limits.with(Budget::Shapes, "2/1m".parse().ok());
    };
    let front = Front::start_with(|_| {}, two).await;
    let manager = front.sign_in("manager").await;
    let mut page = manager.shape("turns", "offset=-1").await;
    while !page.is_up_to_date {
        page = manager.follow("turns", &page).await;
    }
    for _ in 0..5 {
        assert_eq!(manager.follow("turns", &page).await.status, 200);
    }
    assert_eq!(manager.shape("turns", "offset=-1").await.status, 200);
    assert_eq!(manager.shape("turns", "offset=-1").await.status, 429);
}

#[tokio::test]
async fn a_live_request_ends_with_its_session() {
    let front = Front::start().await;
    let (admin, manager, other) = (front.sign_in("admin").await, front.sign_in("manager").await, front.sign_in("manager2").await);
    let (_, mine) = manager.rows("turns").await;
    let hearing = waiting(&front, &manager, "turns", &mine).await;
    let user = |person: &Person| format!("/api/admin/users/{}", person.id);
    assert_eq!(admin.patch(&user(&manager), &json!({"isActive": false})).await.status, 200);
    assert_eq!(hearing.await.unwrap().status, 401);
    wait_until_waiting(&front, 0.0).await;

    let (_, theirs) = other.rows("turns").await;
    let hearing = waiting(&front, &other, "turns", &theirs).await;
    assert_eq!(admin.patch(&user(&other), &json!({"role": "SR_PROPERTY_MANAGER"})).await.status, 200);
    let nothing = hearing.await.unwrap();
    assert_eq!(
        (nothing.status.as_u16(), &nothing.offset, &nothing.handle),
        (200, &theirs.offset, &theirs.handle)
    );
    assert!(nothing.is_up_to_date && nothing.changes().is_empty());
    assert_eq!(other.wait("turns", &nothing).await.status, 409, "what is seen now is another shape");
}

#[tokio::test]
async fn an_event_stream_comes_through_and_ends_with_its_session() {
    let front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let (rows, place) = manager.rows("turns").await;
    let query = format!("offset={}&handle={}&live=true&live_sse=true", place.offset, place.handle);
    let mut stream = manager.http.get(format!("{}/api/sync/turns?{query}", front.url())).send().await.unwrap();
    assert_eq!(
        (&stream.headers()["content-type"], &stream.headers()["electric-handle"]),
        (&"text/event-stream".parse().unwrap(), &place.handle.parse().unwrap())
    );
    update(
        &front.behind(&manager),
        "turns",
        &json!(rows.keys().next().unwrap()),
        1,
        json!({"notes": "heard"}),
    )
    .await;
    let mut text = String::new();
    while !text.contains("up-to-date") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.starts_with("data: {") && text.contains("heard"), "{text}");
    manager.post("/api/auth/logout", &json!({})).await;
    while let Some(_rest) = stream.chunk().await.unwrap() {}
    wait_until_waiting(&front, 0.0).await;
}

#[tokio::test]
async fn who_goes_away_does_not_wait_behind_either() {
    let mut front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let (_, place) = manager.rows("turns").await;
    waiting(&front, &manager, "turns", &place).await.abort();
    wait_until_waiting(&front, 0.0).await;
    let hearing = waiting(&front, &manager, "turns", &place).await;
    front.stop().await;
    let nothing = hearing.await.unwrap();
    assert_eq!((nothing.status.as_u16(), nothing.offset), (200, place.offset));
    wait_until_waiting(&front, 0.0).await;
}

#[tokio::test]
async fn a_live_request_ends_empty_after_its_time() {
    let short = |settings: &mut server::config::Settings| settings.limits.long_poll = Duration::from_millis(30);
    let front = Front::start_with(short, |_| {}).await;
    let manager = front.sign_in("manager").await;
    let (_, place) = manager.rows("turns").await;
    let page = manager.wait("turns", &place).await;
    assert_eq!(
        (page.status.as_u16(), page.offset, page.headers["electric-has-data"].as_str()),
        (200, place.offset, "false")
    );
}

/// Electric may not have had yet what changed just before somebody came.
#[tokio::test]
async fn what_changed_just_before_the_first_ring_rings_again() {
    let front = Front::start().await;
    let manager = front.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].clone();
    update(&front.writer(&manager), "turns", &turn, 1, json!({"notes": "late"})).await;
    let mut bell = Bell::listen(&manager).await;
    assert_eq!(bell.ring().await.unwrap().len(), crate::support::SHAPES.len());
    assert_eq!(bell.event("again").await, Some(["turns".to_owned()].into()));
}
