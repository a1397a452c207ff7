//! `/api/admin/*`

use crate::support::{Answer, Person, TestApp, new_id, send};
use reqwest::Client;
use serde_json::{Value as Json, json};

async fn super_admin(app: &TestApp) -> Person {
    app.add_super_administrator().await;
    app.sign_in("super").await
}

fn new_user(email: &str, role: &str) -> Json {
    json!({"email": email, "name": "Noa Field", "role": role})
}

async fn add(by: &Person, email: &str, role: &str) -> Answer {
    by.post("/api/admin/users", &new_user(email, role)).await
}

async fn change(by: &Person, id: &str, changes: Json) -> Answer {
    by.patch(&format!("/api/admin/users/{id}"), &changes).await
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let login = Client::new().post(format!("{}/api/auth/login", app.url()));
    send(login.json(&json!({"email": email, "password": password}))).await
}

/// Which fields an answer finds wrong.
fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"), "{}", answer.text);
    let fields = answer.json["error"]["fields"].as_object();
    fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}"))
}

#[tokio::test]
async fn a_new_account_begins_with_a_password_that_opens_nothing_but_its_change() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let made = add(&admin, " Noa@Example.com ", "PROPERTY_MANAGER").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (
            &made.json["user"]["email"],
            &made.json["user"]["mustChangePassword"],
            &made.json["user"]["lastSignInAt"]
        ),
        (&json!("noa@example.com"), &json!(true), &Json::Null)
    );
    let once = text(&made.json["oneTimePassword"]);
    let noa = Person::sign_in_with(&app.url(), "noa@example.com", once).await;
    let session = noa.get("/api/auth/session").await;
    assert_eq!(
        (&session.json["user"]["mustChangePassword"], &session.json["shapes"]),
        (&json!(true), &json!([]))
    );
    for path in [
        "/api/sync/turns?offset=-1",
        "/api/sync/live",
        "/api/people",
        "/api/auth/sessions",
        "/api/admin/users",
    ] {
        let refused = noa.get(path).await;
        assert_eq!((refused.status.as_u16(), refused.problem()), (403, "PERMISSION"), "{path}");
        assert_eq!(refused.json["error"]["message"], "change your password first", "{path}");
    }
    assert_eq!(noa.batch(false, vec![]).await.problem(), "PERMISSION");
    let changed = noa.post("/api/auth/password", &json!({"current": once, "new": "maple basement heron"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(noa.shape("turns", "offset=-1").await.status, 200, "the session goes on, with everything");
    assert_eq!(sign_in(&app, "noa@example.com", once).await.status, 401, "one time");
    let shown = admin.get(&format!("/api/admin/users/{}", noa.id)).await;
    assert_eq!(shown.json["user"]["mustChangePassword"], json!(false));
    assert!(shown.json["user"]["lastSignInAt"].is_string());
    assert!(!admin.get("/api/admin/users").await.text.contains("argon2"));
}

#[tokio::test]
async fn everything_wrong_with_a_new_account_is_told_at_once_and_nothing_is_made() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let before = app.number("SELECT count(*) FROM users").await;
    let wrong = json!({"email": "no address", "name": " ", "phone": "1".repeat(41), "role": "BOSS", "vendorId": "x"});
    assert_eq!(
        fields(&admin.post("/api/admin/users", &wrong).await),
        ["email", "name", "phone", "role", "vendorId"]
    );
    assert_eq!(fields(&add(&admin, "MANAGER@example.com", "INSPECTOR").await), ["email"], "in any case");
    for body in [
        json!({}),
        json!({"email": "a@b.com", "name": "A", "role": "INSPECTOR", "password": "x"}),
        json!("x"),
    ] {
        assert_eq!(admin.post("/api/admin/users", &body).await.problem(), "VALIDATION", "{body}");
    }
    assert_eq!(app.number("SELECT count(*) FROM users").await, before);
}

#[tokio::test]
async fn only_administrators_get_in() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let id = admin.id.clone();
    for name in ["senior", "manager", "inspector", "vendor", "dfo", "ho"] {
        let person = app.sign_in(name).await;
        for path in [
            "/api/admin/users".to_owned(),
            format!("/api/admin/users/{id}"),
            format!("/api/admin/users/{id}/sessions"),
            "/api/admin/approval-thresholds".to_owned(),
        ] {
            assert_eq!(person.get(&path).await.problem(), "PERMISSION", "{name} {path}");
        }
        let own = person.id.clone();
        assert_eq!(change(&person, &own, json!({"role": "SUPER_ADMIN"})).await.problem(), "PERMISSION");
        assert_eq!(person.put("/api/admin/approval-thresholds", &json!({})).await.problem(), "PERMISSION");
        assert_eq!(person.delete(&format!("/api/admin/users/{id}/sessions")).await.problem(), "PERMISSION");
        assert_eq!(add(&person, "x@example.com", "SUPER_ADMIN").await.problem(), "PERMISSION");
    }
    let nobody = send(Client::new().get(format!("{}/api/admin/users", app.url()))).await;
    assert_eq!(nobody.problem(), "UNAUTHENTICATED");
    assert_eq!(admin.get("/api/admin/users/nonsense").await.problem(), "NOT_FOUND");
    assert_eq!(admin.get(&format!("/api/admin/users/{}", new_id())).await.problem(), "NOT_FOUND");
}

