//! `turns-server user …`, as the built program does it, on the database of a running server; and whom the first start makes.
//!
//! The programs are waited for on the test's own thread, so the server must have another (see [`super::import`]).

use crate::support::{Person, TestApp, TestDatabase};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::Duration,
};

fn program(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turns-server"));
    command
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env("LOG", "warn")
        .env("PORT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn user_of(database_url: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = program(database_url).arg("user").args(arguments).spawn().unwrap();
    // A command that refuses its arguments does not read what is sent to it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn user(app: &TestApp, arguments: &[&str], input: &str) -> Output {
    user_of(app.database_url(), arguments, input)
}

/// A server that ends with the test.
struct Started {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl Started {
    fn on(database_url: &str) -> Self {
        let mut child = program(database_url).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().unwrap().unwrap();
        let url = ready.trim_start_matches("Turns is ready at ").to_owned();
        Self { child, lines, url }
    }

    /// Everything else that it has said, once it is no more.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.by_ref().map(Result::unwrap).collect()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A test that fails leaves no server behind; one that has ended cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line of a refusal.
fn refused(output: &Output) -> String {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    error.trim_start_matches("turns-server: ").trim_end().to_owned()
}

fn shown_password(text: &str) -> &str {
    text.split_once("with the password ").unwrap().1.split(' ').next().unwrap()
}

const NOA: [&str; 7] = ["add", "--email", "Noa@example.com", "--name", "Noa Field", "--role", "super-admin"];

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_a_password_that_is_shown_once() {
    let app = TestApp::start().await;
    let text = said(&user(&app, &NOA, ""));
    assert!(text.starts_with("noa@example.com has an account now (SUPER_ADMIN)\n"), "{text}");
    let noa = Person::sign_in_with(&app.url(), "noa@example.com", shown_password(&text)).await;
    assert_eq!(noa.get("/api/people").await.problem(), "PERMISSION", "the password is to be changed first");
    assert_eq!(refused(&user(&app, &NOA, "")), "email belongs to another account already");
    let audited = "SELECT count(*) FROM audit_logs WHERE table_name = 'users' AND operation = 'create' AND user_agent = 'turns-server user'";
    assert_eq!(app.number(audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gives_the_password_itself() {
    let app = TestApp::start().await;
    let with_password = [&NOA[..], &["--password-stdin"]].concat();
    assert!(refused(&user(&app, &with_password, "short\n")).starts_with("the password must have 10 to 200 characters"));
    assert!(refused(&user(&app, &with_password, "password1234\n")).starts_with("the password is too easy to guess"));
    let text = said(&user(&app, &with_password, "maple basement heron\n"));
    assert!(!text.contains("maple"), "{text}");
    let noa = Person::sign_in_with(&app.url(), "noa@example.com", "maple basement heron").await;
    assert_eq!(noa.get("/api/people").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_is_refused_in_one_line() {
    let app = TestApp::start().await;
    let vendor =
        |role: &'static str, more: &[&'static str]| user(&app, &[&["add", "--email", "v@b.com", "--name", "V", "--role", role][..], more].concat(), "");
    assert_eq!(refused(&vendor("VENDOR", &[])), "vendorId is needed: a vendor’s account belongs to a vendor");
    let nobody = ["--vendor", "01990000-0000-7000-8000-000000000001"];
    assert_eq!(refused(&vendor("VENDOR", &nobody)), "vendorId names no vendor");
    assert_eq!(refused(&vendor("ADMIN", &nobody)), "vendorId is for vendors’ accounts alone");
    for wrong in [
        &["add", "--email", "no address", "--name", "A", "--role", "ADMIN"][..],
        &["add", "--email", "a@b.com", "--name", "A", "--role", "BOSS"],
        &["add"],
        &[],
    ] {
        assert_eq!(user(&app, wrong, "").status.code(), Some(2), "{wrong:?}");
    }
    for unknown in ["reset-password", "deactivate"] {
        assert_eq!(
            refused(&user(&app, &[unknown, "nobody@example.com"], "")),
            "there is no account nobody@example.com"
        );
    }
}

/// The server hears of another program's doing when it looks at the log, twice a second.
async fn is_signed_out_within_a_second(person: &Person) {
    let ended = async {
        while person.get("/api/auth/session").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_and_a_deactivation_end_the_sessions_of_a_running_server() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    for person in [&manager, &other] {
        assert_eq!(person.get("/api/auth/session").await.status, 200);
    }
    let text = said(&user(&app, &["reset-password", "Manager@example.com"], ""));
    assert!(text.starts_with("manager@example.com has a new password; 1 sessions ended\n"), "{text}");
    is_signed_out_within_a_second(&manager).await;
    Person::sign_in_with(&app.url(), "manager@example.com", shown_password(&text)).await;
    let text = said(&user(&app, &["deactivate", "manager2@example.com"], ""));
    assert!(text.contains("cannot sign in any more; 1 sessions ended\n  5 active properties"), "{text}");
    is_signed_out_within_a_second(&other).await;
    let list = said(&user(&app, &["list"], ""));
    assert_eq!(list.lines().count(), 8, "{list}");
    assert!(list.contains("manager2@example.com\tPROPERTY_MANAGER\tinactive\tTom Okafor\t"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_be_deactivated_from_the_terminal_either() {
    let app = TestApp::start().await;
    assert!(refused(&user(&app, &["deactivate", "admin@example.com"], "")).starts_with("this is the last active account of its kind"));
    said(&user(&app, &NOA, ""));
    said(&user(&app, &["deactivate", "admin@example.com"], ""));
    assert!(refused(&user(&app, &["deactivate", "noa@example.com"], "")).starts_with("this is the last active account of its kind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_one_super_administrator_who_must_change_the_password() {
    let database = TestDatabase::new().await;
    let mut first = Started::on(database.url());
    let shown = first.lines.next().unwrap().unwrap();
    assert!(shown.contains("Sign in as admin@localhost with the password "), "{shown}");
    let administrator = Person::sign_in_with(&first.url, "admin@localhost", shown_password(&shown)).await;
    let session = administrator.get("/api/auth/session").await;
    assert_eq!(
        (&session.json["user"]["role"], &session.json["user"]["mustChangePassword"]),
        (&json!("SUPER_ADMIN"), &json!(true))
    );
    assert_eq!(first.end(), "");
    assert_eq!(Started::on(database.url()).end(), "", "the second start makes nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_an_account_before_the_first_start_takes_its_place() {
    let database = TestDatabase::new().await;
    let with_password = [&NOA[..], &["--password-stdin"]].concat();
    said(&user_of(database.url(), &with_password, "maple basement heron\n"));
    let server = Started::on(database.url());
    let noa = Person::sign_in_with(&server.url, "noa@example.com", "maple basement heron").await;
    assert_eq!(noa.get("/api/admin/users").await.json["users"].as_array().unwrap().len(), 1);
    assert_eq!(server.end(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_no_place_of_before_leads_on() {
    let mut app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (rows, place) = manager.rows("turns").await;
    app.stop().await;
    let done = program(app.database_url()).arg("restored").output().unwrap();
    assert_eq!(said(&done), "Every device begins anew with what is here, and keeps what it has not sent.\n");
    app.restart_stopped().await;
    let manager = app.sign_in("manager").await;
    let gone = manager.follow("turns", &place).await;
    assert_eq!(gone.status, 409);
    assert_ne!(gone.handle, place.handle);
    let (again, place) = manager.rows("turns").await;
    assert_eq!(again, rows);
    let turn = rows.values().next().unwrap();
    let rename = manager.write(
        "turns",
        json!({"operation": "update", "rowId": turn["id"], "version": 1, "data": {"notes": "after"}}),
    );
    let (heard, renamed) = tokio::join!(manager.wait("turns", &place), rename);
    assert_eq!(renamed.status, 200);
    assert_eq!(heard.changes()[0]["value"]["notes"], "after");
}
