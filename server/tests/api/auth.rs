//! `/api/auth/*`

use crate::support::{SHAPES, TestApp, send};
use reqwest::Client;
use sea_orm::ConnectionTrait;
use serde_json::json;
use server::config::{PublicUrl, Settings};

#[tokio::test]
async fn signing_in_and_out() {
    let app = TestApp::start().await;
    let login = Client::new()
        .post(format!("{}/api/auth/login", app.url()))
        .json(&json!({"email": " Manager@Example.com", "password": "turns-demo"}))
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["turns_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let answer: serde_json::Value = login.json().await.unwrap();
    assert_eq!((&answer["user"]["role"], &answer["shapes"]), (&json!("PROPERTY_MANAGER"), &json!(SHAPES)));

    let bearer = |path: &str| Client::new().get(format!("{}{path}", app.url())).bearer_auth(answer["token"].as_str().unwrap());
    let session = send(bearer("/api/auth/session")).await;
    assert_eq!(session.json["user"], answer["user"]);
    let manager = app.sign_in("manager").await;
    assert_eq!(manager.get("/api/auth/session").await.status, 200);
    assert_eq!(manager.post("/api/auth/logout", &json!({})).await.json, json!({"success": true}));
    let after = manager.get("/api/auth/session").await;
    assert_eq!((after.status.as_u16(), after.problem()), (401, "UNAUTHENTICATED"));
    assert_eq!(
        send(Client::new().get(format!("{}/api/auth/session", app.url())).bearer_auth(&manager.token))
            .await
            .status,
        401
    );
    assert_eq!(send(bearer("/api/auth/session")).await.status, 200, "another session of the same user goes on");
}

/// What a sign-in gives to seal with.
async fn seal_key(url: &str, name: &str, password: &str) -> String {
    let login = json!({"email": format!("{name}@example.com"), "password": password});
    let answer = send(Client::new().post(format!("{url}/api/auth/login")).json(&login)).await;
    answer.json["sealKey"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

#[tokio::test]
async fn what_a_device_seals_with_is_its_persons_for_ever_and_on_every_server() {
    const ANOTHER: &str = "heron basement maple";
    let mut app = TestApp::start().await;
    let (other, manager) = (app.another().await, app.sign_in("manager").await);
    let key = seal_key(&app.url(), "manager", "turns-demo").await;
    assert_eq!(data_encoding::BASE64.decode(key.as_bytes()).unwrap().len(), 32);
    assert_eq!(seal_key(&other.url(), "manager", "turns-demo").await, key);
    assert_ne!(seal_key(&app.url(), "manager2", "turns-demo").await, key, "nobody opens another one’s");
    let session = manager.get("/api/auth/session").await;
    assert!(
        session.json["sealKey"].is_null() && !session.text.contains(&key),
        "only a right password gives it"
    );

    let change = json!({"current": "turns-demo", "new": ANOTHER});
    assert_eq!(manager.post("/api/auth/password", &change).await.status, 200);
    app.restart().await;
    assert_eq!(seal_key(&app.url(), "manager", ANOTHER).await, key);
    let reset = app
        .sign_in("admin")
        .await
        .post(&format!("/api/admin/users/{}/reset-password", manager.id), &json!({}))
        .await;
    let once = reset.json["oneTimePassword"].as_str().unwrap().to_owned();
    assert_eq!(seal_key(&app.url(), "manager", &once).await, key);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_sound_the_same() {
    let app = TestApp::start().await;
    let login = |email: &'static str, password: &'static str| {
        send(
            Client::new()
                .post(format!("{}/api/auth/login", app.url()))
                .json(&json!({"email": email, "password": password})),
        )
    };
    let (wrong, unknown) = (login("manager@example.com", "nope").await, login("nobody@example.com", "turns-demo").await);
    assert_eq!((wrong.status.as_u16(), &wrong.text), (401, &unknown.text));
    assert_eq!(
        send(Client::new().post(format!("{}/api/auth/login", app.url())).json(&json!({"email": 1})))
            .await
            .problem(),
        "VALIDATION"
    );
}

#[tokio::test]
async fn an_inactive_account_is_out_at_once() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let db = app.database().await;
    db.execute_unprepared("UPDATE users SET is_active = false WHERE email = 'manager@example.com'")
        .await
        .unwrap();
    assert_eq!(manager.get("/api/auth/session").await.status, 401);
    let login = send(
        Client::new()
            .post(format!("{}/api/auth/login", app.url()))
            .json(&json!({"email": "manager@example.com", "password": "turns-demo"})),
    )
    .await;
    assert_eq!(login.status, 401);
}

#[tokio::test]
async fn the_database_does_not_hold_the_token() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    assert_eq!(
        app.number(&format!("SELECT count(*) FROM sessions WHERE token_digest = '{}'", manager.token))
            .await,
        0
    );
    assert_eq!(app.number("SELECT count(*) FROM sessions WHERE length(token_digest) = 64").await, 1);
}

#[tokio::test]
async fn another_sites_page_cannot_write_with_our_cookie() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let before = app.counts().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "text/plain"),
    ] {
        let request = manager
            .http
            .post(format!("{}/api/write/batch", app.url()))
            .header("content-type", "application/json");
        let request = if name == "content-type" {
            manager.http.post(format!("{}/api/write/batch", app.url()))
        } else {
            request
        };
        let answer = send(request.header(name, value).body(r#"{"operations":[]}"#)).await;
        assert!(matches!(answer.status.as_u16(), 403 | 422), "{name}: {}", answer.text);
    }
    let own = manager
        .http
        .post(format!("{}/api/write/batch", app.url()))
        .header("origin", app.url())
        .json(&json!({"operations": []}));
    assert_eq!(send(own).await.status, 200);
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure() {
    let https = |settings: &mut Settings| {
        settings.public_url = Some(PublicUrl {
            origin: "https://turns.example.com".into(),
            is_https: true,
        })
    };
    let app = TestApp::start_with(https).await;
    let login = Client::new()
        .post(format!("{}/api/auth/login", app.url()))
        .json(&json!({"email": "admin@example.com", "password": "turns-demo"}))
        .send()
        .await
        .unwrap();
    assert!(login.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
}
