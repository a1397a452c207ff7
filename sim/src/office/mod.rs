//! The server's rules in memory: quick enough for a thousand days a second.
//!
//! What may be and what results is `domain`'s, as on the server; what stands around it (base versions, receipts, sight that
//! follows, the log that shapes are served from) is told again here, in some hundred lines. A differential test
//! (`tests/sqlite`) holds its answers against the real server's.
//!
//! **Invariant:** row, log entry and receipt change together, and a refusal leaves nothing behind.

mod carry_out;
mod decide;
mod refusal;
mod seed;
mod shapes;

pub use seed::{TABLES, ids, people};
pub use shapes::as_seen;

use crate::{
    server::{Applied, Server, SignedIn, Token},
    wrong::Wrong,
};
use domain::{Operation, Row, RowId, Table, Timestamp, UserId, Value, Viewer, WriteId};
use protocol::{BatchRequest, Problem, ProblemCode, ShapeRequest, User, WireWrite, WriteAnswer};
use std::collections::{BTreeMap, HashMap};
use sync::shape_stream::Event;

/// Begins at an instant, so that runs do not differ in their days.
pub const EPOCH_MS: i64 = 1_795_402_000_000;

/// See the module.
#[derive(Clone, Default)]
pub struct Office {
    people: Vec<User>,
    sessions: HashMap<Token, UserId>,
    last_token: Token,
    rows: BTreeMap<(Table, RowId), Row>,
    receipts: HashMap<WriteId, Stored>,
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

/// One write that is being decided or carried out.
struct Intent<'a> {
    viewer: Viewer,
    table: Table,
    row_id: RowId,
    write_id: WriteId,
    wire: &'a WireWrite,
    at: Timestamp,
}

type Decided = Result<(Option<Row>, Option<Row>), Box<Problem>>;

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

    /// One write of a batch that is not atomic.
    fn write_one(&mut self, viewer: Viewer, json: &serde_json::Value, at: Timestamp) -> WriteAnswer {
        let Ok(wire) = serde_json::from_value::<WireWrite>(json.clone()) else {
            return WriteAnswer::refused(None, Problem::new(ProblemCode::Validation, "this is not a write"));
        };
        let named = (wire.table.as_deref().and_then(Table::from_name), wire.named_row(), wire.write_id);
        let (Some(table), Some(row_id), Some(write_id)) = named else {
            return WriteAnswer::refused(wire.write_id, Problem::new(ProblemCode::Validation, "say which table and row"));
        };
        let intent = Intent {
            viewer,
            table,
            row_id,
            write_id,
            wire: &wire,
            at,
        };
        match self
            .replayed(&intent)
            .map_or_else(|| self.apply(&intent), |replayed| replayed.map_err(Box::new))
        {
            Ok(answer) => answer,
            Err(problem) => WriteAnswer::refused(Some(write_id), *problem),
        }
    }

    /// The answer of the time when it was applied.
    fn replayed(&self, intent: &Intent<'_>) -> Option<Result<WriteAnswer, Problem>> {
        let stored = self.receipts.get(&intent.write_id).filter(|_| self.wrong != Some(Wrong::NoReceiptCheck))?;
        let same = |one: &WireWrite, other: &WireWrite| (one.operation, &one.data, &one.metadata) == (other.operation, &other.data, &other.metadata);
        let is_same = (stored.author, stored.table, stored.row_id) == (intent.viewer.user, intent.table, intent.row_id) && same(&stored.asked, intent.wire);
        let used = || Problem::new(ProblemCode::Validation, "this writeId was used for another write; nothing was applied");
        Some(if is_same { Ok(stored.answer.clone()) } else { Err(used()) })
    }

    fn apply(&mut self, intent: &Intent<'_>) -> Result<WriteAnswer, Box<Problem>> {
        let (before, after) = self.decide(intent)?;
        self.position += 1;
        self.carry_out(intent, before.as_ref(), after.as_ref());
        let version = after.as_ref().map(Row::version);
        let is_in_shape = after.as_ref().or(before.as_ref()).is_some_and(|row| intent.sees(row));
        let shown = after.as_ref().map(|row| intent.shown(row));
        let answer = WriteAnswer::applied(intent.write_id, intent.table, shown, version, self.position.to_string(), is_in_shape);
        self.applied.push(Applied {
            write_id: intent.write_id,
            author: intent.viewer.user,
            table: intent.table,
            row_id: intent.row_id,
            operation: intent.wire.operation,
            before,
            after,
        });
        let stored = Stored {
            author: intent.viewer.user,
            table: intent.table,
            row_id: intent.row_id,
            base_version: intent.wire.version,
            version,
            asked: intent.wire.clone(),
            answer: answer.clone(),
        };
        self.receipts.insert(intent.write_id, stored);
        Ok(answer)
    }
}

impl Intent<'_> {
    fn operation(&self) -> Operation {
        self.wire.operation
    }

    fn sees(&self, row: &Row) -> bool {
        self.viewer.sees(row.table()).admits(row)
    }

    /// A row as answers show it to the author.
    fn shown(&self, row: &Row) -> serde_json::Map<String, serde_json::Value> {
        let hidden = self.viewer.hidden(row.table());
        let mut shown = row.to_json();
        shown.retain(|column, _| !hidden.contains(&column.as_str()));
        shown
    }
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
        let at = Timestamp::from_millis(EPOCH_MS + at_ms);
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
}
