//! What a device has handed over as a file: `POST /api/admin/unsent`, `turns-server import-unsent` and `audit-outbox`.
//!
//! The programs are waited for on the test's own thread, so the server must have another (see [`super::import`]).

use crate::support::{Person, TestApp, new_id, photo};
use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};
use server::config::{RateLimits, Settings};
use sha2::Digest;
use std::process::{Command, Output};

const PASSPHRASE: &str = "correct horse battery staple";

/// A manager at work without signal.
struct Tablet {
    manager: Person,
    turn: Map<String, Json>,
    writes: Vec<Json>,
    photos: Vec<Json>,
}

impl Tablet {
    async fn of(app: &TestApp, name: &str) -> Self {
        let manager = app.sign_in(name).await;
        let turn = manager.first("turns").await;
        Self {
            manager,
            turn,
            writes: vec![],
            photos: vec![],
        }
    }

    /// One more write; gives it as it travels.
    fn add(&mut self, standing: &str, mut write: Json) -> Json {
        write["writeId"] = json!(new_id());
        let seq = self.writes.len() + 1;
        self.writes
            .push(json!({"seq": seq, "userId": self.manager.id, "madeAtMs": 1000 + seq, "standing": standing, "write": write}));
        write
    }

    fn notes(&mut self, standing: &str, version: i64, notes: &str) -> Json {
        let write = json!({"table": "turns", "operation": "update", "rowId": self.turn["id"], "version": version, "data": {"notes": notes}});
        self.add(standing, write)
    }

    /// A document of the turn and its bytes; gives the document's write.
    fn photo(&mut self, bytes: &[u8]) -> Json {
        let document = new_id();
        self.photos.push(json!({"documentId": document, "content": BASE64.encode(bytes)}));
        let hash = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes));
        let data = json!({"entity_type": "turn", "entity_id": self.turn["id"], "kind": "before", "file_name": "kitchen.jpg",
            "content_type": "image/jpeg", "size_bytes": bytes.len(), "content_hash": hash});
        self.add("waiting", json!({"table": "documents", "operation": "create", "rowId": document, "data": data}))
    }

    fn file(&self) -> Json {
        let user = json!({"id": self.manager.id, "email": "manager@example.com", "name": "Maria", "role": "PROPERTY_MANAGER"});
        seal(
            &json!({"version": 2, "deviceId": new_id(), "user": user, "exportedAtMs": 1_795_464_000_000_i64, "completeSinceMs": 0,
            "writes": self.writes, "photos": self.photos}),
        )
    }
}

/// As a browser seals it, but with a key that is made quickly.
fn seal(device: &Json) -> Json {
    let (salt, nonce, iterations) = ([7; 16], [9; 12], 1_000);
    let key = pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, 32>(PASSPHRASE.as_bytes(), &salt, iterations);
    let content = Aes256Gcm::new(&key.into()).encrypt(&nonce.into(), device.to_string().as_bytes()).unwrap();
    json!({"format": "turns-device-writes", "version": 1, "iterations": iterations,
        "salt": BASE64.encode(&salt), "nonce": BASE64.encode(&nonce), "content": BASE64.encode(&content)})
}

