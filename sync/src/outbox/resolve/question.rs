//! What a refused write asks its user.
//!
//! **Invariant:** worked out from the record and the newest that the device knows of the row, so it is the same in every tab,
//! with and without a network.

use super::{OutboxRecord, WriteState, given, is_refused_as};
use crate::outbox::merge::clashes;
use domain::{Operation, Row, Table};
use protocol::{Conflicts, Problem, ProblemCode};

/// What there is to decide. What can always be done besides: edit and send again, or discard.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Nothing: the write is not refused, or waits for another one's answer.
    None,
    /// Both sides changed these columns, or what they are decided together with: keep mine, take theirs, or column by column.
    Clash {
        /// By name, sorted. Those that the write does not give are what its author's decision rests on.
        columns: Vec<String>,
    },
    /// I delete what somebody has edited since: keep mine deletes it as it is now, take theirs keeps it.
    EditedMeanwhile,
    /// I edit what somebody has deleted: make it again, or take theirs and let it go.
    DeletedMeanwhile {
        /// Whether enough of the row is known, and such rows are made by people.
        can_be_made_again: bool,
    },
    /// I delete what somebody else has deleted: there is nothing left to do but to let it go.
    AlreadyGone,
    /// I make what somebody has made already: take theirs and go on there, or edit what it is known by.
    SameThing {
        /// The columns that it is known by.
        columns: &'static [&'static str],
        /// Theirs, where I see it.
        other: Option<Row>,
    },
    /// The rules refuse it: edit it, send it again as it is, or let it go.
    Refused,
}

/// The question of a refused write. `server` is the newest that is known of its row.
pub fn question(record: &OutboxRecord, server: Option<&Row>) -> Question {
    if record.state != WriteState::Rejected {
        return Question::None;
    }
    let is_conflict = is_refused_as(record, ProblemCode::Conflict);
    let is_gone = is_refused_as(record, ProblemCode::NotFound);
    match (record.operation, server) {
        (Operation::Create, _) if is_conflict => Question::SameThing {
            columns: record.table.natural_key(),
            other: record.last_error.as_ref().and_then(|failure| conflicting_row(record.table, &failure.problem)),
        },
        (Operation::Delete, _) if is_conflict => Question::EditedMeanwhile,
        (Operation::Delete, _) if is_gone => Question::AlreadyGone,
        (Operation::Update | Operation::StageChange, _) if is_gone => Question::DeletedMeanwhile {
            can_be_made_again: can_be_made_again(record),
        },
        (_, Some(server)) if is_conflict => Question::Clash {
            columns: clashes(record, server),
        },
        _ => Question::Refused,
    }
}

/// The newest that is known of a refused write's row: what came with the refusal, or what the shape has brought since.
pub fn newest(record: &OutboxRecord, synced: Option<&Row>) -> Option<Row> {
    let told = record.last_error.as_ref().and_then(|failure| conflicting_row(record.table, &failure.problem));
    let told = told.filter(|row| row.id() == record.row_id);
    match (told, synced) {
        (Some(told), Some(synced)) if synced.version() > told.version() => Some(synced.clone()),
        (Some(told), _) => Some(told),
        (None, synced) => synced.cloned(),
    }
}

/// The row that a write was refused for, as far as its author may see it.
pub fn conflicting_row(table: Table, problem: &Problem) -> Option<Row> {
    let row = Row::from_json(table, &problem.conflicts.as_ref()?.server_data).ok()?;
    (!row.get("id").is_null()).then_some(row)
}

/// The same question that the server would ask: the row stands, or will stand, otherwise than the write's author saw it.
pub fn clash_with(record: &OutboxRecord, standing: &Row) -> Problem {
    let both = Conflicts {
        local_version: record.base_version,
        server_version: standing.version(),
        local_data: given(record).map(|(name, change)| (name.clone(), change.to.clone())).collect(),
        server_data: standing.to_json(),
    };
    Problem {
        conflicts: Some(Box::new(both)),
        ..Problem::new(ProblemCode::Conflict, "what this was made on stands otherwise by now")
    }
}

/// Whether somebody makes such rows, and what a new one needs is known.
fn can_be_made_again(record: &OutboxRecord) -> bool {
    let is_known = |name: &str| record.changes.contains_key(name) || record.seen.contains_key(name);
    let mut needed = record.table.columns().iter().filter(|column| column.is_given_at_creation() && column.required);
    record.operation == Operation::Update && record.table.can_be_made_again() && needed.all(|column| is_known(column.name))
}
