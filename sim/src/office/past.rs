//! What stood in a row before, and what its author could do to it then: the server's `write/quarantine/past`, from this office's log.
//!
//! People stay what they are for a day, so only rows have a past here.
//!
//! **Invariant:** trimming the log takes nothing from the past: the server reads it from the audit log.

use super::{Office, write::Intent};
use domain::{Operation, Row, RowId, Table, Value};

impl Office {
    /// Whether the author could do this once, with the row as they saw it, and cannot now.
    pub(super) fn was_withdrawn(&self, intent: &Intent<'_>) -> bool {
        let is_decision = matches!(intent.operation(), Operation::Approve | Operation::Reject);
        if is_decision || !may_alone(intent) {
            return false;
        }
        // Who may do this at all may do it to a row that stands alone, too.
        let Some((table, id)) = subject(intent) else { return false };
        let Some(now) = self.find(table, id).filter(|now| !may(intent, now)) else {
            return false;
        };
        let is_child = intent.operation() == Operation::Create;
        let was_seen_since = |row: &&Row| is_child || intent.wire.version.is_some_and(|base| row.version() >= base);
        self.wrote(intent, (table, id)) || self.stood(now).filter(was_seen_since).any(|row| may(intent, row))
    }

    /// The row's values as of a version.
    pub(super) fn at_version<'a>(&'a self, now: &'a Row, version: i64) -> Option<&'a Row> {
        self.stood(now).find(|row| row.version() == version)
    }

    /// The row as it stood, oldest first; its present form last.
    fn stood<'a>(&'a self, now: &'a Row) -> impl Iterator<Item = &'a Row> {
        let entries = self.log.iter().filter(|entry| (entry.table, entry.id) == (now.table(), now.id()));
        entries.filter_map(|entry| entry.old.as_ref()).chain([now])
    }

    /// Whether the row is there by an own write that this one builds on, which a supervisor may have adopted.
    fn wrote(&self, intent: &Intent<'_>, subject: (Table, RowId)) -> bool {
        let receipts = intent.wire.after.iter().filter_map(|ancestor| self.receipts.get(ancestor));
        let author = intent.viewer.user;
        receipts
            .into_iter()
            .any(|receipt| receipt.author == author && (receipt.table, receipt.row_id) == subject)
    }
}

/// Whether this person may do this to a row that stands so; for a create, under a parent that stands so.
fn may(intent: &Intent<'_>, row: &Row) -> bool {
    let is_child = intent.operation() == Operation::Create;
    may_alone(intent) && intent.sees(row) && (is_child || intent.viewer.may_touch(intent.operation(), row))
}

/// Whether this person's role may do this, whatever the row.
fn may_alone(intent: &Intent<'_>) -> bool {
    let is_theirs = |column: &String| column == "id" || intent.table.column(column).is_none() || intent.viewer.may_set(intent.table, column);
    intent.viewer.role.may(intent.operation(), intent.table) && intent.wire.data.keys().all(is_theirs)
}

/// What decides who sees a write: its row; for a create the row that it will belong to.
fn subject(intent: &Intent<'_>) -> Option<(Table, RowId)> {
    if intent.operation() != Operation::Create {
        return Some((intent.table, intent.row_id));
    }
    let named = |column: &str| {
        let column = intent.table.column(column)?;
        Value::from_json(column.kind, intent.wire.data.get(column.name)?).ok()
    };
    let (entity, parent) = (named("entity_type"), intent.table.parent_column().and_then(named));
    intent
        .table
        .parent(|column| if column == "entity_type" { entity.as_ref() } else { parent.as_ref() })
}
