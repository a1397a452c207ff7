//! One's own account: `/api/auth/password`, `/api/auth/sessions`, and `/api/people`.

use crate::support::{Answer, Person, TestApp, send};
use reqwest::Client;
use serde_json::{Value as Json, json};
use std::time::Duration;

const GOOD: &str = "maple basement heron";

async fn change(person: &Person, current: &str, new: &str) -> Answer {
    person.post("/api/auth/password", &json!({"current": current, "new": new})).await
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let login = Client::new().post(format!("{}/api/auth/login", app.url()));
    send(login.json(&json!({"email": email, "password": password}))).await
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_keeps_this_one() {
    let app = TestApp::start().await;
    let (manager, tablet, other) = (app.sign_in("manager").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let changed = change(&manager, "turns-demo", GOOD).await;
    assert_eq!((changed.status.as_u16(), &changed.json), (200, &json!({"success": true, "sessionsEnded": 1})));
    assert_eq!(tablet.get("/api/auth/session").await.status, 401);
    for still in [&manager, &other] {
        assert_eq!(still.get("/api/auth/session").await.status, 200);
    }
    assert_eq!(sign_in(&app, "manager@example.com", "turns-demo").await.status, 401);
    assert_eq!(sign_in(&app, "manager@example.com", GOOD).await.status, 200);
    let entries = "SELECT count(*) FROM audit_logs WHERE table_name = 'users' AND operation = 'change-password'";
    assert_eq!(app.number(entries).await, 1);
    let leaks = format!("SELECT count(*) FROM audit_logs WHERE new_row LIKE '%{GOOD}%' OR new_row LIKE '%argon2%' OR old_row LIKE '%argon2%'");
    assert_eq!(app.number(&leaks).await, 0);
}

#[tokio::test]
async fn a_password_is_changed_with_the_current_one_to_a_good_one() {
    let app = TestApp::start().await;
    let (manager, tablet) = (app.sign_in("manager").await, app.sign_in("manager").await);
    for (current, new, field) in [
        ("wrong", GOOD, "current"),
        ("turns-demo", "turns-demo", "new"),
        ("turns-demo", "k7#Vq2!mZ", "new"),
        ("turns-demo", "Password123!", "new"),
        ("turns-demo", "manager@example.com", "new"),
    ] {
        let refused = change(&manager, current, new).await;
        assert_eq!((refused.status.as_u16(), refused.problem()), (422, "VALIDATION"), "{new}");
        let fields: Vec<_> = refused.json["error"]["fields"].as_object().unwrap().keys().collect();
        assert_eq!(fields, [field], "{new}");
        assert!(!refused.text.contains(new), "an answer does not repeat a password");
    }
    for body in [json!({"new": GOOD}), json!([]), json!({"current": 1, "new": GOOD})] {
        assert_eq!(manager.post("/api/auth/password", &body).await.problem(), "VALIDATION", "{body}");
    }
    let nobody = Client::new().post(format!("{}/api/auth/password", app.url()));
    assert_eq!(
        send(nobody.json(&json!({"current": "turns-demo", "new": GOOD}))).await.problem(),
        "UNAUTHENTICATED"
    );
    assert_eq!(tablet.get("/api/auth/session").await.status, 200);
    assert_eq!(sign_in(&app, "manager@example.com", "turns-demo").await.status, 200, "nothing has changed");
}

#[tokio::test]
async fn of_two_changes_at_once_one_wins() {
    let app = TestApp::start().await;
    let (one, two) = (app.sign_in("manager").await, app.sign_in("manager").await);
    let (first, second) = tokio::join!(change(&one, "turns-demo", GOOD), change(&two, "turns-demo", "kettle under the stairs"));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 401 | 422]), "{statuses:?}");
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_it() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let tablet = send(
        Client::new()
            .post(format!("{}/api/auth/login", app.url()))
            .header("user-agent", "Tablet/1.0")
            .json(&json!({"email": "manager@example.com", "password": "turns-demo"})),
    )
    .await;
    let asks = |token: &str| Client::new().get(format!("{}/api/auth/session", app.url())).bearer_auth(token);
    let token = tablet.json["token"].as_str().unwrap();
    let listed = manager.get("/api/auth/sessions").await;
    let sessions = listed.json["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2, "{}", listed.text);
    assert!(!listed.text.contains(token));
    let (own, tablets): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session["current"] == json!(true));
    assert_eq!(
        (own.len(), &tablets[0]["agent"], &tablets[0]["address"]),
        (1, &json!("Tablet/1.0"), &json!("127.0.0.1"))
    );
    for instant in ["createdAt", "lastSeenAt", "expiresAt"] {
        assert!(tablets[0][instant].as_str().unwrap().ends_with('Z'), "{}", tablets[0]);
    }
    let address = format!("/api/auth/sessions/{}", tablets[0]["id"].as_str().unwrap());
    assert_eq!(other.delete(&address).await.problem(), "NOT_FOUND", "a session of somebody else is none");
    assert_eq!(send(asks(token)).await.status, 200);
    assert_eq!(manager.delete(&address).await.json, json!({"success": true, "sessionsEnded": 1}));
    assert_eq!(send(asks(token)).await.problem(), "UNAUTHENTICATED");
    for gone in [address.as_str(), "/api/auth/sessions/nonsense"] {
        assert_eq!(manager.delete(gone).await.status, 404);
    }
    let own = format!("/api/auth/sessions/{}", own[0]["id"].as_str().unwrap());
    assert_eq!(manager.delete(&own).await.status, 200);
    assert_eq!(manager.get("/api/auth/session").await.status, 401);
}

#[tokio::test]
async fn that_a_session_is_in_use_is_noted_every_few_minutes() {
    use sea_orm::ConnectionTrait;
    // Nobody is known by heart: what is changed past the server is seen at once.
    let app = TestApp::start_with(|settings| settings.limits.look_again = Duration::from_nanos(1)).await;
    let manager = app.sign_in("manager").await;
    let seen = "SELECT last_seen_at FROM sessions";
    let first = app.number(seen).await;
    manager.get("/api/auth/session").await;
    assert_eq!(app.number(seen).await, first);
    let db = app.database().await;
    db.execute_unprepared("UPDATE sessions SET last_seen_at = last_seen_at - 301000000")
        .await
        .unwrap();
    let asked = manager.get("/api/auth/session").await;
    assert_eq!(asked.status, 200);
    // The note is made beside the answer.
    let noted = async {
        while app.number(seen).await <= first {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noted).await.expect("a session in use is noted");
}

#[tokio::test]
async fn everybody_may_know_who_there_is_and_no_more() {
    use sea_orm::ConnectionTrait;
    let app = TestApp::start().await;
    let db = app.database().await;
    db.execute_unprepared("UPDATE users SET is_active = (email = 'none') WHERE email = 'ho@example.com'")
        .await
        .unwrap();
    let vendor = app.sign_in("vendor").await;
    let people = vendor.get("/api/people").await.json["people"].as_array().unwrap().clone();
    let names: Vec<_> = people.iter().map(|person| person["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Dana Whitfield",
            "Grant Hollis",
            "Lena Vogel",
            "Marcus Ellery",
            "Priya Raman",
            "Rosa Delgado",
            "Tom Okafor"
        ]
    );
    for person in people {
        let columns: Vec<_> = person.as_object().unwrap().keys().cloned().collect();
        assert_eq!(columns, ["id", "name", "role"]);
    }
    let nobody = send(Client::new().get(format!("{}/api/people", app.url()))).await;
    assert_eq!((nobody.status.as_u16(), &nobody.json["people"]), (401, &Json::Null));
}
