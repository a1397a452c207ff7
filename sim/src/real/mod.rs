//! The real server over SQLite: its own router, asked without a network, on a runtime of one thread and in the simulation's time.
//!
//! **Invariant:** a call returns when its request is answered; nothing of a day hangs on the machine's clock.

mod ask;
mod handover;
mod read;
mod seed;

use crate::{
    office::{EPOCH_MS, TABLES},
    server::{Applied, Imported, SUPERVISOR, Server, SignedIn, Token},
};
use ask::Asked;
use axum::http::Method;
use domain::{Row, Table, Timestamp, UserId, WriteId};
use protocol::{BatchAnswer, BatchRequest, Problem, ProblemCode, SessionAnswer, ShapeRequest, User, WriteAnswer, handover::DeviceWrites};
use serde::Deserialize;
use serde_json::json;
use server::{clock, config::Settings, serve::Opened, shapes::trim};
use std::collections::BTreeMap;
use sync::shape_stream::Event;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// See the module.
pub struct Real {
    runtime: Runtime,
    settings: Settings,
    /// None only while it restarts.
    opened: Option<Opened>,
    tokens: BTreeMap<Token, String>,
    last_token: Token,
    supervisor: Option<Token>,
    applied: read::AppliedLog,
    _folder: TempDir,
}

/// `GET /api/quarantine`, as far as it is looked at.
#[derive(Deserialize)]
struct Docket {
    writes: Vec<Waiting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    write_id: WriteId,
}

impl Real {
    /// A server with the same people, homes and turns as [`crate::office::Office::open`].
    pub fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = must(runtime, "a runtime");
        put_clock(0);
        let folder = must(tempfile::tempdir(), "a folder");
        let settings = runtime.block_on(seed::settings_of_a_copy(folder.path()));
        let opened = must(runtime.block_on(Opened::open(settings.clone(), None)), "a server");
        Self {
            runtime,
            settings,
            opened: Some(opened),
            tokens: BTreeMap::new(),
            last_token: 0,
            supervisor: None,
            applied: read::AppliedLog::default(),
            _folder: folder,
        }
    }

    fn opened(&self) -> &Opened {
        self.opened.as_ref().unwrap_or_else(|| unreachable!("it is open but while it restarts"))
    }

    fn as_supervisor(&mut self, method: Method, path: &str, body: Option<&serde_json::Value>) -> Asked {
        let token = match self.supervisor {
            Some(token) => token,
            None => self.sign_in(SUPERVISOR).0,
        };
        self.supervisor = Some(token);
        self.ask(method, path, Some(token), body)
    }
}

impl Server for Real {
    fn sign_in(&mut self, user: UserId) -> (Token, SignedIn) {
        let login = json!({"email": seed::email(user), "password": seed::PASSWORD});
        let asked = self.ask(Method::POST, "/api/auth/login", None, Some(&login));
        let answer: protocol::LoginAnswer = must(asked.read(), "a session");
        self.last_token += 1;
        self.tokens.insert(self.last_token, answer.token);
        (self.last_token, followed(answer.user, answer.shapes))
    }

    fn sign_out(&mut self, token: Token) {
        self.ask(Method::POST, "/api/auth/logout", Some(token), None);
        self.tokens.remove(&token);
    }

    fn session(&mut self, token: Token) -> Option<SignedIn> {
        let asked = self.ask(Method::GET, "/api/auth/session", Some(token), None);
        let answer: SessionAnswer = asked.read().ok()?;
        Some(followed(answer.user, answer.shapes))
    }

    fn end_sessions(&mut self, user: UserId) {
        let asked = self.as_supervisor(Method::DELETE, &format!("/api/admin/users/{user}/sessions"), None);
        must(asked.read::<serde_json::Value>(), "an end of sessions");
    }

    fn write(&mut self, token: Token, batch: &BatchRequest, at_ms: i64) -> Result<Vec<WriteAnswer>, Problem> {
        put_clock(at_ms);
        let body = must(serde_json::to_value(batch), "a batch");
        let asked = self.ask(Method::POST, "/api/write/batch", Some(token), Some(&body));
        asked.read::<BatchAnswer>().map(|answer| answer.results)
    }

    fn shape(&mut self, token: Token, request: &ShapeRequest) -> Event {
        self.ask_shape(token, request)
    }

    fn position(&mut self) -> i64 {
        self.end_of_log()
    }

    fn news(&mut self, token: Token, since: i64) -> Vec<Table> {
        self.session(token)
            .map(|signed_in| self.told_to(&signed_in.user.viewer(), since))
            .unwrap_or_default()
    }

    fn trim(&mut self) {
        let mut limits = self.settings.limits.clone();
        limits.keep_entries = 0;
        let trimmed = self.runtime.block_on(trim::trim(self.opened().db(), &limits, clock::now()));
        must(trimmed, "a trimmed log");
        // A log that is still known by heart would answer for what is trimmed.
        self.restart();
    }

    fn restart(&mut self) {
        if let Some(opened) = self.opened.take() {
            self.runtime.block_on(opened.close());
        }
        let opened = self.runtime.block_on(Opened::open(self.settings.clone(), None));
        self.opened = Some(must(opened, "a server that has started again"));
    }

    fn rows(&mut self, table: Table) -> Vec<Row> {
        self.all_rows(table)
    }

    fn applied_after(&mut self, count: usize) -> Vec<Applied> {
        self.read_applied();
        self.applied.after(count)
    }

    fn people(&mut self) -> Vec<User> {
        crate::office::people()
    }

    fn quarantined(&mut self) -> Vec<WriteId> {
        let docket: Docket = must(self.as_supervisor(Method::GET, "/api/quarantine", None).read(), "a docket");
        docket.writes.into_iter().map(|waiting| waiting.write_id).collect()
    }

    fn adopt(&mut self, write: WriteId, looked_at: Option<i64>, at_ms: i64) -> Result<(), Problem> {
        put_clock(at_ms);
        let body = looked_at.map_or_else(|| json!({}), |version| json!({"version": version}));
        let asked = self.as_supervisor(Method::POST, &format!("/api/quarantine/{write}/adopt"), Some(&body));
        asked.read::<serde_json::Value>().map(drop)
    }

    fn refuse(&mut self, write: WriteId, reason: &str, at_ms: i64) -> Result<(), Problem> {
        put_clock(at_ms);
        let asked = self.as_supervisor(Method::POST, &format!("/api/quarantine/{write}/refuse"), Some(&json!({"reason": reason})));
        asked.read::<serde_json::Value>().map(drop)
    }

    fn import(&mut self, device: &DeviceWrites, at_ms: i64) -> Result<Vec<Imported>, Problem> {
        put_clock(at_ms);
        let body = handover::handed_over(device);
        let asked = self.as_supervisor(Method::POST, "/api/admin/unsent", Some(&body));
        asked.read::<handover::Report>().map(handover::Report::into_outcomes)
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        if let Some(opened) = self.opened.take() {
            self.runtime.block_on(opened.close());
        }
    }
}

fn followed(user: User, mut shapes: Vec<String>) -> SignedIn {
    shapes.retain(|name| TABLES.iter().any(|table| table.url_name() == name));
    SignedIn { user, shapes }
}

fn put_clock(at_ms: i64) {
    clock::stand_at(Timestamp::from_millis(EPOCH_MS + at_ms));
}

/// What a simulation cannot go on without.
fn must<T, E: std::fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("the simulation needs {what}: {error:?}"))
}

/// No answer of the API's.
fn unreadable(what: &str) -> Problem {
    Problem::new(ProblemCode::Internal, format!("an answer that is none: {what}"))
}
