//! The other end, in memory: the server's promises (version lock, `after`, receipts, natural keys, quarantine).

use crate::{story::me, wire::Fault};
use domain::{Operation, Row, RowId, Table, Value, WriteId};
use protocol::{
    BatchRequest, Conflicts, Problem, ProblemCode, WireWrite, WriteAnswer,
    handover::reckon::{HeldState, Known, KnownReceipt},
};
use serde_json::Value as Json;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
};
use sync::Clock;

/// The server.
#[derive(Default)]
pub struct Office {
    pub rows: RefCell<HashMap<(Table, RowId), Row>>,
    receipts: RefCell<HashMap<WriteId, (String, WriteAnswer)>>,
    /// Each application, in order; a write that stands here twice was applied twice.
    pub applied: RefCell<Vec<WireWrite>>,
    /// The row's values just before each application.
    pub before: RefCell<Vec<Option<Row>>>,
    pub faults: RefCell<Vec<Fault>>,
    pub now_ms: Cell<i64>,
    /// Turns that the device's user is not to see any more.
    pub withdrawn: RefCell<HashSet<RowId>>,
    /// What is or was held for a supervisor.
    pub quarantine: RefCell<BTreeMap<WriteId, (WireWrite, Verdict)>>,
    pub requests: Cell<usize>,
    next_txid: Cell<i64>,
}

/// What a supervisor made of a held write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Waiting,
    Adopted,
    Refused,
}

/// A text that the office's rules refuse.
pub const POISON: &str = "poison";
/// A text on which the office fails, as often as it comes.
pub const FAULT: &str = "fault";

impl Office {
    pub fn applied_count(&self) -> usize {
        self.applied.borrow().len()
    }

    /// Somebody else's edit.
    pub fn edit(&self, table: Table, id: RowId, column: &str, value: Value) {
        if let Some(row) = self.rows.borrow_mut().get_mut(&(table, id)) {
            let version = row.version() + 1;
            row.set(column, value);
            row.set("version", Value::Int(version));
        }
    }

    /// What the office could say about each write that it has heard of.
    pub fn known(&self) -> HashMap<WriteId, Known> {
        let applied = self.applied.borrow();
        let mut known: HashMap<WriteId, Known> = HashMap::new();
        for write in applied.iter() {
            let id = write.write_id.unwrap();
            let receipt = KnownReceipt {
                user_id: me(),
                table: Table::from_name(write.table.as_deref().unwrap()).unwrap(),
                row_id: write.row_id.unwrap(),
                txid: self.receipts.borrow()[&id].1.txid.clone(),
                is_same_content: true,
            };
            known.entry(id).or_default().receipt = Some(receipt);
        }
        for (id, (_, verdict)) in self.quarantine.borrow().iter() {
            let held = if *verdict == Verdict::Waiting {
                HeldState::Waiting
            } else {
                HeldState::Decided
            };
            known.entry(*id).or_default().held = Some(held);
        }
        known
    }

    /// Somebody else makes a row.
    pub fn make(&self, mut row: Row) {
        row.set("version", Value::Int(1));
        let is_free = self.rows.borrow().values().all(|other| !other.shares_natural_key(&row));
        if is_free {
            self.rows.borrow_mut().insert((row.table(), row.id()), row);
        }
    }

    /// Somebody else deletes a row.
    pub fn delete(&self, table: Table, id: RowId) {
        self.rows.borrow_mut().remove(&(table, id));
    }

    fn write(&self, json: &Json) -> WriteAnswer {
        let write: WireWrite = serde_json::from_value(json.clone()).unwrap();
        let id = write.write_id.unwrap();
        let content = content(&write);
        if let Some((stored, answer)) = self.receipts.borrow().get(&id) {
            assert_eq!(*stored, content, "a write that was applied came again with other content");
            return answer.clone();
        }
        match self.decide(&write) {
            Ok(row) => self.commit(write, row),
            Err(problem) if problem.code == ProblemCode::Quarantined => {
                self.quarantine.borrow_mut().entry(id).or_insert((write, Verdict::Waiting));
                WriteAnswer::refused(Some(id), problem)
            }
            Err(problem) => WriteAnswer::refused(Some(id), problem),
        }
    }

