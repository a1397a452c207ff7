//! From a mutation to an outbox record: what changes, on what base, after which other writes.

use super::{Author, Change, OutboxRecord};
use crate::LocalView;
use domain::{
    Column, Mutation, Operation, Row, RowId, Table, Value, WriteId,
    schema::{
        SetBy,
        decisions::{decided_with, stage_change_rests_on},
    },
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Makes the record of a mutation. `before` and `after` are the row as the view shows it and as the rule predicts it.
/// The store gives `seq`.
pub fn draft(mutation: &Mutation, before: Option<&Row>, after: Option<&Row>, author: Author, view: &LocalView) -> OutboxRecord {
    OutboxRecord {
        seen: before.map(|before| seen(mutation, before, view)).unwrap_or_default(),
        changes: after.map(|after| changes(mutation, before, after)).unwrap_or_default(),
        base_version: base_version(mutation, view),
        depends_on: depends_on(mutation, before.or(after), view),
        ..OutboxRecord::new(author, mutation.table, mutation.row_id, mutation.operation)
    }
}

fn changes(mutation: &Mutation, before: Option<&Row>, after: &Row) -> BTreeMap<String, Change> {
    let creates = mutation.operation == Operation::Create;
    let given = |index: usize| mutation.data.iter().any(|(at, _)| *at == index);
    let mut changes = BTreeMap::new();
    for (index, column) in mutation.table.columns().iter().enumerate() {
        let from = before.map_or(&domain::Value::Null, |before| before.at(index));
        let to = after.at(index);
        // Bookkeeping belongs to the server; the overlay shows a create's own moment all the same.
        let bookkeeping = matches!(column.name, "id" | "version" | "updated_at" | "updated_by");
        if bookkeeping || (from == to && !given(index)) {
            continue;
        }
        let predicted = !given(index) && (column.set_by == SetBy::Server || !creates || column.set_by == SetBy::StageChange);
        let json = |value: &domain::Value| -> Json { value.to_json(column.kind) };
        changes.insert(
            column.name.to_owned(),
            Change {
                from: json(from),
                to: json(to),
                predicted,
            },
        );
    }
    changes
}

/// What the author sees beside the columns that they give: the rest of a decision, and whatever a new row would need. Who deletes a row
/// sees all of it, and can be shown what somebody has changed since.
fn seen(mutation: &Mutation, before: &Row, view: &LocalView) -> BTreeMap<String, Json> {
    let table = mutation.table;
    let rests_on = match mutation.operation {
        Operation::Update => decided_with(table, |name| mutation.value(name).is_some()),
        Operation::StageChange => stage_change_rests_on(stage(view, before.row_id("stage_id")), stage(view, mutation.row_id_given("stage_id"))).to_vec(),
        Operation::Delete => {
            let authors = table
                .columns()
                .iter()
                .filter(|column| column.is_given_at_creation() || column.is_changed_by_people());
            authors.map(|column| column.name).collect()
        }
        Operation::Create | Operation::Approve | Operation::Reject => return BTreeMap::new(),
    };
    let makes_again = |column: &Column, value: &Value| table.can_be_made_again() && column.is_given_at_creation() && !value.is_null();
    let columns = table.columns().iter().zip(before.values());
    columns
        .filter(|(column, value)| rests_on.contains(&column.name) || (makes_again(column, value) && mutation.value(column.name).is_none()))
        .map(|(column, value)| (column.name.to_owned(), value.to_json(column.kind)))
        .collect()
}

fn stage(view: &LocalView, id: Option<RowId>) -> Option<&Row> {
    view.row(Table::TurnStages, id?)
}

/// The version that the author sees: the shape's, or that of an own write whose receipt was faster than its echo.
///
/// A write that waits hides what has come since it was made, so what is made on top of it sees no further than it did.
fn base_version(mutation: &Mutation, view: &LocalView) -> Option<i64> {
    let (table, id) = (mutation.table, mutation.row_id);
    let shown = match latest_shown(table, id, view) {
        _ if mutation.operation == Operation::Create => return None,
        // A row that is not here yet has no version that its author could have seen; the server has every row at a later one.
        Some(_) if holds_unseen(table, id, view) => Some(view.synced_row(table, id).map_or(0, Row::version)),
        // In another tab, which had perhaps heard more than this one.
        Some(latest) if latest.state.is_waiting() => view
            .known_version(table, id)
            .map_or(latest.base_version, |known| latest.base_version.min(Some(known))),
        _ => view.known_version(table, id),
    };
    // An earlier write that was sent again hides what has come since, too.
    let waiting = view.unsettled_writes(table, id).filter(|record| record.state.is_waiting());
    waiting.map(|record| record.base_version).fold(shown, Option::min)
}

/// The latest write under the row as it is shown, those that wait under it without its knowing (sent again since it was made), the
/// unsettled creates of the row that this row belongs to and of those that the write names, and for a request the scope that it is about.
fn depends_on(mutation: &Mutation, row: Option<&Row>, view: &LocalView) -> Vec<WriteId> {
    let (table, id) = (mutation.table, mutation.row_id);
    let latest = latest_shown(table, id, view).filter(|_| !holds_unseen(table, id, view));
    let parent = row.and_then(|row| table.parent(|column| Some(row.get(column))));
    let named = table.references().iter().filter_map(|(column, of)| Some((*of, mutation.row_id_given(column)?)));
    let mut found: Vec<WriteId> = latest.map(|latest| heads(latest, table, id, view)).unwrap_or_default();
    found.extend(parent.into_iter().chain(named).filter_map(|(of, id)| unsettled_create(of, id, view)));
    if let (Table::Approvals, Operation::Create, Some((_, turn))) = (table, mutation.operation, parent) {
        found.extend(waiting_scope(turn, view));
    }
    let mut seen = HashSet::new();
    found.retain(|id| seen.insert(*id));
    found
}

/// The latest write that waits to each scope item of a turn, also of one that goes: an approval is asked for their sum.
fn waiting_scope(turn: RowId, view: &LocalView) -> Vec<WriteId> {
    let is_of_turn = |id: RowId| {
        let item = view.row(Table::ScopeItems, id).or_else(|| view.synced_row(Table::ScopeItems, id));
        item.and_then(|item| item.row_id("turn_id")) == Some(turn)
    };
    let waits = |record: &&OutboxRecord| record.table == Table::ScopeItems && record.state.is_waiting();
    let items: BTreeSet<RowId> = view.writes().filter(waits).map(|record| record.row_id).filter(|id| is_of_turn(*id)).collect();
    let latest = |item| latest_shown(Table::ScopeItems, item, view).map(|record| record.write_id);
    items.into_iter().filter_map(latest).collect()
}

/// The latest write of a row's line, before it whatever waits there and is built on by nothing that is shown.
fn heads(latest: &OutboxRecord, table: Table, id: RowId, view: &LocalView) -> Vec<WriteId> {
    let is_built_on = |record: &OutboxRecord| shown(table, id, view).any(|later| later.depends_on.contains(&record.write_id));
    let waiting = shown(table, id, view).filter(|record| record.state.is_waiting() && record.write_id != latest.write_id);
    waiting
        .filter(|record| !is_built_on(record))
        .chain([latest])
        .map(|record| record.write_id)
        .collect()
}

/// A refused write is not shown, so nothing new builds on it.
fn latest_shown(table: Table, id: RowId, view: &LocalView) -> Option<&OutboxRecord> {
    shown(table, id, view).last()
}

fn shown(table: Table, id: RowId, view: &LocalView) -> impl Iterator<Item = &OutboxRecord> {
    view.unsettled_writes(table, id).filter(|record| record.state.is_overlaid())
}

/// Whether an own write that is shown was merged with changes of others that the view does not show yet. A new write must not build
/// on it, or it would overwrite what its author never saw: it is made on the synced version and meets them openly.
fn holds_unseen(table: Table, id: RowId, view: &LocalView) -> bool {
    let synced = view.synced_row(table, id).map(Row::version);
    shown(table, id, view).any(|record| record.rebased_on > synced)
}

fn unsettled_create(table: Table, row_id: RowId, view: &LocalView) -> Option<WriteId> {
    view.unsettled_writes(table, row_id)
        .find(|record| record.operation == Operation::Create)
        .map(|record| record.write_id)
}
