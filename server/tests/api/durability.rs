//! The program itself: starting, being stopped, being killed.

use crate::support::{Person, Process, TestDatabase, is_postgres, new_id};
use serde_json::{Value as Json, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

#[tokio::test]
async fn an_acknowledged_write_survives_kill_9_and_its_answer_too() {
    let database = TestDatabase::empty().await;
    let write = {
        let process = Process::start(&database, &["--demo", "5"]);
        assert!(process.announced[0].contains("admin@example.com") && process.announced[0].ends_with("turns-demo"));
        let manager = Person::sign_in(&process.url, "manager@example.com").await;
        let turn = manager.first("turns").await["id"].clone();
        let write = json!({"operation": "update", "writeId": new_id(), "turnId": turn, "version": 1, "data": {"notes": "kept"}});
        let answer = manager.write("turns", write.clone()).await;
        assert_eq!(answer.status, 200);
        process.signal("-KILL");
        (write, answer.text)
    };
    let process = Process::start(&database, &[]);
    let manager = Person::sign_in(&process.url, "manager@example.com").await;
    assert_eq!(manager.write("turns", write.0).await.text, write.1);
}

/// Changes the notes of one turn again and again until the server is gone; gives what was acknowledged.
async fn write_until_the_end(person: Person, turn: Json, acknowledged: Arc<AtomicUsize>) -> Vec<(Json, String)> {
    let mut answers = vec![];
    for version in 1.. {
        let data = json!({"notes": format!("version {version}")});
        let write = json!({"operation": "update", "writeId": new_id(), "turnId": turn, "version": version, "data": data});
        let sent = person
            .http
            .post(format!("{}/api/write/turns", person.url))
            .bearer_auth(&person.token)
            .json(&write)
            .send()
            .await;
        let Ok(response) = sent else { break };
        assert_eq!(response.status(), 200);
        let Ok(text) = response.text().await else { break };
        answers.push((write, text));
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    answers
}

#[tokio::test]
async fn whatever_was_acknowledged_is_there_after_an_end_in_the_middle() {
    for signal in ["-KILL", "-TERM"] {
        let database = TestDatabase::empty().await;
        let process = Process::start(&database, &["--demo", "20"]);
        let admin = Person::sign_in(&process.url, "admin@example.com").await;
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let turns: Vec<_> = admin.rows("turns").await.0.into_keys().take(4).collect();
        let writers: Vec<_> = turns
            .into_iter()
            .map(|turn| tokio::spawn(write_until_the_end(admin.clone(), json!(turn), acknowledged.clone())))
            .collect();
        while acknowledged.load(Ordering::Relaxed) < 30 {
            tokio::task::yield_now().await;
        }
        process.signal(signal);
        let answers: Vec<_> = futures::future::join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
        drop(process);
        let process = Process::start(&database, &[]);
        let admin = Person::sign_in(&process.url, "admin@example.com").await;
        for (write, answer) in answers {
            assert_eq!(admin.write("turns", write).await.text, answer, "{signal}");
        }
    }
}

#[tokio::test]
async fn asked_to_stop_it_lets_nobody_wait_and_folds_its_log_in() {
    let database = TestDatabase::empty().await;
    let mut process = Process::start(&database, &["--demo", "5"]);
    let manager = Person::sign_in(&process.url, "manager@example.com").await;
    let (_, end) = manager.rows("turns").await;
    let mut waiting = TcpStream::connect(process.url.strip_prefix("http://").unwrap()).unwrap();
    let request = format!(
        "GET /api/sync/turns?offset={}&handle={}&live=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        end.offset, end.handle, manager.token
    );
    waiting.write_all(request.as_bytes()).unwrap();
    // Connections are taken in order: once a later one has signed in and listens, the waiting one is heard.
    let other = Person::sign_in(&process.url, "manager2@example.com").await;
    let mut bell = other.http.get(format!("{}/api/sync/live", process.url)).send().await.unwrap();
    assert!(bell.chunk().await.unwrap().is_some());
    process.signal("-TERM");
    let asked = Instant::now();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).map(|_| answer)
    });
    let answer = answer.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("up-to-date"), "{answer}");
    bell.text().await.unwrap();
    let status = tokio::task::spawn_blocking(move || process.child.wait().unwrap()).await.unwrap();
    assert!(
        status.success() && asked.elapsed() < Duration::from_secs(4),
        "{status} after {:?}",
        asked.elapsed()
    );
    if !is_postgres() {
        let file = database.url().trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
        assert!(Path::new(file).exists() && !Path::new(&format!("{file}-wal")).exists());
    }
}

#[tokio::test]
async fn without_a_demo_there_is_one_administrator_with_a_password_shown_once() {
    let database = TestDatabase::empty().await;
    let mut child = Process::command(database.url()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("Turns is ready at http://localhost:"));
    assert!(lines.next().unwrap().contains("admin@localhost"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_with_one_line() {
    let database = TestDatabase::empty().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (name, value) in [
        ("PORT", "http"),
        ("PORT", port.as_str()),
        ("HOST", "x"),
        ("PUBLIC_URL", "x"),
        ("LOG", "a=b=c"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:///dev/null/x/t.db"),
    ] {
        let mut child = Process::command(database.url())
            .env(name, value)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!child.wait().unwrap().success(), "{name}={value}");
        assert!(said.lines().count() == 1 && said.starts_with("turns-server: "), "{name}={value}: {said}");
    }
}
