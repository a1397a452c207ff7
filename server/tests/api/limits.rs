//! Rate limits, and whose address they count.

use crate::support::{Person, TestApp, photo};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value as Json, json};
use server::config::{Budget, RateLimits, Settings};

fn with(budget: Budget, quota: &str) -> impl FnOnce(&mut Settings) {
    let quota = quota.parse().unwrap();
    move |settings| settings.rate_limits = RateLimits::lifted().with(budget, Some(quota))
}

fn login(app: &TestApp, email: &str, password: &str) -> RequestBuilder {
    Client::new()
        .post(format!("{}/api/auth/login", app.url()))
        .json(&json!({"email": email, "password": password}))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn notes(turn: &Json, version: i64) -> Json {
    json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": version.to_string()}})
}

#[tokio::test]
async fn the_sixth_password_in_a_minute_is_not_even_looked_at() {
    let app = TestApp::start_with(with(Budget::Auth, "5/1m")).await;
    let known = app.sign_in("manager2").await;
    for attempt in 0..5 {
        assert_eq!(status(login(&app, "manager@example.com", "guess")).await, 401, "attempt {attempt}");
    }
    let refused = login(&app, "manager@example.com", "turns-demo").send().await.unwrap();
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!(refused.status() == 429 && (1..=60).contains(&wait), "{refused:?}");
    assert_eq!(header(&refused, "ratelimit-policy"), "\"auth\";q=5;w=60");
    assert_eq!(refused.json::<Json>().await.unwrap()["error"]["type"], "RATE_LIMITED");
    assert_eq!(
        status(login(&app, "senior@example.com", "guess")).await,
        429,
        "one address does not try the next account"
    );
    assert_eq!(
        app.number("SELECT count(*) FROM audit_logs WHERE operation = 'sign-in-failed'").await,
        5,
        "what is refused was not looked at"
    );
    assert_eq!(
        status(login(&app, "manager2@example.com", "turns-demo")).await,
        200,
        "who has a session from here is not locked out by others"
    );
    assert_eq!(known.get("/api/auth/session").await.status, 200);
}

#[tokio::test]
async fn an_office_signs_in_together_but_nobody_signs_in_all_the_time() {
    let app = TestApp::start_with(with(Budget::Auth, "2/1m")).await;
    for name in ["admin", "senior", "manager", "manager2", "inspector", "vendor", "dfo", "ho"] {
        app.sign_in(name).await;
    }
    assert_eq!(status(login(&app, "ho@example.com", "turns-demo")).await, 200);
    assert_eq!(status(login(&app, "HO@example.com ", "turns-demo")).await, 429);
}

#[tokio::test]
async fn whoever_finds_a_tablet_unlocked_does_not_try_passwords_on_it() {
    let app = TestApp::start_with(with(Budget::Auth, "3/1m")).await;
    let manager = app.sign_in("manager").await;
    let guess = json!({"current": "guess", "new": "maple basement heron"});
    for expected in [422, 422, 429] {
        assert_eq!(manager.post("/api/auth/password", &guess).await.status, expected);
    }
}

#[tokio::test]
async fn a_header_from_a_stranger_buys_no_attempts_and_one_from_our_proxy_names_the_caller() {
    let app = TestApp::start_with(with(Budget::Auth, "1/1m")).await;
    assert_eq!(
        status(login(&app, "a@example.com", "guess").header("x-forwarded-for", "198.51.100.1")).await,
        401
    );
    assert_eq!(
        status(login(&app, "b@example.com", "guess").header("x-forwarded-for", "198.51.100.2")).await,
        429
    );

    let behind_proxy = |settings: &mut Settings| {
        with(Budget::Auth, "1/1m")(settings);
        settings.trusted_proxies = "127.0.0.1".parse().unwrap();
    };
    let app = TestApp::start_with(behind_proxy).await;
    for (forwarded, expected) in [("198.51.100.1", 401), ("198.51.100.2", 401), ("203.0.113.5, 198.51.100.1", 429)] {
        let request = login(&app, "a@example.com", "guess").header("x-forwarded-for", forwarded);
        assert_eq!(status(request).await, expected, "{forwarded}");
    }
    assert_eq!(
        app.number("SELECT count(*) FROM audit_logs WHERE operation = 'sign-in-failed' AND address = '198.51.100.2'")
            .await,
        1,
        "the audit log has the caller’s address"
    );
}

#[tokio::test]
async fn a_batch_is_one_write_and_a_refused_one_leaves_nothing() {
    let app = TestApp::start_with(with(Budget::Writes, "3/1m")).await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = manager.first("turns").await["id"].clone();
    let batch: Vec<Json> = (1..=40)
        .map(|version| json!({"table": "turns", "operation": "update", "rowId": turn, "version": version, "data": {"notes": version.to_string()}}))
        .collect();
    assert_eq!(manager.batch(false, batch).await.status, 200);
    assert_eq!(manager.write("turns", notes(&turn, 41)).await.status, 200);
    let last = manager
        .http
        .post(format!("{}/api/write/turns", app.url()))
        .json(&notes(&turn, 41))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (last.status().as_u16(), &header(&last, "ratelimit")[..12]),
        (409, "\"writes\";r=0"),
        "a conflict is a write too"
    );
    let before = app.counts().await;
    let refused = manager.write("turns", notes(&turn, 42)).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (429, "RATE_LIMITED"));
    assert_eq!(app.counts().await, before);
    let theirs = other.first("turns").await["id"].clone();
    assert_eq!(other.write("turns", notes(&theirs, 1)).await.status, 200, "each person has their own");
    assert_eq!(manager.shape("turns", "offset=-1").await.status, 200, "reading is another matter");
}

