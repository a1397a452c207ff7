//! `cargo xtask fuzz`: the [reader of conditions](clause) given any text, and the API asked with thousands of requests made from its own description, right and wrong ones.
//!
//! Each answer must be one that the description has, of its type and form; no answer may be a fault of the server's own.
//!
//! **Invariant:** the requests are the same each time, and too few of them are a failure.

pub mod clause;
mod demo;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use demo::{DemoServer, SECRET};
use serde_json::Value as Json;

use crate::steps::{Counts, Steps};
use crate::{process, python};

/// What the step is called.
pub const NAME: &str = "API fuzz";

/// Fewer requests than this, over all accounts, prove little.
const LEAST_CASES: u64 = 5_000;
/// Random requests for each operation, beside those that try its limits one by one.
const EXAMPLES: &str = "10";
/// Who asks: one who may everything, and one who sees a part.
const ACCOUNTS: [&str; 2] = ["admin@example.com", "manager@example.com"];
/// Operations that can end the session of all the others: they are asked last.
const SESSION_ENDING: [&str; 5] = ["end_own_session", "end_session", "end_sessions", "reset_password", "logout"];
/// Tables of which rows are written.
const TABLES: [&str; 8] = [
    "properties",
    "turns",
    "scope-items",
    "turn-stages",
    "vendors",
    "approvals",
    "documents",
    "notifications",
];

/// The command by itself.
pub fn command() -> Result<()> {
    let mut steps = Steps::new(2);
    steps.step(clause::NAME, clause::run);
    steps.step(NAME, run);
    steps.finish()
}

/// Runs all requests; the count is one test for each account and one for the document.
pub fn run() -> Result<Counts> {
    process::run(&mut process::cargo(["build", "--package", "server"]))?;
    let schemathesis = python::SCHEMATHESIS.folder()?;
    check_document(&python::SPEC_VALIDATOR.folder()?)?;
    // Each has a server of its own, so that neither meets what the other wrote.
    let asked: Vec<Result<Asked>> = std::thread::scope(|scope| {
        let runs = ACCOUNTS.map(|account| scope.spawn(|| ask_as(account, &schemathesis)));
        runs.into_iter()
            .map(|run| run.join().unwrap_or_else(|_| bail!("the thread that asked has panicked")))
            .collect()
    });
    let (mut cases, mut failed) = (0, 0);
    for (account, asked) in ACCOUNTS.iter().zip(asked) {
        let asked = asked.with_context(|| format!("asking as {account}"))?;
        println!("{account}: {} requests to {} operations", asked.cases, asked.operations);
        cases += asked.cases;
        failed += u32::from(!asked.is_well);
    }
    if cases < LEAST_CASES {
        bail!("only {cases} requests were made, not {LEAST_CASES}");
    }
    Ok(Counts::of(1 + ACCOUNTS.len() as u32 - failed, failed))
}

/// How one account's requests went.
struct Asked {
    cases: u64,
    operations: u64,
    is_well: bool,
}

impl Asked {
    fn and(self, other: Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            operations: self.operations + other.operations,
            is_well: self.is_well && other.is_well,
        }
    }
}

fn check_document(validator: &Path) -> Result<()> {
    let document = process::output(&mut demo::program(["openapi"])?)?;
    let file = demo::folder()?.join("openapi.json");
    fs::write(&file, document)?;
    process::run(Command::new(validator.join("openapi-spec-validator")).arg(&file))?;
    Ok(fs::remove_dir_all(file.with_file_name(""))?)
}

fn ask_as(account: &str, schemathesis: &Path) -> Result<Asked> {
    let server = DemoServer::start()?;
    let token = server.sign_in(account)?;
    write_ids(&server, &token)?;
    fs::write(server.folder().join("schemathesis.toml"), include_str!("schemathesis.toml"))?;
    let all_but = SESSION_ENDING.map(|operation| format!("--exclude-operation-id={operation}"));
    let first = ask(&server, schemathesis, &token, "first", &all_but)?;
    if server.get("/api/auth/session", &token).is_err() {
        bail!("the session ended on the way: name the operation that ended it in SESSION_ENDING");
    }
    let only = SESSION_ENDING.map(|operation| format!("--include-operation-id={operation}"));
    Ok(first.and(ask(&server, schemathesis, &token, "last", &only)?))
}

/// Runs Schemathesis; what it found is printed, with a line for each to repeat it by hand.
fn ask(server: &DemoServer, schemathesis: &Path, token: &str, name: &str, which: &[String]) -> Result<Asked> {
    let report = server.folder().join(format!("{name}.json"));
    let mut command = Command::new(schemathesis.join("schemathesis"));
    command.args(["run", &format!("{}/api/openapi.json", server.url())]).args(which);
    command.args(["--max-examples", EXAMPLES, "--no-color", "--report", "json", "--report-json-path"]);
    let output = command
        .arg(&report)
        .current_dir(server.folder())
        .env("TURNS_SESSION", token)
        .output()
        .with_context(|| format!("could not start {}", process::line(&command)))?;
    if !output.status.success() {
        println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    let report: Json = serde_json::from_str(&fs::read_to_string(&report).context("Schemathesis wrote no report")?)?;
    let number = |pointer: &str| {
        report
            .pointer(pointer)
            .and_then(Json::as_u64)
            .with_context(|| format!("the report has no {pointer}"))
    };
    Ok(Asked {
        cases: number("/test_cases/generated")?,
        operations: number("/operations/tested")?,
        is_well: output.status.success(),
    })
}

/// A few ids of each table that the account sees, and of all of them.
fn write_ids(server: &DemoServer, token: &str) -> Result<()> {
    let mut any = String::new();
    for table in TABLES {
        let messages: Json = serde_json::from_str(&server.get(&format!("/api/sync/{table}?offset=-1"), token)?)?;
        let rows = messages.as_array().into_iter().flatten();
        let ids = rows.filter_map(|message| message.pointer("/value/id")?.as_str()).take(5);
        let ids: String = ids.map(|id| format!("\"{id}\"\n")).collect();
        any += &ids;
        fs::write(server.folder().join(format!("{table}.txt")), ids)?;
    }
    fs::write(server.folder().join("secret.txt"), format!("\"{SECRET}\"\n"))?;
    Ok(fs::write(server.folder().join("any.txt"), any)?)
}
