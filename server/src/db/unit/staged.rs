//! What a unit has changed so far, and how to take the last part of it back.
//!
//! **Invariant:** after an undo everything is as it was at the savepoint; what was read meanwhile may stay.

use super::Unit;
use crate::db::{
    Change,
    changes::Place,
    entity::{audit_log, turn_stage_history},
};
use domain::{Row, RowId, Table, Timestamp, WriteId};
use std::collections::BTreeMap;

/// A row as the database has it and as it stands now.
#[derive(Default)]
pub(super) struct Known {
    /// Whether the database has it.
    pub is_stored: bool,
    /// The row now; none where there is none.
    pub now: Option<Row>,
}

/// Changes that wait for the commit, in order.
#[derive(Default)]
pub(super) struct Staged {
    /// Where the next change goes; none until the write's first one draws a position.
    pub next: Option<Place>,
    pub changes: Vec<(Change, Timestamp)>,
    pub audit: Vec<audit_log::Model>,
    pub receipts: Vec<WriteId>,
    pub stage_moves: Vec<turn_stage_history::ActiveModel>,
    /// What each change replaced.
    pub rows_before: Vec<((Table, RowId), Option<Row>)>,
}

/// Where a part of a unit began.
pub struct Savepoint {
    changes: usize,
    receipts: usize,
    stage_moves: usize,
    counters: BTreeMap<String, i64>,
}

impl Known {
    pub(super) fn stored(row: Row) -> Self {
        Self {
            is_stored: true,
            now: Some(row),
        }
    }

    pub(super) fn replace(&mut self, row: Option<Row>) -> Option<Row> {
        std::mem::replace(&mut self.now, row)
    }
}

impl Staged {
    /// Rows of a table that this unit has changed.
    pub(super) fn changed_rows(&self, table: Table) -> impl Iterator<Item = RowId> {
        let changes = self.changes.iter().map(|(change, _)| change);
        changes.filter(move |change| change.table == table).map(|change| change.row_id)
    }
}

impl Unit {
    /// Begins a part that can be taken back by itself and has its own position in the log.
    pub fn savepoint(&mut self) -> Savepoint {
        self.staged.next = None;
        Savepoint {
            changes: self.staged.changes.len(),
            receipts: self.staged.receipts.len(),
            stage_moves: self.staged.stage_moves.len(),
            counters: self.counters.clone(),
        }
    }

    /// Takes back everything since the savepoint.
    pub fn undo(&mut self, to: Savepoint) {
        let staged = &mut self.staged;
        staged.next = None;
        staged.changes.truncate(to.changes);
        staged.audit.truncate(to.changes);
        staged.stage_moves.truncate(to.stage_moves);
        for (key, before) in staged.rows_before.drain(to.changes..).rev() {
            self.rows.entry(key).or_default().now = before;
        }
        for write_id in staged.receipts.drain(to.receipts..) {
            self.receipts.insert(write_id, None);
        }
        self.counters = to.counters;
    }
}