    fn decide(&self, write: &WireWrite) -> Result<Option<Row>, Problem> {
        let table = Table::from_name(write.table.as_deref().unwrap()).unwrap();
        let key = (table, write.row_id.unwrap());
        let receipts = self.receipts.borrow();
        if write.after.iter().any(|id| !receipts.contains_key(id)) {
            return Err(Problem::new(ProblemCode::Blocked, "an earlier change is missing"));
        }
        match self.quarantine.borrow().get(&write.write_id.unwrap()) {
            Some((_, Verdict::Refused)) => return Err(Problem::new(ProblemCode::Permission, "this home is in other hands")),
            Some((_, Verdict::Waiting)) => return Err(Problem::new(ProblemCode::Quarantined, "a supervisor decides")),
            _ => {}
        }
        let parent = write.data.get("turn_id").and_then(|id| id.as_str()?.parse().ok());
        if !self.is_seen(key, parent) {
            return Err(Problem::new(ProblemCode::Quarantined, "a supervisor decides"));
        }
        if write.data.values().any(|value| value == POISON) {
            return Err(Problem::new(ProblemCode::Validation, "poison"));
        }
        if write.data.values().any(|value| value == FAULT) {
            return Err(Problem::new(ProblemCode::Internal, "something is wrong here"));
        }
        let base = self.expected_version(write);
        let rows = self.rows.borrow();
        let current = rows.get(&key);
        if write.operation == Operation::Create {
            if let Some(there) = current {
                return Err(conflict(write, base, there));
            }
            return self.decide_create(write, key);
        }
        let current = current.ok_or_else(|| Problem::new(ProblemCode::NotFound, "no such row"))?;
        if base != Some(current.version()) {
            return Err(conflict(write, base, current));
        }
        if write.operation == Operation::Delete {
            return Ok(None);
        }
        let mut row = current.clone();
        put(&mut row, write);
        Ok(Some(row))
    }

    /// The greater of the write's own version and what the writes made that it builds on, as far as these had not seen more than it has.
    fn expected_version(&self, write: &WireWrite) -> Option<i64> {
        let applied = self.applied.borrow();
        let is_ancestor = |other: &&WireWrite| other.row_id == write.row_id && write.after.iter().any(|id| other.write_id == Some(*id));
        let ancestors: Vec<&WireWrite> = applied.iter().filter(is_ancestor).collect();
        if ancestors.iter().any(|ancestor| ancestor.version > write.version) {
            return Some(write.version.unwrap_or(0));
        }
        let receipts = self.receipts.borrow();
        let made = ancestors.iter().filter_map(|ancestor| receipts[&ancestor.write_id?].1.version);
        made.max().max(write.version)
    }

    /// A new row belongs to one that is there, and is not known by what another is known by.
    fn decide_create(&self, write: &WireWrite, key: (Table, RowId)) -> Result<Option<Row>, Problem> {
        let rows = self.rows.borrow();
        let row = created(write, key);
        let parent = row.as_ref().and_then(|row| key.0.parent(|column| Some(row.get(column))));
        if parent.is_some_and(|parent| !rows.contains_key(&parent)) {
            return Err(Problem::new(ProblemCode::Validation, "names nothing that you can see"));
        }
        let same = row.as_ref().and_then(|row| rows.values().find(|other| other.shares_natural_key(row)));
        same.map_or(Ok(row.clone()), |other| Err(conflict(write, None, other)))
    }

