//! `POST /api/upload`: what is taken, from whom, and that nothing is left of what is not.

use crate::support::{BOUNDARY, Person, TestApp, form, new_id, photo, send};
use futures::stream;
use reqwest::Body;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, io::Write, net::TcpStream};

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn first_turn(person: &Person) -> String {
    person.first("turns").await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_photo_is_stored_with_its_document() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (turn, id, bytes) = (first_turn(&manager).await, new_id(), photo(80, 60));
    let fields = [
        ("entityType", "turn"),
        ("entityId", turn.as_str()),
        ("documentId", id.as_str()),
        ("kind", "before"),
        ("caption", "The sink"),
        ("takenAt", "2026-11-23T04:48:01Z"),
    ];
    let before = app.counts().await;
    let answer = manager.upload(&fields, &bytes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["success"], true);
    assert_eq!(answer.json["url"], format!("/api/documents/{id}/content"));
    let document = &answer.json["document"];
    for (column, value) in [
        ("id", json!(id)),
        ("entity_id", json!(turn)),
        ("kind", json!("before")),
        ("file_name", json!("kitchen.jpg")),
        ("content_type", json!("image/jpeg")),
        ("size_bytes", json!(bytes.len())),
        ("content_hash", json!(digest(&bytes))),
        ("caption", json!("The sink")),
        ("taken_at", json!("2026-11-23 04:48:01+00")),
        ("property_manager_id", json!(manager.id)),
        ("version", json!(1)),
    ] {
        assert_eq!(document[column], value, "{column}");
    }
    let after = app.counts().await;
    assert_eq!((after.audit_logs, after.receipts), (before.audit_logs + 1, before.receipts + 1));
    assert!(manager.rows("documents").await.0.contains_key(&id));
    let hash = digest(&bytes);
    assert_eq!(app.stored(), [format!("files/{}/{hash}", &hash[..2])]);
}

#[tokio::test]
async fn the_same_file_again_is_one_object_and_the_same_document_again_one_row() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (turn, id, write, bytes) = (first_turn(&manager).await, new_id(), new_id(), photo(64, 64));
    let base = [("entityType", "turn"), ("entityId", turn.as_str())];
    for (name, own, documents) in [("documentId", &id, 1), ("writeId", &write, 2)] {
        let fields = [&base[..], &[(name, own.as_str())]].concat();
        let (first, again) = tokio::join!(manager.upload(&fields, &bytes), manager.upload(&fields, &bytes));
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200), "{} {}", first.text, again.text);
        assert_eq!(first.json, again.json);
        assert_eq!(app.documents().await, documents);
    }
    manager.upload(&base, &bytes).await;
    assert_eq!((app.documents().await, app.stored().len()), (3, 1));
}

#[tokio::test]
async fn a_file_is_what_its_bytes_say() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let fields = [("entityType", "turn"), ("entityId", turn.as_str())];
    for bytes in [
        &b"<html><script>alert(document.cookie)</script>"[..],
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        b"MZ this program cannot be run",
        b"",
    ] {
        let answer = manager.upload(&fields, bytes).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"), "{}", answer.text);
        assert!(answer.json["error"]["fields"]["file"].is_string(), "{}", answer.text);
    }
    assert_eq!((app.documents().await, app.stored()), (0, vec![]));
    // And the other way round: a photo that is called a page is a photo.
    let answer = manager.upload_form(form(&fields, "photo.html", "text/html", &photo(8, 8))).await;
    assert_eq!(answer.json["document"]["content_type"], "image/jpeg");
    let (_, headers, _) = manager.download(answer.json["url"].as_str().unwrap(), &[]).await;
    assert_eq!(headers["content-type"], "image/jpeg");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_told_so_while_it_is_sent() {
    let app = TestApp::start_with(|settings| settings.uploads.max_bytes = 100_000).await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let fields = [("entityType", "turn"), ("entityId", turn.as_str())];
    let answer = manager.upload(&fields, &vec![0xff; 20 << 20]).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (413, "PAYLOAD_TOO_LARGE"));
    // Its beginning, and then nothing more for ever: the answer must not wait for the end.
    let begun = form(&fields, "a.jpg", "image/jpeg", &vec![0xff; 200_000]);
    let body = stream::iter([Ok::<_, Infallible>(begun[..150_000].to_vec())]);
    let answer = manager.upload_form(Body::wrap_stream(futures::StreamExt::chain(body, stream::pending()))).await;
    assert_eq!(answer.problem(), "PAYLOAD_TOO_LARGE");
    assert_eq!((app.documents().await, app.stored()), (0, vec![]));
    manager.store(&turn, &photo(8, 8)).await;
}