async fn import(admin: &Person, file: &Json) -> Json {
    let answer = admin.post("/api/admin/unsent", &json!({"file": file, "passphrase": PASSPHRASE})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

fn outcomes(imported: &Json) -> Vec<&str> {
    let writes = imported["writes"].as_array().unwrap();
    writes.iter().map(|write| write["outcome"].as_str().unwrap()).collect()
}

fn program(app: &TestApp, file: &Json, arguments: &[&str]) -> Output {
    let (path, passphrase) = (app.folder().join("handed-over.json"), app.folder().join("passphrase"));
    std::fs::write(&path, file.to_string()).unwrap();
    std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_turns-server"));
    command.env_clear().env("DATABASE_URL", app.database_url()).env("LOG", "warn");
    command.args(arguments).arg(path).arg("--passphrase-file").arg(passphrase).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn each_write_is_applied_once_whoever_brings_it_and_however_often() {
    let app = TestApp::start().await;
    let (admin, mut tablet) = (app.sign_in("admin").await, Tablet::of(&app, "manager").await);
    let delivered = tablet.notes("applied", 1, "one");
    let second = tablet.notes("waiting", 2, "two");
    tablet.notes("discarded", 3, "never mind");
    let item = json!({"table": "scope-items", "operation": "create", "rowId": new_id(), "after": [second["writeId"]],
        "data": {"turn_id": tablet.turn["id"], "room": "Kitchen", "category": "Paint", "description": "Walls"}});
    let item = tablet.add("waiting", item);
    tablet.notes("needs-user", 1, "made on an old version");
    tablet.add(
        "waiting",
        json!({"table": "turns", "operation": "approve", "rowId": tablet.turn["id"], "data": {"scope_digest": "x"}}),
    );
    tablet.add(
        "waiting",
        json!({"table": "turns", "operation": "update", "rowId": tablet.turn["id"], "data": {}}),
    );
    tablet.writes[6]["userId"] = json!(admin.id);
    let receipt = tablet.manager.batch(false, vec![delivered.clone()]).await;

    let file = tablet.file();
    let imported = import(&admin, &file).await;
    assert_eq!(
        outcomes(&imported),
        ["already", "applied", "discarded", "applied", "refused", "refused", "refused"],
        "{imported}"
    );
    assert_eq!(imported["counts"], json!({"applied": 2, "already": 1, "held": 0, "refused": 3, "discarded": 1}));
    let before = app.counts().await;
    let again = import(&admin, &file).await;
    assert_eq!(
        outcomes(&again),
        ["already", "already", "discarded", "already", "refused", "refused", "refused"]
    );
    let sent = tablet.manager.batch(false, vec![delivered, second.clone(), item]).await;
    assert_eq!(sent.json["results"][0], receipt.json["results"][0]);
    assert_eq!(sent.json["results"][1]["turn"]["notes"], "two");
    let after = app.counts().await;
    assert_eq!((before.rows, before.receipts, before.changes), (after.rows, after.receipts, after.changes));

    let audit = format!("/api/audit?table=turns&writeId={}", second["writeId"].as_str().unwrap());
    let entry = admin.get(&audit).await.json["entries"][0].clone();
    assert_eq!(
        (&entry["user"]["id"], &entry["agent"]),
        (&json!(tablet.manager.id), &json!("handed over, imported by admin@example.com"))
    );
}

#[tokio::test]
async fn photos_of_the_file_are_kept_once_their_documents_are_there() {
    let app = TestApp::start().await;
    let (admin, mut tablet) = (app.sign_in("admin").await, Tablet::of(&app, "manager").await);
    let picture = photo(8, 6);
    let write = tablet.photo(&picture);
    tablet.photo(b"no picture at all");
    tablet.photos.push(json!({"documentId": new_id(), "content": BASE64.encode(&picture)}));
    let other = tablet.photo(&photo(3, 3));
    tablet.photos.last_mut().unwrap()["content"] = json!(BASE64.encode(&picture));
    tablet.photos.push(json!({"documentId": other["rowId"], "content": "ä"}));

    let file = tablet.file();
    for outcome in ["applied", "already"] {
        let imported = import(&admin, &file).await;
        assert_eq!(outcomes(&imported), [outcome; 3], "{imported}");
        let problems: Vec<_> = imported["photos"]
            .as_array()
            .unwrap()
            .iter()
            .map(|photo| photo["problem"]["type"].as_str())
            .collect();
        let wrong = Some("VALIDATION");
        assert_eq!(problems, [None, wrong, Some("NOT_FOUND"), wrong, wrong], "{imported}");
    }
    let content = format!("/api/documents/{}/content", write["rowId"].as_str().unwrap());
    let (status, _, bytes) = tablet.manager.download(&content, &[]).await;
    assert_eq!((status, &bytes[..]), (200, &picture[..]));
}

#[tokio::test]
async fn the_work_of_a_closed_account_waits_for_a_supervisor() {
    let app = TestApp::start().await;
    let (admin, mut tablet) = (app.sign_in("admin").await, Tablet::of(&app, "manager").await);
    let write = tablet.notes("waiting", 1, "the last thing that I saw");
    let guess = json!({"table": "turns", "operation": "update", "rowId": app.sign_in("manager2").await.first("turns").await["id"], "version": 1, "data": {"notes": "x"}});
    tablet.add("waiting", guess);
    let document = tablet.photo(&photo(8, 6));
    let photo_is_kept = |imported: &Json| imported["photos"][0]["problem"].is_null();
    let closed = admin
        .patch(&format!("/api/admin/users/{}", tablet.manager.id), &json!({"isActive": false}))
        .await;
    assert_eq!(closed.status, 200, "{}", closed.text);
    let file = tablet.file();
    assert_eq!(outcomes(&import(&admin, &file).await), ["held", "refused", "held"]);
    let again = import(&admin, &file).await;
    assert_eq!((outcomes(&again), photo_is_kept(&again)), (vec!["held", "refused", "held"], false), "once");
    for held in [&write, &document] {
        let adopt = format!("/api/quarantine/{}/adopt", held["writeId"].as_str().unwrap());
        assert_eq!(admin.post(&adopt, &json!({})).await.status, 200);
    }
    let adopted = import(&admin, &file).await;
    assert_eq!(
        (outcomes(&adopted), photo_is_kept(&adopted)),
        (vec!["already", "refused", "already"], true),
        "{adopted}"
    );
    let turn = admin.rows("turns").await.0.remove(tablet.turn["id"].as_str().unwrap()).unwrap();
    assert_eq!(turn["notes"], "the last thing that I saw");
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_and_leaves_nothing() {
    let app = TestApp::start_with(|settings: &mut Settings| settings.rate_limits = RateLimits::default()).await;
    let (admin, mut tablet) = (app.sign_in("admin").await, Tablet::of(&app, "manager").await);
    tablet.notes("waiting", 1, "x".repeat(3_000).as_str());
    for _ in 0..800 {
        tablet.notes("discarded", 1, "x".repeat(3_000).as_str());
    }
    let (file, before) = (tablet.file(), app.counts().await);
    let send = async |file: &Json, passphrase: &str| admin.post("/api/admin/unsent", &json!({"file": file, "passphrase": passphrase})).await;
    let mut newer = file.clone();
    newer["version"] = json!(9);
    for (file, said) in [(json!({"hello": 1}), "not a file of unsent work"), (newer, "newer version")] {
        let answer = send(&file, PASSPHRASE).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"), "{}", answer.text);
        assert!(answer.json["error"]["fields"]["file"].as_str().unwrap().contains(said), "{}", answer.text);
    }
    let stranger = seal(
        &json!({"version": 1, "deviceId": new_id(), "exportedAtMs": 1, "completeSinceMs": 0, "writes": [],
        "user": {"id": new_id(), "email": "x@example.com", "name": "X", "role": "ADMIN"}}),
    );
    assert!(send(&stranger, PASSPHRASE).await.json["error"]["fields"]["file"].is_string());
    assert_eq!(
        tablet
            .manager
            .post("/api/admin/unsent", &json!({"file": file, "passphrase": PASSPHRASE}))
            .await
            .problem(),
        "PERMISSION"
    );
    assert_eq!(app.counts().await, before);

    let mut answers = vec![];
    for _ in 0..8 {
        let answer = send(&file, "wrong horse battery staple").await;
        assert!(!answer.text.contains("horse"), "{}", answer.text);
        answers.push(answer.status.as_u16());
    }
    assert!(
        answers.starts_with(&[422]) && answers.ends_with(&[429, 429]),
        "tried as a password is: {answers:?}"
    );
    assert_eq!(app.counts().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_applies_a_file_and_proves_it() {
    let app = TestApp::start().await;
    let mut tablet = Tablet::of(&app, "manager").await;
    let (_, mut page) = tablet.manager.rows("turns").await;
    let first = tablet.notes("applied", 1, "one");
    let receipt = tablet.manager.batch(false, vec![first]).await;
    tablet.writes[0]["txid"] = receipt.json["results"][0]["txid"].clone();
    tablet.notes("waiting", 2, "two");
    tablet.notes("discarded", 2, "three");

    let audit = program(&app, &tablet.file(), &["audit-outbox"]);
    assert!(audit.status.success(), "{audit:?}");
    assert!(
        said(&audit).contains("3 enqueued = 1 applied + 1 resolved by their user + 1 waiting"),
        "{}",
        said(&audit)
    );
    let imported = program(&app, &tablet.file(), &["import-unsent"]);
    assert!(
        imported.status.success() && said(&imported).contains("1 applied now, 1 before"),
        "{}",
        said(&imported)
    );
    let turn = tablet.turn["id"].as_str().unwrap().to_owned();
    let mut rows = tablet.manager.rows("turns").await.0;
    page = tablet.manager.follow("turns", &page).await;
    assert_eq!((rows.remove(&turn).unwrap()["notes"].as_str(), page.status.as_u16()), (Some("two"), 200));
    let audit = program(&app, &tablet.file(), &["audit-outbox", "--json"]);
    let told: Json = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!(
        (&told["right"], &told["reckoning"]["applied"], &told["reckoning"]["appliedUnheard"]),
        (&json!(true), &json!(2), &json!(1))
    );

    let lost = tablet.notes("applied", 3, "believed");
    tablet.writes[1]["write"]["data"]["notes"] = json!("something else");
    let audit = program(&app, &tablet.file(), &["audit-outbox"]);
    assert_eq!(audit.status.code(), Some(1));
    let text = said(&audit);
    assert!(
        text.contains(&format!(
            "({}): the device has a receipt, and the server has none",
            lost["writeId"].as_str().unwrap()
        )),
        "{text}"
    );
    assert!(text.contains("other content") && text.contains("1 lost; 2 discrepancies"), "{text}");
    let mut cut = tablet.file();
    cut["content"] = json!(cut["content"].as_str().unwrap()[..400]);
    let refused = program(&app, &cut, &["import-unsent"]);
    assert!(
        !refused.status.success() && said(&refused).contains("the passphrase does not open this file"),
        "{refused:?}"
    );
}
