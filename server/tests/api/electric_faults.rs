//! Electric away, hanging or talking nonsense: shapes wait, everything else goes on.

use crate::support::{Line, Person, Process, SECRET, Stub, TestApp, TestDatabase, electric_at, figures, is_postgres, new_id, send, shape_answer, value};
use serde_json::{Value as Json, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";
const MIB: usize = 1024 * 1024;

async fn behind(url: &str) -> TestApp {
    TestApp::start_with(|settings| {
        let mut electric = electric_at(url);
        electric.head = Duration::from_millis(300);
        electric.look_again = Duration::from_millis(20);
        settings.electric = Some(electric);
    })
    .await
}

async fn ready(app: &TestApp) -> (u16, Json) {
    let answer = send(reqwest::Client::new().get(format!("{}/ready", app.url()))).await;
    (answer.status.as_u16(), answer.json["electric"].clone())
}

#[tokio::test]
async fn writes_go_on_while_electric_is_away() {
    let app = behind(NOWHERE).await;
    let manager = app.sign_in("manager").await;
    for _ in 0..3 {
        let page = manager.get("/api/sync/turns?offset=-1").await;
        assert_eq!((page.status.as_u16(), page.problem()), (503, "UNAVAILABLE"));
    }
    let home = json!({"operation": "create", "data": {"id": new_id(), "property_number": "N-1", "name": "new", "street_address": "x", "city": "y"}});
    assert_eq!(manager.write("properties", home).await.status, 200);
    assert_eq!(ready(&app).await, (200, json!("away")));
    let figures = figures(&app).await;
    assert_eq!(value(&figures, "turns_electric_up"), Some(0.0));
    assert!(value(&figures, "turns_electric_failures_total{reason=\"unreachable\"}").unwrap() >= 3.0);
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    for nonsense in [
        "220 smtp.example.com ESMTP\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>hotel</html",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 6\r\n\r\nsecret",
    ] {
        let stub = Stub::start(move |_, line: Line| line.say_and_hang_up(nonsense)).await;
        let app = behind(&stub.url).await;
        let admin = app.sign_in("admin").await;
        for query in ["offset=-1", "offset=0_inf&handle=1-1&live=true"] {
            let answer = admin.get(&format!("/api/sync/turns?{query}")).await;
            assert_eq!((answer.status.as_u16(), answer.problem()), (503, "UNAVAILABLE"), "{nonsense}");
            assert!(!answer.text.contains("secret"));
        }
    }
}

#[tokio::test]
async fn it_is_asked_whether_it_is_back() {
    let stub = Stub::start(|_, line: Line| line.say_and_hang_up("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")).await;
    let app = behind(&stub.url).await;
    let admin = app.sign_in("admin").await;
    assert_eq!(admin.shape("turns", "offset=-1").await.status, 503);
    // The look of its own is answered.
    while ready(&app).await != (200, json!("answers")) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_electric_that_hangs_is_not_waited_for_and_who_goes_is_not_held() {
    let gone = Arc::new(Notify::new());
    let stub = {
        let gone = gone.clone();
        Stub::start(move |_, line: Line| {
            let gone = gone.clone();
            async move {
                line.hung_up().await;
                gone.notify_one();
                None
            }
        })
        .await
    };
    let app = behind(&stub.url).await;
    let admin = app.sign_in("admin").await;
    assert_eq!(admin.shape("turns", "offset=-1").await.status, 503);
    gone.notified().await;
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let admin = app.sign_in("admin").await;
    let asked = stub.asked().len();
    let waiting = tokio::spawn(async move { admin.shape("turns", "offset=0_inf&handle=1-1&live=true").await });
    while stub.asked().len() == asked {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    gone.notified().await;
}

/// A body that begins, and goes on when it is told to.
async fn begun(go_on: oneshot::Receiver<()>, mebibytes: usize) -> Stub {
    let go_on = Arc::new(std::sync::Mutex::new(Some(go_on)));
    Stub::start(move |_, line: Line| {
        let go_on = go_on.lock().unwrap().take().unwrap();
        async move {
            let head = shape_answer("0_0", "").replace("content-length: 0", &format!("content-length: {}", mebibytes * MIB));
            let mut line = line.say(head).await?.say(vec![b' '; MIB]).await?;
            go_on.await.ok()?;
            for _ in 1..mebibytes {
                line = line.say(vec![b' '; MIB]).await?;
            }
            Some(line)
        }
    })
    .await
}

#[tokio::test]
async fn a_body_arrives_while_it_is_still_being_sent() {
    let (tell, go_on) = oneshot::channel();
    let stub = begun(go_on, 64).await;
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let admin = app.sign_in("admin").await;
    let mut answer = admin
        .http
        .get(format!("{}/api/sync/turns?offset=-1", app.url()))
        .header("accept-encoding", "identity")
        .send()
        .await
        .unwrap();
    let mut arrived = 0;
    while arrived < MIB {
        arrived += answer.chunk().await.unwrap().unwrap().len();
    }
    tell.send(()).unwrap();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        arrived += chunk.len();
    }
    assert_eq!(arrived, 64 * MIB);
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_gathered_and_one_that_breaks_off_is_not_taken_for_whole() {
    let sent = Arc::new(AtomicUsize::new(0));
    let full = Arc::new(Notify::new());
    let stub = {
        let (sent, full) = (sent.clone(), full.clone());
        Stub::start(move |asked, line: Line| {
            let (sent, full) = (sent.clone(), full.clone());
            async move {
                let head = shape_answer("0_0", "").replace("content-length: 0", &format!("content-length: {}", 256 * MIB));
                let mut line = line.say(head).await?;
                if asked.query["offset"] == "now" {
                    return line.say_and_hang_up("[").await;
                }
                for _ in 0..256 {
                    // Long for a connection of this machine: nobody takes more.
                    line = match tokio::time::timeout(Duration::from_millis(500), line.say(vec![b' '; MIB])).await {
                        Ok(line) => line?,
                        Err(_) => break,
                    };
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                full.notify_one();
                None
            }
        })
        .await
    };
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let admin = app.sign_in("admin").await;
    let ask = |offset: &str| {
        admin
            .http
            .get(format!("{}/api/sync/turns?offset={offset}", app.url()))
            .header("accept-encoding", "identity")
            .send()
    };
    let unread = ask("-1").await.unwrap();
    full.notified().await;
    assert!(sent.load(Ordering::Relaxed) < 32, "{} MiB are on their way", sent.load(Ordering::Relaxed));
    assert!(unread.bytes().await.is_err(), "it broke off");
    assert!(ask("now").await.unwrap().bytes().await.is_err());
}

/// The program's log while Electric is away, at its most talkative.
async fn log_of(database: &TestDatabase, url: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = Process::command(database.url());
    command
        .envs([("ELECTRIC_URL", url), ("ELECTRIC_SECRET", SECRET), ("LOG", "trace")])
        .args(["--demo", "5"]);
    let server = Process::spawn(command.stderr(file.reopen().unwrap()), 8);
    let person = Person::sign_in(&server.url, "manager@example.com").await;
    for _ in 0..5 {
        assert_eq!(person.shape("turns", "offset=-1").await.status, 503);
    }
    drop(server);
    std::fs::read_to_string(file.path()).unwrap()
}

#[tokio::test]
async fn the_log_hears_of_an_outage_once_and_never_of_the_secret() {
    if !is_postgres() {
        return;
    }
    let refused = Stub::start(|_, line: Line| line.say_and_hang_up("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")).await;
    for (url, why) in [(NOWHERE, "cannot be reached"), (refused.url.as_str(), "another secret than ELECTRIC_SECRET")] {
        let log = log_of(&TestDatabase::new().await, url).await;
        let told: Vec<&str> = log.lines().filter(|line| line.contains("Electric does not answer")).collect();
        assert!(matches!(told[..], [one] if one.contains("ERROR") && one.contains(why)), "{told:?}");
        assert!(!log.contains(SECRET), "the secret is in the log");
    }
}
