//! From a tap to a write that is shown, with the server's own rules (`browser/src/device/taps.rs`).
//!
//! **Invariant:** a refused tap changes nothing.

use super::{keeper::Parcel, tab::Tab};
use crate::disk::short;
use domain::{Cents, Mutation, Operation, Row, RowId, Table, Timestamp, Value, WriteId, mutation::Facts, mutation::check, stage::scope_total};
use serde_json::{Map, Value as Json};
use std::rc::Rc;
use sync::{Clock, LocalView, OutboxRecord, draft, outbox::Author};

impl Tab {
    /// Judges, shows, and hands over to the keeper. None where the rules refuse.
    pub fn tap(self: &Rc<Self>, table: Table, row_id: RowId, operation: Operation, data: &Map<String, Json>) -> Option<WriteId> {
        let record = self.judge(table, row_id, operation, data)?;
        let id = record.write_id;
        let world = &self.device.world;
        world.tell(|| {
            format!(
                "device {} taps {}: {} {} {}",
                self.device.number,
                short(id),
                operation.name(),
                table.url_name(),
                Json::Object(data.clone())
            )
        });
        self.promise(&record);
        self.change(|view| view.put_write(record.clone()));
        // The keeper lives as long as the tab.
        let _ = self.keeper.unbounded_send(Parcel { record });
        Some(id)
    }

    fn judge(&self, table: Table, row_id: RowId, operation: Operation, data: &Map<String, Json>) -> Option<OutboxRecord> {
        let session = self.session.borrow();
        let user = &session.as_ref()?.user;
        if !user.role.may(operation, table) {
            return None;
        }
        let mutation = Mutation::read(table, row_id, operation, data).ok()?;
        let view = self.view.borrow();
        let facts = facts(&mutation, &view);
        if operation != Operation::Create && facts.current.is_none() {
            return None;
        }
        check(&mutation, facts).ok()?;
        let now_ms = self.device.now_ms();
        let after = mutation.apply(facts, user.id, Timestamp::from_millis(now_ms));
        let author = Author {
            user_id: user.id,
            device_id: self.device.id,
            write_id: WriteId(self.device.world.new_id()),
            now_ms,
        };
        Some(draft(&mutation, facts.current, after.as_ref(), author, &view))
    }

    /// What this user must not see go back and return.
    pub fn promise(&self, record: &OutboxRecord) {
        let mut promises = self.device.world.promises.borrow_mut();
        let row = (record.table, record.row_id);
        let whose = whose(self.device.number, record);
        match record.operation {
            Operation::Create => promises.make(whose, row),
            Operation::Delete => promises.release(record.table, record.row_id),
            _ => {
                for (name, change) in record.changes.iter().filter(|(_, change)| !change.predicted) {
                    let Some(column) = record.table.column(name) else { continue };
                    let read = |json| Value::from_json(column.kind, json).unwrap_or_default();
                    promises.set(whose, row, name, &read(&change.from), &read(&change.to));
                }
            }
        }
    }
}

/// A device's user: who else signs in there does not see their values.
pub fn whose(device: usize, record: &OutboxRecord) -> usize {
    device * 64 + (record.user_id.0.as_u128() % 64) as usize
}

/// What the rules need to know, as this user sees it now.
fn facts<'a>(mutation: &Mutation, view: &'a LocalView) -> Facts<'a> {
    let current = view.row(mutation.table, mutation.row_id);
    let named = |column: &str| mutation.value(column).and_then(as_row_id);
    let parent = mutation
        .table
        .parent(|column| mutation.value(column).or_else(|| Some(current?.get(column))))
        .and_then(|(parent, id)| view.row(parent, id));
    if mutation.table != Table::Turns {
        return Facts {
            current,
            parent,
            ..Facts::default()
        };
    }
    let stage = |id: RowId| view.row(Table::TurnStages, id);
    let to_stage = match mutation.operation {
        Operation::Create => view.rows(Table::TurnStages).find(|stage| stage.flag("is_default")),
        _ => named("stage_id").and_then(stage),
    };
    Facts {
        current,
        parent,
        from_stage: current.and_then(|turn| turn.row_id("stage_id")).and_then(stage),
        to_stage,
        scope_total: total(view, current),
        thresholds: None,
    }
}

fn total(view: &LocalView, turn: Option<&Row>) -> Cents {
    turn.map_or(Cents(0), |turn| scope_total(view.group(Table::ScopeItems, "turn_id", Value::Uuid(turn.id().0))))
}

fn as_row_id(value: &Value) -> Option<RowId> {
    match value {
        Value::Uuid(id) => Some(RowId(*id)),
        _ => None,
    }
}