#[tokio::test]
async fn an_administrator_makes_nobody_more_than_they_are() {
    let app = TestApp::start().await;
    let (admin, above, manager) = (app.sign_in("admin").await, super_admin(&app).await, app.sign_in("manager").await);
    for role in ["SUPER_ADMIN", "ADMIN"] {
        assert_eq!(add(&admin, "noa@example.com", role).await.problem(), "PERMISSION", "{role}");
        assert_eq!(change(&admin, &manager.id, json!({"role": role})).await.problem(), "PERMISSION", "{role}");
        assert_eq!(
            change(&admin, &admin.id, json!({"role": role, "name": "Me"})).await.problem() == "PERMISSION",
            role != "ADMIN"
        );
    }
    for (refused, path) in [("reset-password", "reset-password")] {
        let address = format!("/api/admin/users/{}/{path}", above.id);
        assert_eq!(admin.post(&address, &json!({})).await.problem(), "PERMISSION", "{refused}");
    }
    assert_eq!(change(&admin, &above.id, json!({"isActive": false})).await.problem(), "PERMISSION");
    assert_eq!(admin.delete(&format!("/api/admin/users/{}/sessions", above.id)).await.problem(), "PERMISSION");
    assert_eq!(change(&above, &manager.id, json!({"role": "ADMIN"})).await.status, 200);
    assert_eq!(add(&above, "noa@example.com", "SUPER_ADMIN").await.status, 201);
}

#[tokio::test]
async fn nobody_takes_themselves_their_own_access() {
    let app = TestApp::start().await;
    let above = super_admin(&app).await;
    for changes in [
        json!({"isActive": false}),
        json!({"role": "ADMIN"}),
        json!({"role": "INSPECTOR", "isActive": false}),
    ] {
        assert_eq!(change(&above, &above.id, changes.clone()).await.problem(), "PERMISSION", "{changes}");
    }
    let own = above.post(&format!("/api/admin/users/{}/reset-password", above.id), &json!({})).await;
    assert_eq!(own.problem(), "PERMISSION");
    assert_eq!(change(&above, &above.id, json!({"name": "Dana W.", "phone": "555-0100"})).await.status, 200);
    let session = above.get("/api/auth/session").await;
    assert_eq!(session.json["user"]["name"], "Dana W.");
}

