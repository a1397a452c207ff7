//! What the log says of a request, and what it never says.

use crate::support::{Person, TestApp, send};
use reqwest::Client;
use serde_json::{Value as Json, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// The program as a process, logging everything as JSON.
struct Logging {
    child: Child,
    url: String,
}

impl Logging {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_turns-server"))
            .env_clear()
            .env("DATABASE_URL", format!("sqlite://{}?mode=rwc", folder.join("turns.db").display()))
            .env("PORT", "0")
            .env("LOG", "trace")
            .env("LOG_FORMAT", "json")
            .args(["--demo", "5"])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let url = first.trim().strip_prefix("Turns is ready at ").unwrap().to_owned();
        Self { child, url }
    }

    /// Stops it; gives what it logged.
    fn stop(mut self, folder: &std::path::Path) -> String {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap();
        std::fs::read_to_string(folder.join("log")).unwrap()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_request_is_one_line_and_no_secret_is_in_any() {
    let folder = tempfile::tempdir().unwrap();
    let server = Logging::start(folder.path());
    let wrong = json!({"email": "manager@example.com", "password": "sEcReT-gUeSs"});
    let login = Client::new().post(format!("{}/api/auth/login", server.url)).json(&wrong);
    assert_eq!(send(login.header("x-request-id", "mine-1")).await.status, 401);
    let manager = Person::sign_in(&server.url, "manager@example.com").await;
    let right = json!({"email": "manager@example.com", "password": "turns-demo"});
    let again = send(Client::new().post(format!("{}/api/auth/login", server.url)).json(&right)).await;
    let seal_key = again.json["sealKey"].as_str().unwrap();
    let admin = Person::sign_in(&server.url, "admin@example.com").await;
    for file in [json!({}), serde_json::from_str(include_str!("../handover/made_by_webcrypto.json")).unwrap()] {
        let handed_over = json!({"file": file, "passphrase": "sEcReT passphrase"});
        assert_eq!(admin.post("/api/admin/unsent", &handed_over).await.problem(), "VALIDATION");
    }
    let turn = manager.first("turns").await["id"].clone();
    let write = json!({"operation": "update", "rowId": turn, "version": 1, "data": {"notes": "sEcReT note"}});
    assert_eq!(manager.write("turns", write).await.status, 200);
    let queried = manager.http.get(format!("{}/api/sync/turns?offset=-1&secret=sEcReT", server.url));
    assert_eq!(send(queried.header("x-request-id", "mine-2").bearer_auth(&manager.token)).await.status, 200);
    let (id, token) = (manager.id.clone(), manager.token.clone());
    let log = server.stop(folder.path());

    let lines: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: &str| -> Vec<&Json> {
        lines
            .iter()
            .filter(|line| line["span"]["request_id"] == id && line["message"] == "answered")
            .collect()
    };
    let [login] = of("mine-1")[..] else { panic!("{log}") };
    assert_eq!(
        (&login["level"], &login["status"], &login["span"]["method"], &login["span"]["route"]),
        (&json!("INFO"), &json!(401), &json!("POST"), &json!("/api/auth/login"))
    );
    assert!(login["duration_ms"].is_u64());
    let [shape] = of("mine-2")[..] else { panic!("{log}") };
    assert_eq!((&shape["span"]["route"], &shape["span"]["user"]), (&json!("/api/sync/{table}"), &json!(id)));
    for secret in ["sEcReT", "turns-demo", &token, "argon2id", seal_key] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_request_has_an_id_that_its_caller_can_name() {
    let app = TestApp::start().await;
    let ask = |id: Option<&str>| {
        let request = Client::new().get(format!("{}/api/auth/session", app.url()));
        id.map_or(request.try_clone().unwrap(), |id| request.header("x-request-id", id)).send()
    };
    assert_eq!(ask(Some("mine-3")).await.unwrap().headers()["x-request-id"], "mine-3");
    let made = ask(None).await.unwrap().headers()["x-request-id"].clone();
    assert_eq!(made.len(), 36);
    let replaced = ask(Some("not sane: \"}")).await.unwrap().headers()["x-request-id"].clone();
    assert!(replaced.len() == 36 && replaced != made);
}
