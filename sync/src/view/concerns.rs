//! Which turn each unsettled write is about, and which writes are about a turn.
//!
//! A card says whether something of its turn needs its user. What does is often not shown: a refused new line, an edit of a deleted one, a
//! document. Looking through the outbox for it would cost each card more with each write.
//!
//! **Invariant:** a write stays with its turn until it is over, also when the row that told of the turn has gone.

use super::{LocalView, Mark};
use crate::outbox::{OutboxRecord, WriteState};
use domain::{RowId, Table, WriteId};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Concerns {
    by_turn: HashMap<RowId, BTreeSet<WriteId>>,
    turns: HashMap<WriteId, RowId>,
}

impl Concerns {
    pub fn writes(&self, turn: RowId) -> impl Iterator<Item = &WriteId> {
        self.by_turn.get(&turn).into_iter().flatten()
    }

    pub fn turn(&self, write: WriteId) -> Option<RowId> {
        self.turns.get(&write).copied()
    }

    /// Takes a new or amended write; gives the turns that it concerns, or did. Where none is found, the known one stays.
    pub fn note(&mut self, write: WriteId, found: Option<RowId>) -> impl Iterator<Item = RowId> + use<> {
        let known = self.turn(write);
        if found.is_some() && found != known {
            self.forget(write);
        }
        if let Some(turn) = found {
            self.turns.insert(write, turn);
            self.by_turn.entry(turn).or_default().insert(write);
        }
        known.into_iter().chain(found)
    }

    pub fn forget(&mut self, write: WriteId) -> Option<RowId> {
        let turn = self.turns.remove(&write)?;
        if let Some(writes) = self.by_turn.get_mut(&turn) {
            writes.remove(&write);
            if writes.is_empty() {
                self.by_turn.remove(&turn);
            }
        }
        Some(turn)
    }
}

/// The turn that a write is about: by what it gives, by what its author saw, or by its row as far as it is here.
pub(super) fn turn_of(view: &LocalView, record: &OutboxRecord) -> Option<RowId> {
    match record.table {
        Table::Turns => Some(record.row_id),
        Table::ScopeItems | Table::Approvals => named(view, record, "turn_id"),
        Table::Documents => {
            let of = named(view, record, "entity_id")?;
            match entity_type(view, record)?.as_str() {
                "turn" => Some(of),
                "scope_item" => turn_of_item(view, of),
                _ => None,
            }
        }
        Table::Properties | Table::TurnStages | Table::PropertyTypes | Table::Vendors | Table::Notifications => None,
    }
}

fn turn_of_item(view: &LocalView, item: RowId) -> Option<RowId> {
    let in_row = view.row(Table::ScopeItems, item).and_then(|row| row.row_id("turn_id"));
    in_row.or_else(|| view.unsettled_writes(Table::ScopeItems, item).find_map(|record| view.turn_of(record.write_id)))
}

fn named(view: &LocalView, record: &OutboxRecord, column: &str) -> Option<RowId> {
    let in_write = said(record, column).and_then(|text| text.parse().ok());
    let shown = || view.row(record.table, record.row_id).and_then(|row| row.row_id(column));
    let synced = || view.synced_row(record.table, record.row_id).and_then(|row| row.row_id(column));
    in_write.or_else(shown).or_else(synced)
}

fn entity_type(view: &LocalView, record: &OutboxRecord) -> Option<String> {
    let in_row = || view.synced_row(record.table, record.row_id)?.text("entity_type").map(str::to_owned);
    said(record, "entity_type").map(str::to_owned).or_else(in_row)
}

/// What a write gives to a column, or its author saw there.
fn said<'a>(record: &'a OutboxRecord, column: &str) -> Option<&'a str> {
    let given = record.changes.get(column).map(|change| &change.to);
    given.or_else(|| record.seen.get(column)).and_then(Json::as_str)
}

impl Mark {
    /// What writes say about what they are about.
    pub fn of<'a>(writes: impl IntoIterator<Item = &'a OutboxRecord>) -> Self {
        let mark = |record: &OutboxRecord| match record.state {
            state if state.needs_user() => Self::NeedsYou,
            state if state.is_waiting() => Self::Waiting,
            WriteState::Held => Self::Held,
            _ => Self::Saved,
        };
        writes.into_iter().map(mark).max().unwrap_or(Self::Saved)
    }
}