#[tokio::test]
async fn two_super_administrators_cannot_both_take_the_other_down() {
    let app = TestApp::start().await;
    let one = super_admin(&app).await;
    let made = add(&one, "noa@example.com", "SUPER_ADMIN").await;
    let once = text(&made.json["oneTimePassword"]);
    let two = Person::sign_in_with(&app.url(), "noa@example.com", once).await;
    two.post("/api/auth/password", &json!({"current": once, "new": "maple basement heron"})).await;
    let (first, second) = tokio::join!(
        change(&one, &two.id, json!({"isActive": false})),
        change(&two, &one.id, json!({"isActive": false})),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 401 | 403]), "{statuses:?}");
    let left = "SELECT count(*) FROM users WHERE role = 'SUPER_ADMIN' AND password_hash <> '' AND is_active = (1 = 1)";
    assert_eq!(app.number(left).await, 1);
}

#[tokio::test]
async fn a_deactivated_manager_is_out_at_once_and_the_homes_are_counted() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let changed = change(&admin, &manager.id, json!({"isActive": false})).await;
    assert_eq!(
        (
            &changed.json["user"]["isActive"],
            &changed.json["sessionsEnded"],
            &changed.json["propertiesManaged"]
        ),
        (&json!(false), &json!(1), &json!(5)),
        "{}",
        changed.text
    );
    assert_eq!(manager.get("/api/auth/session").await.problem(), "UNAUTHENTICATED");
    assert_eq!(sign_in(&app, "manager@example.com", "turns-demo").await.status, 401);
    assert_eq!(change(&admin, &manager.id, json!({"isActive": true})).await.status, 200);
    assert_eq!(manager.get("/api/auth/session").await.status, 401, "an ended session stays ended");
    assert_eq!(sign_in(&app, "manager@example.com", "turns-demo").await.status, 200);
}

#[tokio::test]
async fn another_role_counts_from_the_next_request_on() {
    let app = TestApp::start().await;
    let (admin, dfo) = (app.sign_in("admin").await, app.sign_in("dfo").await);
    let home = json!({"operation": "create", "data": {"id": new_id(), "property_number": "N-1", "name": "N", "street_address": "1 Elm St", "city": "Tulsa"}});
    assert_eq!(dfo.write("properties", home.clone()).await.problem(), "PERMISSION");
    assert_eq!(
        change(&admin, &dfo.id, json!({"role": "PROPERTY_MANAGER"})).await.json["sessionsEnded"],
        json!(0)
    );
    assert_eq!(dfo.get("/api/auth/session").await.json["user"]["role"], "PROPERTY_MANAGER");
    assert_eq!(dfo.write("properties", home).await.status, 200);
}

#[tokio::test]
async fn a_waiting_request_ends_with_its_session_and_with_its_role() {
    let app = TestApp::start().await;
    let (admin, manager, other) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mine, theirs) = (manager.rows("turns").await.1, other.rows("turns").await.1);
    let address = format!("/api/admin/users/{}/sessions", manager.id);
    let (ended, _) = tokio::join!(manager.wait("turns", &mine), admin.delete(&address));
    assert_eq!(ended.status, 401);
    let promotion = json!({"role": "SR_PROPERTY_MANAGER"});
    let (woken, _) = tokio::join!(other.wait("turns", &theirs), change(&admin, &other.id, promotion));
    assert!(woken.changes().is_empty());
    assert_eq!(other.follow("turns", &theirs).await.status, 409, "the old shape is not theirs any more");
}