    /// Whether the device's user sees a row, or would; `parent` is the turn of an item that is not there yet.
    pub fn is_seen(&self, key: (Table, RowId), parent: Option<RowId>) -> bool {
        let turn = match key.0 {
            Table::Turns => Some(key.1),
            _ => parent.or_else(|| self.rows.borrow().get(&key)?.row_id("turn_id")),
        };
        turn.is_none_or(|turn| !self.withdrawn.borrow().contains(&turn))
    }

    /// The supervisor looks at the oldest of what is held, and at the row as it stands. Says whether there was anything.
    pub fn supervise(&self, adopts: bool) -> bool {
        let waiting = |(_, (_, verdict)): &(&WriteId, &(WireWrite, Verdict))| *verdict == Verdict::Waiting;
        let held = self.quarantine.borrow().iter().find(waiting).map(|(id, (write, _))| (*id, write.clone()));
        let Some((id, write)) = held else { return false };
        let is_applied = adopts && self.adopt(write);
        let verdict = if is_applied { Verdict::Adopted } else { Verdict::Refused };
        self.quarantine.borrow_mut().entry(id).and_modify(|(_, stands)| *stands = verdict);
        true
    }

    fn adopt(&self, write: WireWrite) -> bool {
        let key = (Table::from_name(write.table.as_deref().unwrap()).unwrap(), write.row_id.unwrap());
        let current = self.rows.borrow().get(&key).cloned();
        let row = match (write.operation, current) {
            (Operation::Create, None) => created(&write, key),
            (Operation::Update, Some(mut row)) => {
                put(&mut row, &write);
                Some(row)
            }
            (Operation::Delete, Some(_)) => None,
            _ => return false,
        };
        self.commit(write, row);
        true
    }

    fn commit(&self, write: WireWrite, row: Option<Row>) -> WriteAnswer {
        let (id, table) = (write.write_id.unwrap(), Table::from_name(write.table.as_deref().unwrap()).unwrap());
        let key = (table, write.row_id.unwrap());
        let parent = row.as_ref().and_then(|row| row.row_id("turn_id"));
        let (content, in_shape) = (content(&write), self.is_seen(key, parent));
        self.next_txid.set(self.next_txid.get() + 1);
        let mut rows = self.rows.borrow_mut();
        self.before.borrow_mut().push(rows.get(&key).cloned());
        let version = row.as_ref().map(Row::version);
        match row {
            Some(row) => rows.insert(key, row),
            None => rows.remove(&key),
        };
        let answer = WriteAnswer::applied(id, table, None, version, self.next_txid.get().to_string(), in_shape);
        self.receipts.borrow_mut().insert(id, (content, answer.clone()));
        self.applied.borrow_mut().push(write);
        answer
    }

    pub fn results(&self, batch: &BatchRequest) -> Vec<WriteAnswer> {
        batch.operations.iter().map(|write| self.write(write)).collect()
    }
}

/// What makes two requests the same.
fn content(write: &WireWrite) -> String {
    format!("{:?} {:?} {:?} {:?}", write.table, write.operation, write.row_id, write.data)
}

fn created(write: &WireWrite, (table, id): (Table, RowId)) -> Option<Row> {
    let mut row = Row::blank(table);
    row.set("id", Value::Uuid(id.0));
    row.set("is_active", Value::Bool(true));
    put(&mut row, write);
    Some(row)
}

fn put(row: &mut Row, write: &WireWrite) {
    for (name, json) in &write.data {
        let kind = row.table().column(name).unwrap().kind;
        row.set(name, Value::from_json(kind, json).unwrap());
    }
    row.set("version", Value::Int(row.version() + 1));
}

fn conflict(write: &WireWrite, base: Option<i64>, current: &Row) -> Problem {
    let both = Conflicts {
        local_version: base,
        server_version: current.version(),
        local_data: write.data.clone(),
        server_data: current.to_json(),
    };
    Problem {
        conflicts: Some(Box::new(both)),
        ..Problem::new(ProblemCode::Conflict, "somebody else changed this")
    }
}

impl Clock for Office {
    fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }
    fn jitter(&self) -> f64 {
        0.5
    }
}
