//! The server's rules in memory: quick enough for a thousand days a second.
//!
//! What may be and what results is `domain`'s, as on the server; what stands around it (base versions, receipts, sight that
//! follows, the log that shapes are served from) is told again here, in some hundred lines. A differential test
//! (`tests/differential.rs`) holds its answers against the real server's.
//!
//! **Invariant:** row, log entry and receipt change together, and a refusal leaves nothing behind.

mod approvals;
mod carry_out;
mod decide;
mod handover;
mod past;
mod quarantine;
mod refusal;
mod seed;
mod shapes;
mod write;

pub use seed::{PEOPLE, TABLES, ids, people, rows};
pub use shapes::as_seen;

use crate::{
    server::{Applied, Imported, SUPERVISOR, Server, SignedIn, Token},
    wrong::Wrong,
};
use domain::{Row, RowId, Table, Timestamp, UserId, Value, Viewer, WriteId};
use protocol::{BatchRequest, MAX_BATCH_WRITES, Problem, ProblemCode, ShapeRequest, User, WireWrite, WriteAnswer, handover::DeviceWrites};
use quarantine::Held;
use std::collections::BTreeMap;
use sync::shape_stream::Event;

/// Begins at an instant, so that runs do not differ in their days.
pub const EPOCH_MS: i64 = 1_795_402_000_000;

/// See the module.
#[derive(Clone, Default)]
pub struct Office {
    people: Vec<User>,
    sessions: BTreeMap<Token, UserId>,
    last_token: Token,
    rows: BTreeMap<(Table, RowId), Row>,
    receipts: BTreeMap<WriteId, Stored>,
    held: BTreeMap<WriteId, Held>,
    log: Vec<Entry>,
    /// Everything up to here is forgotten.
    trimmed_to: i64,
    position: i64,
    turns_numbered: i64,
    applied: Vec<Applied>,
    wrong: Option<Wrong>,
}

/// A receipt, and what was asked for when it was given.
#[derive(Clone)]
struct Stored {
    author: UserId,
    table: Table,
    row_id: RowId,
    /// What its author had seen.
    base_version: Option<i64>,
    version: Option<i64>,
    asked: WireWrite,
    answer: WriteAnswer,
}

#[derive(Clone)]
struct Entry {
    position: i64,
    op: i64,
    table: Table,
    id: RowId,
    old: Option<Row>,
    new: Option<Row>,
}

impl Office {
    /// An office with its people, homes and turns, as every run begins.
    pub fn open(wrong: Option<Wrong>) -> Self {
        Self { wrong, ..seed::office() }
    }

    fn viewer(&self, token: Token) -> Option<Viewer> {
        let user = self.sessions.get(&token)?;
        self.people.iter().find(|person| person.id == *user).map(User::viewer)
    }

    fn find(&self, table: Table, id: RowId) -> Option<&Row> {
        self.rows.get(&(table, id))
    }

    fn all_of(&self, table: Table) -> impl Iterator<Item = &Row> {
        let (first, last) = (RowId(uuid::Uuid::nil()), RowId(uuid::Uuid::max()));
        self.rows.range((table, first)..=(table, last)).map(|(_, row)| row)
    }

    fn all_where<'a>(&'a self, table: Table, column: &'a str, value: &'a Value) -> impl Iterator<Item = &'a Row> {
        self.all_of(table).filter(move |row| row.get(column) == value)
    }

    fn person(&self, id: UserId) -> Option<&User> {
        self.people.iter().find(|person| person.id == id)
    }
}

fn instant(at_ms: i64) -> Timestamp {
    Timestamp::from_millis(EPOCH_MS + at_ms)
}

impl Server for Office {
    fn sign_in(&mut self, user: UserId) -> (Token, SignedIn) {
        self.last_token += 1;
        self.sessions.insert(self.last_token, user);
        let signed_in = self.session(self.last_token).unwrap_or_else(|| unreachable!("the cast signs in"));
        (self.last_token, signed_in)
    }

    fn sign_out(&mut self, token: Token) {
        self.sessions.remove(&token);
    }

    fn session(&mut self, token: Token) -> Option<SignedIn> {
        let user = self.sessions.get(&token)?;
        let user = self.people.iter().find(|person| person.id == *user)?.clone();
        let is_kept = |table: &Table| seed::TABLES.contains(table);
        let shapes = user
            .viewer()
            .shapes()
            .into_iter()
            .filter(is_kept)
            .map(|table| table.url_name().to_owned())
            .collect();
        Some(SignedIn { user, shapes })
    }

    fn end_sessions(&mut self, user: UserId) {
        self.sessions.retain(|_, of| *of != user);
    }

    fn write(&mut self, token: Token, batch: &BatchRequest, at_ms: i64) -> Result<Vec<WriteAnswer>, Problem> {
        let unauthenticated = || Problem::new(ProblemCode::Unauthenticated, "sign in first");
        let viewer = self.viewer(token).ok_or_else(unauthenticated)?;
        if batch.user_id.is_some_and(|user| user != viewer.user) {
            return Err(unauthenticated());
        }
        if batch.operations.len() > MAX_BATCH_WRITES {
            return Err(Problem::new(ProblemCode::Validation, "too many writes"));
        }
        let at = instant(at_ms);
        Ok(batch.operations.iter().map(|json| self.write_one(viewer, json, at)).collect())
    }

    fn shape(&mut self, token: Token, request: &ShapeRequest) -> Event {
        match self.viewer(token) {
            Some(viewer) => self.serve(viewer, request),
            None => Event::Unauthenticated,
        }
    }

    fn position(&mut self) -> i64 {
        self.position
    }

    fn news(&mut self, token: Token, since: i64) -> Vec<Table> {
        let Some(viewer) = self.viewer(token) else { return vec![] };
        let is_seen = |row: &Option<Row>| row.as_ref().is_some_and(|row| viewer.sees(row.table()).admits(row));
        let later = self.log.iter().rev().take_while(|entry| entry.position > since);
        let mut tables: Vec<Table> = later
            .filter(|entry| is_seen(&entry.old) || is_seen(&entry.new))
            .map(|entry| entry.table)
            .collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    fn trim(&mut self) {
        self.trimmed_to = self.position;
    }

    fn restart(&mut self) {}

    fn rows(&mut self, table: Table) -> Vec<Row> {
        self.all_of(table).cloned().collect()
    }

    fn applied_after(&mut self, count: usize) -> Vec<Applied> {
        self.applied[count..].to_vec()
    }

    fn people(&mut self) -> Vec<User> {
        self.people.clone()
    }

    fn quarantined(&mut self) -> Vec<WriteId> {
        self.waiting()
    }

    fn adopt(&mut self, write: WriteId, looked_at: Option<i64>, at_ms: i64) -> Result<(), Problem> {
        let supervisor = self.person(SUPERVISOR).cloned();
        let supervisor = supervisor.ok_or_else(|| Problem::new(ProblemCode::Unauthenticated, "sign in first"))?;
        self.adopt_held(&supervisor, write, looked_at, instant(at_ms)).map_err(|problem| *problem)
    }

    fn refuse(&mut self, write: WriteId, reason: &str, _: i64) -> Result<(), Problem> {
        self.refuse_held(write, reason).map_err(|problem| *problem)
    }

    fn import(&mut self, device: &DeviceWrites, at_ms: i64) -> Result<Vec<Imported>, Problem> {
        let nobody = || Problem::new(ProblemCode::Validation, "has the work of somebody who has no account here");
        self.take_over(device, instant(at_ms)).ok_or_else(nobody)
    }
}