#[tokio::test]
async fn a_vendors_account_belongs_to_a_vendor_and_no_other_does() {
    let app = TestApp::start().await;
    let (admin, inspector) = (app.sign_in("admin").await, app.sign_in("inspector").await);
    let vendor = new_id();
    let made = admin
        .write(
            "vendors",
            json!({"operation": "create", "data": {"id": vendor, "company_name": "Delgado Floors"}}),
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(fields(&add(&admin, "noa@example.com", "VENDOR").await), ["vendorId"]);
    let with = |role: &str, id: &str| json!({"email": "noa@example.com", "name": "Noa", "role": role, "vendorId": id});
    for (role, id) in [("VENDOR", new_id()), ("INSPECTOR", vendor.clone())] {
        assert_eq!(fields(&admin.post("/api/admin/users", &with(role, &id)).await), ["vendorId"], "{role}");
    }
    assert_eq!(
        admin.post("/api/admin/users", &with("VENDOR", &vendor)).await.json["user"]["vendorId"],
        json!(vendor)
    );
    assert_eq!(fields(&change(&admin, &inspector.id, json!({"role": "VENDOR"})).await), ["vendorId"]);
    assert_eq!(fields(&change(&admin, &inspector.id, json!({"vendorId": vendor})).await), ["vendorId"]);
    let became = change(&admin, &inspector.id, json!({"role": "VENDOR", "vendorId": vendor})).await;
    assert_eq!(became.json["user"]["vendorId"], json!(vendor), "{}", became.text);
    assert_eq!(inspector.get("/api/auth/session").await.json["user"]["vendorId"], json!(vendor));
    assert_eq!(fields(&change(&admin, &inspector.id, json!({"vendorId": null})).await), ["vendorId"]);
    let back = change(&admin, &inspector.id, json!({"role": "INSPECTOR"})).await;
    assert_eq!(back.json["user"]["vendorId"], Json::Null, "who is no vendor any more belongs to none");
}

#[tokio::test]
async fn what_is_not_named_stays_and_null_empties() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let with_phone = change(&admin, &manager.id, json!({"phone": " 555-0100 "})).await;
    assert_eq!(
        (&with_phone.json["user"]["phone"], &with_phone.json["user"]["name"]),
        (&json!("555-0100"), &json!("Priya Raman"))
    );
    let renamed = change(&admin, &manager.id, json!({"name": "Priya R."})).await;
    assert_eq!(
        (&renamed.json["user"]["phone"], &renamed.json["user"]["name"]),
        (&json!("555-0100"), &json!("Priya R."))
    );
    assert_eq!(change(&admin, &manager.id, json!({"phone": null})).await.json["user"]["phone"], Json::Null);
    for wrong in [json!({"email": "new@example.com"}), json!({"isActive": "no"}), json!({"passwordHash": "x"})] {
        assert_eq!(change(&admin, &manager.id, wrong.clone()).await.problem(), "VALIDATION", "{wrong}");
    }
    assert_eq!(change(&admin, &new_id(), json!({"name": "X"})).await.problem(), "NOT_FOUND");
}

