//! Three-way merge of one write with what the server has now, column by column.

use super::{Change, OutboxRecord};
use domain::{MergePolicy, Operation, Row, Table, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What became of a write that met another version of its row.
#[derive(Clone, Debug, PartialEq)]
pub enum Merged {
    /// Nobody else changed its columns: the same intent on the new base.
    Rebased(Box<OutboxRecord>),
    /// These columns were changed by both.
    Clash(Vec<String>),
}

/// Rebases `record` on `server`, the row as it stands now.
pub fn merge(record: &OutboxRecord, server: &Row) -> Merged {
    // A delete of something that somebody has just edited, or a create over an existing row, is a question.
    if matches!(record.operation, Operation::Delete | Operation::Create) {
        return Merged::Clash(Vec::new());
    }
    let clashes = clashes(record, server);
    if clashes.is_empty() {
        Merged::Rebased(Box::new(rebased(record.clone(), server)))
    } else {
        Merged::Clash(clashes)
    }
}

/// The columns that cannot be merged without a person: those that both changed, and where a decision rests on something that
/// is another by now, that and all that the write says about the decision.
pub fn clashes(record: &OutboxRecord, server: &Row) -> Vec<String> {
    let given = |name: &str| record.changes.get(name).is_some_and(|change| !change.predicted);
    let mut clashes: BTreeSet<&str> = record
        .changes
        .iter()
        .filter(|(name, change)| !change.predicted && is_contested(record.table, name, change, server))
        .map(|(name, _)| name.as_str())
        .collect();
    for decision in rests_on(record) {
        let moved = |name: &&str| record.seen.get(*name).is_some_and(|seen| !is_same(record.table, name, seen, server));
        let moved: Vec<&str> = decision.iter().copied().filter(moved).collect();
        if !moved.is_empty() || decision.iter().any(|name| clashes.contains(name)) {
            clashes.extend(moved);
            clashes.extend(decision.iter().copied().filter(|name| given(name)));
        }
    }
    clashes.into_iter().map(str::to_owned).collect()
}

/// The write on another base, on which its author's columns stand as they are wanted.
pub fn rebased(mut record: OutboxRecord, server: &Row) -> OutboxRecord {
    let now = |name: &str| record.table.column(name).map(|column| server.get(name).to_json(column.kind));
    for (name, change) in &mut record.changes {
        change.from = now(name).unwrap_or_else(|| change.from.take());
    }
    for (name, seen) in &mut record.seen {
        *seen = now(name).unwrap_or_else(|| seen.take());
    }
    // A row that only this device has yet has no version.
    record.base_version = Some(server.version()).filter(|version| *version > 0);
    record.rebased_on = record.base_version;
    record
}

/// Each decision that the write makes: what it gives of it, and what it rests on.
fn rests_on(record: &OutboxRecord) -> Vec<Vec<&str>> {
    let given = |name: &&str| record.changes.get(*name).is_some_and(|change| !change.predicted);
    if record.operation == Operation::StageChange {
        return vec![record.seen.keys().map(String::as_str).chain(["stage_id"]).collect()];
    }
    let decisions = record.table.decisions().iter().filter(|decision| decision.iter().any(given));
    decisions.map(|decision| decision.to_vec()).collect()
}

fn is_contested(table: Table, name: &str, change: &Change, server: &Row) -> bool {
    let merges = table.column(name).is_none_or(|column| column.policy == MergePolicy::LastWriteWins);
    !merges && !is_same(table, name, &change.from, server) && !is_same(table, name, &change.to, server)
}

fn is_same(table: Table, name: &str, json: &Json, server: &Row) -> bool {
    let Some(column) = table.column(name) else { return true };
    *server.get(name) == Value::from_json(column.kind, json).unwrap_or_default()
}

/// Lays one write over a row: `None` is no row.
pub fn lay_over(record: &OutboxRecord, row: Option<Row>) -> Option<Row> {
    match (record.operation, row) {
        (Operation::Delete, _) => None,
        (Operation::Create, None) => Some(put_changes(record, fresh(record))),
        // The echo of the create is here already, perhaps with others' changes on it.
        (Operation::Create, Some(row)) => Some(row),
        (Operation::Update | Operation::StageChange | Operation::Approve | Operation::Reject, row) => row.map(|row| put_changes(record, row)),
    }
}

fn fresh(record: &OutboxRecord) -> Row {
    let mut row = Row::blank(record.table);
    row.set("id", Value::Uuid(record.row_id.0));
    row
}

fn put_changes(record: &OutboxRecord, mut row: Row) -> Row {
    for (name, change) in &record.changes {
        if let Some((index, value)) = read_change(record.table, name, &change.to) {
            row.set_at(index, value);
        }
    }
    row
}

fn read_change(table: Table, name: &str, to: &Json) -> Option<(usize, Value)> {
    let index = table.column_index(name)?;
    Some((index, Value::from_json(table.columns()[index].kind, to).ok()?))
}