#[tokio::test]
async fn who_may_add_a_file_is_who_sees_the_entity_and_may_add_documents() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let turn = first_turn(&manager).await;
    let fields = [("entityType", "turn"), ("entityId", turn.as_str())];
    let bytes = photo(8, 8);
    for (name, status, problem) in [
        ("manager2", 404, "NOT_FOUND"),
        ("dfo", 403, "PERMISSION"),
        ("ho", 403, "PERMISSION"),
        ("senior", 200, ""),
        ("admin", 200, ""),
    ] {
        let answer = app.sign_in(name).await.upload(&fields, &bytes).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, problem), "{name} {}", answer.text);
    }
    let company = app.sign_in("vendor").await.first("vendors").await["id"].clone();
    let version: i64 = manager.first("turns").await["version"].as_str().unwrap().parse().unwrap();
    let assign = json!({"operation": "update", "turnId": turn, "version": version, "data": {"vendor_id": company}});
    assert_eq!(manager.write("turns", assign).await.status, 200);
    for name in ["vendor", "inspector"] {
        let person = app.sign_in(name).await;
        let seen = person.rows("turns").await.0;
        let own = seen.keys().next().unwrap().clone();
        let answer = person.upload(&[("entityType", "turn"), ("entityId", &own)], &bytes).await;
        assert_eq!(answer.status, 200, "{name} {}", answer.text);
        assert_eq!(answer.json["document"].get("approval_status").is_some(), name == "inspector");
        let mut all = manager.rows("turns").await.0;
        all.extend(other.rows("turns").await.0);
        let foreign = all.keys().find(|id| !seen.contains_key(*id)).unwrap();
        assert_eq!(
            person.upload(&[("entityType", "turn"), ("entityId", foreign)], &bytes).await.status,
            404,
            "{name}"
        );
    }
    let nobody = Person {
        http: reqwest::Client::new(),
        ..manager.clone()
    };
    assert_eq!(nobody.upload(&fields, &bytes).await.status, 401);
}

#[tokio::test]
async fn a_row_made_before_takes_its_own_file_and_no_other() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (turn, id, bytes) = (first_turn(&manager).await, new_id(), photo(32, 32));
    let row = |turn: &str, id: &str| {
        json!({"operation": "create", "rowId": id, "data": {
            "entity_type": "turn", "entity_id": turn, "file_name": "a.jpg", "content_type": "image/jpeg",
            "size_bytes": bytes.len(), "content_hash": digest(&bytes)}})
    };
    assert_eq!(manager.write("documents", row(&turn, &id)).await.status, 200);
    let content = format!("/api/documents/{id}/content");
    let early = manager.get(&content).await;
    assert_eq!((early.status.as_u16(), early.problem()), (404, "NOT_FOUND"));
    let fields = [("entityType", "turn"), ("entityId", turn.as_str()), ("documentId", id.as_str())];
    let wrong = manager.upload(&fields, &photo(33, 33)).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(app.stored().is_empty());
    assert_eq!(manager.upload(&fields, &bytes).await.status, 200);
    assert_eq!(manager.download(&content, &[]).await.2, bytes);
    // Who only knows the digest has not got the file.
    let (foreign, guess) = (first_turn(&other).await, new_id());
    assert_eq!(other.write("documents", row(&foreign, &guess)).await.status, 200);
    assert_eq!(other.get(&format!("/api/documents/{guess}/content")).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_told_by_field() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let bytes = photo(8, 8);
    for (fields, wrong) in [
        (vec![("entityType", "house"), ("entityId", "12")], vec!["entityId", "entityType"]),
        (vec![], vec!["entityId", "entityType"]),
        (
            vec![("entityType", "turn"), ("entityId", turn.as_str()), ("kind", "selfie"), ("takenAt", "soon")],
            vec!["kind", "takenAt"],
        ),
    ] {
        let answer = manager.upload(&fields, &bytes).await;
        let told: Vec<_> = answer.json["error"]["fields"].as_object().unwrap().keys().cloned().collect();
        assert_eq!((answer.status.as_u16(), told), (422, wrong.into_iter().map(str::to_owned).collect()));
    }
    let url = format!("{}/api/upload", app.url());
    let no_form = send(manager.http.post(&url).json(&json!({}))).await;
    assert_eq!((no_form.status.as_u16(), no_form.problem()), (422, "VALIDATION"));
    let cut_off = &form(&[("entityType", "turn"), ("entityId", &turn)], "a.jpg", "image/jpeg", &bytes)[..400];
    assert_eq!(manager.upload_form(cut_off.to_vec()).await.problem(), "VALIDATION");
    assert_eq!((app.documents().await, app.stored()), (0, vec![]));
}

#[tokio::test]
async fn a_name_that_is_a_path_is_only_a_name() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let fields = [("entityType", "turn"), ("entityId", turn.as_str())];
    let answer = manager.upload_form(form(&fields, "../../../turns.db", "image/jpeg", &photo(8, 8))).await;
    assert_eq!(answer.json["document"]["file_name"], "turns.db");
    assert!(app.stored().iter().all(|path| path.starts_with("files/")), "{:?}", app.stored());
}

#[tokio::test]
async fn a_line_that_breaks_leaves_nothing() {
    let mut app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let body = form(&[("entityType", "turn"), ("entityId", &turn)], "a.jpg", "image/jpeg", &vec![0xff; 300_000]);
    let mut line = TcpStream::connect(app.url().trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /api/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        manager.token,
        body.len()
    );
    line.write_all(head.as_bytes()).unwrap();
    line.write_all(&body[..200_000]).unwrap();
    drop(line);
    // It waits for the requests that run.
    app.stop().await;
    assert_eq!(app.stored(), Vec::<String>::new());
    app.restart_stopped().await;
    assert_eq!(app.documents().await, 0);
}

#[tokio::test]
async fn another_sites_page_uploads_nothing() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let url = format!("{}/api/upload", app.url());
    let request = manager.http.post(url).header("sec-fetch-site", "cross-site");
    let answer = send(request.body(vec![0; 10_000])).await;
    assert_eq!((answer.status.as_u16(), &answer.json["error"]["type"]), (403, &Json::from("PERMISSION")));
}