#[tokio::test]
async fn a_reset_password_ends_the_sessions_and_must_be_changed() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let reset = admin.post(&format!("/api/admin/users/{}/reset-password", manager.id), &json!({})).await;
    assert_eq!((reset.status.as_u16(), &reset.json["sessionsEnded"]), (200, &json!(1)), "{}", reset.text);
    assert_eq!(manager.get("/api/auth/session").await.status, 401);
    assert_eq!(sign_in(&app, "manager@example.com", "turns-demo").await.status, 401);
    let again = sign_in(&app, "manager@example.com", text(&reset.json["oneTimePassword"])).await;
    assert_eq!((&again.json["user"]["mustChangePassword"], &again.json["shapes"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn administrators_see_and_end_sessions_of_others() {
    let app = TestApp::start().await;
    let (admin, manager, tablet) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager").await);
    let address = format!("/api/admin/users/{}/sessions", manager.id);
    let sessions = admin.get(&address).await.json["sessions"].as_array().unwrap().clone();
    assert_eq!((sessions.len(), &sessions[0]["current"]), (2, &json!(false)));
    let one = format!("/api/admin/sessions/{}", text(&sessions[1]["id"]));
    assert_eq!(admin.delete(&one).await.json["sessionsEnded"], json!(1));
    assert_eq!(admin.delete(&one).await.problem(), "NOT_FOUND");
    let statuses = [manager.get("/api/auth/session").await.status, tablet.get("/api/auth/session").await.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(admin.delete(&address).await.json["sessionsEnded"], json!(1));
    for person in [&manager, &tablet] {
        assert_eq!(person.get("/api/auth/session").await.status, 401);
    }
    assert_eq!(admin.get("/api/auth/session").await.status, 200);
    for path in ["/api/admin/sessions/nonsense".to_owned(), format!("/api/admin/users/{}/sessions", new_id())] {
        assert_eq!(admin.delete(&path).await.problem(), "NOT_FOUND", "{path}");
    }
}

#[tokio::test]
async fn what_administrators_do_to_accounts_is_audited_without_secrets() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let made = add(&admin, "noa@example.com", "INSPECTOR").await;
    let id = text(&made.json["user"]["id"]);
    change(&admin, id, json!({"name": "Noa F."})).await;
    change(&admin, id, json!({"name": "Noa F."})).await;
    let reset = admin.post(&format!("/api/admin/users/{id}/reset-password"), &json!({})).await;
    admin.delete(&format!("/api/admin/users/{}/sessions", manager.id)).await;
    let by_admin = format!("FROM audit_logs WHERE user_id = '{}' AND role = 'ADMIN' AND address IS NOT NULL", admin.id);
    for (operation, row, count) in [("create", id, 1), ("update", id, 1), ("reset-password", id, 1)] {
        let entries = format!("SELECT count(*) {by_admin} AND table_name = 'users' AND operation = '{operation}' AND row_id = '{row}'");
        assert_eq!(app.number(&entries).await, count, "{operation}: a change that changes nothing is none");
    }
    let renamed = format!(r#"SELECT count(*) {by_admin} AND changed_columns = '["name"]' AND old_row LIKE '%Noa Field%' AND new_row LIKE '%Noa F.%'"#);
    assert_eq!(app.number(&renamed).await, 1);
    let ended = format!("SELECT count(*) {by_admin} AND operation = 'end-session' AND old_row LIKE '%{}%'", manager.id);
    assert_eq!(app.number(&ended).await, 1);
    for secret in [text(&made.json["oneTimePassword"]), text(&reset.json["oneTimePassword"]), "argon2"] {
        let leaks = format!("SELECT count(*) FROM audit_logs WHERE old_row LIKE '%{secret}%' OR new_row LIKE '%{secret}%'");
        assert_eq!(app.number(&leaks).await, 0);
    }
}

#[tokio::test]
async fn approval_thresholds_are_shown_and_replaced_together() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let path = "/api/admin/approval-thresholds";
    let both = |dfo: &str, ho: &str| json!({"dfo": {"fromAmount": dfo}, "ho": {"fromAmount": ho}});
    assert_eq!(admin.get(path).await.json, both("3000.00", "10000.00"));
    let replaced = admin.put(path, &both("2500", "2500.5")).await;
    assert_eq!((replaced.status.as_u16(), &replaced.json), (200, &both("2500.00", "2500.50")));
    assert_eq!(admin.put(path, &both("2500.00", "2500.50")).await.status, 200);
    assert_eq!(
        app.number("SELECT count(*) FROM audit_logs WHERE table_name = 'approval_thresholds' AND operation = 'update'")
            .await,
        1
    );
    for (dfo, ho, wrong) in [
        ("5000", "4999.99", &["ho.fromAmount"][..]),
        ("-1", "x", &["dfo.fromAmount", "ho.fromAmount"]),
        ("1.005", "10", &["dfo.fromAmount"]),
        ("0", "99999999999.00", &["ho.fromAmount"]),
    ] {
        assert_eq!(fields(&admin.put(path, &both(dfo, ho)).await), wrong, "{dfo} {ho}");
    }
    for body in [
        json!({}),
        json!({"dfo": {"fromAmount": "1"}}),
        json!({"dfo": {"fromAmount": 1}, "ho": {"fromAmount": 2}}),
    ] {
        assert_eq!(admin.put(path, &body).await.problem(), "VALIDATION", "{body}");
    }
    assert_eq!(admin.get(path).await.json, both("2500.00", "2500.50"));
}