#[tokio::test]
async fn a_file_too_many_is_refused_while_it_is_sent_and_not_stored() {
    let app = TestApp::start_with(with(Budget::Uploads, "1/1m")).await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].as_str().unwrap().to_owned();
    let fields = [("entityType", "turn"), ("entityId", turn.as_str()), ("kind", "before")];
    assert_eq!(manager.upload(&fields, &photo(80, 60)).await.status, 200);
    let (before, stored) = (app.counts().await, app.stored());
    let refused = manager.upload(&fields, &vec![7; 20 << 20]).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (429, "RATE_LIMITED"));
    assert_eq!((app.counts().await, app.stored()), (before, stored));
}

async fn remaining(person: &Person, table: &str, query: &str) -> (u16, String) {
    let page = person.shape(table, query).await;
    let left = page.headers.get("ratelimit").cloned().unwrap_or_default();
    (page.status.as_u16(), left.split(';').nth(1).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn only_what_brings_something_is_charged_to_a_reader() {
    let app = TestApp::start_with(|settings| {
        with(Budget::Shapes, "4/1m")(settings);
        settings.limits.long_poll = std::time::Duration::from_millis(50);
    })
    .await;
    let manager = app.sign_in("manager").await;
    let (turns, place) = manager.rows("turns").await;
    let here = format!("offset={}&handle={}", place.offset, place.handle);
    assert_eq!(remaining(&manager, "turns", &here).await, (200, "r=3".to_owned()), "one snapshot page so far");
    for _ in 0..6 {
        assert_eq!(remaining(&manager, "turns", &format!("{here}&live=true")).await, (200, "r=3".to_owned()));
    }
    let turn = turns.keys().next().unwrap();
    manager
        .write("turns", notes(&json!(turn), turns[turn]["version"].as_str().unwrap().parse().unwrap()))
        .await;
    let live = manager.wait("turns", &place).await;
    assert_eq!(
        (live.operations(), live.headers["ratelimit"].split(';').nth(1)),
        (vec!["update"], Some("r=3")),
        "small news are free"
    );
    assert_eq!(remaining(&manager, "turns", &here).await.1, "r=2", "catching up is not");
    assert_eq!(remaining(&manager, "turns", "offset=9_9&handle=1-1").await, (409, "r=2".to_owned()));
    assert_eq!(status(manager.http.get(format!("{}/api/sync/live", app.url()))).await, 200);
    assert_eq!(remaining(&manager, "properties", "offset=-1").await, (200, "r=0".to_owned()));
    let refused = manager.shape("vendors", "offset=-1").await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() <= 60);
    assert_eq!(app.sign_in("manager2").await.shape("vendors", "offset=-1").await.status, 200);
}

#[tokio::test]
async fn a_first_sync_of_a_device_stays_far_below_the_limit() {
    let app = TestApp::start_with(with(Budget::Shapes, "50/1m")).await;
    let admin = app.sign_in("admin").await;
    let session = admin.get("/api/auth/session").await.json;
    let shapes: Vec<&str> = session["shapes"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(status(admin.http.get(format!("{}/api/sync/live", app.url()))).await, 200);
    for shape in &shapes {
        admin.rows(shape).await;
    }
    let (_, left) = remaining(&admin, "turns", "offset=now").await;
    assert_eq!(left, format!("r={}", 50 - shapes.len() - 1), "one page of each shape, and the doorbell");
}
