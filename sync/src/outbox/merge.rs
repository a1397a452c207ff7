//! Three-way merge of one write with what the server has now, column by column.

use super::OutboxRecord;
use domain::{MergePolicy, Operation, Row, Table, Value};
use serde_json::Value as Json;

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
    let mut rebased = record.clone();
    let mut clashes = Vec::new();
    for (name, change) in &mut rebased.changes {
        let Some(column) = record.table.column(name) else { continue };
        let read = |json: &Json| Value::from_json(column.kind, json).unwrap_or_default();
        let theirs = server.get(name);
        let untouched = *theirs == read(&change.from) || *theirs == read(&change.to);
        if untouched || change.predicted || column.policy == MergePolicy::LastWriteWins {
            change.from = theirs.to_json(column.kind);
        } else {
            clashes.push(name.clone());
        }
    }
    if !clashes.is_empty() {
        return Merged::Clash(clashes);
    }
    rebased.base_version = Some(server.version());
    rebased.rebased_on = rebased.base_version;
    Merged::Rebased(Box::new(rebased))
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
